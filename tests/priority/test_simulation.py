"""A draft over all open orders says of each what both versions say of it alone, and where both would rank it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from app.core import clock
from app.core.permissions import SYSTEM
from app.decisions import queries, service, whatif
from app.decisions.populations import populations
from app.decisions.simulation import runs
from app.decisions.simulation.models import Simulation
from app.decisions.simulation.open_ones import moves_of
from app.priority import service as priority
from app.priority.queries import RANKING
from app.tasks.models import NO_PROMISE
from tests.catalog.factories import make_customer
from tests.orders.factories import make_line
from tests.priority.worlds import assessed, plain_product, plain_world

NEW_RULE = """
- id: T1
  name: {en: Samples wait, zh: 样品等候}
  when: {all: [{order: order_type == 'sample'}]}
  then:
    block:
      basis: {en: House rule, zh: 企业规定}
      unblock: {en: Ask somebody, zh: 请询问}
  reason: {en: "Order {order.number} is a sample", zh: "订单{order.number}为样品"}
"""


def within(work, *, write):
    return work()


@pytest.fixture
def world(tx):
    return plain_world()


def open_orders(world, count=40):
    """Orders of every sort; some share all that ranks them but their number, some are blocked by the gate."""
    random = Random(11)
    scarce = plain_product(stock=3)
    customers = [make_customer(tier=tier) for tier in "SABC"] + [make_customer(tier="B", overdue_days=90)]
    submitted = clock.now() - timedelta(hours=5)
    made = []
    for number in range(count):
        order = world.order(
            customer=customers[number % 5],
            lines=[make_line(random.choice((scarce, world.product)), random.choice((1, 5, 2000)))],
            requested_date=clock.today() + timedelta(days=random.choice((2, 9, 30))),
            order_type=random.choice(("normal", "normal", "emergency", "sample")),
            surgery_at=random.choice((None, None, clock.now() + timedelta(hours=random.randint(5, 200)))),
            surgery_number="OR-1",
        )
        order.submitted_at = submitted - timedelta(hours=number // 4)
        made.append(order)
    return made


def draft_of(rule_set, *changes, more=""):
    body = queries.active_version(rule_set).body
    for old, new in changes:
        assert old in body
        body = body.replace(old, new, 1)
    return service.submit(SYSTEM, body + more)


def simulated(draft, last=0) -> Simulation:
    begun = runs.begin(SYSTEM, draft, last)
    assert runs.run(begun.id, within)
    assert begun.status == "done", begun.fault
    return begun


PRIORITY = (
    ("then: {points: 250, factor: clinical, floor: P0}", "then: {points: 150, factor: clinical, floor: P2}"),
    ("[{order: hours_to_surgery between 0 and 24}]", "[{order: hours_to_surgery between 0 and 60}]"),
)
GATE = (("- customer: not licence_valid", "- credit: overdue_days > 1000"),)


def singly(orders, rule_set, draft, as_of):
    """By order: rank, band, score, blocked by the version in force, then by the draft."""
    plans = {name: queries.plan_of(queries.active_version(name)) for name in (priority.GATE, RANKING)}
    sides = (plans, {**plans, rule_set: queries.plan_of(draft)})
    found: dict[str, list[tuple]] = {order.number: [] for order in orders}
    for side in sides:
        keys, stands = [], {}
        for order in orders:
            facts = priority.facts_of(order.id, as_of)
            gate, ranking = (
                whatif.outcome_of(side[name], facts, clock.local_date(as_of)) for name in (priority.GATE, RANKING)
            )
            blocked = bool(gate.blocks or ranking.blocks)
            promise = priority.promise_days(order.id, as_of)
            promise = NO_PROMISE if promise is None else promise
            stands[order.number] = (ranking.band, ranking.score, blocked)
            if not blocked:
                place = (ranking.band, -ranking.score, promise, order.requested_date, order.submitted_at, order.number)
                keys.append(place)
        ranks = {key[-1]: rank for rank, key in enumerate(sorted(keys), 1)}
        for order in orders:
            found[order.number].append((ranks.get(order.number), *stands[order.number]))
    return found


@pytest.mark.parametrize(
    ("rule_set", "changes", "more"), [(RANKING, PRIORITY, ""), (priority.GATE, (), NEW_RULE), (RANKING, (), NEW_RULE)]
)
def test_it_says_what_each_order_alone_comes_to(world, tx, rule_set, changes, more):
    orders = open_orders(world)
    with clock.moved(clock.now()):
        expected = singly(orders, rule_set, draft := draft_of(rule_set, *changes, more=more), clock.now())
        one = simulated(draft)
    found, moves = one.found["open"], moves_of(one.moves).to_dicts()
    assert (found["count"], found["differing"]) == (len(orders), 0)
    seen = {
        row["label"]: [
            tuple(row[f"{name}{end}"] for name in ("rank", "band", "score", "blocked")) for end in ("_was", "")
        ]
        for row in moves
    }
    changed = {number: pair for number, pair in expected.items() if pair[0] != pair[1]}
    assert seen == changed
    assert changed
    hows = Counter()
    for (rank_was, *was), (rank, *now) in expected.values():
        if now[2] != was[2]:
            hows["blocked" if now[2] else "unblocked"] += 1
        elif now != was:
            hows["same" if rank == rank_was else "up" if rank < rank_was else "down"] += 1
        else:
            hows["none" if rank == rank_was else "room"] += 1
    assert {how: found[how] for how in ("up", "down", "blocked", "unblocked", "same", "room", "none")} == {
        **dict.fromkeys(("up", "down", "blocked", "unblocked", "same", "room", "none"), 0),
        **hows,
    }
    assert sum(count for _low, _high, count in found["shift"]) in (0, len(orders))
    if more:
        samples = {order.number for order in orders if order.order_type == "sample"}
        blocked = [row for row in found["newly_blocked"] if row["how"] == "blocked"]
        assert {row["label"] for row in blocked} <= samples
        assert all("T1" in [block["rule"] for block in row["blocks"]] for row in blocked)
        assert [rule["count"] for rule in found["rules"] if rule["rule"] == "T1"] == [len(samples)]
    else:
        mover = next(row for row in found["movers"] if row["how"] == "down")
        assert {"S1"} <= {step["rule"] for step in mover["why"]}


def test_lifting_a_block_tells_why_it_stood(world, tx):
    orders = open_orders(world, 12)
    unlicensed = world.order(customer=make_customer(licensed=False))
    assessed(unlicensed)
    one = simulated(draft_of(priority.GATE, *GATE))
    (row,) = one.found["open"]["newly_unblocked"]
    assert (row["label"], row["rank"][0], [block["rule"] for block in row["blocks"]]) == (
        unlicensed.number,
        None,
        ["H1"],
    )
    assert one.found["open"]["blocks"][0] - one.found["open"]["blocks"][1] == 1
    assert one.found["open"]["count"] == len(orders) + 1


@pytest.mark.parametrize("rule_set", [RANKING, priority.GATE, "need_index", "approval_matrix"])
def test_the_same_text_changes_nothing_whatever_it_is(world, tx, rule_set):
    for order in open_orders(world, 16):
        assessed(order)
    one = simulated(service.begin_draft(SYSTEM, queries.active_version(rule_set)), last=200)
    found = one.found["open"]
    assert (one.found["same_text"], found["none"], found["count"]) == (True, 16, 16)
    assert (found["shift"], found["movers"], found["bands"], found["routes"], found["who"]) == ([], [], [], [], [])
    assert one.found["past"]["changed"] == 0
    assert moves_of(one.moves).is_empty()


def test_routes_and_people_of_open_orders(world, tx):
    orders = open_orders(world, 20)
    draft = draft_of(
        "approval_matrix", ("then: {route: one, assign: {groups: [manager, qa_ra]}, tag: emergency}", "then: {route: two, assign: {groups: [finance]}, tag: emergency}")
    )  # fmt: skip
    found = simulated(draft).found["open"]
    emergencies = sum(order.order_type == "emergency" for order in orders)
    assert sum(turn["count"] for turn in found["who"]) == emergencies > 0
    assert all('"finance"' in turn["now"] and "qa_ra" in turn["was"] for turn in found["who"])
    assert {(turn["was"], turn["now"]) for turn in found["routes"]} <= {("one", "two"), ("none", "two")}
    assert found["ranked"] is False


def test_statements_do_not_grow_with_orders_and_decisions(world, tx, statements):
    counts = []
    for size in (3, 12):
        for order in open_orders(world, size):
            assessed(order)
        draft = draft_of(RANKING, ("points: 250", f"points: {200 + size}"))
        begun = runs.begin(SYSTEM, draft, 200)
        tx.flush()
        statements.clear()
        assert runs.run(begun.id, within)
        counts.append(len(statements))
        assert begun.found["past"]["compared"] >= size
    assert counts[0] == counts[1] <= 40


def test_the_stamp_tells_of_orders_that_came(world, tx):
    open_orders(world, 4)
    draft = draft_of(RANKING, ("points: 250", "points: 240"))
    one = simulated(draft)
    assert not runs.since(one, draft).anything
    open_orders(world, 1)
    assert runs.since(one, draft).data == ["order"]
    assert list(populations) == ["order"]
