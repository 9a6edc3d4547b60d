"""Columns say of many subjects what the matcher and the generated function say of each alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.assemble import assemble
from app.decisions.boundary import candidates, draw
from app.decisions.engines.closures import Closures
from app.decisions.engines.columns import NO_ROUTE, Columns
from app.decisions.engines.durable import Durable
from app.decisions.engines.frames import facts_of, frames_of
from app.decisions.engines.generated import Generated
from app.decisions.outcome import BANDS
from app.decisions.source import RuleFileInvalid
from tests.decisions.factories import DAY, SHIPPED, plan_of, rule, shipped, whole
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


def test_points_that_grow_are_the_same_at_the_edges_of_what_a_scale_may_be():
    plan = plan_of(
        rule("A", "all: [{order: po_present}]", "points: {of: order.total_fen, none_at: -1000000000000000, full_at: 1000000000000000, most: 1000}, factor: g"),
        rule("B", "all: [{order: po_present}]", "points: {of: order.slack_days, none_at: 7, full_at: -3, most: -15}, factor: f"),
    )  # fmt: skip
    totals = (-(2**53) + 1, -(10**15), -1, 0, 1, 999_999_999_999_999, 10**15, 2**53 - 1)
    agree(
        plan,
        [
            whole(plan, order={"po_present": True, "total_fen": total, "slack_days": days})
            for total in totals
            for days in (None, -4, -3, 0, 2, 7, 8)
        ],
    )


def test_dates_and_decimals():
    from datetime import date
    from decimal import Decimal

    from app.decisions.compile import make_plan
    from app.decisions.language import read_rule_set
    from tests.decisions.factories import schema_text, text_of

    more = """
  lab:
    cardinality: maybe
    source: tests
    label: {en: lab, zh: 实验室}
    attributes:
      on: {type: date, nullable: true, label: {en: day, zh: 日期}}
      until: {type: date, label: {en: until, zh: 截止}}
      value: {type: decimal, scale: 2, nullable: true, label: {en: value, zh: 值}}
"""
    schema = schema_text().rstrip() + "\n" + more
    rules = text_of(
        rule("A", "all: [{lab: \"on >= '2026-11-23'\"}]"),
        rule("B", "all: [{lab: on + 3 < until}]", "points: 3, factor: f"),
        rule("C", "all: [{lab: 'value != 1.25 or on == null'}]", "points: 5, factor: f"),
        rule("D", "all: [{order: po_present}, {not: {lab: '2 * value >= 2.49'}}]"),
    )
    plan = make_plan(read_rule_set(rules, schema, "trial.yaml"), "trial.yaml")
    labs = [
        {"on": on, "until": date(2026, 11, 26), "value": value}
        for on in (None, date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24))
        for value in (None, Decimal("1.24"), Decimal("1.25"), Decimal("-0.01"))
    ]
    facts = [{**whole(plan, order={"po_present": True}), "lab": [lab]} for lab in labs]
    agree(plan, [*facts, {**facts[0], "lab": []}])
    durable, closures = Durable(plan), Closures(plan)
    assert all(durable.run(one, DAY) == closures.run(one, DAY) == Generated(plan).run(one, DAY) for one in facts)
    durable.close()
