"""For explanations: conditions as Python closures over the facts, each to be asked alone. No code is generated."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from typing import Any

from app.decisions.compile import Plan
from app.decisions.engines import Firing
from app.decisions.facts import Fact, Facts
from app.decisions.ir import All, Branch, Condition, Either, Known, OneOf, Pattern, Relation, Rule, Same, Sum, Test
from app.decisions.schema import SIGNAL, FactSchema

Holds = Callable[[Fact, Facts], bool]
"""Says it of a fact, among the facts that it may be compared with."""
_OPS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(condition: Condition) -> Holds:
    """A function that says whether the condition holds for a fact. A comparison with null never does."""
    if not isinstance(condition, All | Either):
        return _COMPARING[type(condition)](condition)
    parts = [holds(item) for item in condition.items]
    if isinstance(condition, All):
        return lambda fact, facts: all(part(fact, facts) for part in parts)
    return lambda fact, facts: any(part(fact, facts) for part in parts)


def _test(test: Test) -> Holds:
    name, op, wanted = test.attribute.name, _OPS[test.op], test.value

    def compare(fact: Fact, _facts: Facts) -> bool:
        value = fact[name]
        return value is not None and op(value, wanted)

    return compare


def _one_of(test: OneOf) -> Holds:
    name, values, wanted = test.attribute.name, frozenset(test.values), not test.negated

    def belongs(fact: Fact, _facts: Facts) -> bool:
        value = fact[name]
        return value is not None and (value in values) is wanted

    return belongs


def _known(test: Known) -> Holds:
    name, known = test.attribute.name, test.known
    return lambda fact, _facts: (fact[name] is not None) is known


def _relation(relation: Relation) -> Holds:
    left, op, right = relation.left, _OPS[relation.op], relation.right

    def compare(fact: Fact, facts: Facts) -> bool:
        one, other = left.of(fact), sum_of(right, facts)
        return one is not None and other is not None and op(one, other)

    return compare


def sum_of(total: Sum, facts: Facts) -> int | None:
    """A sum of the one fact of its kind, or a constant; None without that fact."""
    if not total.parts:
        return total.constant
    many = facts.get(total.kind)
    return total.of(many[0]) if many else None


def _same(same: Same) -> Holds:
    name, kind, wanted = same.attribute.name, same.other.kind, not same.negated
    own = kind == same.attribute.kind

    def compare(fact: Fact, facts: Facts) -> bool:
        many = [fact] if own else facts.get(kind)
        one, other = fact[name], many[0][same.other.name] if many else None
        return one is not None and other is not None and (one == other) is wanted

    return compare


_COMPARING: dict[type, Callable[[Any], Holds]] = {
    Test: _test,
    OneOf: _one_of,
    Known: _known,
    Relation: _relation,
    Same: _same,
}


class Closures:
    """Runs a plan over facts. Has no state between decisions; safe from many threads."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        schema = plan.rule_set.schema
        self._rules = [(rule, [_branch(branch, schema) for branch in rule.branches]) for rule in plan.rules]

    def run(self, facts: Facts, day: date) -> list[Firing]:
        """The rules that fire, in the firing order, with their lines."""
        seen: Facts = {**facts, SIGNAL: []}
        firings = []
        for rule, branches in self._rules:
            if not rule.in_force(day):
                continue
            matched = [keys for branch in branches if (keys := branch(seen)) is not None]
            if matched:
                firings.append(Firing(rule.id, tuple(sorted(set().union(*matched)))))
                _give(rule, seen[SIGNAL])
        return firings


def _give(rule: Rule, signals: list[Fact]) -> None:
    signals += [{"name": name} for name in rule.then.signals if {"name": name} not in signals]


Branching = Callable[[Facts], "set[int] | None"]


def _branch(branch: Branch, schema: FactSchema) -> Branching:
    """A function that gives the lines for which the branch matches: none when it speaks of none, None when it fails."""
    alone = [(pattern.kind, pattern.negated, holds(pattern.condition)) for pattern in branch if _alone(pattern, schema)]
    several = [
        (pattern.kind, schema.kinds[pattern.kind].key, pattern.negated, holds(pattern.condition))
        for pattern in branch
        if not _alone(pattern, schema)
    ]

    def match(facts: Facts) -> set[int] | None:
        keys: set[int] = set()
        for kind, negated, test in alone:
            many = facts.get(kind)
            if (test(many[0], facts) if many else False) is negated:
                return None
        for kind, key, negated, test in several:
            found = [fact for fact in facts.get(kind, ()) if test(fact, facts)]
            if bool(found) is negated:
                return None
            if kind != SIGNAL and not negated:
                keys.update(fact[key] for fact in found)
        return keys

    return match


def _alone(pattern: Pattern, schema: FactSchema) -> bool:
    return schema.kinds[pattern.kind].cardinality != "many"
