"""The typed form of a rule set: what language.py reads, what both engines run, what the pages show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

from app.decisions.outcome import Texts
from app.decisions.schema import Attribute, FactSchema

OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
"""What holds of two values that are known when the comparison does not."""
Constant = int | Decimal | str | bool | date


@dataclass(frozen=True)
class Test:
    """`attribute op constant`; false when the attribute is null."""

    attribute: Attribute
    op: str
    value: Constant


@dataclass(frozen=True)
class OneOf:
    """The attribute is (or, negated, is not) one of the values; false when it is null."""

    attribute: Attribute
    values: tuple[Constant, ...]
    negated: bool


@dataclass(frozen=True)
class Known:
    """The attribute is (or is not) null."""

    attribute: Attribute
    known: bool


@dataclass(frozen=True)
class All:
    """Every one of them."""

    items: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """At least one of them."""

    items: tuple[Condition, ...]


@dataclass(frozen=True)
class Sum:
    """constant + Σ factor × attribute of one fact, as a whole number; null when one of the attributes is.

    Attributes count as `Attribute.whole` gives them; the sum in plain `unit`s is the whole number ÷ 10**places.
    """

    kind: str
    parts: tuple[tuple[int, Attribute], ...]
    constant: int
    unit: str
    places: int

    def of(self, fact: Mapping[str, Any]) -> int | None:
        """Its value for a fact of the kind."""
        total = self.constant
        for factor, attribute in self.parts:
            value = fact[attribute.name]
            if value is None:
                return None
            total += factor * attribute.whole(value)
        return total


@dataclass(frozen=True)
class Relation:
    """`left op right`: a sum of this fact compared with a number (`right` has no parts) or with a sum of another fact
    of the branch; false when one of both is null. Both sides have the same unit and places."""

    left: Sum
    op: str
    right: Sum


@dataclass(frozen=True)
class Same:
    """A text (or yes and no) of this fact is, or negated is not, that of another fact of the branch or of this one;
    false when one of both is null."""

    attribute: Attribute
    other: Attribute
    negated: bool


Comparison = Test | OneOf | Known | Relation | Same
Condition = Comparison | All | Either


def comparisons_of(condition: Condition) -> Iterator[Comparison]:
    """The comparisons in a condition, from left to right."""
    if isinstance(condition, All | Either):
        for item in condition.items:
            yield from comparisons_of(item)
    else:
        yield condition


def alternatives(condition: Condition) -> list[Condition]:
    """The condition as alternatives, each without `or`: it holds when one of them does."""
    if isinstance(condition, Either):
        return [one for item in condition.items for one in alternatives(item)]
    if isinstance(condition, All):
        return [All(parts) for parts in product(*(alternatives(item) for item in condition.items))]
    return [condition]


def ways(condition: Condition) -> int:
    """In how many ways a condition may hold at once: each alternative of an `or` is one."""
    if isinstance(condition, All):
        return prod(ways(item) for item in condition.items)
    if isinstance(condition, Either):
        return sum(ways(item) for item in condition.items)
    return len(condition.values) if isinstance(condition, OneOf) and not condition.negated else 1


def kinds_asked(condition: Condition, kind: str) -> set[str]:
    """The other kinds of facts that a condition about `kind` compares with."""
    found: set[str] = set()
    for test in comparisons_of(condition):
        if isinstance(test, Relation) and test.right.parts:
            found.add(test.right.kind)
        elif isinstance(test, Same):
            found.add(test.other.kind)
    return found - {kind}


@dataclass(frozen=True)
class Pattern:
    """There is a fact of the kind for which the condition holds; negated: there is none."""

    kind: str
    condition: Condition
    negated: bool
    line: int = field(compare=False)

    @property
    def asks(self) -> set[str]:
        """Other kinds of facts it compares with."""
        return kinds_asked(self.condition, self.kind)


Branch = tuple[Pattern, ...]
"""All of its patterns must match; a rule fires when one of its branches does."""


@dataclass(frozen=True)
class Scale:
    """Points that grow in a straight line: 0 at `none_at`, `most` at `full_at`, limited on both sides."""

    attribute: Attribute
    none_at: int
    full_at: int
    most: int

    def points(self, value: int | None) -> int:
        """Points for a value; half a point rounds away from zero, null gives none."""
        if value is None:
            return 0
        span = self.full_at - self.none_at
        reached = (value - self.none_at) if span > 0 else (self.none_at - value)
        width = abs(span)
        share = min(max(reached, 0), width)
        sign = 1 if self.most >= 0 else -1
        return sign * ((2 * share * abs(self.most) + width) // (2 * width))


@dataclass(frozen=True)
class Assign:
    """Ask these; for a named step only, when one is given."""

    step: str | None
    groups: tuple[str, ...]
    users: tuple[str, ...]


@dataclass(frozen=True)
class Then:
    """What a rule that fired brings."""

    points: int | Scale | None = None
    factor: str | None = None
    floor: str | None = None
    cap: str | None = None
    basis: Texts | None = None
    unblock: Texts | None = None
    route: str | None = None
    assign: tuple[Assign, ...] = ()
    signals: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """True when it stops the subject."""
        return self.basis is not None


Template = tuple[str | tuple[str, str], ...]
"""Pieces of a text: plain, or (kind, attribute) to fill in."""


@dataclass(frozen=True)
class Rule:
    """One rule. `rank` is its place in the firing order: by stratum, then by place in the file."""

    id: str
    name: Texts
    owner: str
    branches: tuple[Branch, ...]
    then: Then
    reason: dict[str, Template]
    line: int
    any_of: bool
    valid_from: date | None = None
    valid_to: date | None = None
    note: Texts | None = None
    disabled: bool = False

    def in_force(self, day: date) -> bool:
        """True when the rule counts on that business day."""
        if self.disabled:
            return False
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def patterns(self) -> Iterator[Pattern]:
        """All patterns of all branches."""
        for branch in self.branches:
            yield from branch


@dataclass(frozen=True)
class Factor:
    """A group of rules whose points together stay between `least` and `cap`."""

    id: str
    name: Texts
    cap: int
    least: int


@dataclass(frozen=True)
class BandStart:
    """Scores from here on are in this band."""

    band: str
    start: int


@dataclass(frozen=True)
class Parameter:
    """A number or text that rules name instead of repeating, with where it comes from."""

    name: str
    label: Texts
    value: Constant
    unit: str
    source: Texts
    profile: str = ""
    """The number of a regulatory profile that it follows, if any: then it is changed there, not here."""
    line: int = field(default=1, compare=False)


@dataclass(frozen=True)
class View:
    """How a group of the issue's seven factors maps to this rule set: for readers."""

    id: str
    name: Texts
    factors: tuple[str, ...]
    rules: tuple[str, ...]
    gate: tuple[str, ...]


@dataclass(frozen=True)
class RuleSet:
    """A whole rule set, its rules in the order of the file."""

    id: str
    name: Texts
    note: Texts
    owner: str
    valid_from: date | None
    valid_to: date | None
    parameters: dict[str, Parameter]
    factors: tuple[Factor, ...]
    bands: tuple[BandStart, ...]
    routes: tuple[str, ...]
    route_policy: str
    default_route: str | None
    blocked_route: str | None
    views: tuple[View, ...]
    rules: tuple[Rule, ...]
    schema: FactSchema = field(repr=False, compare=False)
    sha256: str = ""
