"""The allocation as a pure function."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.planning.allocation import Demand, Given, Need, Supply, allocate, losses

DAY = date(2026, 12, 1)


def lot(name, free, *, days=400, product="P", region="", place="bin"):
    ends = None if days is None else DAY + timedelta(days=days)
    return Supply(name, place, product, free, ends, date(2026, 1, 1), region)


def feasible(need, supply):
    """Said anew: the lot lasts as long as the line asks, its expiry day included."""
    return supply.expires_on is None or need.arrives_on + timedelta(days=need.spare_days) <= supply.expires_on


def order(name, *quantities, complete=False, spare=0, region="", product="P"):
    needs = tuple(Need(f"{name}{number}", product, wanted, DAY, spare) for number, wanted in enumerate(quantities))
    return Demand(name, needs, complete, region)


def got(plan, line):
    return [(one.lot_id, one.quantity) for one in plan.of_line(line)]


def test_first_expired_first_then_fewest_lots_then_near():
    stock = [lot("late", 9, days=500), lot("soon", 2, days=100), lot("big", 9, days=300), lot("fit", 4, days=300)]
    plan = allocate([order("a", 5)], stock)
    assert got(plan, "a0") == [("soon", 2), ("fit", 3)]
    plan = allocate([order("a", 4)], [lot("far", 4, days=300), lot("near", 4, days=300, region="CN-SH", place="x")])
    assert got(allocate([order("a", 4, region="CN-SH")], [*[lot("far", 4)], lot("near", 4, region="CN-SH")]), "a0") == [
        ("near", 4)
    ]
    assert plan.short == {}


def test_shelf_life_is_inclusive_and_what_the_customer_asks():
    need = order("a", 1, spare=30).needs[0]
    assert feasible(need, lot("x", 1, days=30))
    assert not feasible(need, lot("x", 1, days=29))
    assert feasible(need, lot("x", 1, days=None))
    plan = allocate([order("a", 2, spare=30)], [lot("short", 5, days=29), lot("long", 1, days=30)])
    assert (got(plan, "a0"), plan.short) == ([("long", 1)], {"a0": 1})


def test_complete_orders_get_all_or_nothing_and_leave_the_rest_to_others():
    stock = [lot("x", 5)]
    plan = allocate([order("a", 3, 3, complete=True), order("b", 4)], stock)
    assert got(plan, "a0") == got(plan, "a1") == []
    assert plan.short == {"a0": 3, "a1": 3}
    assert got(plan, "b0") == [("x", 4)]


def test_priority_serves_the_urgent_first_and_every_loser_is_told_who_and_fifo_does_not():
    random = Random(7)
    bands = {f"o{number:03d}": random.choice((0, 1, 2, 2, 3, 3, 3)) for number in range(60)}
    orders = [order(name, random.randrange(1, 9)) for name in bands]
    stock = [lot(f"l{number}", 20, days=90 + number) for number in range(6)]
    fifo = allocate(orders, stock)
    by_rank = sorted(orders, key=lambda one: (bands[one.order_id], one.order_id))
    plan = allocate(by_rank, stock)
    full = {
        way: Counter(bands[one.order_id] for one in orders if f"{one.order_id}0" not in plan_.short)
        for way, plan_ in (("fifo", fifo), ("rank", plan))
    }
    wanted = Counter(bands.values())
    assert full["rank"][0] == wanted[0] > full["fifo"][0]
    assert full["rank"][1] == wanted[1] > full["fifo"][1]
    order_of = {need.line_id: one.order_id for one in by_rank for need in one.needs}
    found = losses(fifo.given, plan, order_of)
    assert found
    for loss in found:
        assert loss.to_order_id is not None
        mine = order_of[loss.line_id]
        assert (bands[loss.to_order_id], loss.to_order_id) < (bands[mine], mine)


numbers = st.integers(0, 12)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(numbers, st.sampled_from("PQ")), min_size=1, max_size=3),
            st.booleans(),
            st.integers(0, 60),
        ),
        max_size=8,
    ),
    st.lists(st.tuples(numbers, st.integers(-10, 90), st.sampled_from("PQ")), max_size=8),
)
def test_nothing_is_given_twice_and_nothing_unfit(orders, lots):
    supplies = [
        lot(f"l{number}", free, days=days, product=product) for number, (free, days, product) in enumerate(lots)
    ]
    demands = [
        Demand(
            f"o{place}",
            tuple(Need(f"o{place}-{at}", product, wanted, DAY, spare) for at, (wanted, product) in enumerate(needs)),
            complete,
        )
        for place, (needs, complete, spare) in enumerate(orders)
    ]
    plan = allocate(demands, supplies)
    assert plan == allocate(demands, supplies)
    free = {one.lot_id: one for one in supplies}
    used = Counter()
    by_line = Counter()
    need_of = {need.line_id: need for demand in demands for need in demand.needs}
    for one in plan.given:
        assert one.quantity > 0
        assert feasible(need_of[one.line_id], free[one.lot_id])
        assert free[one.lot_id].product_id == need_of[one.line_id].product_id
        used[one.lot_id] += one.quantity
        by_line[one.line_id] += one.quantity
    assert all(used[name] <= free[name].free for name in used)
    for demand in demands:
        for need in demand.needs:
            assert by_line[need.line_id] + plan.short.get(need.line_id, 0) == need.quantity
        if demand.complete:
            assert {by_line[n.line_id] in (0, n.quantity) for n in demand.needs} <= {True}
            assert not any(n.line_id in plan.short for n in demand.needs) or not any(
                by_line[n.line_id] for n in demand.needs
            )
    # No envy: what is left free could serve nobody who is short and takes parts.
    for demand in demands:
        for need in demand.needs:
            if need.line_id in plan.short and not demand.complete:
                assert not any(
                    feasible(need, one) and one.product_id == need.product_id and used[one.lot_id] < one.free
                    for one in supplies
                )


def test_a_line_that_is_served_from_another_lot_lost_nothing():
    plan = allocate([order("a", 2), order("b", 2)], [lot("x", 2, days=10), lot("y", 2, days=20)])
    assert losses([Given("b0", "x", "bin", 2)], plan, {"a0": "a", "b0": "b"}) == []
