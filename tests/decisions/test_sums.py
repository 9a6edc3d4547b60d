"""Comparisons of facts with each other: what they come to, how they read, and what was missing when they fail."""

from __future__ import annotations

from app.decisions.compile import make_plan
from app.decisions.engines.closures import Closures
from app.decisions.engines.durable import Durable
from app.decisions.explain import why_not
from app.decisions.ir import Relation, comparisons_of
from app.decisions.ir import Test as Compared
from app.decisions.wording import pattern_words
from tests.decisions.factories import DAY, plan_of, rule, whole

PENALTY = "all: [{order: 'total_fen >= 2 * contract.penalty_fen_per_day + parameters.big'}]"


def fires(plan, **changes):
    """What both engines say."""
    facts = whole(plan, **changes)
    durable = Durable(plan)
    found = durable.run(facts, DAY)
    durable.close()
    assert found == Closures(plan).run(facts, DAY)
    return [firing.rule for firing in found]


def contract(penalty):
    return {"number": "C", "sla_hours": None, "penalty_fen_per_day": penalty, "days_left": 5}


def test_a_sum_of_another_fact_is_compared_exactly_at_its_edge():
    plan = plan_of(rule("R1", PENALTY))
    assert fires(plan, order={"total_fen": 900}, contract=contract(400)) == ["R1"]
    assert fires(plan, order={"total_fen": 899}, contract=contract(400)) == []


def test_without_the_other_fact_or_with_null_it_does_not_hold():
    assert fires(plan_of(rule("R1", PENALTY))) == []
    plan = plan_of(rule("R1", "all: [{order: slack_days < contract.days_left}]"))
    assert fires(plan, order={"slack_days": None}, contract=contract(1)) == []
    negated = plan_of(rule("R1", "all: [{order: po_present}, {not: {contract: days_left > order.slack_days}}]"))
    assert fires(negated) == ["R1"]
    assert fires(negated, order={"slack_days": 4}, contract=contract(1)) == []


def test_each_line_is_compared_for_itself():
    plan = plan_of(rule("R1", "all: [{line: 2 * value_fen > order.total_fen}]", "tag: t"))
    facts = whole(plan, order={"total_fen": 100}, line=[{"line": n, "value_fen": n * 25} for n in (1, 2, 3, 4)])
    assert [firing.keys for firing in Closures(plan).run(facts, DAY)] == [(3, 4)]
    durable = Durable(plan)
    assert durable.run(facts, DAY) == Closures(plan).run(facts, DAY)
    durable.close()


def test_what_comes_to_a_plain_test_is_one():
    (test,) = (
        test
        for pattern in plan_of(rule("R1", "all: [{order: 'total_fen - 20 > 5 + 5'}]")).rules[0].patterns()
        for test in comparisons_of(pattern.condition)
    )
    assert (type(test), test.op, test.value) == (Compared, ">", 30)


def test_an_or_around_a_join_is_taken_apart_for_the_matcher_only():
    plan = plan_of(rule("R1", "all: [{order: po_present or total_fen > contract.penalty_fen_per_day}]"))
    assert [len(one.rule.branches) for one in plan.shards[0].steps] == [1, 1]
    assert fires(plan, order={"po_present": True}, contract=contract(10**9)) == ["R1"]
    assert fires(plan, order={"po_present": False}, contract=contract(10**9)) == []


def test_how_it_reads_and_what_was_missing():
    plan = plan_of(rule("R1", PENALTY))
    words = {
        language: pattern_words(plan.rules[0].branches[0][1], plan.rule_set.schema, language)
        for language in ("en", "zh")
    }
    assert words == {
        "en": "order: order value ≥ 2 × contract's penalty per day late + 1.00 CNY",
        "zh": "订单：订单金额 ≥ 2 × 合同的每日延期罚金 + 1.00元",
    }
    (missed,) = why_not(plan, whole(plan, order={"total_fen": 800}, contract=contract(400)), DAY)
    assert missed.found["en"] == "8.00 CNY / 9.00 CNY"
    assert missed.gap == {"en": "1.00 CNY", "zh": "1.00元"}


def test_decimals_and_factors_are_brought_to_whole_numbers():
    plan = plan_of(rule("R1", "all: [{order: '0.5 * total_fen > contract.penalty_fen_per_day'}]"))
    (relation,) = plan.relations
    assert isinstance(relation, Relation)
    assert ([factor for factor, _a in relation.left.parts], relation.right.parts[0][0]) == ([5], 10)
    assert fires(plan, order={"total_fen": 3}, contract=contract(1)) == ["R1"]
    assert fires(plan, order={"total_fen": 2}, contract=contract(1)) == []


def test_the_plan_of_a_rule_set_is_made_again_the_same():
    plan = plan_of(rule("R1", PENALTY))
    assert make_plan(plan.rule_set).rules == plan.rules
