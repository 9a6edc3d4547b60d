"""Whether an override was good is told by what really left when, and left open as long as nobody can know."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.ids import new_id
from app.orders.models import OrderVersion
from app.priority import hindsight
from app.priority.hindsight import Served, judge
from app.priority.overriding import set_override, withdraw_override
from tests.priority.test_overrides import DESK, wish
from tests.priority.worlds import assessed, plain_product, plain_world

DAY = date(2026, 11, 23)


def served(number: str, released: int | None, latest: int, *, band: str = "P3", turn: int = 0) -> Served:
    """An order released that many days from DAY, in time until `latest`."""
    day = None if released is None else DAY + timedelta(days=released)
    return Served(number, band, day, DAY + timedelta(days=latest), turn)


def test_an_order_saved_at_nobodys_cost_is_better():
    found = judge(served("mine", 1, 2), [served("a", 3, 9), served("b", 5, 9)], raised=True, today=DAY)
    assert (found.verdict, found.late, found.late_without, found.moved) == ("better", False, True, 2)


def test_an_order_that_would_have_been_in_time_anyway_makes_no_difference():
    found = judge(served("mine", 1, 9), [served("a", 3, 9)], raised=True, today=DAY)
    assert (found.verdict, found.late_without) == ("same", False)


def test_saving_one_by_making_two_late_is_worse():
    passed = [served("a", 3, 2), served("b", 5, 4)]
    found = judge(served("mine", 1, 2), passed, raised=True, today=DAY)
    assert (found.verdict, found.harmed, found.late_without) == ("worse", ("a", "b"), True)


def test_urgent_orders_weigh_more():
    found = judge(served("mine", 1, 2), [served("a", 3, 2, band="P0")], raised=True, today=DAY)
    assert found.verdict == "worse"
    found = judge(served("mine", 1, 2, band="P1"), [served("a", 3, 2)], raised=True, today=DAY)
    assert found.verdict == "better"


def test_who_was_served_before_it_all_the_same_was_not_displaced():
    found = judge(served("mine", 5, 2), [served("a", 1, 0)], raised=True, today=DAY)
    assert (found.verdict, found.late, found.moved, found.harmed) == ("same", True, 0, ())


def test_what_cannot_be_known_yet_stays_open():
    mine, waiting = served("mine", -1, 3), served("a", None, 3, turn=1)
    assert judge(mine, [waiting], raised=True, today=DAY) is None
    found = judge(mine, [waiting], raised=True, today=DAY + timedelta(days=4))
    assert (found.verdict, found.late_without) == ("same", True), "one of both had to be late"


def test_lowering_an_order_is_judged_alike():
    found = judge(served("mine", 5, 9), [served("a", 1, 2), served("b", 3, 4)], raised=False, today=DAY)
    assert (found.verdict, found.spared, found.late) == ("better", ("a", "b"), False)
    found = judge(served("mine", 5, 2), [served("a", 1, 9)], raised=False, today=DAY)
    assert (found.verdict, found.late, found.late_without) == ("worse", True, False)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8),
    raised=st.booleans(),
)
def test_the_same_moments_are_only_given_to_other_orders(rows, raised):
    """Nobody is blamed who left first or last of all, and an override that changed no turn changes nothing."""
    mine, *others = [served(str(n), released, latest, turn=n) for n, (released, latest) in enumerate(rows)]
    found = judge(mine, others, raised=raised, today=DAY)
    assert found is not None
    assert not set(found.spared) & set(found.harmed)
    if raised:
        assert not found.spared, "who was passed can only lose"
        assert found.late <= found.late_without
    else:
        assert not found.harmed
        assert found.late >= found.late_without
    if not found.moved:
        assert found.verdict == "same"


@pytest.fixture
def world(tx):
    plain_product()
    return plain_world()


def release(tx, order, days: int) -> None:
    """The order is released that many days from now."""
    order.status = "released"
    at = clock.now() + timedelta(days=days)
    tx.add(
        OrderVersion(
            id=new_id(),
            order_id=order.id,
            version=9,
            at=at,
            actor_id="x",
            actor_name="x",
            change="release",
            diff={},
            snapshot={},
        )
    )
    tx.flush()


def test_verdicts_are_stored_once_they_can_be_known(tx, world):
    due = clock.today() + timedelta(days=6)  # one day on the lane: to leave within five days
    other, mine = world.order(requested_date=due + timedelta(days=3)), world.order(requested_date=due)
    assessed(mine), assessed(other)
    world.customer.tier = "C"
    made = set_override(DESK, mine.id, wish(-100))
    assert not made.raised
    assert made.passed == [other.id]
    assert hindsight.judge_due() == 0, "still in force"
    release(tx, other, 1)
    with clock.moved(clock.now() + timedelta(hours=2)):
        withdraw_override(DESK, made.id)
    with clock.moved(clock.now() + timedelta(days=2)):
        assert hindsight.judge_due() == 0, "it may still leave in time"
        assert made.judged_at == clock.now()
    release(tx, mine, 8)
    with clock.moved(clock.now() + timedelta(days=9)):
        assert hindsight.judge_due() == 1
        assert hindsight.judge_due() == 0
    assert made.verdict == "worse"
    told = hindsight.told(made)
    assert (told["late"], told["late_without"], told["moved"]) == (True, False, 1)


def test_an_order_that_never_left_makes_no_difference(tx, world):
    mine = world.order()
    assessed(mine)
    made = set_override(DESK, mine.id, wish())
    mine.status = "cancelled"
    tx.flush()
    assert hindsight.judge_due() == 1
    assert (made.verdict, hindsight.told(made)["closed"]) == ("same", "cancelled")
