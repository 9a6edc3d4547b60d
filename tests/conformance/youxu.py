"""Youxu's service layer, in process, as the engine of a scenario. One transaction per verb, a clock that only we move."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.core import clock, ids, jobs
from app.core.db import in_transaction, session, transaction
from app.core.jobs import Job
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.engine import DiagramRefused
from app.processes.external import service as external_service
from app.processes.external.models import ExternalTask
from app.processes.models import ProcessIncident, ProcessInstance, ProcessWait
from app.tasks import managing
from app.tasks import service as inbox
from app.tasks.models import Task, TaskStatus
from app.tasks.queries import candidates_of
from tests.conformance.engine import NobodyWaits, OpenTask, OpenWork, Refused, Token, View, Waiting
from tests.conformance.scenario import NOON

WORKER = "conformance"
HIDDEN = {"decisions", "answers", "answered", "initiator", "_types"}
"""Variables that the engine keeps for itself."""
STANDING = ("running",)


class Youxu:
    """An Engine. Make one per scenario, on an empty database."""

    def __init__(self) -> None:
        self.moment = datetime.fromisoformat(NOON)

    @contextmanager
    def step(self) -> Iterator[None]:
        with clock.moved(lambda: self.moment), session().begin_nested() if in_transaction() else transaction():
            yield

    # --- deploying and starting ---------------------------------------------------------------------------------------

    def deploy(self, xml: bytes) -> None:
        try:
            with self.step():
                service.deploy(SYSTEM, xml)
        except DiagramRefused as refusal:
            raise Refused(
                {name: [str(reason) for reason in reasons] for name, reasons in refusal.details["fields"].items()}
            ) from None

    def start(self, key: str, variables: dict[str, Any], business_key: str | None) -> str:
        with self.step():
            subject = Subject("thing", ids.new_id())
            return service.start(SYSTEM, key, subject, variables=variables, business_key=business_key).id

    # --- looking ------------------------------------------------------------------------------------------------------

    def instances(self, key: str | None = None) -> list[str]:
        with self.step():
            statement = select(ProcessInstance.id).order_by(ProcessInstance.started_at, ProcessInstance.id)
            if key is not None:
                statement = statement.where(ProcessInstance.key == key)
            return list(session().execute(statement).scalars())

    def view(self, instance: str) -> View:
        with self.step():
            row = session().execute(select(ProcessInstance).where(ProcessInstance.id == instance)).scalar_one()
            tokens = queries.tokens_of(instance) if row.status in STANDING else []
            return View(
                id=instance,
                key=row.key,
                business_key=row.business_key,
                ended=row.status not in STANDING,
                tasks=[self._task(task) for task in _open_tasks(instance)],
                waits=[*_jobs(instance), *_subscriptions(instance), *_works(instance), *_calls(tokens)],
                incidents=_incidents(instance),
                joined=[token.element_id for token in tokens if token.state == "joined"],
                tokens=[
                    Token(t.token, t.element_id, t.kind, "parked" if t.fault else t.state, scope=t.scope)
                    for t in tokens
                ],
                variables={k: v for k, v in queries.variables_of(instance).items() if k not in HIDDEN},
            )

    def _task(self, task: Task) -> OpenTask:
        who = candidates_of(task.id)
        name = task.name
        return OpenTask(
            id=task.id,
            instance=task.source_id,
            element=task.element_id,
            token=int(task.source_ref),
            locals=queries.local_variables_of(task.source_id, int(task.source_ref), whole=True),
            details={
                "name": name.get("zh") or name.get("en") if isinstance(name, dict) else name,
                "assignee": task.assignee_id,
                "candidate_groups": sorted(who["group"]),
                "candidate_users": sorted(who["user"]),
                "due": _iso(task.due_at),
                "priority": _priority(task.id),
                "form_key": task.form_key,
            },
        )

    def work(self) -> list[OpenWork]:
        with self.step():
            return [
                OpenWork(
                    id=row.id,
                    instance=row.instance_id,
                    element=row.element_id,
                    token=row.token,
                    topic=row.topic,
                    locals=queries.local_variables_of(row.instance_id, row.token),
                )
                for row in _external()
                if row.retries is None or row.retries > 0
            ]

    # --- doing --------------------------------------------------------------------------------------------------------

    def complete_task(self, task: OpenTask, variables: dict[str, Any]) -> None:
        with self.step():
            inbox.complete(SYSTEM, task.id, None, variables=variables, for_others=True)

    def task_error(self, task: OpenTask, kind: str, code: str, variables: dict[str, Any]) -> None:
        with self.step():
            row = session().execute(select(Task).where(Task.id == task.id)).scalar_one()
            if kind == "error":
                service.throw_error(SYSTEM, row.source_id, int(row.source_ref), code, variables=variables)
            else:
                service.escalate(SYSTEM, row.source_id, int(row.source_ref), code, variables)

    def correlate(
        self,
        name: str,
        business_key: str | None,
        correlation: dict[str, Any],
        variables: dict[str, Any],
        *,
        to_all: bool,
    ) -> int:
        try:
            with self.step():
                met = service.correlate(
                    SYSTEM,
                    name,
                    business_key=business_key,
                    correlation=correlation or None,
                    variables=variables,
                    all_=to_all,
                )
        except service.NoMatch:
            raise NobodyWaits(name) from None
        return len(met)

    def signal(self, name: str, variables: dict[str, Any]) -> None:
        with self.step():
            service.signal(SYSTEM, name, variables=variables)

    def pass_time(self, duration: str) -> None:
        self.moment += duration_of(duration)
        self.run_jobs()

    def run_jobs(self) -> None:
        with clock.moved(lambda: self.moment):
            for _turn in range(100):
                if not jobs.run_due(limit=100):
                    return
        raise RuntimeError("jobs that never come to an end")

    def finish_work(self, work: OpenWork, outcome: str, code: str | None, variables: dict[str, Any]) -> None:
        with self.step():
            external_service.lock(SYSTEM, work.id, WORKER, 60_000)
        with self.step():
            if outcome == "complete":
                external_service.complete(SYSTEM, work.id, WORKER, variables=variables)
            elif outcome == "failure":
                external_service.fail(SYSTEM, work.id, WORKER, message="told to fail", retries=0)
            else:
                external_service.throw_error(SYSTEM, work.id, WORKER, str(code), variables=variables)

    def trigger(self, instance: str, token: int, variables: dict[str, Any]) -> None:
        with self.step():
            service.go_on_at(SYSTEM, instance, token, variables=variables)

    def assign(self, instance: str, variables: dict[str, Any]) -> None:
        with self.step():
            service.set_variables(SYSTEM, instance, variables, reason="test")

    def retry(self, instance: str, element: str) -> None:
        with self.step():
            found = session().execute(_open_incidents(instance).where(ProcessIncident.element_id == element)).scalars()
            service.retry_incident(SYSTEM, next(iter(found)).id, "test")

    def cancel(self, instance: str) -> None:
        with self.step():
            service.cancel_instance(SYSTEM, instance, "test")


def _priority(task_id: str) -> int | None:
    extra = managing.extra_of(task_id)
    return None if extra is None else extra.priority


def _state(token: queries.TokenView) -> str:
    """`parked`: somebody must look; `job`: a job brings it in or out; else as it is."""
    return "parked" if token.fault else "job" if token.waits == "job" else token.state


def _open_tasks(instance: str) -> list[Task]:
    statement = select(Task).where(Task.source_id == instance, Task.status == TaskStatus.OPEN.value).order_by(Task.id)
    return list(session().execute(statement).scalars())


def _external(instance: str | None = None) -> list[ExternalTask]:
    statement = select(ExternalTask).order_by(ExternalTask.created_at, ExternalTask.id)
    if instance is not None:
        statement = statement.where(ExternalTask.instance_id == instance)
    return list(session().execute(statement.execution_options(populate_existing=True)).scalars())


def _open_incidents(instance: str) -> Any:
    return select(ProcessIncident).where(ProcessIncident.instance_id == instance, ProcessIncident.resolved_at.is_(None))


def _incidents(instance: str) -> list[str]:
    return [row.element_id for row in session().execute(_open_incidents(instance)).scalars()]


def _jobs(instance: str) -> list[Waiting]:
    """Timers and asynchronous steps: rows of the job table. Those that are incidents are shown as incidents only."""
    statement = select(Job).where(Job.source_kind == "process", Job.source_id == instance).order_by(Job.id)
    return [
        Waiting(
            kind="timer" if row.payload.get("kind") == "timer" else "job",
            element=row.element_id,
            token=int(row.source_ref),
            due=_iso(row.due_at),
        )
        for row in session().execute(statement).scalars()
        if row.retries > 0
    ]


def _subscriptions(instance: str) -> list[Waiting]:
    statement = select(ProcessWait).where(ProcessWait.instance_id == instance).order_by(ProcessWait.token)
    return [
        Waiting(kind=row.kind, element=row.element_id, token=row.token, name=row.name or "")
        for row in session().execute(statement).scalars()
    ]


def _works(instance: str) -> list[Waiting]:
    return [
        Waiting(kind="external", element=row.element_id, token=row.token, name=row.topic)
        for row in _external(instance)
        if row.retries is None or row.retries > 0
    ]


def _calls(tokens: list[Any]) -> list[Waiting]:
    """What has no row of its own: called instances, and receive tasks that wait to be told."""
    return [
        Waiting(kind=token.waits, element=token.element_id, token=token.token)
        for token in tokens
        if token.waits in ("call", "trigger")
    ]


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def duration_of(text: str) -> timedelta:
    """P1DT2H30M and the like."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
