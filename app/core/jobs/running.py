"""One job, run once: handler and deletion of the row in one transaction; a failure recorded in a second one.

The row is not locked while its handler runs (a person who cancels or suspends need not wait, and a dead host blocks
nobody). Instead the last statement deletes it *if its fence is still the one we were given*; else everything is rolled
back. So of two who run a job, whatever the reason, exactly one commits.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, delete, select, update

from app.core import clock, metrics
from app.core.db import in_transaction, is_lost_race, session, transaction
from app.core.errors import Conflict, DomainError, NotFound
from app.core.i18n import _l
from app.core.jobs.models import Job
from app.core.registry import Registry

RACES = 6
"""How often a lost race is run again at once before it counts as a failure."""
DEATHS = 4
"""So many workers may vanish with a job before it is taken for their murderer and waits for a person."""
LONGEST = 20_000
"""Characters kept of a trace."""

Handler = Callable[[Job], datetime | None]
"""Runs a job in the transaction that also deletes it; returning a moment moves the job there instead."""
OnExhausted = Callable[[Job, str], None]
"""Told of a job without retries left, in the transaction that records its last failure; maybe more than once."""

handler: Registry[Handler] = Registry("job handler")
on_exhausted: Registry[OnExhausted] = Registry("reaction to an exhausted job")

EXECUTED = metrics.counter("youxu_jobs_executed_total", "Jobs that ran and committed", "kind")
FAILED = metrics.counter("youxu_jobs_failed_total", "Runs of jobs that failed", "kind")
SECONDS = metrics.histogram("youxu_job_seconds", "Seconds a job's transaction took")

log = structlog.get_logger()


class Outcome(StrEnum):
    """What came of a run."""

    DONE = "done"
    MOVED = "moved"
    FAILED = "failed"
    EXHAUSTED = "exhausted"
    GONE = "gone"
    """Somebody else has it, ran it, cancelled, suspended or moved it: nothing was done."""


class JobBeingRun(Conflict):
    """A worker has the job, or another exclusive one of its source, just now."""

    message = _l("This is being worked on right now. Wait a moment, then look again.")


class WorkerVanished(DomainError):
    """Worker after worker died with the job in its hands."""

    message = _l("The worker process ended %(times)s times while it ran this.")


class Fenced(Exception):
    """The job was taken, cancelled or changed by somebody else while its handler ran."""


def run_job(job_id: str, fence: int) -> Outcome:
    """Run the job if its fence is still this one. Never raises for what the handler does."""
    with structlog.contextvars.bound_contextvars(job=job_id):
        for attempt in range(1, RACES + 1):
            try:
                return _once(job_id, fence)
            except Fenced:
                log.info("job.fenced")
                return Outcome.GONE
            except Exception as error:  # noqa: BLE001 - a handler may fail in any way; each is recorded
                if attempt < RACES and is_lost_race(error):
                    log.info("job.retried", attempt=attempt, because=type(error).__name__)
                    time.sleep(0.005 * attempt * attempt)
                    continue
                return _fail(job_id, fence, error)
    raise AssertionError("unreachable")


def _once(job_id: str, fence: int) -> Outcome:
    began = clock.ticks()
    with own_transaction():
        job = session().scalar(
            select(Job)
            .where(Job.id == job_id, Job.fence == fence, Job.ready_at.is_not(None))
            .execution_options(populate_existing=True)
        )
        if job is None:
            return Outcome.GONE
        kind = job.kind
        outcome = _in_transaction(job)
    EXECUTED.inc(kind)
    SECONDS.observe(clock.ticks() - began)
    return outcome


def _in_transaction(job: Job) -> Outcome:
    """Handler, then the row. Raises what the handler raises, and Fenced."""
    session().info["job"] = job
    try:
        again = handler.get(job.kind)(job)
        session().flush()
        if in_hand() is None:  # the handler cancelled its source and with it this job
            return Outcome.DONE
        if again is None:
            settle(job)
            return Outcome.DONE
        _move(job, again)
        return Outcome.MOVED
    finally:
        session().info.pop("job", None)


def in_hand() -> Job | None:
    """The job whose handler runs in this transaction and whose row is still to be dealt with."""
    return cast("Job | None", session().info.get("job"))


def settle(job: Job) -> None:
    """Delete the row of the job in hand, if it is still ours. Raises Fenced."""
    _ours(delete(Job).where(*_same(job)))
    session().info.pop("job", None)
    session().expunge(job)


def _move(job: Job, due_at: datetime) -> None:
    _ours(
        update(Job)
        .where(*_same(job))
        .values(
            due_at=due_at,
            ready_at=None if job.suspended else due_at,
            retries=max(job.retries + job.attempts, 1),  # each attempt that failed took one
            attempts=0,
            deaths=0,
            error=None,
            error_details=None,
            locked_by=None,
            locked_until=None,
            fence=job.fence + 1,
        )
    )


def _same(job: Job) -> list[Any]:
    return [Job.id == job.id, Job.fence == job.fence]


def _ours(statement: Any) -> None:
    result = session().execute(statement.execution_options(synchronize_session=False))
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise Fenced


def _fail(job_id: str, fence: int, error: Exception) -> Outcome:
    """Record the failure in a transaction of its own, with the hook; if the hook fails, so that it is asked again."""
    log.warning("job.failed", error=_words(error), exc_info=error)
    tell = True
    for _attempt in range(RACES):
        try:
            with own_transaction():
                job = _locked(Job.id == job_id, Job.fence == fence)
                if job is None:
                    return Outcome.GONE
                kind, outcome = job.kind, record_failure(job, error, tell=tell)
        except Exception as fault:
            log.exception("job.failure_not_recorded", told=tell)
            tell = tell and is_lost_race(fault)
        else:
            FAILED.inc(kind)
            return outcome
    return Outcome.GONE  # its lock will expire and it will be run again


def _locked(*where: Any, wait: bool = True) -> Job | None:
    """The job as it is stored now, its row locked (PostgreSQL); None also when that would mean to wait and must not."""
    return session().scalar(
        select(Job).where(*where).with_for_update(skip_locked=not wait).execution_options(populate_existing=True)
    )


def record_failure(job: Job, error: Exception, *, tell: bool = True) -> Outcome:
    """Write error, attempts, retries and the next due time into the row; at the last one tell `on_exhausted`.

    With `tell=False` (the hook just failed) one attempt is left, so that the hook will be asked again.
    """
    job.attempts += 1
    job.retries = max(job.retries - 1, 0 if tell else 1)
    job.due_at = clock.now() + timedelta(seconds=float(job.backoff[min(job.attempts, len(job.backoff)) - 1]))
    job.error, job.error_details = _words(error), _trace(error)
    free(job)
    session().flush()
    if job.retries > 0:
        return Outcome.FAILED
    if job.kind in on_exhausted:
        on_exhausted.get(job.kind)(job, job.error)
    return Outcome.EXHAUSTED


def free(job: Job) -> None:
    """Nobody has the job any more, and who had it is fenced off."""
    job.ready_at = None if job.suspended or job.retries <= 0 else job.due_at
    job.locked_by, job.locked_until = None, None
    job.fence += 1


def _words(error: Exception) -> str:
    said = error.sentence() if isinstance(error, DomainError) else str(error)
    return (said or type(error).__name__)[:2000].replace("\x00", "�")


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-LONGEST:].replace("\x00", "�")


def run_now(job_id: str) -> tuple[Outcome, str | None]:
    """Run the job at once in the caller's transaction, due or not, suspended or not: outcome, and what went wrong.

    A failure is recorded and everything else the handler did undone, so the caller's transaction should commit.
    Raises NotFound; JobBeingRun when a worker has the job (or another exclusive one of its source) just now.
    """
    job = _locked(Job.id == job_id, wait=False)
    if job is None:
        if session().scalar(select(Job.id).where(Job.id == job_id)):
            raise JobBeingRun
        raise NotFound(job=job_id)
    _refuse_busy(job)
    kind = job.kind
    try:
        with session().begin_nested():
            outcome = _in_transaction(job)
    except Fenced:
        raise JobBeingRun from None
    except Exception as error:
        if is_lost_race(error):
            raise
        FAILED.inc(kind)
        stored = _locked(Job.id == job_id)
        if stored is None:
            raise NotFound(job=job_id) from None
        return record_failure(stored, error), stored.error
    EXECUTED.inc(kind)
    return outcome, None


def _refuse_busy(job: Job) -> None:
    taken = [Job.locked_until > clock.now()]
    mine = Job.id == job.id
    if job.exclusive:
        same = (Job.source_kind == job.source_kind) & (Job.source_id == job.source_id) & Job.exclusive.is_(True)
        mine = mine | same
    if session().scalar(select(Job.id).where(mine, *taken).limit(1)):
        raise JobBeingRun


@contextmanager
def own_transaction() -> Iterator[None]:
    """A transaction; a savepoint where a test or a command already holds one open."""
    if in_transaction():
        with session().begin_nested():
            yield
    else:
        with transaction():
            yield
