"""DBOS, behind one seam: it executes units of claimed jobs as durable workflows in the worker process.

Our rows say what is due, who has it and what came of it; DBOS keeps, per unit, that it was begun. A worker that is
started again under the same name gets the units its predecessor left unfinished, and hands their jobs back at once
instead of waiting for the locks to expire.

Why a unit and not a job is a workflow, and why no DBOS queue: measured on SQLite, 2 cores, an empty handler: a
workflow per job through a queue 75 jobs/s with 8 threads (359/s with 50), 1.6 to 1.9 ms of processor time per job and
3 % of a core when idle (a queue polls); a workflow per job, started directly, 370/s; a workflow per 10 jobs, started
directly, 1,500 to 2,400/s, 0.3 ms per job, 0.5 % when idle.

DBOS's tables: schema `dbos` of our database on PostgreSQL; on SQLite a file beside ours, because there they cannot be
kept apart from ours (`notifications`, `queues`, …) and would share our one write lock. Losing them loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy import URL, Engine, create_engine, event, make_url

from app.core import clock
from app.core.jobs.claiming import Claim, Unit

WORKFLOW = "youxu.jobs"
VERSION = "1"
"""Raised when `_run_unit` changes its arguments: units of another version are left alone."""
FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
LEFT_BEHIND = timedelta(days=1)
"""A unit that long unfinished belongs to a worker that will never come back; its jobs were taken over long ago."""
AT_ONCE = 500

Run = Callable[[Sequence[Claim], bool], None]
"""Runs claims; the flag says that a worker of our name died with them."""

log = structlog.get_logger()
_run: Run | None = None
_begun: set[str] = set()


def start(url: str, executor: str, threads: int, run: Run) -> None:
    """Launch DBOS in this process under the name `executor`; units are run by `run` in at most `threads` threads."""
    global _run  # noqa: PLW0603 - DBOS itself is one per process
    _run = run
    config: DBOSConfig = {
        "name": "youxu",
        "system_database_engine": _engine(make_url(url), threads),
        "system_database_url": _library_url(url),
        "application_version": VERSION,
        "executor_id": executor,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
        "use_listen_notify": False,
        "max_executor_threads": threads + 2,
        "scheduler_polling_interval_sec": 3600,
    }
    DBOS(config=config)
    DBOS.launch()


def stop(seconds: int) -> None:
    """Stop DBOS, waiting so long for what runs."""
    DBOS.destroy(workflow_completion_timeout_sec=seconds)


def begin(unit: Unit, worker: str) -> None:
    """Run the unit in a thread of DBOS. Named after its first job, fence and worker, so that it cannot begin twice."""
    name = f"jobs:{unit.claims[0].id}:{unit.claims[0].fence}:{worker}"
    _begun.add(name)
    try:
        with SetWorkflowID(name):
            DBOS.start_workflow(_run_unit, [one.plain() for one in unit.claims])
    except BaseException:
        _begun.discard(name)
        raise


@DBOS.workflow(name=WORKFLOW)
def _run_unit(claims: list[list[Any]]) -> None:
    name = str(DBOS.workflow_id)
    if _run is None:
        raise RuntimeError("start() was not called")
    _run([Claim(job, fence) for job, fence in claims], name not in _begun)
    _begun.discard(name)


def forget_finished() -> int:
    """Delete DBOS's records of finished and of long abandoned units; how many."""
    old = (clock.now() - LEFT_BEHIND).isoformat()
    count = 0
    for wanted in ({"status": FINISHED}, {"status": ["PENDING", "ENQUEUED"], "end_time": old}):
        while True:
            found = DBOS.list_workflows(name=WORKFLOW, limit=AT_ONCE, load_input=False, load_output=False, **wanted)
            if found:
                DBOS.delete_workflows([one.workflow_id for one in found])
                count += len(found)
            if len(found) < AT_ONCE:
                break
    return count


def _library_url(url: str) -> str:
    """The address as DBOS reads it: it only looks at the kind of database, the engine is ours."""
    kind = make_url(url)
    if kind.get_backend_name() == "sqlite":
        return f"sqlite:///{_beside(kind)}"
    return kind.set(drivername="postgresql").render_as_string(hide_password=False)


def _beside(url: URL) -> str:
    """The file next to our SQLite file that DBOS has to itself."""
    file = url.database or "youxu.db"
    return f"{file.removesuffix('.db')}.dbos.db"


def _engine(url: URL, threads: int) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=threads + 2, max_overflow=4, pool_pre_ping=True)
    made = create_engine(f"sqlite:///{_beside(url)}", connect_args={"timeout": 30}, pool_size=threads + 2)

    @event.listens_for(made, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        # Nothing here need survive a power loss: what was begun and not finished is told by our own rows.
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return made
