"""The oracle: conditions as Python closures over the facts. No code is generated, nothing is evaluated as text."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date
from typing import Any

from app.decisions.compile import Plan
from app.decisions.engines import Firing
from app.decisions.facts import Fact, Facts
from app.decisions.ir import All, Branch, Condition, Known, OneOf, Pattern, Rule, Test
from app.decisions.schema import SIGNAL, FactSchema

Holds = Callable[[Fact], bool]
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
    if isinstance(condition, Test):
        return _test(condition)
    if isinstance(condition, OneOf):
        return _one_of(condition)
    if isinstance(condition, Known):
        name, known = condition.attribute.name, condition.known
        return lambda fact: (fact[name] is not None) is known
    parts = [holds(item) for item in condition.items]
    if isinstance(condition, All):
        return lambda fact: all(part(fact) for part in parts)
    return lambda fact: any(part(fact) for part in parts)


def _test(test: Test) -> Holds:
    name, op, wanted = test.attribute.name, _OPS[test.op], test.value

    def compare(fact: Fact) -> bool:
        value = fact[name]
        return value is not None and op(value, wanted)

    return compare


def _one_of(test: OneOf) -> Holds:
    name, values, wanted = test.attribute.name, frozenset(test.values), not test.negated

    def belongs(fact: Fact) -> bool:
        value = fact[name]
        return value is not None and (value in values) is wanted

    return belongs


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
            if (test(many[0]) if many else False) is negated:
                return None
        for kind, key, negated, test in several:
            found = [fact for fact in facts.get(kind, ()) if test(fact)]
            if bool(found) is negated:
                return None
            if kind != SIGNAL and not negated:
                keys.update(fact[key] for fact in found)
        return keys

    return match


def _alone(pattern: Pattern, schema: FactSchema) -> bool:
    return schema.kinds[pattern.kind].cardinality != "many"
