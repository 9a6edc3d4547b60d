"""What a decision table's input expressions come to: over the facts of the subject and the variables of the process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core.expressions import ExpressionFailed, Name, below, parse
from app.core.subject import Subject
from app.decisions.dmn.table import INPUT, DecisionTable, Input
from app.decisions.facts import Facts, FactsInvalid, fact, gather
from app.decisions.schema import SIGNAL, Kind, shipped_schema


def inputs_of(table: DecisionTable, subject: Subject, variables: Mapping[str, Any], as_of: datetime) -> Facts:
    """The one fact of a table. A name means a variable, else a kind of fact (`order.total_fen`).

    Raises FactsInvalid for an expression that fails or does not fit its column's type.
    """
    scope = {**_facts(_kinds(table) - set(variables), subject, as_of), **variables}
    return {INPUT: [{column.attribute.name: _value(column, scope) for column in table.inputs}]}


def nameable() -> dict[str, Kind]:
    """The kinds of facts that an expression can begin with: those that somebody provides, at most one per decision."""
    return {
        name: kind
        for name, kind in shipped_schema().kinds.items()
        if name != SIGNAL and kind.cardinality != "many" and name in fact
    }


def names_in(column: Input) -> list[Name]:
    """The names an input's expression asks for."""
    return [node for node in below(parse(column.expression).node) if isinstance(node, Name)]


def _kinds(table: DecisionTable) -> set[str]:
    """The kinds of facts that expressions begin with; those of which there may be several cannot be named."""
    return {name.path[0] for column in table.inputs for name in names_in(column)} & set(nameable())


def _facts(kinds: set[str], subject: Subject, as_of: datetime) -> dict[str, Any]:
    found = gather(subject, kinds, as_of)
    known = shipped_schema().kinds
    return {kind: many[0] if many else dict.fromkeys(known[kind].attributes) for kind, many in found.items()}


def _value(column: Input, scope: Mapping[str, Any]) -> Any:
    try:
        value = parse(column.expression).evaluate(scope)
    except ExpressionFailed as error:
        raise FactsInvalid(column.expression, error.sentence()) from None
    value = _as(column.attribute.type, value)
    wrong = column.attribute.whats_wrong(value)
    if wrong:
        raise FactsInvalid(column.expression, wrong)
    return value


def _as(kind: str, value: Any) -> Any:
    """Variables are JSON: whole decimals are numbers without places, dates are text."""
    if kind == "int" and isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if kind == "decimal" and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if kind == "date" and isinstance(value, datetime):
        return value.date()
    if kind == "date" and isinstance(value, str):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            return value
    return value
