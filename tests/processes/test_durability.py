"""Real transactions: whatever write fails, the case stands before or after the step, never between."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.audit.models import AuditEntry
from app.core import db
from app.core.errors import DomainError
from app.core.permissions import SYSTEM
from app.core.web import is_lost_race
from app.processes import queries, service
from app.processes.models import ProcessEvent, ProcessInstance
from app.tasks import queries as tasks
from app.tasks import service as inbox
from app.tasks.models import Task
from tests.identity.factories import actor_for, make_user
from tests.processes.diagrams import chain, end, fork, process, start, user
from tests.processes.diagrams import service as step_task
from tests.processes.test_service import LOOP, thing

BOTH = process(
    start(),
    fork("f"),
    user("a"),
    user("b"),
    step_task("na", "test_note"),
    fork("j"),
    user("z"),
    end(),
    chain("s", "f", "a", "na", "j", "z", "e"),
    chain("f", "b", "j"),
    key="both",
)


class Killed(RuntimeError):
    """As if the process had died here."""


@contextmanager
def dying_at(write: int):
    """The write of that number (from 1) never happens; counts all writes in `seen`."""
    seen: list[str] = []

    def look(_conn, _cursor, statement, *_rest):
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            seen.append(statement)
            if len(seen) == write:
                raise Killed

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def everything():
    """All that a step writes, as it is stored."""
    with db.transaction(write=False):
        session = db.session()
        return [
            [tuple(row) for row in session.execute(select(model.__table__).order_by(*model.__table__.primary_key))]
            for model in (ProcessInstance, ProcessEvent, Task, AuditEntry)
        ]


@pytest.fixture
def manager(live, rules):
    with db.transaction():
        service.deploy(SYSTEM, LOOP)
        service.deploy(SYSTEM, BOTH)
        return actor_for(make_user(roles=["manager"]))


def test_a_death_at_any_write_of_a_step_leaves_the_state_before(manager):
    subject = thing()
    with db.transaction():
        service.start(manager, "loop", subject)
        (task,) = tasks.open_tasks_of(subject)
    before = everything()
    write = 0
    while True:
        write += 1
        try:
            with dying_at(write) as seen, db.transaction():
                inbox.complete(manager, task.id, {"outcome": "again"})
        except Killed:
            assert everything() == before
            continue
        break
    assert len(seen) == write - 1 >= 6
    with db.transaction():
        (again,) = tasks.open_tasks_of(subject)
        assert again.id != task.id
        assert queries.instance_of(subject).version == 2


def test_a_death_at_any_write_of_a_start_leaves_nothing(manager):
    before = everything()
    write = 0
    while True:
        write += 1
        try:
            with dying_at(write), db.transaction():
                service.start(manager, "loop", thing())
        except Killed:
            assert everything() == before
            continue
        break
    assert write > 5


def test_a_failing_step_stores_nothing(manager):
    subject = thing()
    with db.transaction():
        service.start(manager, "loop", subject, variables={"fail_at": 0})
        (task,) = tasks.open_tasks_of(subject)
    before = everything()
    with pytest.raises(RuntimeError, match="told to fail"), db.transaction():
        inbox.complete(manager, task.id, {"outcome": "again"})
    assert everything() == before


def served(verb):
    """As the edge does: a lost race is served again from the start."""
    for _attempt in range(6):
        try:
            with db.transaction():
                return verb()
        except DomainError as error:
            return error
        except (StaleDataError, IntegrityError, OperationalError) as error:
            if not is_lost_race(error):
                raise
    raise AssertionError("lost six times")


def together(*verbs):
    gate = threading.Barrier(len(verbs))
    results = [None] * len(verbs)

    def work(number):
        gate.wait()
        results[number] = served(verbs[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_parallel_branches_completed_at_once_join_once(manager):
    for _round in range(4):
        subject = thing()
        with db.transaction():
            service.start(manager, "both", subject)
            open_ = {task.element_id: task.id for task in tasks.open_tasks_of(subject)}
        together(
            lambda a=open_["a"]: inbox.complete(manager, a, {}), lambda b=open_["b"]: inbox.complete(manager, b, {})
        )
        with db.transaction(write=False):
            assert [task.element_id for task in tasks.open_tasks_of(subject)] == ["z"]
            instance = queries.instance_of(subject)
            assert instance.version == 3
            assert [one.seq for one in queries.events_of(instance.id)] == list(range(1, instance.events + 1))


def test_two_completes_of_one_task_are_one_step(manager):
    for _round in range(4):
        subject = thing()
        with db.transaction():
            service.start(manager, "loop", subject)
            (task,) = tasks.open_tasks_of(subject)
        results = together(*(lambda one=task.id: inbox.complete(manager, one, {"outcome": "again"}) for _ in range(3)))
        assert sum(isinstance(result, inbox.TaskClosed) for result in results) == 2
        with db.transaction(write=False):
            assert queries.instance_of(subject).version == 2
            assert len(tasks.open_tasks_of(subject)) == 1


def test_complete_against_cancel_leaves_no_open_task_of_an_ended_case(manager):
    for _round in range(4):
        subject = thing()
        with db.transaction():
            service.start(manager, "loop", subject)
            (task,) = tasks.open_tasks_of(subject)
        together(
            lambda one=task.id: inbox.complete(manager, one, {"outcome": "again"}),
            lambda about=subject: service.cancel(manager, about, reason="withdrawn"),
        )
        with db.transaction(write=False):
            assert queries.instance_of(subject).status == "cancelled"
            assert tasks.open_tasks_of(subject) == []


def test_two_restarts_at_once_leave_one_running(manager):
    for _round in range(4):
        subject = thing()
        with db.transaction():
            service.start(manager, "loop", subject)
        together(*(lambda about=subject: service.restart(manager, about, "loop", reason="changed") for _ in range(2)))
        with db.transaction(write=False):
            states = sorted(one.status for one in queries.instances_of(subject))
            assert states == ["running", "superseded", "superseded"]
            assert len(tasks.open_tasks_of(subject)) == 1
