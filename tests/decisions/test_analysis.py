"""Rules that can never fire or never show are refused; what is refused is certain."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.analysis import Proof
from app.decisions.boundary import candidates, draw
from app.decisions.compile import Plan, _in_firing_order
from app.decisions.engines.closures import Closures
from app.decisions.language import read_rule_set
from app.decisions.source import RuleFileInvalid
from tests.decisions.factories import DAY, plan_of, rule, schema_text, text_of
from tests.decisions.test_agreement import CONDITIONS


@pytest.mark.parametrize(
    "when",
    [
        "all: [{order: 'total_fen > 10 and total_fen < 5'}]",
        "all: [{order: 'total_fen > 10'}, {order: total_fen < 11}]",
        "all: [{customer: \"tier == 'S' and tier in ['A', 'B']\"}]",
        "all: [{customer: \"tier not in ['S', 'A', 'B', 'C']\"}]",
        "all: [{order: hours_to_surgery == null and hours_to_surgery < 3}]",
        "all: [{order: po_present and not po_present}]",
        "all: [{award: valid}, {order: \"number == 'x' and number != 'x'\"}]",
        "all: [{line: quantity between 5 and 4}]",
        "any: [{order: po_present}, {order: total_fen < 3 and total_fen > 3}]",
        "all: [{order: total_fen < -9007199254740991}]",
        "all: [{not: {customer: \"tier == 'S' or tier != 'S'\"}}, {order: po_present}]",
    ],
)
def test_a_rule_that_can_never_fire(when: str) -> None:
    with pytest.raises(RuleFileInvalid, match="can never fire"):
        plan_of(rule("R1", when))


HIDDEN = [
    (["total_fen > 5"], "total_fen >= 6 and po_present"),
    (["total_fen > 5", "total_fen <= 5"], "po_present"),
    (["customer.tier in ['S','A']", "customer.tier != 'S'"], "po_present"),
    (["hours_to_surgery == null", "hours_to_surgery < 5", "hours_to_surgery >= 5"], "total_fen > 1"),
    (["not po_present", "po_present or total_fen == 3"], "total_fen > 3"),
    (["total_fen > 5 or po_present"], "po_present and total_fen > contract.penalty_fen_per_day"),
]
SHOWN = [
    (["total_fen > 6"], "total_fen >= 6"),
    (["total_fen > 5", "total_fen < 5"], "po_present"),
    (["hours_to_surgery < 5", "hours_to_surgery >= 5"], "total_fen > 1"),  # null is left
    (["total_fen > contract.penalty_fen_per_day"], "total_fen > contract.penalty_fen_per_day and po_present"),
]


def routed(before: list[str], last: str) -> list[str]:
    rules = []
    for number, condition in enumerate([*before, last], start=1):
        kind, _dot, rest = condition.partition(".") if condition.startswith("customer") else ("order", "", condition)
        rules.append(rule(f"R{number}", f'all: [{{{kind}: "{rest}"}}]', f"route: {'two' if number == 1 else 'one'}"))
    return rules


@pytest.mark.parametrize(("before", "last"), HIDDEN)
def test_a_route_that_earlier_rules_always_decide(before: list[str], last: str) -> None:
    with pytest.raises(RuleFileInvalid, match=r"can never show: whenever it fires, R1.*decide"):
        plan_of(*routed(before, last))


@pytest.mark.parametrize(("before", "last"), SHOWN)
def test_a_route_that_may_show(before: list[str], last: str) -> None:
    plan_of(*routed(before, last))


def test_validity_counts() -> None:
    first, second = routed(["total_fen > 5"], "total_fen > 6")
    plan_of(first.replace("  then:", "  valid_to: 2026-12-31\n  then:"), second)
    with pytest.raises(RuleFileInvalid, match="can never show"):
        plan_of(
            first.replace("  then:", "  valid_to: 2026-12-31\n  then:"),
            second.replace("  then:", "  valid_to: 2026-06-30\n  then:"),
        )


def test_floors_and_caps_and_the_same_twice() -> None:
    wide, narrow = "all: [{order: total_fen > 5}]", "all: [{order: total_fen > 50}]"
    with pytest.raises(RuleFileInvalid, match=r"R2.*can never show"):
        plan_of(rule("R1", wide, "floor: P0"), rule("R2", narrow, "floor: P1"))
    with pytest.raises(RuleFileInvalid, match=r"R1.*can never show"):
        plan_of(rule("R1", narrow, "cap: P1"), rule("R2", wide, "cap: P2"))
    with pytest.raises(RuleFileInvalid, match=r"R2.*can never show"):
        plan_of(rule("R1", wide, "tag: t"), rule("R2", narrow, "tag: t"))
    plan_of(rule("R1", wide, "floor: P1"), rule("R2", narrow, "floor: P0"))
    plan_of(rule("R1", wide, "points: 5, factor: f"), rule("R2", narrow, "points: 5, factor: f"))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_is_proved_is_so(seed: int) -> None:
    """Random rules: one that is called impossible never fires, one that is called hidden never fires alone."""
    random = Random(seed)
    kinds = random.sample(CONDITIONS, 2)
    rules = []
    for number in range(1, 6):
        chosen = [
            f'{{{kind}: "{random.choice(options)}"}}' for kind, options in random.sample(kinds, random.randint(1, 2))
        ]
        if len(chosen) > 1 and random.random() < 0.4:
            chosen[1] = f"{{not: {chosen[1]}}}"
        rules.append(rule(f"R{number}", f"all: [{', '.join(chosen)}]", "route: one"))
    try:
        rule_set = read_rule_set(text_of(*rules), schema_text(), "trial.yaml")
    except RuleFileInvalid:
        return
    proof, plan = Proof(rule_set), Plan(rule_set, _in_firing_order(rule_set, ""), ())
    dead = {one.id for one in rule_set.rules if all(proof.is_impossible(branch) for branch in one.branches)}
    hidden = {
        one.id: {other.id for other in found}
        for n, one in enumerate(rule_set.rules)
        if (found := proof.hidden_by(one, list(rule_set.rules[:n])))
    }
    engine, values = Closures(plan), candidates(plan)
    for _round in range(60):
        fired = {firing.rule for firing in engine.run(draw(plan, random, values), DAY)}
        assert not fired & dead
        for name, others in hidden.items():
            assert name not in fired or fired & others
