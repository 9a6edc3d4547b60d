"""Timers of processes: on time with a real worker, by a clock that tests move, in order after an outage, free while
they wait. What concerns jobs as such is tested in tests/core/jobs."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, text

from app.core import clock, db, ids, jobs
from app.core.db import session, transaction
from app.core.jobs import Job
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.models import ProcessEvent
from app.tasks import service as inbox
from app.tasks.models import Task
from tests.conformance import shapes as s
from tests.conftest import NOON
from tests.forked import Forked
from tests.processes import invariants, worker_process

WAITS = s.diagram("waits", s.start(), s.catch("t", s.after("${delay}")), s.end(), "s -> t -> e")
CUTS = s.diagram("cuts", s.start(), s.user("u"), s.boundary("b", "u", s.after("PT1H")), s.user("v"), s.end(),
                 "s -> u -> e; b -> v -> e")  # fmt: skip
REMINDS = s.diagram("reminds", s.start(), s.user("u"), s.boundary("b", "u", s.every("R/PT10M"), cancel=False),
                    s.task("n"), s.end("e f"), "s -> u -> e; b -> n -> f")  # fmt: skip


@pytest.fixture
def timed(live):
    with transaction():
        for diagram in (WAITS, CUTS, REMINDS):
            service.deploy(SYSTEM, diagram)
    yield live
    with transaction():
        assert invariants.broken() == []


def begin(key, **variables):
    with transaction():
        return service.start(SYSTEM, key, Subject("thing", ids.new_id()), variables=variables).id


def fired(instance=None):
    """(element, moment) of the timers that fired, in the order in which they did."""
    wanted = select(ProcessEvent).where(ProcessEvent.kind == "fired")
    if instance is not None:
        wanted = wanted.where(ProcessEvent.instance_id == instance)
    with transaction(write=False):
        return list(session().scalars(wanted.order_by(ProcessEvent.at, ProcessEvent.instance_id)))


def status(instance):
    with transaction(write=False):
        return queries.get_instance(instance).status


def next_due(instance):
    with transaction(write=False):
        return [job.due_at for job in jobs.jobs_of("process", instance)]


class Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def moving():
    made = Clock()
    with clock.moved(made):
        yield made


# --- the machine's clock, a real worker ------------------------------------------------------------------------------


@pytest.mark.waits
def test_fires_within_two_seconds_of_due_also_after_the_worker_was_killed(timed):
    given = (timed.database_url, str(timed.data))
    with clock.moved(clock._machine_time):
        worker = Forked(worker_process.main, *given)
        try:
            until(alive)
            early = [begin("waits", delay=f"PT{seconds}S") for seconds in (0, 1, 2)]
            until(lambda: all(status(one) == "completed" for one in early))
            worker.kill()
            worker.wait()
            late = [begin("waits", delay=f"PT{seconds}S") for seconds in (0, 1)]
            time.sleep(1.2)
            assert {status(one) for one in late} == {"running"}, "nobody works"
            worker = Forked(worker_process.main, *given)
            until(lambda: all(status(one) == "completed" for one in late))
            lateness = [line.at - due_of(line.instance_id) for line in fired() if line.instance_id in early]
        finally:
            worker.kill()
            worker.wait()
    assert len(lateness) == 3
    assert max(lateness) < timedelta(seconds=2)
    assert min(lateness) >= timedelta(0)
    assert len(fired()) == 5, "each once"


def due_of(instance):
    with transaction(write=False):
        made = queries.get_instance(instance)
        return made.started_at + timedelta(seconds=int(queries.variables_of(instance)["delay"][2:-1]))


def alive():
    with transaction(write=False):
        return jobs.workers_alive()


def until(condition, seconds=30.0):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.05)


# --- a clock that the test moves -------------------------------------------------------------------------------------


def test_nothing_fires_before_its_time_and_all_at_it(timed, moving):
    instance = begin("cuts")
    moving.now = NOON + timedelta(hours=1) - timedelta(microseconds=1)
    assert jobs.run_due() == 0
    moving.now = NOON + timedelta(hours=1)
    assert jobs.run_due() == 1
    (line,) = fired(instance)
    assert (line.element_id, line.at) == ("b", moving.now)


def test_after_an_outage_they_fire_in_the_order_of_their_due_times(timed, moving):
    delays = (50, 10, 40, 20, 30)
    instances = {minutes: begin("waits", delay=f"PT{minutes}M") for minutes in delays}
    order = []
    moving.now = NOON + timedelta(days=2)
    while jobs.run_due(limit=1):
        order += [minutes for minutes, one in instances.items() if status(one) == "completed" and minutes not in order]
    assert order == sorted(delays)


def test_a_reminder_that_was_missed_a_thousand_times_comes_once_and_then_keeps_its_beat(timed, moving):
    instance = begin("reminds")
    moving.now = NOON + timedelta(days=7, minutes=3)
    assert jobs.run_due(limit=100) == 1
    (due,) = next_due(instance)
    assert moving.now < due <= moving.now + timedelta(minutes=10)
    assert len(fired(instance)) == 1


def test_a_halted_instance_fires_late_on_resume(timed, moving):
    instance = begin("cuts")
    with transaction():
        service.suspend(SYSTEM, instance, "test")
    moving.now = NOON + timedelta(hours=5)
    assert jobs.run_due() == 0
    with transaction():
        service.resume(SYSTEM, instance)
    assert jobs.run_due() == 1
    assert [line.element_id for line in fired(instance)] == ["b"]


def test_a_clock_that_goes_back_fires_nothing_twice(timed, moving):
    instance = begin("reminds")
    moving.now = NOON + timedelta(minutes=10)
    assert jobs.run_due() == 1
    moving.now = NOON
    assert jobs.run_due() == 0
    moving.now = NOON + timedelta(minutes=19)
    assert jobs.run_due() == 0
    assert len(fired(instance)) == 1


# --- a hundred thousand of them --------------------------------------------------------------------------------------


@pytest.mark.parametrize("pending", [20_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_pending_timers_cost_a_step_nothing(timed, moving, statements, pending):
    """The statements of a step are as many as before, and those about jobs go by an index."""
    few, few_plan = step(statements), plan()
    with transaction():
        (template,) = session().execute(select(Job.__table__).limit(1)).mappings()
        for start in range(0, pending, 10_000):
            rows = [{**template, "id": ids.new_id(), "source_id": f"i{start + n}"} for n in range(10_000)]
            session().execute(insert(Job), rows)
        if session().get_bind().dialect.name == "postgresql":
            session().execute(text("ANALYZE jobs"))
    statements.clear()
    began = time.perf_counter()
    many = step(statements)
    assert time.perf_counter() - began < 2
    assert many == few
    assert "ix_jobs_source_kind_source_id" in plan() + few_plan
    assert "Seq Scan" not in plan()
    assert "SCAN jobs" not in plan()
    with transaction():
        session().execute(text("DELETE FROM jobs WHERE source_id LIKE 'i%'"))


def step(statements):
    """Start an instance with a timer and complete its task, which takes the timer away; how many statements."""
    for _twice in range(2):
        instance = begin("cuts")
        begin("cuts")
        statements.clear()
        with transaction():
            task = session().scalars(select(Task.id).where(Task.source_id == instance)).one()
            inbox.complete(SYSTEM, task, {}, for_others=True)
    return len(statements)


def plan():
    """How the database finds the jobs of an instance."""
    explain = "EXPLAIN QUERY PLAN" if db.engine().dialect.name == "sqlite" else "EXPLAIN"
    wanted = "DELETE FROM jobs WHERE source_kind = 'process' AND source_id = 'i77' AND source_ref IN ('3')"
    with transaction(write=False):
        return "\n".join(str(line) for line in session().execute(text(f"{explain} {wanted}")))
