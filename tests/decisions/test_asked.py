"""At which values an answer may change: asked of the oracle, fact by fact; and the verdict without words."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from app.decisions.asked import Asked
from app.decisions.assemble import assemble, verdict
from app.decisions.boundary import candidates, draw
from app.decisions.engines.generated import Generated
from tests.decisions.factories import DAY, shipped

SETS = ("compliance_gate", "priority", "need_index")


def asked_of(*names: str) -> Asked:
    found = Asked()
    for name in names:
        found.learn(shipped(name))
    return found


def test_the_steps_are_those_of_the_rules():
    asked = asked_of(*SETS)
    assert asked.steps("order", "hours_to_surgery") == [0, 25, 49, 73, 169]
    assert asked.steps("order", "slack_days") == list(range(1, 15))
    assert asked.steps("order", "total_fen") == []
    assert (asked.step_below("order", "hours_to_surgery", 48), asked.step_above("order", "hours_to_surgery", 48)) == (
        25,
        49,
    )
    assert (asked.step_below("order", "hours_to_surgery", -1), asked.step_above("order", "hours_to_surgery", 169)) == (
        None,
        None,
    )
    assert asked.asks("stock.nothing", "order.slack_days")
    assert not asked.asks("stock.nothing")
    assert date(2024, 1, 1) in asked.days


@pytest.mark.parametrize("name", SETS)
def test_between_two_steps_no_number_changes_an_answer(name):
    """Facts at the rules' own constants; each number is moved to the ends of its stretch."""
    plan, asked, random = shipped(name), asked_of(name), Random(3)
    run, values, tried = Generated(plan).run, candidates(plan), 0
    for _each in range(150):
        facts = draw(plan, random, values)
        before = verdict(plan, run(facts, DAY), facts)
        for kind, many in facts.items():
            for item in many:
                for attribute, value in list(item.items()):
                    if type(value) is not int or attribute == plan.rule_set.schema.kinds[kind].key:
                        continue
                    low, high = asked.step_below(kind, attribute, value), asked.step_above(kind, attribute, value)
                    for other in (value - 9 if low is None else low, value + 9 if high is None else high - 1):
                        item[attribute] = other
                        tried += other != value
                        assert verdict(plan, run(facts, DAY), facts) == before, (kind, attribute, value, other)
                    item[attribute] = value
    assert tried > 1000


@pytest.mark.parametrize("name", SETS)
def test_the_verdict_is_the_outcome_without_words(name):
    plan, random = shipped(name), Random(4)
    run, values = Generated(plan).run, candidates(plan)
    for _each in range(200):
        facts = draw(plan, random, values)
        firings = run(facts, DAY)
        outcome = assemble(plan, firings, facts)
        assert verdict(plan, firings, facts) == (outcome.score, outcome.band, bool(outcome.blocks))
