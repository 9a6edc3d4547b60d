"""Worker processes, real ones: killed, doubled, stopped; timers by the machine's clock."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import create_engine, func, inspect, select, text, update

from app.core import clock, db, jobs
from app.core.jobs import Job, WorkerBeat
from tests.core.jobs import worker_process
from tests.core.jobs.handlers import effects, new, row, stored
from tests.forked import Forked

pytestmark = pytest.mark.waits


@pytest.fixture
def real_time():
    with clock.moved(clock._machine_time):
        yield


@pytest.fixture
def start(jobs_db, real_time):
    """Starts worker processes; all are killed after the test."""
    running = []

    def begin(folder="one", lanes=4, sweep=30.0):
        home = jobs_db.data / folder
        running.append(Forked(worker_process.main, jobs_db.database_url, str(home), str(lanes), str(sweep)))
        return running[-1]

    yield begin
    for one in running:
        one.kill()
        one.wait()


def until(condition, seconds=60.0):
    """Wait until the condition holds; how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.05)
    return time.monotonic() - began


def alive():
    with db.transaction(write=False):
        return jobs.workers_alive()


def is_postgres():
    return db.engine().dialect.name == "postgresql"


def test_timers_fire_within_two_seconds_and_only_when_due(start):
    start()
    until(alive)
    due = {stored(new(after=after, source=str(after)))[0]: time.time() + after for after in (0, 0.7, 1.5, 2.5, 3.1)}
    until(lambda: len(effects()) == len(due))
    with db.transaction(write=False):
        session = db.session()
        lateness = [at - due[job] for job, at in session.execute(text("SELECT job, at FROM job_effects"))]
    assert min(lateness) >= 0
    assert max(lateness) < 2
    assert sorted(lateness)[len(lateness) // 2] < 0.6


def test_a_worker_started_again_gets_back_what_its_predecessor_had(start, tmp_path):
    """By DBOS, at once: the lock that would have to expire first is made to last for an hour. One
    source, so one unit: what was claimed and not begun yet has only its lock to tell."""
    told = tmp_path / "told"
    first = start()
    until(alive)
    ids = stored(new("test_slow", payload={"tell": str(told), "seconds": 2}), *(new() for _ in range(3)))
    until(lambda: told.exists() and told.read_text())  # written, not only opened
    first.kill()
    first.wait()
    assert ids[0] not in effects()
    with db.transaction():
        session = db.session()
        later = clock.now() + timedelta(hours=1)
        session.execute(update(Job).where(Job.locked_until.is_not(None)).values(locked_until=later, ready_at=later))
    start()
    until(lambda: set(effects()) == set(ids))
    time.sleep(0.3)
    assert Counter(effects()) == dict.fromkeys(ids, 1)
    assert told.read_text().count(ids[0]) == 2
    assert row(ids[0]) is None


def test_the_job_of_a_killed_worker_is_run_by_another_within_thirty_seconds(start, tmp_path):
    if not is_postgres():
        pytest.skip("one host, one worker")
    told = tmp_path / "told"
    workers = {one.pid: one for one in (start("one"), start("two"))}
    until(lambda: alive() == 2)
    (job,) = stored(new("test_slow", payload={"tell": str(told), "seconds": 2}))
    until(lambda: told.exists() and told.read_text())  # written, not only opened
    first = int(told.read_text().split()[0])
    workers[first].kill()
    killed = time.monotonic()
    assert effects() == []
    until(lambda: effects() == [job], 30)
    assert time.monotonic() - killed < 30
    pids = [int(line.split()[0]) for line in told.read_text().splitlines()]
    assert len(pids) == 2
    assert pids[0] != pids[1]
    assert row(job) is None


def test_two_workers_run_each_job_once_and_one_of_a_source_at_a_time(start, tmp_path):
    told = tmp_path / "told"
    wanted = [new("test_slow", source=f"s{n % 60}", payload={"tell": str(told), "seconds": 0.01}) for n in range(240)]
    start("one"), start("two")
    until(lambda: alive() == 2)
    ids = stored(*wanted)
    until(lambda: len(effects()) >= len(ids))
    assert sorted(effects()) == sorted(ids)
    begun = [line.split() for line in told.read_text().splitlines()]
    assert Counter(job for _pid, job in begun) == dict.fromkeys(ids, 1), "none was even begun twice"
    if is_postgres():
        assert len({pid for pid, _job in begun}) == 2
    order = effects()
    for source in range(60):
        own = [order.index(job) for job in ids[source::60]]
        assert all(one < two for one, two in pairwise(own)), "a source's jobs keep their order"


def test_a_slow_job_does_not_hold_up_those_behind_it(start, tmp_path):
    if not is_postgres():
        pytest.skip("SQLite has one writer: a slow handler holds up all")
    slow, *quick = stored(
        new("test_slow", after=-5, source="slow", payload={"seconds": 20}), *(new(source=f"q{n}") for n in range(30))
    )
    start(lanes=2)
    until(lambda: len(effects()) >= 30)
    assert slow not in effects()
    assert Counter(effects()) == dict.fromkeys(quick, 1)


@pytest.mark.full
def test_a_lock_outlives_its_lease_while_its_worker_lives(start):
    """A handler of 18 seconds under a lease of 15: nobody else gets the job."""
    if not is_postgres():
        pytest.skip("SQLite has one writer: nobody else could take anything")
    (job,) = stored(new("test_slow", payload={"seconds": 18}))
    start("one"), start("two")
    until(lambda: effects() == [job], 30)
    time.sleep(0.3)
    assert effects() == [job]


def test_a_worker_told_to_stop_gives_back_what_it_has_not_begun(start):
    stored(*(new("test_slow", source=f"s{n}", payload={"seconds": 0.2}) for n in range(100)))
    worker = start()
    until(lambda: len(effects()) > 2)
    worker.terminate()
    assert worker.wait(15) == 0
    with db.transaction(write=False):
        session = db.session()
        assert session.scalar(select(func.count()).select_from(Job).where(Job.locked_until.is_not(None))) == 0
        left = session.scalar(select(func.count()).select_from(Job))
        assert session.scalar(select(func.count()).select_from(WorkerBeat)) == 0
        assert session.scalar(select(func.max(Job.deaths))) == 0
    assert len(effects()) + left == 100
    assert left > 50


def test_a_job_that_kills_its_worker_is_given_up_and_the_others_run(start):
    (bad,) = stored(new("test_kill"))
    for _life in range(8):
        if row(bad).retries == 0:
            break
        one = start()
        until(lambda one=one: one.poll() is not None or row(bad).retries == 0)
    kept = row(bad)
    assert kept.retries == 0
    assert kept.deaths >= 4
    assert bad not in effects()
    (good,) = stored(new(source="good"))
    until(lambda: effects() == [good])


def dbos_rows(settings):
    url = settings.database_url
    if is_postgres():
        engine, table = create_engine(url), "dbos.workflow_status"
    else:
        engine, table = create_engine(url.replace("test.db", "test.dbos.db")), "workflow_status"
    with engine.connect() as connection:
        count = connection.scalar(text(f"SELECT count(*) FROM {table}"))
    engine.dispose()
    return count


def test_what_dbos_keeps_of_finished_units_is_cleared(start, jobs_db):
    start(sweep=2)
    until(alive)
    stored(*(new(source=f"s{n}") for n in range(60)))
    until(lambda: len(effects()) == 60)
    assert until(lambda: dbos_rows(jobs_db) == 0) < 30
    known = {*db.Base.metadata.tables, "job_effects"}
    assert set(inspect(db.engine()).get_table_names()) == known, "migrations and backups see none of DBOS's tables"
