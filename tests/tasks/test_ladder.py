"""Reminder and escalation of a task's due time: when, whom, once, and never of closed ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit import queries as audit
from app.core import clock, jobs
from app.core.db import in_transaction, transaction
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.tasks import ladder, managing, notices, queries, service
from app.tasks.models import Rank
from app.tasks.records import Notice
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user
from tests.tasks.factories import make_task


@pytest.fixture
def desk(tx):
    return make_user(login="desk", roles=["order_desk"], name="Dora")


@pytest.fixture
def boss(tx):
    return make_user(login="boss", roles=["manager"], name="Mona")


def after(**span: float) -> None:
    """Let the worker work at that time after noon."""
    with clock.moved(NOON + timedelta(**span)):
        if in_transaction():
            ladder.look_for_ripe()
        else:
            with transaction():
                ladder.look_for_ripe()
        while jobs.run_due():
            pass


def told(user) -> list[str]:
    return [one.notice.kind for one in notices.notices_of(user.id).items]


def test_reminded_at_half_and_escalated_at_the_end_once(tx, desk, boss):
    task = make_task(groups=["order_desk"], rank=Rank(band="P1"))
    after(minutes=59)
    assert told(desk) == []
    after(minutes=61)
    after(minutes=61)
    assert (told(desk), told(boss)) == (["remind"], [])
    after(minutes=121)
    after(days=3)
    assert (told(desk), told(boss)) == (["escalate", "remind"], ["escalate"])
    assert queries.candidates_of(task.id)["group"] == ["manager", "order_desk"]
    assert service.claim(actor_for(boss), task.id).assignee_id == boss.id
    trail = [entry.action for entry in audit.entries_of(task.subject)]
    assert [action for action in trail if action in ("task:remind", "task:overdue")] == ["task:remind", "task:overdue"]
    assert jobs.jobs_of("task", task.id) == []


def test_the_holder_alone_is_reminded_and_four_eyes_stay(desk, boss):
    other = make_user(login="other", roles=["order_desk"], name="Olga")
    task = make_task(groups=["order_desk"], excluded=[boss.id], rank=Rank(band="P0"))
    service.claim(actor_for(desk), task.id)
    after(minutes=16)
    assert (told(desk), told(other)) == (["remind"], [])
    after(minutes=31)
    assert (told(desk), told(boss), told(other)) == (["escalate", "remind"], [], [])
    with pytest.raises(service.FourEyes):
        service.claim(actor_for(boss), task.id)


def test_working_time_is_halved_in_working_time(tx):
    """Eight hours from Monday noon end on Tuesday noon; half of them, four after lunch, on Monday at 17:00."""
    task = make_task(rank=Rank(band="P2"))
    after(hours=4, minutes=1)  # as early as it could be; lunch and the like are counted out when it is looked at
    tx.refresh(task)
    assert clock.local(task.rung_at).strftime("%a %H:%M") == "Mon 17:00"
    assert clock.local(task.due_at).strftime("%a %H:%M") == "Tue 12:00"


def test_a_late_worker_escalates_without_reminding_first(desk, boss):
    make_task(groups=["order_desk"], rank=Rank(band="P0"))
    after(hours=9)
    assert (told(desk), told(boss)) == (["escalate"], ["escalate"])


@pytest.mark.parametrize("end", ["complete", "cancel", "supersede"])
def test_nothing_is_told_of_a_closed_task(desk, end):
    task = make_task(groups=["order_desk"])
    if end == "complete":
        service.complete(actor_for(desk), task.id, {})
    else:
        {"cancel": service.cancel_of, "supersede": service.supersede_of}[end](task.source_id, "gone")
    assert jobs.jobs_of("task", task.id) == []
    after(days=30)
    assert told(desk) == []


def test_a_rung_that_fails_half_way_is_done_again_as_a_whole(live, monkeypatch):
    with transaction():
        desk = make_user(login="desk", roles=["order_desk"])
        task = make_task(groups=["order_desk"], rank=Rank(band="P1"))
    with monkeypatch.context() as patch:
        patch.setattr(ladder, "record", lambda *_given, **_more: 1 / 0)
        after(minutes=61)
    with transaction():
        assert told(desk) == []
        (job,) = jobs.jobs_of("task", task.id)
        assert job.attempts == 1
    after(minutes=62)
    after(minutes=63)
    with transaction():
        assert told(desk) == ["remind"]


def test_a_rung_that_fails_for_good_is_tried_again_later(live, monkeypatch):
    with transaction():
        desk = make_user(login="desk", roles=["order_desk"])
        make_task(groups=["order_desk"], rank=Rank(band="P2"))
    begin = 60 * 5
    with monkeypatch.context() as patch:
        patch.setattr(ladder, "record", lambda *_given, **_more: 1 / 0)
        for minutes in range(1, 30):
            after(minutes=begin + minutes)
    after(minutes=begin + 95)
    with transaction():
        assert told(desk) == ["remind"]


def test_a_job_left_behind_by_a_closed_task_says_nothing(tx, desk):
    """As when a worker has the job in its hands while the task is completed."""
    task = make_task(groups=["order_desk"], rank=Rank(band="P0"))
    with clock.moved(NOON + timedelta(days=1)):
        assert ladder.look_for_ripe() == 1
        (job,) = jobs.jobs_of("task", task.id)
        service.complete(actor_for(desk), task.id, {})
        ladder.climb(job)
    assert told(desk) == []


def test_another_band_is_another_ladder_and_one_that_comes_back_is_not_told_again(desk, boss):
    task = make_task(groups=["order_desk"], rank=Rank(band="P3"))
    service.rerank(task.subject, Rank(band="P1"))
    after(minutes=61)
    assert told(desk) == ["remind"]
    service.rerank(task.subject, Rank(band="P2"))
    service.rerank(task.subject, Rank(band="P1"))
    after(minutes=62)
    assert told(desk) == ["remind"], "the same due time again"
    with clock.moved(NOON + timedelta(minutes=63)):
        managing.describe(SYSTEM, task.id, {}, due_at=NOON + timedelta(days=2), name=None)
    after(minutes=121)
    assert told(boss) == [], "somebody gave it more time"
    after(days=2, minutes=1)
    assert told(boss) == ["escalate"]
    service.rerank(task.subject, Rank(band="P0"))
    with clock.moved(NOON + timedelta(days=2, minutes=2)):
        managing.describe(SYSTEM, task.id, {}, due_at=NOON + timedelta(days=1), name=None)
    after(days=3)
    assert told(boss) == ["escalate"], "late for an earlier time too"


def test_waiting_tasks_cost_nothing_and_ripe_ones_are_found_in_batches(tx, statements, monkeypatch):
    monkeypatch.setattr(ladder, "AT_ONCE", 30)
    task = make_task()
    new = service.NewTask(
        source=task.subject, source_ref="1", element_id="a", name=task.name, subject=Subject("thing", "x")
    )
    statements.clear()
    service.open_tasks(SYSTEM, [new] * 49)
    assert not [one for one in statements if "jobs" in one]
    assert ladder.look_for_ripe() == 0
    with clock.moved(NOON + timedelta(days=9)):
        statements.clear()
        assert (ladder.look_for_ripe(), ladder.look_for_ripe(), ladder.look_for_ripe()) == (30, 20, 0)
        assert len(statements) <= 6 * 3
        service.cancel_of(task.subject.id, "gone")
        after(days=9)
    assert tx.scalars(select(Notice)).all() == []


def test_tasks_are_taken_up_once_they_are_old_enough_also_late_ones_and_after_a_pause_of_the_worker(tx, statements):
    early = make_task(rank=Rank(band="P0"))
    after(minutes=14)
    assert early.rung_at is None, "too young to need reminding"
    after(minutes=20)
    late = make_task(rank=Rank(band="P3"))  # committed only now, by a transaction that began at noon
    after(minutes=21)
    after(days=7)
    for task in (early, late):
        tx.refresh(task)
        assert task.rung_at is None, "above the last rung"
    statements.clear()
    with clock.moved(NOON + timedelta(days=7, minutes=1)):
        assert ladder.look_for_ripe() == 0
    assert len(statements) <= 4


def test_an_agreed_time_goes_before_that_of_the_band_and_names_who_is_asked_then(tx, desk, boss):
    """Half of eight working hours after Monday noon is Monday 17:00; a band that agrees another moves it."""
    qa = make_user(login="qa", roles=["qa_ra"], name="Quinn")
    sla = {"time": "P0=PT2H clock; PT8H", "escalate_to": "qa_ra"}
    task = make_task(groups=["order_desk"], rank=Rank(band="P1"), sla=sla)
    assert clock.local(task.due_at).strftime("%a %H:%M") == "Tue 12:00"
    after(hours=4, minutes=59)
    assert told(desk) == []
    after(hours=5, minutes=1)
    assert (told(desk), told(qa)) == (["remind"], [])
    service.rerank(task.subject, Rank(band="P0"))
    tx.refresh(task)
    assert task.due_at == NOON + timedelta(hours=2)
    after(hours=5, minutes=3)
    assert (told(desk), told(qa), told(boss)) == (["escalate", "remind"], ["escalate"], [])
    assert queries.candidates_of(task.id)["group"] == ["order_desk", "qa_ra"]
