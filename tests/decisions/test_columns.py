"""Columns say of many subjects what the matcher and the generated function say of each alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.assemble import assemble
from app.decisions.boundary import candidates, draw
from app.decisions.engines.columns import NO_ROUTE, Columns
from app.decisions.engines.frames import facts_of, frames_of
from app.decisions.engines.generated import Generated
from app.decisions.outcome import BANDS
from app.decisions.source import RuleFileInvalid
from tests.decisions.factories import DAY, SHIPPED, plan_of, shipped
from tests.decisions.test_agreement import some_rule


def agree(plan, facts):
    """Fired set with order and lines, score, factors, band, blocks and route, subject by subject."""
    frames = frames_of(facts, plan)
    decided = Columns(plan).run(frames, DAY)
    words = decided.words()
    generated = Generated(plan)
    routes = plan.rule_set.routes
    for row, (one, said) in enumerate(zip(facts, decided.outcome.to_dicts(), strict=True)):
        firings = generated.run(one, DAY)
        assert decided.firings(row) == firings, one
        outcome = assemble(plan, firings, one)
        assert said["score"] == outcome.score
        assert (None if said["band"] is None else BANDS[said["band"]]) == outcome.band
        assert said["blocked"] == bool(outcome.blocks)
        assert (None if said["route"] == NO_ROUTE else routes[said["route"]]) == outcome.route
        assert [said[f"factor.{each['factor']}"] for each in outcome.factors] == [
            each["points"] for each in outcome.factors
        ]
        bits = sum(word << (62 * at) for at, word in enumerate(words.row(row)))
        assert [rule.id for at, rule in enumerate(plan.rules) if bits >> at & 1] == outcome.fired
        assert facts_of(frames, row, plan.kinds, plan.rule_set.schema) == {
            kind: one.get(kind, []) for kind in plan.kinds
        }


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rule_sets(name):
    plan = shipped(name)
    random, values = Random(11), candidates(plan)
    agree(plan, [draw(plan, random, values) for _each in range(400)])


@settings(derandomize=True, max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_rule_set_the_language_accepts(seed):
    random = Random(seed)
    try:
        plan = plan_of(*[some_rule(number, random) for number in range(1, 13)])
    except RuleFileInvalid:
        return
    values = candidates(plan)
    agree(plan, [draw(plan, random, values) for _each in range(30)])


def test_no_subjects_at_all():
    plan = shipped("priority")
    assert Columns(plan).run(frames_of([], plan), DAY).outcome.height == 0
