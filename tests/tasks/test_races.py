"""Two people at once, with real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from app.core import db
from app.core.errors import DomainError, Invalid
from app.core.web import is_lost_race
from app.tasks import queries, service, standing_in
from tests.identity.factories import actor_for, make_user, stand_in
from tests.tasks.factories import make_task


def at_once(*verbs: Callable[[], Any]) -> list[Any]:
    """What each verb came to when all begin together: its answer, or the error; lost races are tried again."""
    gate = threading.Barrier(len(verbs))
    results: list[Any] = [None] * len(verbs)

    def work(number: int) -> None:
        gate.wait()
        for _attempt in range(5):
            try:
                with db.transaction():
                    results[number] = verbs[number]()
            except DomainError as error:
                results[number] = error
            except (OperationalError, IntegrityError) as error:
                results[number] = error
                if is_lost_race(error):
                    continue
            return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.fixture
def people(live):
    with db.transaction():
        return [actor_for(make_user(roles=["manager"], name=f"M{number}")) for number in range(4)]


@pytest.mark.parametrize("verb", ["claim", "complete"])
def test_exactly_one_of_four_wins(people, verb):
    for _round in range(5):
        with db.transaction():
            task = make_task()
        if verb == "claim":
            results = at_once(*(partial(service.claim, actor, task.id) for actor in people))
        else:
            results = at_once(*(partial(service.complete, actor, task.id, {}) for actor in people))
        winners = [result for result in results if not isinstance(result, Exception)]
        losers = [result for result in results if isinstance(result, Exception)]
        assert len(winners) == 1
        assert {type(loser) for loser in losers} <= {service.AlreadyClaimed, service.TaskClosed}
        with db.transaction(write=False):
            stored = queries.get_task(task.id)
        assert stored.assignee_id == winners[0].assignee_id
        assert all(
            loser.details["holder_id"] == stored.assignee_id
            for loser in losers
            if isinstance(loser, service.AlreadyClaimed)
        )


def test_claim_against_release_against_complete_leaves_one_truth(people):
    first, second, *_rest = people
    for _round in range(5):
        with db.transaction():
            task = make_task()
            service.claim(first, task.id)
        at_once(
            partial(service.release, first, task.id),
            partial(service.claim, second, task.id),
            partial(service.complete, first, task.id, {}),
        )
        with db.transaction(write=False):
            stored = queries.get_task(task.id)
        if stored.status == "completed":
            assert stored.completed_by == first.id == stored.assignee_id
        else:
            assert stored.assignee_id in (None, second.id)


def test_two_who_name_each_other_at_once_do_not_both_succeed(live):
    for _round in range(3):
        with db.transaction():
            one, other = make_user(roles=["manager"]), make_user(roles=["manager"])
        results = at_once(partial(stand_in, one, other), partial(stand_in, other, one))
        assert sorted(isinstance(result, Invalid) for result in results) == [False, True], results


def test_the_one_back_and_who_stands_in_do_not_both_decide(live):
    for _round in range(3):
        with db.transaction():
            away, helper = make_user(roles=["manager"]), make_user(roles=["sales"])
            stand_in(away, helper)
            task = make_task()
            service.claim(actor_for(away), task.id)
        verbs = [partial(service.complete, actor_for(one), task.id, {}) for one in (away, helper)]
        results = at_once(*verbs)
        assert sum(isinstance(result, DomainError) for result in results) == 1, results
        done = next(result for result in results if not isinstance(result, DomainError))
        with db.transaction(write=False):
            stored = queries.get_task(task.id)
            kept = standing_in.kept_of([stored])
        assert stored.completed_by == done.completed_by
        assert (task.id in kept) == (done.completed_by == helper.id)
