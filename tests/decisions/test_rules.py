"""The shipped rule sets do what they promise: their own cases, and one pair of orders per factor."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.core import jsontext
from app.decisions import ir
from app.decisions.assemble import assemble
from app.decisions.cases import cases_of, differences, facts_of
from app.decisions.engines.durable import Durable
from app.decisions.ir import Test as Comparison
from app.decisions.outcome import Outcome, firings_of, outcome_in_words
from app.identity.roles import ROLES
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
    stored, worded = (jsontext.loads(jsontext.dumps(one)) for one in (outcome.to_store(), outcome.to_json()))
    assert assemble(plan, firings_of(stored), facts) == outcome == outcome_in_words(worded)
    assert len(set(outcome.fired)) == len(outcome.fired)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_rule_has_a_case_that_fires_it(name: str) -> None:
    fired = set()
    for case in cases_of(name):
        facts = facts_of(case, shipped(name))
        fired |= {firing.rule for firing in ENGINES[name].run(facts, DAY)}
    assert fired == {one.id for one in shipped(name).rules}


ALWAYS = {("approval_matrix", "A2")}
"""Rules whose comparison is meant to hold for every order."""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_is_tried_on_both_its_sides(name: str) -> None:
    """The near misses: for `>= 30` the cases have a fact with 30 and one with 29."""
    plan = shipped(name)
    seen: dict[str, set[Any]] = defaultdict(set)
    for case in cases_of(name):
        for kind, many in facts_of(case, plan).items():
            for fact in many:
                for attribute, value in fact.items():
                    seen[f"{kind}.{attribute}"].add(value)
    missing = {
        (one.id, test.attribute.dotted, test.op, value)
        for one in plan.rules
        if (name, one.id) not in ALWAYS
        for pattern in one.patterns()
        for test in ir.comparisons_of(pattern.condition)
        if isinstance(test, Comparison) and test.op in ("<", "<=", ">", ">=")
        for value in both_sides(test)
        if value not in seen[test.attribute.dotted]
    }
    assert missing == set()


def both_sides(test: Comparison) -> tuple[Any, Any]:
    assert not isinstance(test.value, str | date)
    step = Decimal(1).scaleb(-test.attribute.scale) if test.attribute.type == "decimal" else 1
    return test.value, test.value + step if test.op in (">", "<=") else test.value - step


@pytest.mark.parametrize("name", SHIPPED)
def test_every_rule_misses_in_some_case(name: str) -> None:
    plan = shipped(name)
    fired = [{firing.rule for firing in ENGINES[name].run(facts_of(case, plan), DAY)} for case in cases_of(name)]
    assert {one.id for one in plan.rules if all(one.id in found for found in fired)} <= {id_ for _, id_ in ALWAYS}


def test_every_block_names_its_basis_and_what_unblocks() -> None:
    for name in SHIPPED:
        for one in shipped(name).rules:
            if one.then.blocks:
                assert one.then.basis is not None
                assert one.then.unblock is not None
                assert all(text.strip() for texts in (one.then.basis, one.then.unblock) for text in texts.values())


def test_who_is_asked_are_roles_and_nobody_is_asked_by_nobody() -> None:
    for name in SHIPPED:
        asked = {group for one in shipped(name).rules for assign in one.then.assign for group in assign.groups}
        assert asked <= set(ROLES), name
    schema = shipped("task_assignment").rule_set.schema
    for kind in schema.kinds["task"].attributes["kind"].values:
        for channel in schema.kinds["order"].attributes["channel"].values:
            outcome = outcome_of("task_assignment", task={"kind": kind}, order={"channel": channel})
            assert outcome.assign_groups, (kind, channel)


def test_every_harm_has_a_class() -> None:
    schema = shipped("recall_class").rule_set.schema.kinds["recall"].attributes
    order = ["class_iii", "class_ii", "class_i"]
    for severity in schema["severity"].values:
        places = []
        for probability in ("remote", "possible", "probable"):
            for occurred in (False, True):
                outcome = outcome_of(
                    "recall_class",
                    recall={"severity": severity, "probability": probability, "harm_occurred": occurred},
                )
                assert outcome.signals == [outcome.route]
                places.append(order.index(str(outcome.route)))
        assert places[::2] == sorted(places[::2])  # more probable is never milder
        assert all(after >= before for before, after in zip(places[::2], places[1::2], strict=True))


def test_a_tag_that_names_a_time_names_a_parameter() -> None:
    """recall_class: the caller finds the hours or days in the parameter of the tag's name."""
    rule_set = shipped("recall_class").rule_set
    tags = {tag for one in rule_set.rules for tag in one.then.tags if tag.startswith(("notify_", "report_"))}
    assert tags - {"report_overdue"} == set(rule_set.parameters)


@pytest.mark.parametrize("status", ["quarantined", "under_inspection", "held", "rejected", "recalled"])
def test_no_lot_leaves_that_may_not(status: str) -> None:
    for more in ({}, {"risk_class": 3}, {"days_left_at_arrival": None, "shelf_days_short": None}):
        assert outcome_of("release_gate", lot=[{"status": status, **more}]).route == "blocked"
    assert outcome_of("release_gate", lot=[{"days_left_at_arrival": -1}]).route == "blocked"


@pytest.mark.parametrize("field", ["tighten_at", "normal_after", "reduce_at", "discontinue_at"])
def test_the_switching_rules_cite_their_clause(field: str) -> None:
    source = shipped("inspection_plan").rule_set.parameters[field].source
    assert "ISO 2859-1:1999, 9." in source["en"]
    assert "GB/T 2828.1-2012" in source["zh"]


def test_switching_over_a_run_of_lots() -> None:
    """A supplier gets worse, is stopped, improves, and earns reduced inspection: the rules move it through all levels."""
    run = [
        ({"severity": "normal", "rejected_last_five": 1}, "normal"),
        ({"severity": "normal", "rejected_last_five": 2}, "tightened"),
        ({"severity": "tightened", "rejected_on_tightened": 4, "accepted_in_a_row": 0}, "tightened"),
        ({"severity": "tightened", "rejected_on_tightened": 5, "accepted_in_a_row": 0}, "hold"),
        ({"severity": "discontinued", "supplier_action_done": False}, "hold"),
        ({"severity": "discontinued", "supplier_action_done": True}, "tightened"),
        ({"severity": "tightened", "accepted_in_a_row": 5}, "normal"),
        ({"severity": "normal", "switching_score": 30, "production_steady": True, "reduced_agreed": True}, "reduced"),
        ({"severity": "reduced", "production_steady": True, "last_lot_rejected": True}, "normal"),
    ]
    assert [outcome_of("inspection_plan", inspection=facts).route for facts, _ in run] == [route for _, route in run]


def test_enough_rules_and_every_factor_mapped() -> None:
    gate, priority = shipped("compliance_gate").rule_set, shipped("priority").rule_set
    hard = {int(re.match(r"H(\d+)", one.id)[1]) for one in gate.rules}  # type: ignore[index]
    assert hard == set(range(1, 18)) - {5, 16}  # asked elsewhere, as the note of the set says
    assert {"H5", "H6", "H7", "H8", "H9", "H11", "H14"} <= {one.id for one in shipped("release_gate").rules}
    soft = {int(re.match(r"S(\d+)", one.id)[1]) for one in priority.rules}  # type: ignore[index]
    assert soft == set(range(1, 41))
    assert [view.id for view in priority.views] == [
        "customer_tier", "product_characteristics", "region_availability", "stock_status",
        "transport_time", "quality_control", "compliance_constraints", "time_and_need",
    ]  # fmt: skip
    shown = {one for view in priority.views for one in view.rules}
    assert shown == {one.id for one in priority.rules}
    assert {one for view in priority.views for one in view.gate} <= {one.id for one in gate.rules}
    assert sum(factor.cap for factor in priority.factors if factor.id != "override") == 1000


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
