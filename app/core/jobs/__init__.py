"""Durable jobs and timers: due at a moment, run once, retried, taken over when their worker dies.

    @jobs.handler.register("process")
    def run(job: Job) -> datetime | None: ...   # in the transaction that deletes the job (or moves it: return when)

    @jobs.on_exhausted.register("process")
    def give_up(job: Job, error: str) -> None: ...   # in the transaction that records the last failure

    jobs.schedule([NewJob("process", due_at, "process", instance_id, str(token))])

A handler must do its work in that transaction only (what it does elsewhere may be done twice), and should be short: on
SQLite it holds the one write lock.
"""

from app.core.jobs import readings
from app.core.jobs.claiming import run_due
from app.core.jobs.models import Job, WorkerBeat
from app.core.jobs.readings import get, jobs_of, lag, workers_alive
from app.core.jobs.rounds import round_of
from app.core.jobs.running import JobBeingRun, Outcome, handler, on_exhausted, run_now
from app.core.jobs.scheduling import (
    BACKOFF,
    RETRIES,
    NewJob,
    cancel_of,
    cancel_of_all,
    resume_of,
    schedule,
    set_due,
    set_retries,
    suspend_of,
)

__all__ = [
    "BACKOFF",
    "RETRIES",
    "Job",
    "JobBeingRun",
    "NewJob",
    "Outcome",
    "WorkerBeat",
    "cancel_of",
    "cancel_of_all",
    "get",
    "handler",
    "jobs_of",
    "lag",
    "on_exhausted",
    "readings",
    "resume_of",
    "round_of",
    "run_due",
    "run_now",
    "schedule",
    "set_due",
    "set_retries",
    "suspend_of",
    "workers_alive",
]
