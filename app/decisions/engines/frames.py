"""Facts of many subjects as columns: what `columns` decides on.

One row per subject for the kinds that a subject has at most once: columns `kind.attribute`, and `kind?` that says
whether it has it at all. One frame per `many` kind: a row per fact, with `subject` (its subject's row) and its key.
Whole numbers are Int64, decimals whole numbers in their smallest unit, dates day numbers, enums and texts themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from app.decisions.compile import Plan
from app.decisions.facts import Facts
from app.decisions.schema import SIGNAL, Attribute, FactSchema, Kind

SUBJECT = "subject"
ROWS = pl.UInt32


def type_of(attribute: Attribute) -> pl.DataType:
    """The type of an attribute's column."""
    match attribute.type:
        case "bool":
            return pl.Boolean()
        case "enum":
            return pl.Enum(list(attribute.values))
        case "text":
            return pl.String()
    return pl.Int64()


def there(kind: str) -> str:
    """The column that says whether a subject has the fact."""
    return f"{kind}?"


@dataclass(frozen=True)
class Frames:
    """The facts of `count` subjects."""

    count: int
    wide: pl.DataFrame
    many: dict[str, pl.DataFrame] = field(default_factory=dict)


def frames_of(given: Sequence[Facts], plan: Plan) -> Frames:
    """Facts as columns, all attributes of the kinds a plan asks for. For samples and tests: it goes one by one."""
    kinds = [plan.rule_set.schema.kinds[kind] for kind in sorted(plan.kinds)]
    once: list[pl.Series] = []
    many: dict[str, pl.DataFrame] = {}
    for kind in kinds:
        if kind.cardinality == "many":
            rows = [(row, fact) for row, facts in enumerate(given) for fact in facts.get(kind.name, ())]
            subjects = pl.Series(SUBJECT, [row for row, _fact in rows], dtype=ROWS)
            many[kind.name] = pl.DataFrame([subjects, *_columns(kind, [fact for _row, fact in rows])])
        else:
            facts_of_kind = [next(iter(facts.get(kind.name, ())), None) for facts in given]
            once.append(pl.Series(there(kind.name), [fact is not None for fact in facts_of_kind], dtype=pl.Boolean))
            once += _columns(kind, facts_of_kind)
    return Frames(len(given), pl.DataFrame(once), many)


def _columns(kind: Kind, facts: Sequence[dict[str, Any] | None]) -> list[pl.Series]:
    found = []
    for name, attribute in kind.attributes.items():
        values = [None if fact is None or fact[name] is None else _value(attribute, fact[name]) for fact in facts]
        found.append(pl.Series(attribute.dotted, values, dtype=type_of(attribute)))
    return found


def _value(attribute: Attribute, value: Any) -> Any:
    return attribute.whole(value) if attribute.type in ("date", "decimal") else value


def facts_of(frames: Frames, row: int, kinds: frozenset[str], schema: FactSchema) -> Facts:
    """The facts of one subject, as the providers of single facts give them."""
    found: Facts = {}
    (values,) = frames.wide.slice(row, 1).to_dicts()
    for name in sorted(kinds - {SIGNAL}):
        kind = schema.kinds[name]
        if kind.cardinality == "many":
            rows = frames.many[name].filter(pl.col(SUBJECT) == row).sort(f"{name}.{kind.key}").to_dicts()
        else:
            rows = [values] if values.get(there(name), True) else []
        found[name] = [{at: _plain(one, each[one.dotted]) for at, one in kind.attributes.items()} for each in rows]
    return found


def some(frames: Frames, rows: Sequence[int]) -> Frames:
    """The facts of a few subjects, counted anew in that order."""
    places = pl.DataFrame({SUBJECT: pl.Series(rows, dtype=ROWS), "place": pl.Series(range(len(rows)), dtype=ROWS)})
    many = {
        kind: frame.join(places, on=SUBJECT).drop(SUBJECT).rename({"place": SUBJECT}).sort(SUBJECT)
        for kind, frame in frames.many.items()
    }
    return Frames(len(rows), frames.wide[list(rows)], many)


def _plain(attribute: Attribute, value: Any) -> Any:
    return attribute.value_of(value) if attribute.type in ("date", "decimal") and value is not None else value
