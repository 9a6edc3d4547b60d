"""Moving an order by hand: at once, for at most two days, signed where urgent orders give way, and without a trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.audit import queries as audit
from app.core import clock, db, jobs
from app.core.errors import Invalid
from app.core.jobs.models import Job
from app.core.permissions import SYSTEM, Actor, NotPermitted
from app.core.subject import Subject
from app.priority import overriding, queries
from app.priority import service as priority
from app.priority.facts_steering import override_facts
from app.priority.overriding import (
    NotOpen,
    OverrideEnded,
    OverrideInForce,
    SignatureNeeded,
    Wish,
    foresee,
    set_override,
    withdraw_override,
)
from tests.priority.worlds import assessed, plain_product, plain_world

DESK = Actor(id="01desk00000000000000000000", login="lin", name="Lin", roles=frozenset({"order_desk"}))
SALES = Actor(id="01sales0000000000000000000", login="sal", name="Sal", roles=frozenset({"sales"}))


@pytest.fixture
def world(tx):
    plain_product()
    return plain_world()


def wish(points: int = 100, band: str | None = None, **over) -> Wish:
    given = {"cause": "clinical", "reason": "The clinic called", "hours": 24}
    return Wish(points=points, band=band, **{**given, **over})


def mark(order):
    """Where an order stands."""
    found = queries.standing_of(order.id)
    return found.band, found.score, found.ranked_score, found.plain_band, found.plain_score, found.blocked


def end_due():
    """Run what is due now; how many overrides ended with it."""
    mine = select(func.count()).select_from(Job).where(Job.kind == overriding.JOB)
    before = db.session().scalar(mine)
    jobs.run_due()
    return before - db.session().scalar(mine)


def test_it_moves_the_order_at_once_and_says_how(world):
    others = [world.order(order_type="replacement"), *(world.order() for _ in range(3))]
    mine = world.order(requested_date=clock.today() + timedelta(days=61))
    for order in (*others, mine):
        assessed(order)
    seen = foresee(DESK, mine.id, wish())
    assert (seen.place_before, seen.place_after, seen.passed, seen.urgent) == (5, 2, {"P3": 3}, 0)
    assert mark(mine)[3] is None, "foreseeing stores nothing"
    made = set_override(DESK, mine.id, wish())
    assert (made.place_before, made.place_after, made.passed_count, made.raised) == (5, 2, 3, True)
    assert made.passed == [order.id for order in others[1:]]
    assert queries.place_of(queries.standing_of(mine.id)) == 2
    assert made.score_after == made.score_before + 100
    (told,) = [one for one in audit.entries_of(Subject("order", mine.id)) if one.action == "priority:override"]
    assert told.details["reason"] == "The clinic called"
    assert told.details["place_after"] == 2
    (fact,) = override_facts(Subject("order", mine.id), clock.now())
    assert fact == {"points": 100, "band": None, "reason": "The clinic called", "by": "Lin", "hours_left": 24}


def test_few_points_move_too(world):
    """Hysteresis holds against noise, not against a person."""
    order = world.order()
    before = assessed(order).ranked_score
    set_override(DESK, order.id, wish(1))
    assert queries.standing_of(order.id).ranked_score == before + 1


@pytest.mark.parametrize("given", [wish(100), wish(-60), wish(0, "P0"), wish(7, "P2")], ids=str)
def test_it_ends_by_itself_and_the_order_stands_where_it_would_have(world, given):
    """Twins, one overridden: the same small and large changes come over both, and after the end both stand alike."""
    twin, mine = world.order(), world.order()
    assessed(twin), assessed(mine)
    made = set_override(DESK, mine.id, given, signed=True)
    priority.assess(SYSTEM, twin.id, trigger="periodic")
    assert mark(mine) != mark(twin)
    start = clock.now()
    changes = (("prepaid", True), ("tier", "B"), ("prepaid", False))  # +10: held; +20 more: moves; −10: held
    for hour, (name, value) in enumerate(changes, start=1):
        with clock.moved(start + timedelta(hours=hour)):
            setattr(world.customer, name, value)
            for order in (twin, mine):
                priority.assess(SYSTEM, order.id, trigger="periodic")
            without = mark(mine)[3:5]
            assert without == (mark(twin)[0], mark(twin)[2])
    with clock.moved(start + timedelta(hours=23, minutes=59)):
        assert end_due() == 0
    with clock.moved(made.until):
        assert override_facts(Subject("order", mine.id), clock.now()) == []
        assert end_due() == 1
        priority.assess(SYSTEM, twin.id, trigger="periodic")
        assert mark(mine) == mark(twin)
        assert mark(mine)[1] != mark(mine)[2], "what small changes did not move is not moved by the override either"
        assert made.ended_at == made.until
        assert end_due() == 0
    actions = [one.action for one in audit.entries_of(Subject("order", mine.id))]
    assert actions.count("priority:override_end") == 1


def test_it_can_be_withdrawn_once(world):
    order = world.order()
    assessed(order)
    made = set_override(DESK, order.id, wish())
    with pytest.raises(OverrideInForce):
        set_override(DESK, order.id, wish(5))
    with clock.moved(clock.now() + timedelta(hours=1)):
        withdraw_override(DESK, made.id)
        assert mark(order)[3] is None
        assert queries.standing_of(order.id).ranked_score == made.score_before
        assert jobs.jobs_of(overriding.SOURCE, made.id) == []
        with pytest.raises(OverrideEnded):
            withdraw_override(DESK, made.id)
        set_override(DESK, order.id, wish(5))
    assert [one.points for one in queries.overrides_of(order.id)] == [5, 100]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (wish(101), "points"),
        (wish(-101), "points"),
        (wish(0), "points"),
        (wish(5, "P4"), "band"),
        (wish(hours=49), "hours"),
        (wish(hours=0), "hours"),
        (wish(reason="  "), "reason"),
        (wish(reason="x" * 501), "reason"),
        (wish(cause="mood"), "cause"),
    ],
)
def test_what_is_refused(world, given, field):
    order = world.order()
    assessed(order)
    with pytest.raises(Invalid) as refusal:
        set_override(DESK, order.id, given)
    assert list(refusal.value.details["fields"]) == [field]
    set_override(DESK, order.id, wish(hours=48))


def test_only_open_orders_and_only_by_those_who_may(world):
    order = world.order(status="released")
    assessed(order)
    with pytest.raises(NotOpen):
        set_override(DESK, order.id, wish())
    with pytest.raises(NotPermitted):
        set_override(SALES, order.id, wish())


def test_displacing_urgent_orders_is_signed(world):
    urgent, mine = world.order(order_type="emergency"), world.order()
    assessed(urgent), assessed(mine)
    seen = foresee(DESK, mine.id, wish(0, "P0"))
    assert (seen.passed, seen.urgent) == ({}, 0), "it comes into the band, behind"
    replacement = world.order(order_type="replacement")  # P1
    assessed(replacement)
    with pytest.raises(SignatureNeeded):
        set_override(DESK, mine.id, wish(0, "P0"))
    assert queries.override_of(mine.id) is None
    made = set_override(DESK, mine.id, wish(0, "P0"), signed=True)
    assert (made.signed, made.passed_urgent, made.passed) == (True, 1, [replacement.id])


def test_putting_an_urgent_order_back_is_signed_too(world):
    urgent, other = world.order(order_type="replacement"), world.order(requested_date=clock.today())
    assessed(urgent), assessed(other)
    seen = foresee(DESK, urgent.id, wish(0, "P3"))
    assert not seen.raised
    with pytest.raises(SignatureNeeded):
        set_override(DESK, urgent.id, wish(-100, "P3"))


def test_a_blocked_order_keeps_no_place_but_is_judged_as_if_it_were_free(world):
    world.customer.status = "blocked"
    mine = world.order()
    assert assessed(mine).blocked
    made = set_override(DESK, mine.id, wish(0, "P1"), signed=True)
    assert (made.place_before, made.place_after) == (None, None)
    assert queries.standing_of(mine.id).band == "P1"


def test_a_late_job_changes_nothing_about_the_end(world):
    order = world.order()
    assessed(order)
    made = set_override(DESK, order.id, wish(hours=1))
    with clock.moved(made.until + timedelta(hours=5)):
        priority.assess(SYSTEM, order.id, trigger="periodic")
        assert mark(order)[3] is None
        end_due()
        assert made.ended_at == made.until
