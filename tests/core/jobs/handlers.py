"""Job handlers for the tests, and a table in which their effects can be counted."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from app.core import clock, jobs
from app.core.db import engine, session, transaction
from app.core.jobs import Job, NewJob

exhausted: list[tuple[str, str]] = []


TABLE = "CREATE TABLE job_effects (job VARCHAR(26), source VARCHAR(64), seq INTEGER, at FLOAT)"


def make_table() -> None:
    """The table `job_effects`, outside the models."""
    with engine().begin() as connection:
        connection.execute(text(TABLE))


def effects() -> list[str]:
    """Ids of the jobs whose effect was committed, in order."""
    with transaction(write=False):
        return list(session().scalars(text("SELECT job FROM job_effects ORDER BY seq, at")))


def leave_effect(job: Job) -> None:
    session().execute(
        text("INSERT INTO job_effects SELECT :job, :source, count(*) + 1, :at FROM job_effects"),
        {"job": job.id, "source": job.source_id, "at": time.time()},
    )


@jobs.handler.register("test_effect")
def effect(job: Job) -> None:
    leave_effect(job)


@jobs.handler.register("bench_effect")
def bench_effect(job: Job) -> None:
    """As `test_effect`, without counting the table."""
    session().execute(
        text("INSERT INTO job_effects VALUES (:job, :source, 0, :at)"),
        {"job": job.id, "source": job.source_id, "at": time.time()},
    )


@jobs.handler.register("test_fail")
def fail(job: Job) -> None:
    leave_effect(job)
    if not job.payload.get("mended"):
        raise ValueError("told to fail")


@jobs.on_exhausted.register("test_fail")
def give_up(job: Job, error: str) -> None:
    session().execute(text("INSERT INTO job_effects VALUES ('incident', :source, 0, 0)"), {"source": job.source_id})
    exhausted.append((job.id, error))
    if job.payload.get("hook_fails") and len(exhausted) < 2:
        raise RuntimeError("the hook fails too")


@jobs.handler.register("test_again")
def again(job: Job):
    """Three times, ten seconds apart."""
    leave_effect(job)
    done = job.payload.get("done", 0) + 1
    job.payload = {**job.payload, "done": done}
    if done == job.payload.get("fail_at"):
        raise ValueError("once")
    return job.due_at + timedelta(seconds=10) if done < 3 else None


@jobs.handler.register("test_cancels_itself")
def cancels_itself(job: Job) -> None:
    leave_effect(job)
    jobs.cancel_of(job.source_kind, job.source_id)


@jobs.handler.register("test_suspends_itself")
def suspends_itself(job: Job) -> None:
    leave_effect(job)
    jobs.suspend_of(job.source_kind, job.source_id)


@jobs.handler.register("test_hook")
def hooked(job: Job) -> None:
    """Leave an effect, then call what the test put into `during`."""
    leave_effect(job)
    during[0](job)


during: list = [lambda job: None]


@jobs.handler.register("test_slow")
def slow(job: Job) -> None:
    """Begin, tell so in a file, sleep, leave the effect."""
    told = job.payload.get("tell")
    if told:
        with Path(told).open("a") as file:
            file.write(f"{os.getpid()} {job.id}\n")
    time.sleep(job.payload.get("seconds", 1))
    leave_effect(job)


@jobs.handler.register("test_kill")
def kill(job: Job) -> None:
    """End the process that runs it, without ceremony."""
    leave_effect(job)
    os.kill(os.getpid(), 9)


def new(kind: str = "test_effect", source: str = "s", *, after: float = 0, **given) -> NewJob:
    """A job due in `after` seconds."""
    return NewJob(kind, clock.now() + timedelta(seconds=after), "test", source, **given)


def stored(*wanted: NewJob) -> list[str]:
    """Schedule in a transaction of their own; the ids."""
    with transaction():
        return jobs.schedule(wanted)


def row(job_id: str) -> Job | None:
    with transaction(write=False):
        return session().get(Job, job_id)
