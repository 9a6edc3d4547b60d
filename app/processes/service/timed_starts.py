"""Processes that start at a time. A start that failed too often is an incident without an instance: its job, which
waits without tries left until somebody gives it new ones, or another version is put into force."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.core import clock, intervals, jobs
from app.core.db import session
from app.core.errors import NotFound
from app.core.jobs import Job
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.processes import events
from app.processes.definitions import deployed
from app.processes.models import ProcessDefinitionFlags
from app.processes.queries import stuck_starts
from app.processes.service import following
from app.processes.service.deploying import STARTS, starts_over
from app.processes.service.starting import begin


@jobs.handler.register(STARTS)
def start_by_time(job: Job) -> datetime | None:
    """The timer of a start event is due: a new instance. Answers when the next one is."""
    what = job.payload
    flags = select(ProcessDefinitionFlags.suspended).where(ProcessDefinitionFlags.definition_id == what["definition"])
    if not session().scalar(flags):
        begin(SYSTEM, deployed(what["definition"]), None, {}, SYSTEM.id, at=what["element"])
        following.follow()
    if not what.get("cycle"):
        return None
    job.payload = {**what, "fired": what["fired"] + 1}
    cycle = intervals.parse_cycle(what["cycle"])
    last = max(job.due_at, clock.now())
    return cycle.next_after(what["fired"] + 1, last, datetime.fromisoformat(what["from"]))


@jobs.on_exhausted.register(STARTS)
def give_up(job: Job, _error: str) -> None:
    """No tries are left: somebody must look."""
    events.tell_of_start(events.RAISED, job)


def retry_start(actor: Actor, job_id: str, reason: str) -> None:
    """Start it now, with as many tries as at first. Raises NotFound, also when it is not stuck (any more)."""
    job = next((one for one in stuck_starts() if one.id == job_id), None)
    if job is None:
        raise NotFound(job=job_id)
    told: dict[str, Any] = {"element": job.element_id, "job": job.id, "reason": reason}
    record(actor, "process:retry", Subject("process-definition", job.source_id), **told)
    jobs.set_retries(job_id, jobs.RETRIES)
    jobs.set_due(job_id, clock.now())
    events.tell_of_start(events.RESOLVED, job)


@starts_over.register(STARTS)
def resolve(key: str) -> None:
    """Another version takes over, or none: nobody need look any more."""
    for job in stuck_starts(key):
        events.tell_of_start(events.RESOLVED, job)
