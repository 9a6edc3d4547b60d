"""What a diagram lets wait: in nobody's list until its moment, then told once to the people it is for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock, jobs
from app.core.permissions import Actor
from app.tasks import lists, managing, notices, queries, service, teamwork
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user
from tests.tasks.factories import make_task

LATER = NOON + timedelta(hours=3)


@pytest.fixture
def who(tx):
    roles = {"anna": "order_desk", "bo": "order_desk", "cyn": "order_desk", "sam": "sales"}
    return {login: actor_for(make_user(login=login, roles=[role])) for login, role in roles.items()}


def told(actor: Actor) -> list[str]:
    return [one.notice.kind for one in notices.notices_of(actor.id).items]


def run_all(at) -> None:
    with clock.moved(at):
        while jobs.run_due():
            pass


def test_a_group_hears_once_when_it_can_be_done(who):
    task = make_task(groups=["order_desk"], excluded=[who["cyn"].id], follow_up_at=LATER)
    assert queries.inbox(who["anna"], which="groups").items == []
    assert lists.counts(who["anna"])["groups"] == 0
    assert [one.id for one in queries.inbox(who["anna"], which="all").items] == [task.id]
    run_all(LATER - timedelta(minutes=1))
    assert told(who["anna"]) == []
    for turn in (LATER, LATER + timedelta(days=1)):
        run_all(turn)
        assert {login: told(actor) for login, actor in who.items()} == {
            "anna": ["start"],
            "bo": ["start"],
            "cyn": [],
            "sam": [],
        }
    with clock.moved(LATER):
        assert [one.id for one in queries.inbox(who["anna"], which="groups").items] == [task.id]


def test_who_has_it_hears_alone_and_a_task_done_before_tells_nobody(who):
    given = make_task(assignee_id=who["anna"].id, groups=["order_desk"], follow_up_at=LATER)
    taken, done = (make_task(groups=["order_desk"], follow_up_at=LATER) for _place in range(2))
    make_task(groups=["order_desk"], follow_up_at=NOON - timedelta(days=1))
    assert [one.id for one, _until in queries.put_off_by(who["anna"])] == [given.id]
    service.claim(who["bo"], taken.id)
    service.complete(who["bo"], done.id, {})
    run_all(LATER)
    assert (told(who["anna"]), told(who["bo"]), told(who["cyn"])) == (["start"], ["start"], [])


def test_another_moment_takes_the_place_of_the_first(who):
    task = make_task(assignee_id=who["anna"].id, groups=["order_desk"], follow_up_at=LATER)
    teamwork.put_off(who["anna"], task.id, LATER + timedelta(hours=1))
    run_all(LATER)
    assert told(who["anna"]) == []
    run_all(LATER + timedelta(hours=1))
    assert told(who["anna"]) == ["back"]


def test_given_back_it_waits_for_nobody_else(who):
    task = make_task(groups=["order_desk"])
    service.claim(who["anna"], task.id)
    teamwork.put_off(who["anna"], task.id, LATER)
    service.release(who["anna"], task.id)
    assert [one.id for one in queries.inbox(who["bo"], which="groups").items] == [task.id]
    assert managing.extra_of(task.id).follow_up_at is None
    run_all(LATER)
    assert told(who["bo"]) == []
