"""What must hold of the shipped priority rules whatever the facts: urgency and value never lower the rank, nobody starves."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.assemble import assemble
from app.decisions.boundary import candidates, draw
from app.decisions.engines.closures import Closures
from app.decisions.outcome import BANDS, Outcome
from tests.decisions.factories import DAY, shipped, whole

PLAN = shipped("priority")
ENGINE = Closures(PLAN)
CANDIDATES = candidates(PLAN)


def decide(facts) -> Outcome:
    return assemble(PLAN, ENGINE.run(facts, DAY), facts)


def rank(facts) -> tuple[int, int]:
    """Lower comes first."""
    outcome = decide(facts)
    return BANDS.index(outcome.band or "P3"), -outcome.score


def rising(values: list[Any]) -> Any:
    return sorted(value for value in values if value is not None)


def falling(values: list[Any]) -> Any:
    return sorted((value for value in values if value is not None and value >= 0), reverse=True)


MORE = {
    ("order", "hours_to_surgery"): falling,
    ("order", "slack_days"): lambda values: rising(values)[::-1],
    ("order", "order_type"): lambda _values: ["normal", "emergency"],
    ("order", "surgery_confirmed"): rising,
    ("order", "zero_stock_reported"): rising,
    ("order", "consignment_below_par"): rising,
    ("order", "strategic"): rising,
    ("order", "waiting_wdays"): rising,
    ("customer", "tier"): lambda _values: ["C", "B", "A", "S"],
    ("contract", "penalty_fen_per_day"): rising,
    ("contract", "sla_hours"): falling,
    ("commercial", "margin_percentile_permille"): rising,
}
"""What makes an order more urgent or worth more, from less to more."""


@pytest.mark.parametrize(("kind", "name"), MORE)
@settings(derandomize=True, max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_more_urgency_or_value_never_lowers_the_rank(kind: str, name: str, seed: int) -> None:
    random = Random(seed)
    facts = draw(PLAN, random, CANDIDATES)
    steps = MORE[kind, name](CANDIDATES[kind][name])
    assert len(steps) > 1
    if not facts[kind]:
        return
    ranks = [rank({**facts, kind: [{**facts[kind][0], name: value}]}) for value in steps]
    assert ranks == sorted(ranks, reverse=True)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_contributions_sum_to_the_score(seed: int) -> None:
    outcome = decide(draw(PLAN, Random(seed), CANDIDATES))
    assert sum(line.points for line in outcome.lines) == outcome.score
    assert 0 <= outcome.score <= 1000


# ---- nobody starves

CAPACITY = 25
OVERLOADED_DAYS = 20
PROMOTED_AFTER = 10


@dataclass
class Waiting:
    """An order in the queue; `urgent_on` is the day of its surgery."""

    number: int
    since: int
    tier: str
    order_type: str
    urgent_on: int | None
    due_on: int
    overtaken: int = 0

    def facts(self, today: int) -> Any:
        order = {
            "order_type": self.order_type,
            "waiting_wdays": today - self.since,
            "slack_days": self.due_on - today,
            "hours_to_surgery": None if self.urgent_on is None else (self.urgent_on - today) * 24,
        }
        return whole(PLAN, order=order, customer={"tier": self.tier})

    def key(self, today: int) -> tuple[tuple[int, int], int, int]:
        return rank(self.facts(today)), self.since, self.number

    @property
    def may_be_promoted(self) -> bool:
        return self.order_type not in ("sample", "internal")


def arrivals(today: int, count: int, first: int, random: Random) -> list[Waiting]:
    return [
        Waiting(
            number=first + n,
            since=today,
            tier=random.choices("SABC", (1, 2, 4, 5))[0],
            order_type=random.choices(("normal", "emergency", "replacement", "sample"), (90, 3, 4, 3))[0],
            urgent_on=today + random.randint(1, 12) if random.random() < 0.15 else None,
            due_on=today + random.randint(2, 25),
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("overload", "relief", "most_overtakes", "longest"),
    [(30, 22, 0, 10), (40, 22, 200, 18)],  # 1.2 then 0.9 times the capacity; 1.6 then 0.9
)
def test_nobody_starves(overload: int, relief: int, most_overtakes: int, longest: int) -> None:
    """20 days of overload, then relief: everybody is served, within `longest` working days (samples and internal orders
    may wait), and `most_overtakes` later orders at most are served before one that was promoted for waiting."""
    random, queue, served, made, today = Random(7), list[Waiting](), list[tuple[int, Waiting]](), 0, 0
    while today < OVERLOADED_DAYS or queue:
        today += 1
        count = overload if today <= OVERLOADED_DAYS else relief if today < 120 else 0
        queue += arrivals(today, count, made, random)
        made += count
        ranked = heapq.nsmallest(CAPACITY, queue, key=lambda one: one.key(today))
        chosen = {one.number for one in ranked}
        queue = [one for one in queue if one.number not in chosen]
        for one in queue:
            if one.may_be_promoted and today - one.since >= PROMOTED_AFTER:
                one.overtaken += sum(later.since > one.since for later in ranked)
        served += [(today, one) for one in ranked]
        assert today < 400
    assert len(served) == made
    assert any(day - one.since >= PROMOTED_AFTER for day, one in served)
    assert max(one.overtaken for _day, one in served) <= most_overtakes
    assert max(day - one.since for day, one in served if one.may_be_promoted) <= longest
