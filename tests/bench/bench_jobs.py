"""Jobs per second of one worker, from due to committed, and what an idle worker costs beside 100,000 future jobs.

Baseline in the same run: the same transaction in a plain loop, without worker, claims or DBOS.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select, text

from app.core import db, jobs, logs
from app.core.db import session, transaction
from app.core.jobs import Job
from app.core.tables import load_all
from config import Settings
from tests.core.jobs import handlers
from tests.core.jobs.handlers import new, stored

MANY = 2000
TIMERS = 100
FUTURE = 100_000
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Set up a database and a worker beside it, then measure."""
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("BENCH_DATABASE_URL") or f"sqlite:///{folder}/bench.db"
        logs.set_up(quiet=True)
        db.connect(Settings(Path(folder), url, False, "x" * 40, testing=True))
        load_all()
        db.Base.metadata.create_all(db.engine())
        handlers.make_table()
        plain = baseline()
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.core.jobs.worker_process", url, folder, "4", "30", "FULL"]
        )
        try:
            await_worker()
            drain(worker.pid, plain)
            timers("nothing else stored")
            for start in range(0, FUTURE, 10_000):
                stored(*(new(after=36_000 + n, source=f"f{start + n}") for n in range(10_000)))
            timers(f"{FUTURE:,} future jobs stored")
            idle(worker.pid)
        finally:
            worker.terminate()
            worker.wait()
            db.engine().dispose()


def baseline() -> float:
    """Transactions per second that read a row, insert one and delete the first."""
    ids = stored(*(new("bench_effect", source=f"b{n}", after=36_000) for n in range(MANY // 4)))
    began = time.perf_counter()
    for job_id in ids:
        with transaction():
            job = session().scalars(select(Job).where(Job.id == job_id)).one()
            handlers.bench_effect(job)
            jobs.cancel_of(job.source_kind, job.source_id)
    return len(ids) / (time.perf_counter() - began)


def await_worker() -> None:
    """Until the worker has signed on."""
    while True:
        with transaction(write=False):
            if jobs.workers_alive():
                return
        time.sleep(0.1)


def processor(pid: int) -> float:
    """Seconds of processor time the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def await_effects(wanted: int) -> None:
    """Until that many effects are there; then forget them."""
    while True:
        with transaction(write=False):
            if session().scalar(text("SELECT count(*) FROM job_effects")) >= wanted:
                return
        time.sleep(0.05)


def drain(pid: int, plain: float) -> None:
    """Jobs per second when many are due at once."""
    forget()
    stored(*(new("bench_effect", source=f"d{n}") for n in range(MANY)))
    began, used = time.perf_counter(), processor(pid)
    await_effects(MANY)
    rate = MANY / (time.perf_counter() - began)
    spent = (processor(pid) - used) / MANY * 1000
    print(
        f"   {rate:.0f} jobs/s, {spent:.2f} ms of processor time each; plain loop {plain:.0f}/s: {rate / plain:.2f} ×"
    )


def timers(beside: str) -> None:
    """How late jobs are committed that become due one after the other."""
    forget()
    wanted = [new("bench_effect", source=f"t{n}", after=1 + n * 0.05) for n in range(TIMERS)]
    due = {job: one.due_at.timestamp() for job, one in zip(stored(*wanted), wanted, strict=True)}
    await_effects(TIMERS)
    with transaction(write=False):
        late = [(at - due[job]) * 1000 for job, at in session().execute(text("SELECT job, at FROM job_effects"))]
    p99 = statistics.quantiles(late, n=100)[98]
    print(f"   late by p50 {statistics.median(late):.0f} ms, p99 {p99:.0f} ms ({beside})")


def forget() -> None:
    """Empty the table of effects."""
    with transaction():
        session().execute(text("DELETE FROM job_effects"))


def idle(pid: int) -> None:
    """What the worker costs while nothing is due."""
    used = processor(pid)
    time.sleep(10)
    print(f"   idle beside {FUTURE:,} future jobs: {(processor(pid) - used) * 10:.1f} % of a core")


if __name__ == "__main__":
    main()
