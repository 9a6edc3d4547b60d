"""What is known of jobs and workers, for pages, probes and metrics. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from app.core import clock, metrics
from app.core.db import session
from app.core.errors import NotFound
from app.core.jobs.models import Job, WorkerBeat

FRESH = timedelta(seconds=20)
"""A worker not heard of for longer is not counted on."""


def get(job_id: str) -> Job:
    """The job. Raises NotFound (it may have run)."""
    found = session().get(Job, job_id, populate_existing=True)
    if found is None:
        raise NotFound(job=job_id)
    return found


def jobs_of(source_kind: str, source_id: str, refs: Sequence[str] | None = None) -> list[Job]:
    """The source's jobs (only those of the refs, if given) by due time."""
    wanted = select(Job).where(Job.source_kind == source_kind, Job.source_id == source_id)
    if refs is not None:
        wanted = wanted.where(Job.source_ref.in_(list(refs)))
    ordered = wanted.order_by(Job.due_at, Job.id).execution_options(populate_existing=True)
    return list(session().scalars(ordered))


def workers_alive() -> int:
    """Workers heard of lately."""
    fresh = select(func.count()).select_from(WorkerBeat).where(WorkerBeat.beat_at > clock.now() - FRESH)
    return session().scalar(fresh) or 0


@metrics.gauge("youxu_timer_lag_seconds", "Seconds the longest overdue job waits already")
def lag() -> float:
    """Seconds by which the longest waiting of the due jobs is late; 0 when none is due."""
    now = clock.now()
    oldest = session().scalar(select(func.min(Job.ready_at)))
    return max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0


@metrics.gauge("youxu_jobs_due", "Jobs that are due and wait for a worker")
def due() -> float:
    """How many jobs a worker could take now."""
    return session().scalar(select(func.count()).select_from(Job).where(Job.ready_at <= clock.now())) or 0


@metrics.gauge("youxu_jobs_exhausted", "Jobs without retries left, which wait for a person")
def exhausted() -> float:
    """How many jobs failed for the last time."""
    stuck = Job.ready_at.is_(None) & Job.suspended.is_(False)
    return session().scalar(select(func.count()).select_from(Job).where(stuck)) or 0


@metrics.gauge("youxu_jobs_waiting", "Jobs and timers stored, due or not")
def waiting() -> float:
    """How many jobs there are."""
    return session().scalar(select(func.count()).select_from(Job)) or 0


@metrics.gauge("youxu_workers_alive", "Worker processes heard of in the last 20 seconds")
def workers() -> float:
    """How many workers live."""
    return workers_alive()
