"""A decision table: its rules as a rule set over one kind of fact (the inputs), outputs from the rules that fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core import jsontext
from app.core.errors import DomainError
from app.core.i18n import _l
from app.decisions.ir import All, Condition, Pattern, Rule, RuleSet, Then
from app.decisions.outcome import Texts
from app.decisions.schema import Attribute, FactSchema, Kind

INPUT = "input"
"""The one kind of fact: what the input expressions came to, `c1`, `c2`, …"""
SEVERAL = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")
"""Hit policies that answer a list."""

Result = Any
"""Outputs by name; a list of them under COLLECT and the ORDER policies; a number when they are aggregated; None when no
rule fired and there is no default."""


class HitPolicyBroken(DomainError):
    """More rules hold than the table's hit policy allows."""

    message = _l("Decision table “%(table)s”: rules %(rules)s hold at once, which its hit policy %(policy)s forbids.")


@dataclass(frozen=True)
class Input:
    """A column that is asked: the expression as written, over facts (`order.total_fen`) and variables."""

    attribute: Attribute
    expression: str
    line: int


@dataclass(frozen=True)
class Output:
    """A column that is answered. `values` are in the order of priority, if the table lists them."""

    name: str
    label: str
    type: str
    values: tuple[Any, ...]
    default: Any


@dataclass(frozen=True)
class Row:
    """A rule of the table: one condition per input, one value per output."""

    id: str
    conditions: tuple[Condition, ...]
    entries: tuple[str, ...]
    """The conditions as written."""
    outputs: tuple[Any, ...]
    note: str
    line: int


@dataclass(frozen=True)
class DecisionTable:
    """A whole table. `aggregate` is "", "+", "<", ">" or "#"."""

    id: str
    name: str
    policy: str
    aggregate: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rows: tuple[Row, ...]
    sha256: str

    @property
    def schema(self) -> FactSchema:
        """The facts that its rules ask: one of them, with an attribute per input."""
        both = _both(self.name)
        kind = Kind(INPUT, "one", "", both, "", {one.attribute.name: one.attribute for one in self.inputs})
        return FactSchema({INPUT: kind}, self.sha256, "")

    def rule_set(self) -> RuleSet:
        """The table as rules, in its order; they do nothing but fire."""
        return RuleSet(
            id=self.id,
            name=_both(self.name),
            note=_both(self.name),
            owner="designer",
            valid_from=None,
            valid_to=None,
            parameters={},
            factors=(),
            bands=(),
            routes=(),
            route_policy="first",
            default_route=None,
            blocked_route=None,
            views=(),
            rules=tuple(_rule(row) for row in self.rows),
            schema=self.schema,
            sha256=self.sha256,
        )

    def result(self, fired: list[str]) -> Result:
        """The answer of the rules that fired, in the order of the table. Raises HitPolicyBroken."""
        places = {row.id: row.outputs for row in self.rows}
        found = [places[name] for name in fired]
        if self.policy in SEVERAL:
            return self._several(found)
        if not found:
            return self._default()
        if self.policy == "PRIORITY":
            return self._named(min(found, key=self._priority))
        distinct = {jsontext.canonical(_plain(one)) for one in found}
        if (self.policy == "UNIQUE" and len(found) > 1) or (self.policy == "ANY" and len(distinct) > 1):
            raise HitPolicyBroken(table=self.id, rules=", ".join(fired), policy=self.policy)
        return self._named(found[0])

    def _several(self, found: list[tuple[Any, ...]]) -> Result:
        if self.aggregate:
            return self._aggregated([one[0] for one in found])
        if self.policy == "OUTPUT ORDER":
            found = sorted(found, key=self._priority)
        return [self._named(one) for one in found]

    def _aggregated(self, values: list[Any]) -> Result:
        if self.aggregate == "#":
            return len(values)
        known = [value for value in values if value is not None]
        if not known:
            return None
        functions: dict[str, Callable[[list[Any]], Any]] = {"+": sum, "<": min, ">": max}
        return functions[self.aggregate](known)

    def _priority(self, outputs: tuple[Any, ...]) -> tuple[int, ...]:
        pairs = zip(self.outputs, outputs, strict=True)
        return tuple(column.values.index(value) for column, value in pairs if column.values)

    def _named(self, outputs: tuple[Any, ...]) -> dict[str, Any]:
        return {column.name: value for column, value in zip(self.outputs, outputs, strict=True)}

    def _default(self) -> dict[str, Any] | None:
        defaults = {column.name: column.default for column in self.outputs}
        return defaults if any(value is not None for value in defaults.values()) else None


def _rule(row: Row) -> Rule:
    asked = tuple(condition for condition in row.conditions if condition != All(()))
    condition = asked[0] if len(asked) == 1 else All(asked)
    text = _both(row.note or row.id)
    return Rule(
        id=row.id,
        name=_both(row.id),
        owner="designer",
        branches=((Pattern(INPUT, condition, negated=False, line=row.line),),),
        then=Then(tags=(row.id,)),
        reason={language: (words,) for language, words in text.items()},
        line=row.line,
        any_of=False,
    )


def _both(text: str) -> Texts:
    return {"en": text, "zh": text}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return format(value.normalize(), "f") if isinstance(value, Decimal) else jsontext.plain(value)
