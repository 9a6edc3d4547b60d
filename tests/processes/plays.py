"""Every kind of step, small: what must be there before, the step itself as its edge does it, what is so afterwards.

Used by the crash matrix. Each play has its own instances, so that all can live in one database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from app.core import clock, ids, jobs
from app.core.db import session, transaction
from app.core.jobs import Job
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.models import ProcessIncident, ProcessInstance, ProcessMessage
from app.processes.steps import StepCall, step
from app.tasks import service as inbox
from app.tasks.models import Task, TaskStatus
from tests.conformance import shapes as s

Context = dict[str, Any]


@step.register("test_sometimes")
def sometimes(call: StepCall) -> dict[str, Any]:
    """Fails until it is mended."""
    if not call.variables.get("mended"):
        raise RuntimeError("told to fail")
    return {"done": True}


def steps(name: str, element: str = "w", **given: str) -> str:
    return s.node("serviceTask", element, youxu__step=name, **given)


GROUP = {"camunda__candidateGroups": "manager"}
WAITING = s.user("u", **GROUP)
TINY = (s.start(), WAITING, s.end(), "s -> u -> e")


@dataclass(frozen=True)
class Play:
    """`prepare` answers a context (in a transaction); `act` opens its own transactions; `after` asserts, in one."""

    name: str
    diagrams: tuple[bytes, ...]
    prepare: Callable[[Context], Any]
    act: Callable[[Context], Any]
    after: Callable[[Context], bool]
    again: Callable[[Context], Any] | None = None
    """The sender does not know that it arrived and sends it again: nothing may change."""
    in_jobs: bool = False
    """Done by a worker: taking the job is a transaction of its own."""


PLAYS: list[Play] = []


def play(name: str, *diagrams: bytes, **given: Any) -> None:
    PLAYS.append(Play(name, diagrams, **given))


# --- words for plays -----------------------------------------------------------------------------------------------


def begin(key: str, context: Context, **variables: Any) -> str:
    """A new instance; business key: the name of the play."""
    subject = Subject("thing", ids.new_id())
    made = service.start(context["who"], key, subject, variables=variables, business_key=key)
    context["id"] = made.id
    return made.id


def started(key: str, **variables: Any) -> Callable[[Context], Any]:
    return lambda context: begin(key, context, **variables)


def task_of(instance: str, element: str = "u") -> str:
    wanted = (Task.source_id == instance, Task.element_id == element, Task.status == TaskStatus.OPEN.value)
    return session().scalars(select(Task.id).where(*wanted)).one()


def in_one(verb: Callable[[Context], Any]) -> Callable[[Context], None]:
    """As a request: one transaction."""

    def act(context: Context) -> None:
        with transaction():
            verb(context)

    return act


def run_due(context: Context) -> None:
    """As a worker: what is due of this instance (others' jobs are far away)."""
    jobs.run_due(limit=1)


def due(context: Context, source: str | None = None) -> None:
    """Make the one job of the instance due."""
    (job,) = jobs.jobs_of("process", source or context["id"])
    jobs.set_due(job.id, clock.now())


def at(context: Context) -> list[str]:
    """Where the instance is."""
    return sorted(one.element_id for one in queries.tokens_of(context["id"]) if one.state == "waiting")


def status(context: Context) -> str:
    return queries.get_instance(context["id"]).status


def is_at(*elements: str) -> Callable[[Context], bool]:
    return lambda context: at(context) == sorted(elements)


def ended(context: Context) -> bool:
    return status(context) == "completed"


def count(key: str) -> int:
    return session().scalar(select(func.count()).where(ProcessInstance.key == key)) or 0


def complete(context: Context, element: str = "u", **answers: Any) -> None:
    instance = context.get("child") or context["id"]
    inbox.complete(context["who"], task_of(instance, element), None, variables=answers)


def child(context: Context) -> str:
    found = select(ProcessInstance.id).where(ProcessInstance.super_instance_id == context["id"])
    return session().scalars(found.where(ProcessInstance.status == "running")).one()


def incident(context: Context) -> ProcessIncident:
    wanted = select(ProcessIncident).where(
        ProcessIncident.instance_id == context["id"], ProcessIncident.resolved_at.is_(None)
    )
    return session().scalars(wanted.execution_options(populate_existing=True)).one()


def kept(name: str) -> list[ProcessMessage]:
    wanted = select(ProcessMessage).where(ProcessMessage.name == name)
    return list(session().scalars(wanted.execution_options(populate_existing=True)))


def token_at(instance: str, element: str) -> int:
    (found,) = [one.token for one in queries.tokens_of(instance) if one.element_id == element]
    return found


# --- all of them ---------------------------------------------------------------------------------------------------


@dataclass
class Stage:
    """A database in which every play is prepared."""

    who: Actor
    contexts: dict[str, Context] = field(default_factory=dict)


def set_up(who: Actor, plays: list[Play] | None = None) -> Stage:
    """Deploy everything and prepare the plays, each in a transaction of its own."""
    stage = Stage(who)
    with transaction():
        for diagram in dict.fromkeys(diagram for one in PLAYS for diagram in one.diagrams):
            service.deploy(SYSTEM, diagram)
    for one in plays or PLAYS:
        stage.contexts[one.name] = {"who": who}
    return stage


def prepare(one: Play, context: Context) -> None:
    """Put nothing but this play's jobs within reach, then prepare it."""
    with transaction():
        far = clock.now() + timedelta(days=300)
        session().execute(update(Job).where(Job.ready_at.is_not(None)).values(due_at=far, ready_at=far))
        one.prepare(context)
