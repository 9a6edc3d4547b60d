"""Regions of facts: which values each attribute may have where a condition holds; exact, for the compiler's proofs.

A `Box` names the attributes that are limited and to what; a region is a list of boxes. Whether a fact is there is an
attribute of its own (`kind.*`), and so is each signal and the business day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from app.decisions.ir import Condition, Constant, Known, OneOf, Test
from app.decisions.schema import LARGEST, Attribute

Spans = tuple[tuple[int, int], ...]
"""Whole numbers from … to, both included, in order and apart."""


@dataclass(frozen=True)
class Numbers:
    """Some of the whole numbers of an attribute, and maybe null."""

    spans: Spans
    null: bool = False

    @property
    def empty(self) -> bool:
        return not self.spans and not self.null

    def both(self, other: Numbers) -> Numbers:
        """What is in both."""
        met = [(max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans]
        return Numbers(tuple(sorted((a, b) for a, b in met if a <= b)), self.null and other.null)

    def without(self, other: Numbers) -> Numbers:
        """What is not in the other."""
        edges = [(-LARGEST - 1, -LARGEST - 1), *other.spans, (LARGEST + 1, LARGEST + 1)]
        gaps = tuple((b + 1, c - 1) for (_a, b), (c, _d) in pairwise(edges) if b + 1 <= c - 1)
        return Numbers(self.both(Numbers(gaps)).spans, self.null and not other.null)


@dataclass(frozen=True)
class Words:
    """These values, or (`others`) all but these, and maybe null."""

    values: frozenset[Any]
    others: bool = False
    null: bool = False

    @property
    def empty(self) -> bool:
        return not self.values and not self.others and not self.null

    def both(self, other: Words) -> Words:
        """What is in both."""
        null = self.null and other.null
        if self.others and other.others:
            return Words(self.values | other.values, others=True, null=null)
        if self.others:
            return Words(other.values - self.values, null=null)
        return Words(self.values - other.values if other.others else self.values & other.values, null=null)

    def without(self, other: Words) -> Words:
        """What is not in the other."""
        rest = self.both(Words(other.values, others=not other.others, null=True))
        return Words(rest.values, rest.others, self.null and not other.null)


Values = Numbers | Words
Box = Mapping[str, Values]

ABSENT, PRESENT = Words(frozenset({False})), Words(frozenset({True}))


def everything(attribute: Attribute) -> Values:
    """All that the attribute may be."""
    if attribute.ordered:
        return Numbers(((-LARGEST, LARGEST),), attribute.nullable)
    if attribute.type == "text":
        return Words(frozenset(), others=True, null=attribute.nullable)
    known = (False, True) if attribute.type == "bool" else tuple(attribute.values)
    return Words(frozenset(known), null=attribute.nullable)


def days(first: date | None, last: date | None) -> Numbers:
    """Business days from … to, both included."""
    return Numbers(((first.toordinal() if first else -LARGEST, last.toordinal() if last else LARGEST),))


def values_of(test: Condition) -> tuple[Attribute, Values] | None:
    """The attribute that a comparison with constants limits, and to what; None for other comparisons."""
    if isinstance(test, Known):
        whole = everything(test.attribute)
        kept = whole.without(_null(whole)) if test.known else whole.both(_null(whole))  # type: ignore[arg-type]
        return test.attribute, kept
    if isinstance(test, OneOf):
        found = _listed(test.attribute, test.values)
        return test.attribute, _rest(test.attribute, found) if test.negated else found
    if isinstance(test, Test):
        return test.attribute, _compared(test)
    return None


def _null(whole: Values) -> Values:
    return Numbers((), null=True) if isinstance(whole, Numbers) else Words(frozenset(), null=True)


def _listed(attribute: Attribute, values: tuple[Constant, ...]) -> Values:
    if not attribute.ordered:
        return Words(frozenset(values))
    return Numbers(tuple((number, number) for number in sorted({attribute.whole(value) for value in values})))


def _rest(attribute: Attribute, found: Values) -> Values:
    """The other values; a comparison with null never holds."""
    whole = everything(attribute)
    return whole.without(found).without(_null(whole))  # type: ignore[arg-type]


def _compared(test: Test) -> Values:
    attribute = test.attribute
    if test.op in ("==", "!="):
        found = _listed(attribute, (test.value,))
        return found if test.op == "==" else _rest(attribute, found)
    number = attribute.whole(test.value)
    edges = {"<": (-LARGEST, number - 1), "<=": (-LARGEST, number), ">": (number + 1, LARGEST), ">=": (number, LARGEST)}
    first, last = edges[test.op]
    return Numbers(((first, last),) if first <= last else ())


def meet(one: Box, other: Box) -> Box | None:
    """What is in both boxes; None when that is nothing."""
    found = dict(one)
    for name, values in other.items():
        found[name] = found[name].both(values) if name in found else values  # type: ignore[arg-type]
        if found[name].empty:
            return None
    return found


def subtract(box: Box, other: Box, wholes: Mapping[str, Values]) -> list[Box]:
    """What of a box is outside another, as boxes that do not overlap. `wholes`: all that each attribute may be."""
    if meet(box, other) is None:
        return [box]
    rest: list[Box] = []
    inside = dict(box)
    for name, values in other.items():
        mine = inside.get(name, wholes[name])
        outside = mine.without(values)  # type: ignore[arg-type]
        if not outside.empty:
            rest.append({**inside, name: outside})
        inside[name] = mine.both(values)  # type: ignore[arg-type]
    return rest
