"""Lists of tasks for programs: the same by page and behind marks, at the same cost however far, and no mark guessed."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from app.core import clock
from app.core.errors import Invalid
from app.tasks import service, standing_in, walking
from app.tasks.models import Rank
from tests.conftest import NOON
from tests.identity.factories import actor_for, make_user, stand_in
from tests.tasks.factories import make_task

LISTS = ("mine", "groups", "all", "for", "submitted", "done")


@pytest.fixture
def who(tx):
    roles = {"anna": "order_desk", "bo": "order_desk", "eve": "transport", "mona": "manager"}
    users = {login: make_user(login=login, roles=[role]) for login, role in roles.items()}
    stand_in(users["anna"], users["eve"])
    return {login: actor_for(user) for login, user in users.items()}


@pytest.fixture
def filled(who):
    """Of twelve tasks every third is Anna's, every fourth Bo's; two more were done, some stand at the same rank."""
    anna, bo = who["anna"], who["bo"]
    for number in range(12):
        rank = Rank(band=f"P{number % 3}", number=f"SO-{number // 2}")
        task = make_task(groups=["order_desk"], initiator_id=anna.id, rank=rank)
        if number % 3 == 0:
            service.claim(anna, task.id)
        elif number % 4 == 1:
            service.claim(bo, task.id)
    make_task(groups=["finance"])
    make_task(groups=["order_desk"], excluded=[anna.id])
    for minute in (0, 1, 1):
        with clock.moved(NOON + timedelta(minutes=minute)):
            service.complete(anna, make_task(groups=["order_desk"]).id, {})
    return who


def walked(actor, which, size):
    found, after = [], ""
    while True:
        turn = walking.turn_of(actor, which, size=size, after=after)
        found += [task.id for task in turn.items]
        if not turn.more:
            return found
        after = turn.next


@pytest.mark.any_database
@pytest.mark.parametrize("login", ["anna", "eve", "mona"])
def test_pages_and_marks_tell_the_same(filled, login, monkeypatch):
    actor, sizes = filled[login], {}
    for which in LISTS:
        whole = walking.turn_of(actor, which, size=200)
        ids = [task.id for task in whole.items]
        assert (whole.total, whole.next, len(set(ids))) == (len(ids), None, len(ids))
        sizes[which] = len(ids)
        for size in (1, 2, 5, 12):
            assert walked(actor, which, size) == ids, (which, size)
            pages = -(-len(ids) // size)
            turns = [walking.turn_of(actor, which, number=number + 1, size=size) for number in range(pages)]
            assert [task.id for turn in turns for task in turn.items] == ids
            assert {turn.total for turn in turns} <= {len(ids)}
        assert walking.turn_of(actor, which, number=99, size=5).items == []
    expected = {
        "anna": {"mine": 4, "groups": 6, "all": 12, "for": 0, "submitted": 12, "done": 3},
        "eve": {"mine": 0, "groups": 0, "all": 0, "for": 10, "submitted": 0, "done": 0},
        "mona": {"mine": 0, "groups": 0, "all": 14, "for": 0, "submitted": 0, "done": 0},
    }
    assert sizes == expected[login]
    monkeypatch.setattr(walking, "COUNTED", 3)
    first, second = (walking.turn_of(filled["mona"], "all", number=number, size=2) for number in (1, 2))
    assert (first.total, second.total) == (4, 5), "one more than is counted"


@pytest.mark.any_database
def test_a_page_costs_the_same_however_far(filled, statements):
    most = {"mine": 3, "groups": 3, "all": 3, "for": 4, "submitted": 2, "done": 2}
    for which, login in [(one, "eve" if one == "for" else "anna") for one in LISTS]:
        costs, after = [], ""
        for _turn in range(3):
            statements.clear()
            turn = walking.turn_of(filled[login], which, size=1, after=after)
            costs.append(len(statements))
            after = turn.next or after
        assert costs[0] <= most[which], statements
        assert costs[1:] == [costs[0] - 1] * 2, "behind a mark nothing is counted"


def test_what_is_done_behind_the_reader_shifts_no_page(filled):
    anna = filled["anna"]
    first = walking.turn_of(anna, "groups", size=3)
    service.claim(anna, first.items[0].id)
    rest = [task.id for task in walking.turn_of(anna, "groups", size=50, after=first.next).items]
    assert len(rest) == 3
    assert not {task.id for task in first.items} & set(rest)


def test_no_other_text_is_a_mark(filled):
    anna = filled["anna"]
    mark, done = (walking.turn_of(anna, which, size=1).next for which in ("groups", "done"))
    texts = [
        b"[]",
        b"[1]",
        b'["groups"]',
        b'["groups","a","b","c"]',
        b'["groups","a\\u0000","b"]',
        b'["done","x","y"]',
        b"{}",
    ]
    wrong = [base64.urlsafe_b64encode(text).decode() for text in texts]
    for which, after in [*(("groups", one) for one in (*wrong, done, "%%%", "é", "=", "\x00", mark[:-4]))]:
        with pytest.raises(Invalid):
            walking.turn_of(anna, which, after=after)
    naive = base64.urlsafe_b64encode(b'["done","2026-11-23T04:00:00","x"]').decode()
    for after in (mark, naive):
        with pytest.raises(Invalid):
            walking.turn_of(anna, "done", after=after)
    assert standing_in.whom_for(anna) == []
