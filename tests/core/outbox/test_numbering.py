"""Every committed event gets exactly one position, without a gap, and no reader that polls misses any: whatever the
order of the commits, with two relays at once, with real threads, with a real worker."""

from __future__ import annotations

import contextvars
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.core import clock, db, outbox
from app.core.db import session, transaction
from app.core.outbox import OutboxEvent, WaitingEvent, numbering
from app.core.outbox.models import OutboxFeed
from tests.core.outbox.happenings import feed, numbers, read, tell, told

ROOT = Path(__file__).parents[3]


class Open:
    """A transaction that is open while others are: it has a context of its own, as if in another process."""

    def __init__(self):
        self.context = contextvars.copy_context()
        self.held = transaction()
        self.context.run(self.held.__enter__)

    def do(self, act, *given_):
        return self.context.run(act, *given_)

    def end(self, *, commit=True):
        fault = None if commit else ValueError
        self.context.run(self.held.__exit__, fault, None, None)


def tell_now(number):
    """Written at once, as within a savepoint: its number in the table is given long before the commit."""
    tell(number)
    db.do_due()


class World:
    """Three writers, two relays, two readers; one thread, so every schedule is exact."""

    def __init__(self, alone):
        self.alone = alone
        self.open = {}
        self.count = 0
        self.pending = {}
        self.committed = []
        self.readers = {"x": [], "y": []}
        self.cursors = {"x": 0, "y": 0}

    def may_open(self, name):
        return name in self.open or not (self.alone and self.open)

    def step(self, name, act):
        if name in self.readers:
            page = read(self.cursors[name], 1 if act == "commit" else 100)
            self.readers[name] += [row.data["number"] for row in page.events]
            self.cursors[name] = page.next
        elif self.may_open(name):
            self._write(name, act)

    def _write(self, name, act):
        if name not in self.open:
            self.open[name], self.pending[name] = Open(), []
        if act == "work" and name in "ab":
            self.open[name].do(numbering.number)
        elif act == "work":
            self.count += 1
            self.open[name].do(tell_now, self.count)
            self.pending[name].append(self.count)
        else:
            self.open.pop(name).end(commit=act == "commit")
            if act == "commit":
                self.committed += self.pending[name]

    def finish(self):
        for name in list(self.open):
            self._write(name, "roll back")
        while outbox.relay():
            pass
        for name in self.readers:
            self.step(name, "work")


SCHEDULES = st.lists(
    st.tuples(st.sampled_from("123abxy"), st.sampled_from(("work", "work", "commit", "roll back"))), max_size=40
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schedule=SCHEDULES)
def test_any_order_of_commits_makes_one_feed_that_no_reader_misses(live, schedule):
    with transaction():
        session().execute(delete(WaitingEvent))
        session().execute(delete(OutboxEvent))
        session().execute(delete(OutboxFeed))
    world = World(alone=db.engine().dialect.name == "sqlite")
    try:
        for name, act in schedule:
            world.step(name, act)
    finally:
        world.finish()
    assert sorted(numbers()) == sorted(world.committed)
    for seen in world.readers.values():
        assert seen == numbers(), "a reader saw another feed"


def test_a_commit_that_comes_late_is_not_missed(live):
    if db.engine().dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    early = Open()
    early.do(tell_now, 1)
    told(2)
    outbox.relay()
    assert [row.data["number"] for row in read(0).events] == [2]
    early.end()
    outbox.relay()
    assert [row.data["number"] for row in read(1).events] == [1]
    assert feed() == [(1, 2), (2, 1)]


def test_a_second_relay_does_not_wait_for_the_first(live):
    if db.engine().dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    told(1, 2)
    first = Open()
    assert first.do(numbering.number) == 2
    told(3)
    assert outbox.relay() == 0
    assert feed() == []
    first.end(commit=False)  # it was killed: nothing of it is left
    assert outbox.relay() == 3
    assert numbers() == [1, 2, 3]


def test_many_are_numbered_in_bounded_bites(live, monkeypatch):
    monkeypatch.setattr(numbering, "AT_ONCE", 10)
    told(*range(25))
    assert [outbox.relay() for _ in range(4)] == [10, 10, 5, 0]
    assert numbers() == list(range(25))


def test_threads_that_write_number_and_read_at_once(live):
    each, writers = 40, 6
    stop, seen, faults = threading.Event(), [], []

    def guarded(work):
        def run():
            try:
                work()
            except Exception as fault:
                faults.append(fault)

        return threading.Thread(target=run)

    def write(first):
        for number in range(first, first + each):
            with transaction():
                tell_now(number)
                time.sleep(0.001 * (number % 3))

    def number_all():
        while not stop.is_set():
            outbox.relay()

    def poll():
        at = 0
        while not stop.is_set() or read(at).next > at:
            page = read(at, 7)
            seen.extend(row.data["number"] for row in page.events)
            at = page.next

    writing = [guarded(lambda first=first: write(first)) for first in range(0, each * writers, each)]
    others = [guarded(number_all), guarded(number_all), guarded(poll)]
    for thread in (*writing, *others):
        thread.start()
    for thread in writing:
        thread.join()
    until = time.monotonic() + 20
    while len(feed()) < each * writers and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    for thread in others:
        thread.join()
    assert faults == []
    assert sorted(numbers()) == list(range(each * writers))
    assert seen == numbers()


@pytest.fixture
def workers(live):
    """Two real worker processes."""
    command = [sys.executable, "-m", "tests.core.jobs.worker_process", live.database_url]
    running = [subprocess.Popen([*command, str(live.data / name)], cwd=ROOT) for name in ("one", "two")]
    yield running
    for one in running:
        one.kill()
        one.wait()


def until_numbered(count, seconds=60.0):
    began = time.monotonic()
    while len(feed()) < count:
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.waits
def test_workers_number_within_a_second_and_one_of_them_may_die(live, workers):
    with clock.moved(clock._machine_time):
        told(0)
        until_numbered(1)
        took = []
        for number in range(1, 16):
            told(number)
            took.append(until_numbered(number + 1))
        assert statistics.median(took) < 1.0
        workers[0].kill()
        told(16)
        until_numbered(17)
    assert numbers() == list(range(17))
