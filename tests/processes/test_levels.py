"""Service levels of tasks that operators brought about: of the element where they are opened, kept by a migration."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core import clock, jobs
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.cockpit import moving, trying
from app.tasks import ladder, managing, notices
from app.tasks import queries as inbox
from app.tasks import service as tasks
from app.tasks.models import Rank
from tests.conftest import NOON
from tests.identity.factories import make_user
from tests.processes.diagrams import chain, end, process, start, user

CASE = Subject("case", "1")
SLOW = {"youxu__sla": "P5D clock", "youxu__escalateTo": "qa_ra"}
FAST = {"youxu__sla": "PT1H clock", "youxu__escalateTo": "finance"}
AT_NOON = {"camunda__dueDate": "PT2H"}


def deploy(**levels: dict[str, str]) -> str:
    """Tasks one after the other, each with what is said of its time."""
    works = [user(name, **level) for name, level in levels.items()]
    return service.deploy(SYSTEM, process(start(), *works, end(), chain("s", *levels, "e"))).id


@pytest.fixture
def running(tx, rules):
    deploy(a=SLOW, b=FAST, c={}, d=AT_NOON)
    return service.start(SYSTEM, "p", CASE).id


def the_task() -> tuple[str, datetime, dict[str, Any] | None]:
    """Where the only open task stands, when it is due, what was agreed."""
    (task,) = inbox.open_tasks_of(CASE)
    extra = managing.extra_of(task.id)
    return task.element_id, task.due_at, extra.sla if extra is not None else None


def move(instance: str, **to: list[str]) -> None:
    (task,) = inbox.open_tasks_of(CASE)
    service.move_token(SYSTEM, instance, cancel=[int(task.source_ref)], reason="a mistake", **to)


@pytest.mark.parametrize("to", [{"start_after": ["a"]}, {"start_before": ["b"]}])
def test_a_moved_token_has_the_time_of_its_new_element(running, to):
    head = make_user(login="cfo", roles=["finance"])
    with clock.moved(NOON + timedelta(hours=1)):
        move(running, **to)
        assert the_task() == ("b", NOON + timedelta(hours=2), {"time": "PT1H clock", "escalate_to": "finance"})
    with clock.moved(NOON + timedelta(hours=2, minutes=1)):
        ladder.look_for_ripe()
        while jobs.run_due():
            pass
        (told,) = notices.notices_of(head.id).items
        assert told.notice.kind == "escalate"
        move(running, start_before=["d"])
        assert the_task() == ("d", NOON + timedelta(hours=4, minutes=1), None)
        move(running, start_before=["c"])
        assert the_task()[2] is None
        assert the_task()[1] > NOON + timedelta(days=1), "of its band"


def test_the_preview_of_a_move_tells_the_new_due_time(running):
    change = trying.tried(running, lambda: move(running, start_before=["b"]))
    notes = {thing.text: thing.note for thing in (*change.gone, *change.come) if thing.kind == "task"}
    assert len(set(notes.values())) == 2
    assert all("due" in note for note in notes.values())


def test_a_migration_keeps_the_time_of_tasks_and_says_so(running):
    old, kept = (
        queries.get_instance(running).definition_id,
        ("a", NOON + timedelta(days=5), {"time": "P5D clock", "escalate_to": "qa_ra"}),
    )
    new = deploy(a=FAST, b=SLOW)
    assert [way.element.id for way in moving.plan_of(old, new, {}).keeping_time] == ["a"]
    same = deploy(a=SLOW, b={})
    assert moving.plan_of(old, same, {}).keeping_time == []
    with clock.moved(NOON + timedelta(hours=1)):
        service.migrate(SYSTEM, running, new, reason="faster")
        assert the_task() == kept
        tasks.rerank(CASE, Rank(band="P0"))
        assert the_task() == kept
        (task,) = inbox.open_tasks_of(CASE)
        tasks.complete(SYSTEM, task.id, {})
        assert the_task() == ("b", NOON + timedelta(days=5, hours=1), {"time": "P5D clock", "escalate_to": "qa_ra"})
        renamed = deploy(x=FAST)
        assert [way.element.id for way in moving.plan_of(new, renamed, {"b": "x"}).keeping_time] == ["b"]
        assert moving.plan_of(new, renamed, {}).keeping_time == [], "it cannot go"
