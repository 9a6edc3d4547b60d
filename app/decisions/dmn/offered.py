"""What an editor of tables offers for the inputs, and what is odd about the inputs and entries of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.core.i18n import _, _l, pick
from app.decisions.dmn.asking import nameable, names_in
from app.decisions.dmn.reading import TYPES
from app.decisions.dmn.table import DecisionTable, Input
from app.decisions.ir import All, Condition, Either, OneOf, Test
from app.decisions.schema import Attribute, Kind, shipped_schema

DMN_TYPES = {
    "int": "integer",
    "bool": "boolean",
    "enum": "string",
    "text": "string",
    "date": "date",
    "decimal": "number",
}
"""Types of facts as DMN names them."""
UNITS = {
    "fen": _l("in fen: 100 are 1 CNY"),
    "permille": _l("in thousandths: 10 are one per cent"),
    "day": _l("days"),
    "wday": _l("working days"),
    "hour": _l("hours"),
}
"""What a number in an entry counts: tables are written in the smallest units, as facts are kept."""


@dataclass(frozen=True)
class Oddity:
    """A table that can be stored but hardly means this: `row` and `column` from 1, `row` 0 for the column's head."""

    row: int
    column: int
    reason: str


def offered_facts() -> list[dict[str, Any]]:
    """[{"kind", "label", "facts": [{"name": "order.total_fen", "label", "search", "type", "values"}]}], in the
    reader's language; `type` is DMN's, `values` [{"name", "label"}] those of a fact that has a list of them."""
    return [
        {
            "kind": kind.name,
            "label": pick(kind.label),
            "facts": [_offered(kind, one) for one in kind.attributes.values()],
        }
        for kind in nameable().values()
    ]


def _offered(kind: Kind, one: Attribute) -> dict[str, Any]:
    return {
        "name": one.dotted,
        "label": pick(one.label) + (f" ({UNITS[one.unit]})" if one.unit in UNITS else ""),
        "search": " ".join((*kind.label.values(), *one.label.values(), one.dotted)).lower(),
        "type": DMN_TYPES[one.type],
        "values": [{"name": code, "label": pick(texts)} for code, texts in one.values.items()],
    }


def oddities_of(table: DecisionTable) -> Iterator[Oddity]:
    """What would fail when the table is asked about facts, or never hold. Variables of the process may be anything."""
    for number, column in enumerate(table.inputs, start=1):
        label = column.attribute.label["en"][:60]
        for row, reason in _odd_in(table, number, column):
            yield Oddity(row, number, _("column “%(column)s”: %(reason)s", column=label, reason=reason))


def _odd_in(table: DecisionTable, number: int, column: Input) -> Iterator[tuple[int, str]]:
    known = nameable()
    for name in names_in(column):
        if len(name.path) > 1 and (reason := _no_fact(name.path, known)):
            yield 0, reason
    fact = _fact_of(column, known)
    if fact is not None:
        yield from _misfits(table, number, column, fact)


def _no_fact(path: tuple[str, ...], known: dict[str, Kind]) -> str:
    kind, attribute = path[0], path[1]
    if kind in known and attribute not in known[kind].attributes:
        return _("there is no fact “%(fact)s”; only a variable of the process could mean it", fact=".".join(path))
    if kind in shipped_schema().kinds and kind not in known:
        return _("there may be several of “%(kind)s”: a table cannot name one of them", kind=kind)
    return ""


def _fact_of(column: Input, known: dict[str, Kind]) -> Attribute | None:
    """The fact that is the whole expression."""
    kind, _dot, name = column.expression.partition(".")
    return known[kind].attributes.get(name) if kind in known else None


def _misfits(table: DecisionTable, number: int, column: Input, fact: Attribute) -> Iterator[tuple[int, str]]:
    if TYPES[DMN_TYPES[fact.type]] != column.attribute.type:
        reason = _("“%(fact)s” is of type %(type)s", fact=fact.dotted, type=DMN_TYPES[fact.type])
        yield 0, reason
        return
    if not fact.values:
        return
    for place, row in enumerate(table.rows, start=1):
        for value in _values_in(row.conditions[number - 1]):
            if value not in fact.values:
                reason = _(
                    "“%(value)s” is no value of “%(fact)s”: %(values)s",
                    value=str(value)[:60],
                    fact=fact.dotted,
                    values=", ".join(fact.values),
                )
                yield place, reason


def _values_in(condition: Condition) -> Iterator[Any]:
    match condition:
        case OneOf(values=values):
            yield from values
        case Test(value=value):
            yield value
        case All(items=items) | Either(items=items):
            for item in items:
                yield from _values_in(item)
