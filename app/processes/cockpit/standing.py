"""Where one instance stands: its tokens and everything that waits for them. Also compared, before and after a verb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from app.core import jobs
from app.core.db import session
from app.core.jobs import Job
from app.processes import engine, queries
from app.processes.definitions import deployed
from app.processes.external.models import ExternalTask
from app.processes.models import InstanceStatus, ProcessEvent, ProcessIncident, ProcessInstance, ProcessWait
from app.processes.queries import TokenView
from app.processes.world import SOURCE
from app.tasks.models import Task, TaskStatus

LINES = 100
"""Lines of history on one page, and jobs, tasks, incidents and called instances in a panel."""


@dataclass(frozen=True)
class Standing:
    """What there is of a running instance at one moment. `tokens` are all live ones, scopes and watched events too."""

    instance: ProcessInstance
    tokens: list[TokenView]
    tasks: list[Task]
    jobs: list[Job]
    waits: list[ProcessWait]
    externals: list[ExternalTask]
    incidents: list[ProcessIncident]
    called: list[ProcessInstance] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """True until it has ended."""
        return self.instance.status == InstanceStatus.RUNNING

    @property
    def places(self) -> list[TokenView]:
        """The tokens that are somewhere: neither a scope around others nor an event that may come."""
        return [one for one in self.tokens if not one.scope and one.state != "watching"]

    @property
    def called_now(self) -> list[ProcessInstance]:
        """The instances it has called and waits for."""
        return [one for one in self.called if one.status == InstanceStatus.RUNNING]

    def at(self, element_id: str) -> Standing:
        """The part of it that is at one element."""
        tokens = [one for one in self.tokens if one.element_id == element_id]
        here = {one.token for one in tokens}
        return Standing(
            self.instance,
            tokens,
            [one for one in self.tasks if one.element_id == element_id],
            [one for one in self.jobs if one.element_id == element_id],
            [one for one in self.waits if one.element_id == element_id],
            [one for one in self.externals if one.element_id == element_id],
            [one for one in self.incidents if one.element_id == element_id],
            [one for one in self.called if one.super_token in here],
        )


def standing_of(instance_id: str) -> Standing:
    """The instance as it is stored now. Eight statements. Raises NotFound."""
    instance = queries.get_instance(instance_id)
    is_open = (Task.source_kind == SOURCE, Task.source_id == instance_id, Task.status == TaskStatus.OPEN.value)
    return Standing(
        instance=instance,
        tokens=queries.tokens_of(instance_id) if instance.status == InstanceStatus.RUNNING else [],
        tasks=_all(select(Task).where(*is_open).order_by(Task.created_at, Task.id)),
        jobs=jobs.jobs_of(SOURCE, instance_id)[:LINES],
        waits=_all(select(ProcessWait).where(ProcessWait.instance_id == instance_id).order_by(ProcessWait.token)),
        externals=_all(
            select(ExternalTask).where(ExternalTask.instance_id == instance_id).order_by(ExternalTask.token)
        ),
        incidents=open_incidents_of(instance_id),
        called=called_by(instance_id),
    )


def _all(statement: Any) -> list[Any]:
    return list(session().execute(statement.limit(LINES).execution_options(populate_existing=True)).scalars())


def open_incidents_of(instance_id: str) -> list[ProcessIncident]:
    """What nobody has dealt with, the oldest first. One statement."""
    unresolved = (ProcessIncident.instance_id == instance_id, ProcessIncident.resolved_at.is_(None))
    return _all(select(ProcessIncident).where(*unresolved).order_by(ProcessIncident.created_at, ProcessIncident.id))


def resolved_incidents_of(instance_id: str) -> list[ProcessIncident]:
    """What was dealt with, the latest first. One statement."""
    resolved = (ProcessIncident.instance_id == instance_id, ProcessIncident.resolved_at.is_not(None))
    return _all(select(ProcessIncident).where(*resolved).order_by(ProcessIncident.resolved_at.desc()))


def called_by(instance_id: str) -> list[ProcessInstance]:
    """The instances it called, running ones first. One statement."""
    running_first = ProcessInstance.status != InstanceStatus.RUNNING.value
    mine = select(ProcessInstance).where(ProcessInstance.super_instance_id == instance_id)
    return _all(mine.order_by(running_first, ProcessInstance.started_at.desc()))


def tasks_of(instance_id: str) -> list[Task]:
    """Its tasks of all times, open ones first, then the latest. One statement."""
    mine = select(Task).where(Task.source_kind == SOURCE, Task.source_id == instance_id)
    return _all(mine.order_by(Task.status != TaskStatus.OPEN.value, Task.created_at.desc(), Task.id.desc()))


def diagram_of(instance_id: str) -> dict[str, Any]:
    """The diagram for the viewer: that of `queries.diagram_state`, and {"failed": {element: reason}, "tokens":
    {element: count}}. Raises NotFound."""
    state = queries.diagram_state(instance_id)
    tokens: dict[str, int] = {}
    if state["status"] == InstanceStatus.RUNNING:
        for one in queries.tokens_of(instance_id):
            if not one.scope and one.state != "watching":
                tokens[one.element_id] = tokens.get(one.element_id, 0) + 1
    failed = {one.element_id: one.message[:300] for one in reversed(open_incidents_of(instance_id))}
    return {**state, "tokens": tokens, "failed": failed}


def locals_of(now: Standing) -> list[tuple[TokenView, dict[str, Any]]]:
    """The tokens that have variables of their own, with these; looked for at the first LINES tokens. No statement."""
    made = deployed(now.instance.definition_id).definition
    found = [(one, engine.local_variables(made, now.instance.state, one.token)) for one in now.tokens[:LINES]]
    return [(token, local) for token, local in found if local]


def stamp_of(instance_id: str) -> str:
    """A text that changes whenever the instance's page would. Two statements. Raises NotFound."""
    instance = queries.get_instance(instance_id)
    moved = select(func.count(), func.max(Job.due_at), func.sum(Job.fence)).where(
        Job.source_kind == SOURCE, Job.source_id == instance_id
    )
    count, due, fence = session().execute(moved).one()
    parts = (instance.version, instance.events, instance.status, instance.suspended, count, due, fence)
    return "-".join(str(part) for part in parts)


def events_before(instance_id: str, before: int | None) -> list[ProcessEvent]:
    """LINES + 1 lines of history, the latest first, from those before a place (all if None). One statement."""
    mine = select(ProcessEvent).where(ProcessEvent.instance_id == instance_id)
    if before is not None:
        mine = mine.where(ProcessEvent.seq < before)
    return list(session().execute(mine.order_by(ProcessEvent.seq.desc()).limit(LINES + 1)).scalars())


def events_at(instance_id: str, element_id: str) -> list[ProcessEvent]:
    """The latest ten lines about an element, looked for in the last 1,000 lines. One statement."""
    latest = (
        select(ProcessEvent.seq, ProcessEvent.element_id)
        .where(ProcessEvent.instance_id == instance_id)
        .order_by(ProcessEvent.seq.desc())
        .limit(1000)
        .subquery()
    )
    here = select(latest.c.seq).where(latest.c.element_id == element_id)
    mine = select(ProcessEvent).where(ProcessEvent.instance_id == instance_id, ProcessEvent.seq.in_(here))
    return list(session().execute(mine.order_by(ProcessEvent.seq.desc()).limit(10)).scalars())
