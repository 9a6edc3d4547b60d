"""Signals are heard by all who wait for them. And chains of messages and signals that do not end in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import session
from app.core.jobs import NewJob
from app.core.permissions import SYSTEM, Actor
from app.processes import keeping
from app.processes.models import InstanceStatus, ProcessInstance, ProcessWait
from app.processes.service import following
from app.processes.service.finding import starting
from app.processes.service.going_on import event_came_if_waiting
from app.processes.service.messaging import start_at
from app.processes.service.working import FAILED

LATER = "process-message"


def signal(
    actor: Actor,
    name: str,
    *,
    variables: Mapping[str, Any] | None = None,
    instance_id: str | None = None,
    token: int | None = None,
) -> int:
    """Tell everybody who waits for the signal (only one instance or token if given), and start what it starts;
    answers how many heard it."""
    heard = _broadcast(actor, name, variables or {}, instance_id, token)
    following.follow()
    return heard


def _broadcast(  # noqa: PLR0917 - whom it is meant for
    actor: Actor,
    name: str,
    variables: Mapping[str, Any],
    instance_id: str | None,
    token: int | None,
    apart: str | None = None,
    business_key: str | None = None,
) -> int:
    statement = (
        select(ProcessWait.instance_id, ProcessWait.token)
        .join(ProcessInstance, ProcessInstance.id == ProcessWait.instance_id)
        .where(
            ProcessWait.kind == "signal",
            ProcessWait.name == name,
            ProcessInstance.status == InstanceStatus.RUNNING.value,
            ProcessInstance.suspended.is_(False),
        )
        .order_by(ProcessWait.instance_id, ProcessWait.token)  # everybody locks instances in this order
    )
    if instance_id is not None:
        statement = statement.where(ProcessWait.instance_id == instance_id)
    if token is not None:
        statement = statement.where(ProcessWait.token == token)
    if apart is not None:
        statement = statement.where(ProcessWait.instance_id != apart)
    waiting = session().execute(statement).all()
    heard = sum(event_came_if_waiting(actor, where, one, ("signal", name), variables) for where, one in waiting)
    if instance_id is None:
        for start in starting("signal", name):
            start_at(actor, start, business_key, variables)
            heard += 1
    return heard


@following.consequence.register("signal")
def thrown_signal(actor: Actor, instance_id: str, thrown: Any) -> None:
    """An instance has thrown a signal; who waits in it has heard it already."""
    key = thrown.business_key
    _broadcast(actor, thrown.name, thrown.variables, None, None, apart=instance_id, business_key=key)


@following.consequence.register("later")
def later(kind: str, actor: Actor, instance_id: str, thrown: Any) -> None:
    """A chain of messages that does not end in one transaction goes on in the next."""
    del actor
    jobs.schedule(
        [
            NewJob(
                kind=LATER,
                due_at=clock.now(),
                source_kind=LATER,
                source_id=instance_id,
                source_ref=f"{kind}:{thrown.token}",
                payload={
                    "kind": kind,
                    "name": thrown.name,
                    "variables": dict(thrown.variables),
                    "token": thrown.token,
                    "business_key": thrown.business_key,
                },
            )
        ]
    )


@dataclass(frozen=True)
class Again:
    """A thrown message or signal, taken up by a job."""

    name: str
    variables: dict[str, Any]
    token: int
    business_key: str | None


@jobs.handler.register(LATER)
def deliver_later(job: jobs.Job) -> None:
    """Deliver it."""
    known = job.payload
    what = Again(known["name"], known["variables"], known["token"], known.get("business_key"))
    following.consequence.get(job.payload["kind"])(SYSTEM, job.source_id, what)
    following.follow()


@jobs.on_exhausted.register(LATER)
def give_up(job: jobs.Job, error: str) -> None:
    """It could not be delivered: somebody must look."""
    keeping.stand(
        [
            {
                "instance_id": job.source_id,
                "token": job.payload["token"],
                "element_id": "",
                "kind": FAILED,
                "message": error,
                "details": {"kind": job.payload["kind"], "name": job.payload["name"], "attempts": job.attempts},
                "job_id": job.id,
            }
        ]
    )
