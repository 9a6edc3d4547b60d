"""Facts at the edges of a rule set's own constants: where two engines would disagree if they did at all."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.decisions.compile import Plan
from app.decisions.facts import Fact, Facts
from app.decisions.ir import OneOf, Relation, Same, Scale, Test, comparisons_of
from app.decisions.schema import SIGNAL, Attribute, Kind

MOST_LINES = 4
EDGES = 0.5
"""How often a comparison of sums is brought to its edge."""
SHARED = ("alike", "Alike")
OUTSIDE = ("", "Ω'\"\\ \u2028", "x" * 300)
"""Texts no rule names."""


def candidates(plan: Plan) -> dict[str, dict[str, list[Any]]]:
    """{kind: {attribute: values}}: each constant of the rules, its neighbours, null where allowed, and plain values."""
    named: dict[str, set[Any]] = defaultdict(set)
    for rule in plan.rules:
        for pattern in rule.patterns():
            for test in comparisons_of(pattern.condition):
                if isinstance(test, Test | OneOf):
                    named[test.attribute.dotted].update(_constants(test))
                elif isinstance(test, Same):  # texts that may well be equal
                    named[test.attribute.dotted].update(SHARED)
                    named[test.other.dotted].update(SHARED)
        if isinstance(rule.then.points, Scale):
            scale = rule.then.points
            named[scale.attribute.dotted].update((scale.none_at, scale.full_at, (scale.none_at + scale.full_at) // 2))
    kinds = plan.rule_set.schema.kinds
    return {
        kind: {name: _values(attribute, named[attribute.dotted]) for name, attribute in kinds[kind].attributes.items()}
        for kind in sorted(plan.kinds)
    }


def _constants(test: Test | OneOf) -> tuple[Any, ...]:
    return (test.value,) if isinstance(test, Test) else test.values


def _values(attribute: Attribute, named: set[Any]) -> list[Any]:
    found: list[Any] = [None] if attribute.nullable else []
    match attribute.type:
        case "bool":
            found += [False, True]
        case "enum":
            found += list(attribute.values)
        case "text":
            found += sorted(named) + list(OUTSIDE)
        case "date":
            days = named or {date(2026, 1, 1)}
            found += sorted({day + timedelta(days=step) for day in days for step in (-1, 0, 1)})
        case "decimal":
            unit = Decimal(1).scaleb(-attribute.scale)
            found += sorted({value + step for value in named | {Decimal(0)} for step in (-unit, Decimal(0), unit)})
        case _:
            found += sorted({value + step for value in named | {0} for step in (-1, 0, 1)} | {10**12, -(10**12)})
    return [value for value in found if attribute.whats_wrong(value) is None]


def draw(plan: Plan, random: Random, values: dict[str, dict[str, list[Any]]] | None = None) -> Facts:
    """One set of facts, each value drawn from the candidates; then some sums brought to the edge of what is asked."""
    values = values or candidates(plan)
    kinds = plan.rule_set.schema.kinds
    found = {kind: _many(kinds[kind], values[kind], random) for kind in values if kind != SIGNAL}
    for relation in plan.relations:
        if random.random() < EDGES:
            _bring_to_edge(relation, found, random)
    return found


def _bring_to_edge(relation: Relation, facts: Facts, random: Random) -> None:
    """Change one attribute so that both sides are equal, or one apart, where a value of it does that."""
    factor, attribute = random.choice(relation.left.parts)
    others = facts.get(relation.right.kind, [{}] if not relation.right.parts else [])
    for fact in facts.get(relation.left.kind, []):
        left, right = relation.left.of(fact), relation.right.of(others[0]) if others else None
        if left is None or right is None:
            continue
        whole = attribute.whole(fact[attribute.name]) + (right - left) // factor + random.choice((-1, 0, 1))
        value = _value(attribute, whole)
        if value is not None and attribute.whats_wrong(value) is None:
            fact[attribute.name] = value


def _value(attribute: Attribute, whole: int) -> Any:
    if attribute.type == "date":
        return date.fromordinal(whole) if 1 <= whole <= date.max.toordinal() else None
    return Decimal(whole).scaleb(-attribute.scale) if attribute.type == "decimal" else whole


def _many(kind: Kind, values: dict[str, list[Any]], random: Random) -> list[Fact]:
    least, most = {"one": (1, 1), "maybe": (0, 1), "many": (0, MOST_LINES)}[kind.cardinality]
    found = [
        {name: random.choice(options) for name, options in values.items()}
        for _each in range(random.randint(least, most))
    ]
    for number, fact in enumerate(found, start=1):
        if kind.key:
            fact[kind.key] = number
    return found
