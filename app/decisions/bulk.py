"""Facts of many subjects at once: from providers that other slices register beside those of `facts`.

    @facts_in_bulk.register("stock")
    def stock_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame: ...

A provider answers a column `subject` (the row of the subject), and one per attribute; attributes it leaves out take
their default. It says exactly what the provider of single facts says, with a number of statements that does not grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from app.core.i18n import _
from app.core.registry import Registry
from app.decisions.engines.frames import ROWS, SUBJECT, Frames, there, type_of
from app.decisions.facts import FactsInvalid
from app.decisions.schema import SIGNAL, Attribute, FactSchema, Kind, shipped_schema


@dataclass(frozen=True)
class Subjects:
    """Subjects of one kind, by their ids in the order of rows; `memory` is for what providers read in common."""

    kind: str
    ids: list[str]
    memory: dict[str, Any] = field(default_factory=dict)


__all__ = ["ROWS", "SUBJECT", "Frames", "Provider", "Subjects", "facts_in_bulk", "gather_in_bulk"]

Provider = Callable[[Subjects, datetime], pl.DataFrame]
facts_in_bulk: Registry[Provider] = Registry("provider of facts in bulk")


def gather_in_bulk(
    subjects: Subjects, kinds: Iterable[str], as_of: datetime, schema: FactSchema | None = None
) -> Frames:
    """The facts of those kinds as columns. Raises FactsInvalid; a missing fact never counts as harmless."""
    known = schema or shipped_schema()
    rows = pl.DataFrame({SUBJECT: pl.int_range(len(subjects.ids), dtype=ROWS, eager=True)})
    wide, many = rows, {}
    for name in sorted(set(kinds) - {SIGNAL}):
        if name not in facts_in_bulk:
            raise FactsInvalid(name, _("has no provider"))
        kind = known.kinds[name]
        found = _whole(kind, facts_in_bulk.get(name)(subjects, as_of))
        if kind.cardinality == "many":
            many[name] = found.sort(SUBJECT, f"{name}.{kind.key}")
            continue
        found = found.with_columns(pl.lit(value=True).alias(there(name)))
        held = rows.join(found, on=SUBJECT, how="left", maintain_order="left")
        if held.height > rows.height or (kind.cardinality == "one" and held[there(name)].null_count()):
            raise FactsInvalid(name, _("is missing"))
        wide = wide.hstack(held.drop(SUBJECT).with_columns(pl.col(there(name)).fill_null(value=False)))
    return Frames(len(subjects.ids), wide.drop(SUBJECT), many)


def _whole(kind: Kind, given: pl.DataFrame) -> pl.DataFrame:
    """Every attribute under its full name and type, defaults filled in. Raises FactsInvalid."""
    for name in given.columns:
        if name != SUBJECT and name not in kind.attributes:
            raise FactsInvalid(f"{kind.name}.{name}", _("is not in the fact schema"))
    found = given.select(pl.col(SUBJECT).cast(ROWS), *(_attribute(one, given) for one in kind.attributes.values()))
    for one in kind.attributes.values():
        if not one.nullable and found[one.dotted].null_count():
            raise FactsInvalid(one.dotted, _("must not be empty"))
    return found


def _attribute(attribute: Attribute, given: pl.DataFrame) -> pl.Expr:
    if attribute.name in given.columns:
        return pl.col(attribute.name).cast(type_of(attribute)).alias(attribute.dotted)
    if not attribute.has_default:
        raise FactsInvalid(attribute.dotted, _("is missing"))
    default = attribute.default
    whole = default if default is None or attribute.type in ("bool", "enum", "text") else attribute.whole(default)
    return pl.lit(whole, dtype=type_of(attribute)).alias(attribute.dotted)
