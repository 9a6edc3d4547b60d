"""The shipped rule sets do what they promise: their own cases, and one pair of orders per factor."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import jsontext
from app.decisions.assemble import assemble
from app.decisions.cases import cases_of, differences, facts_of
from app.decisions.engines.durable import Durable
from app.decisions.outcome import Outcome
from tests.decisions.factories import DAY, SHIPPED, plan_of, rule, shipped, whole

ENGINES = {name: Durable(shipped(name)) for name in SHIPPED}


def outcome_of(name: str, **changes: Any) -> Outcome:
    plan = shipped(name)
    facts = whole(plan, **{kind: change for kind, change in changes.items() if kind in plan.kinds})
    return assemble(plan, ENGINES[name].run(facts, DAY), facts)


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name in SHIPPED for case in cases_of(name)],
    ids=lambda value: getattr(value, "name", value),
)
def test_cases(name: str, case: Any) -> None:
    plan = shipped(name)
    facts = facts_of(case, plan)
    outcome = assemble(plan, ENGINES[name].run(facts, DAY), facts)
    assert list(differences(outcome, case.expect)) == []
    assert Outcome.from_json(jsontext.loads(jsontext.dumps(outcome.to_json()))) == outcome
    assert len(set(outcome.fired)) == len(outcome.fired)


def test_every_rule_has_a_case_that_fires_it() -> None:
    for name in ("compliance_gate", "approval_matrix", "stock_gate", "task_outcome"):
        fired = set()
        for case in cases_of(name):
            facts = facts_of(case, shipped(name))
            fired |= {firing.rule for firing in ENGINES[name].run(facts, DAY)}
        assert fired == {one.id for one in shipped(name).rules}


def test_enough_rules_and_every_factor_mapped() -> None:
    gate, priority = shipped("compliance_gate").rule_set, shipped("priority").rule_set
    assert len({one.id[:3].rstrip("abcdep") for one in gate.rules}) >= 12
    assert len(priority.rules) >= 25
    assert [view.id for view in priority.views] == [
        "customer_tier", "product_characteristics", "region_availability", "stock_status",
        "transport_time", "quality_control", "compliance_constraints", "time_and_need",
    ]  # fmt: skip
    shown = {one for view in priority.views for one in view.rules}
    assert shown == {one.id for one in priority.rules}
    assert {one for view in priority.views for one in view.gate} <= {one.id for one in gate.rules}
    assert sum(factor.cap for factor in priority.factors) == 1000


PAIRS = {
    "customer_tier": ({"customer": {"tier": "S"}}, {"customer": {"tier": "C"}}),
    "product_characteristics": ({"product": {"any_implant": True}}, {}),
    "region_availability": ({"region": {"lane_days_p95": 4, "local_warehouse": False}}, {}),
    "stock_status": ({"stock": {"all_available": True, "short_lines": 0}}, {}),
    "transport_time": ({"transport": {"cutoff_breaks_promise": True, "hours_to_cutoff": 1}}, {}),
    "quality_control": ({"qc": {"lines_waiting_release": 1}}, {}),
    "compliance_constraints": ({"customer": {"licence_days_left": 12}}, {}),
    "time_and_need": ({"order": {"hours_to_surgery": 30}}, {}),
}


@pytest.mark.parametrize("factor", PAIRS)
def test_orders_alike_in_all_but_one_factor(factor: str) -> None:
    more, less = (outcome_of("priority", **changes) for changes in PAIRS[factor])
    assert more.score > less.score
    view = next(view for view in shipped("priority").rule_set.views if view.id == factor)
    differing = {line.rule for line in more.lines} ^ {line.rule for line in less.lines}
    assert differing <= set(view.rules)
    assert differing


def test_blocks_outrank_points_and_say_what_to_do() -> None:
    blocked = outcome_of("compliance_gate", line=[{"line": 3, "region_authorised": False}])
    (block,) = blocked.blocks
    assert (blocked.route, blocked.score, block.line) == ("blocked", 0, 3)
    assert block.reason["en"].startswith("Line 3: Stent is not authorised for region CN-SH")
    assert block.reason["zh"].startswith("第3行：支架")
    assert block.basis["en"]
    assert block.unblock["zh"]


def test_more_urgent_never_scores_less() -> None:
    scores = [outcome_of("priority", order={"hours_to_surgery": hours}).score for hours in range(200, -1, -1)]
    assert scores == sorted(scores)
    scores = [outcome_of("priority", order={"slack_days": days}).score for days in range(20, -5, -1)]
    assert scores == sorted(scores)
    assert scores[-1] == 200


def test_texts_from_outside_are_only_text() -> None:
    evil = "{order.number} %(x)s {0.__class__} <b>"
    outcome = outcome_of("compliance_gate", customer={"name_en": evil, "status": "blocked"})
    assert outcome.blocks[0].reason["en"] == f"{evil} is blocked"


def test_limits_floors_and_caps() -> None:
    plan = plan_of(
        rule("A", "all: [{order: po_present}]", "points: 45, factor: f, floor: P1"),
        rule("B", "all: [{order: line_count >= 1}]", "points: 25, factor: f"),
        rule("C", "all: [{line: quantity >= 1}]", "points: -100, factor: g, cap: P2"),
    )
    facts = whole(plan)
    outcome = assemble(plan, Durable(plan).run(facts, DAY), facts)
    assert [(line.rule, line.points) for line in outcome.lines] == [
        ("A", 45), ("B", 25), ("cap:f", -20), ("C", -100), ("least:g", 100),
    ]  # fmt: skip
    assert (outcome.score, outcome.band) == (50, "P2")  # the cap outranks the floor
    assert outcome.lines[2].reason["en"] == "The group gives at most 50 points; its rules came to 70."
