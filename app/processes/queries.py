"""Reads of processes: instances, where their tokens are, what happened, definitions and forms."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, func, or_, select

from app.core.db import session
from app.core.errors import DomainError, NotFound
from app.core.jobs import Job
from app.core.paging import Page, paginate
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import engine
from app.processes.definitions import Deployed, deployed, in_force
from app.processes.forms import bilingual
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessEvent, ProcessInstance, ProcessRelease
from app.processes.world import SOURCE
from app.tasks.models import Task, TaskStatus

STARTS = "process-start"
"""Source kind of the jobs that start processes at a time."""

_BY_ID = (
    select(ProcessInstance)
    .where(ProcessInstance.id == bindparam("instance"))
    .execution_options(populate_existing=True)  # as `_fresh`
)


def get_instance(instance_id: str) -> ProcessInstance:
    """The instance as it is stored. Raises NotFound."""
    found: ProcessInstance | None = session().execute(_BY_ID, {"instance": instance_id}).scalar_one_or_none()
    if found is None:
        raise NotFound(instance=instance_id)
    return found


def instance_of(subject: Subject, key: str | None = None) -> ProcessInstance | None:
    """The newest instance about the subject, running or ended; None when there never was one."""
    return next(iter(instances_of(subject, key, limit=1)), None)


def instances_of(subject: Subject, key: str | None = None, *, limit: int = 50) -> list[ProcessInstance]:
    """The instances about a subject, what runs first, then the newest."""
    statement = select(ProcessInstance).where(
        ProcessInstance.subject_kind == subject.kind, ProcessInstance.subject_id == subject.id
    )
    if key is not None:
        statement = statement.where(ProcessInstance.key == key)
    running_first = case((ProcessInstance.status == InstanceStatus.RUNNING.value, 0), else_=1)
    newest = statement.order_by(running_first, ProcessInstance.started_at.desc(), ProcessInstance.id.desc())
    newest = newest.limit(limit)
    return list(session().execute(_fresh(newest)).scalars())


def started_by(actor: Actor, *, number: int = 1, size: int = 50) -> Page[ProcessInstance]:
    """What the actor submitted, newest first."""
    statement = select(ProcessInstance).where(ProcessInstance.started_by == actor.id)
    newest = statement.order_by(ProcessInstance.started_at.desc(), ProcessInstance.id.desc())
    return paginate(_fresh(newest), number, size)


def _fresh(statement: Select[Any]) -> Select[Any]:
    """Steps are written past the session's cache, so reads never trust it."""
    return statement.execution_options(populate_existing=True)


def events_of(instance_id: str, *, limit: int = 1000) -> list[ProcessEvent]:
    """The history of an instance, in order: its last `limit` lines."""
    newest = select(ProcessEvent).where(ProcessEvent.instance_id == instance_id).order_by(ProcessEvent.seq.desc())
    return list(session().execute(newest.limit(limit)).scalars())[::-1]


def gateways_of(
    instances: Collection[ProcessInstance], *, limit: int = 1000
) -> list[tuple[ProcessEvent, dict[str, str]]]:
    """The last `limit` decisions at gateways of these instances, each with the gateway's name. One statement."""
    wanted = {one.id: one.definition_id for one in instances}
    decided = (
        select(ProcessEvent)
        .where(ProcessEvent.instance_id.in_(wanted), ProcessEvent.kind == "decided")
        .order_by(ProcessEvent.at.desc(), ProcessEvent.instance_id, ProcessEvent.seq.desc())
        .limit(limit)
    )
    found = list(session().execute(decided).scalars())[::-1] if wanted else []
    elements = {definition: deployed(definition).definition.elements for definition in set(wanted.values())}
    return [(event, dict(elements[wanted[event.instance_id]][event.element_id].name)) for event in found]


def diagram_state(instance_id: str) -> dict[str, Any]:
    """The diagram of an instance with its tokens: {"xml", "active": [ids], "done": [ids], "flows": [ids], "names",
    "status", "counts": {id: visits}}. Raises NotFound."""
    instance = get_instance(instance_id)
    made = deployed(instance.definition_id)
    active: set[str] = set()
    if instance.status == InstanceStatus.RUNNING:
        active = set(engine.open_tokens(made.definition, instance.state).values())
    visits = session().execute(
        select(ProcessEvent.element_id, ProcessEvent.flow_id, func.count())
        .where(
            ProcessEvent.instance_id == instance_id,
            or_(ProcessEvent.kind == "entered", ProcessEvent.flow_id.is_not(None)),
        )
        .group_by(ProcessEvent.element_id, ProcessEvent.flow_id)
    )
    counts: dict[str, int] = {}
    flows = set()
    for element, flow, count in visits:
        counts[element] = counts.get(element, 0) + count
        if flow:
            flows.add(flow)
    return {
        **diagram_of(made),
        "active": sorted(active),
        "done": sorted(set(counts) - active),
        "flows": sorted(flows),
        "counts": counts,
        "status": instance.status,
    }


def diagram_of(made: Deployed) -> dict[str, Any]:
    """A diagram without tokens, in the shape of `diagram_state`."""
    return {
        "xml": made.definition.xml.decode(),
        "active": [],
        "done": [],
        "flows": [],
        "counts": {},
        "status": "",
        "names": {name: dict(element.name) for name, element in made.definition.elements.items()},
    }


def definition_state(key: str) -> dict[str, Any]:
    """The diagram in force, in the shape of `diagram_state`. Raises ProcessNotFound."""
    return diagram_of(in_force(key))


def form_of(task: Task) -> dict[str, Any] | None:
    """The form (form-js) of a process task, texts as {"en", "zh"}; None when it has none. Raises NotFound."""
    if task.form_key is None:
        return None
    found = deployed(get_instance(task.source_id).definition_id).forms.get(task.form_key)
    return None if found is None else bilingual(found)


@dataclass(frozen=True)
class Work:
    """What the diagram asks of whoever does a task: a form (texts as {"en", "zh"}; None: none), and what its
    completion is signed as (empty: no signature). `definition` is None for a task of no process."""

    form: dict[str, Any] | None = None
    signature: str = ""
    definition: Deployed | None = None


def work_of(task: Task) -> Work:
    """What the diagram asks for a task. One statement. Raises NotFound."""
    if task.source_kind != SOURCE:
        return Work()
    return _work(deployed(get_instance(task.source_id).definition_id), task)


def works_of(several: Collection[Task]) -> dict[str, Work]:
    """The same for each of several, by task id. One statement."""
    sources = {task.source_id for task in several if task.source_kind == SOURCE}
    columns = select(ProcessInstance.id, ProcessInstance.definition_id).where(ProcessInstance.id.in_(sources))
    made = {row.id: deployed(row.definition_id) for row in session().execute(columns)} if sources else {}
    return {task.id: _work(made[task.source_id], task) if task.source_id in made else Work() for task in several}


def _work(made: Deployed, task: Task) -> Work:
    form = made.forms.get(task.form_key) if task.form_key else None
    return Work(None if form is None else bilingual(form), signature_at(made, task.element_id), made)


def signature_at(made: Deployed, element_id: str) -> str:
    """What the completion of a user task is signed as; empty: it needs no signature."""
    element = made.definition.elements.get(element_id)
    return element.signature if isinstance(element, engine.UserWork) else ""


def definitions() -> list[dict[str, Any]]:
    """Every key with what is in force and how much runs: {"key", "name", "version", "released_at", "versions",
    "drafts", "running"}, by key. Three statements."""
    released = session().execute(
        select(ProcessDefinition, ProcessRelease)
        .join(ProcessRelease, ProcessRelease.definition_id == ProcessDefinition.id)
        .order_by(ProcessDefinition.key)
    )
    newest = _by_key(select(ProcessDefinition.key, func.max(ProcessDefinition.version)))
    is_running = ProcessInstance.status == InstanceStatus.RUNNING.value
    running = _by_key(select(ProcessInstance.key, func.count()).where(is_running))
    return [
        {
            "key": definition.key,
            "name": definition.name,
            "version": definition.version,
            "released_at": release.released_at,
            "versions": newest[definition.key],
            "drafts": newest[definition.key] - definition.version,
            "running": running.get(definition.key, 0),
        }
        for definition, release in released
    ]


def _by_key(statement: Any) -> dict[str, int]:
    key = statement.selected_columns[0]
    return {name: number for name, number in session().execute(statement.group_by(key))}  # noqa: C416 - rows, not pairs


@dataclass(frozen=True)
class TokenView:
    """A live token. `kind` is the element's BPMN name; `state`: `waiting`, `joined` (at a join), `watching` (a boundary
    event or an event subprocess that may come); `scope`: others run inside it; `parent_scope` the token of the
    subprocess or loop it is in (None: the process); `waits`: what for (user, message, timer, external, …)."""

    token: int
    parent_scope: int | None
    element_id: str
    kind: str
    state: str
    scope: bool
    name: dict[str, str]
    waits: str
    instance: int | None
    fault: str | None


def tokens_of(instance_id: str) -> list[TokenView]:
    """The live tokens of an instance, joins and watched events included; none when it has ended. Raises NotFound."""
    instance = get_instance(instance_id)
    if instance.status != InstanceStatus.RUNNING:
        return []
    seen = engine.tokens(deployed(instance.definition_id).definition, instance.state)
    inside = {one.parent for one in seen} | {one.scope for one in seen}
    return [
        TokenView(
            token=one.token,
            parent_scope=one.parent if one.instance is not None else one.scope,
            element_id=one.element.id,
            kind=one.element.kind,
            state="watching" if one.watch else "joined" if one.joined else "waiting",
            scope=one.waits in ("scope", "loop") and one.token in inside,
            name=dict(one.element.name),
            waits=one.waits,
            instance=one.instance,
            fault=one.fault,
        )
        for one in seen
    ]


def variables_of(instance_id: str) -> dict[str, Any]:
    """The variables of an instance as they are now (or were at its end). Raises NotFound."""
    instance = get_instance(instance_id)
    return engine.variables(deployed(instance.definition_id).definition, instance.state)


def local_variables_of(instance_id: str, token: int, *, whole: bool = False) -> dict[str, Any]:
    """The variables that end with a token's activity; with `whole` everything it sees. Raises NotFound,
    TokenNotReady."""
    instance = get_instance(instance_id)
    made = deployed(instance.definition_id).definition
    return engine.local_variables(made, instance.state, token, whole=whole)


def variables_of_each(several: Collection[Task]) -> dict[str, dict[str, Any]]:
    """Everything that each of the open tasks sees, by its id; nothing of those that wait no more. One statement."""
    wanted = [task for task in several if task.source_kind == SOURCE and task.status == TaskStatus.OPEN]
    of_them = select(ProcessInstance).where(ProcessInstance.id.in_({task.source_id for task in wanted}))
    instances = {one.id: one for one in session().scalars(_fresh(of_them))} if wanted else {}
    found: dict[str, dict[str, Any]] = {}
    for task in wanted:
        instance = instances.get(task.source_id)
        if instance is None:
            continue
        with suppress(DomainError, ValueError):  # moved on meanwhile
            made = deployed(instance.definition_id).definition
            found[task.id] = engine.local_variables(made, instance.state, int(task.source_ref), whole=True)
    return found


def is_in_force(key: str) -> bool:
    """Whether a definition of the key is in force."""
    return session().get(ProcessRelease, key, populate_existing=True) is not None


def stuck_start() -> tuple[ColumnElement[bool], ...]:
    """Of a job: that it is a start at a time which failed too often and waits for a person."""
    return Job.source_kind == STARTS, Job.retries <= 0


def stuck_starts(key: str | None = None) -> list[Job]:
    """The starts at a time that failed too often and wait for a person (only of one process, if given)."""
    stuck = select(Job).where(*stuck_start())
    if key is not None:
        stuck = stuck.where(Job.source_id == key)
    return list(session().scalars(stuck.order_by(Job.source_id, Job.id).execution_options(populate_existing=True)))
