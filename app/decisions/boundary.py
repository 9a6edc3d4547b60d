"""Facts at the edges of a rule set's own constants: where two engines would disagree if they did at all."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.decisions.compile import Plan
from app.decisions.facts import Fact, Facts
from app.decisions.ir import OneOf, Scale, Test, tests_of
from app.decisions.schema import SIGNAL, Attribute, Kind

MOST_LINES = 4
OUTSIDE = ("", "Ω'\"\\ \u2028", "x" * 300)
"""Texts no rule names."""


def candidates(plan: Plan) -> dict[str, dict[str, list[Any]]]:
    """{kind: {attribute: values}}: each constant of the rules, its neighbours, null where allowed, and plain values."""
    named: dict[str, set[Any]] = defaultdict(set)
    for rule in plan.rules:
        for pattern in rule.patterns():
            for test in tests_of(pattern.condition):
                named[test.attribute.dotted].update(_constants(test))
        if isinstance(rule.then.points, Scale):
            scale = rule.then.points
            named[scale.attribute.dotted].update((scale.none_at, scale.full_at, (scale.none_at + scale.full_at) // 2))
    kinds = plan.rule_set.schema.kinds
    return {
        kind: {name: _values(attribute, named[attribute.dotted]) for name, attribute in kinds[kind].attributes.items()}
        for kind in sorted(plan.kinds)
    }


def _constants(test: Any) -> tuple[Any, ...]:
    if isinstance(test, Test):
        return (test.value,)
    return test.values if isinstance(test, OneOf) else ()


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
    """One set of facts, each value drawn from the candidates."""
    values = values or candidates(plan)
    kinds = plan.rule_set.schema.kinds
    return {kind: _many(kinds[kind], values[kind], random) for kind in values if kind != SIGNAL}


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
