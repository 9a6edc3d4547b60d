"""Facts of many subjects at once: from providers that other slices register beside those of `facts`.

    @facts_in_bulk.register("stock")
    def stock_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame: ...

A provider answers a column `subject` (the row of the subject), and one per attribute; attributes it leaves out take
their default. It says exactly what the provider of single facts says, with a number of statements that does not grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
import structlog

from app.core import metrics
from app.core.i18n import _
from app.core.registry import Registry
from app.decisions import service
from app.decisions.assemble import assemble
from app.decisions.engines import Firing
from app.decisions.engines.columns import Decided
from app.decisions.engines.frames import ROWS, SUBJECT, Frames, facts_of, there, type_of
from app.decisions.facts import FactsInvalid
from app.decisions.outcome import BANDS
from app.decisions.runtime import Ready
from app.decisions.schema import SIGNAL, Attribute, FactSchema, Kind, shipped_schema

log = structlog.get_logger()
DISAGREEMENTS = metrics.counter(
    "youxu_decisions_disagreements_total", "Decisions on which two engines differ: must stay 0"
)


@dataclass(frozen=True)
class Subjects:
    """Subjects of one kind, by their ids in the order of rows; `memory` is for what providers read in common."""

    kind: str
    ids: list[str]
    memory: dict[str, Any] = field(default_factory=dict)


__all__ = [
    "BANDS",
    "ROWS",
    "SUBJECT",
    "Bulk",
    "Frames",
    "Provider",
    "Subjects",
    "decide_in_bulk",
    "facts_in_bulk",
    "gather_in_bulk",
    "kinds_asked",
    "there",
]

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
    if not given.height:  # no fact at all needs no attributes
        return pl.lit(None, dtype=type_of(attribute)).alias(attribute.dotted)
    if not attribute.has_default:
        raise FactsInvalid(attribute.dotted, _("is missing"))
    default = attribute.default
    whole = default if default is None or attribute.type in ("bool", "enum", "text") else attribute.whole(default)
    return pl.lit(whole, dtype=type_of(attribute)).alias(attribute.dotted)


@dataclass(frozen=True)
class Bulk:
    """A rule set decided for many subjects at a moment, storing nothing."""

    ready: Ready
    frames: Frames
    decided: Decided
    day: date

    @property
    def outcome(self) -> pl.DataFrame:
        """`Decided.outcome`."""
        return self.decided.outcome

    def firings(self, row: int) -> list[Firing]:
        """What fired for one subject."""
        return self.decided.firings(row)

    def check(self, rows: Iterable[int]) -> int:
        """Decide these subjects again with durable_rules; answers how many differ, each told as an error."""
        differing = 0
        plan = self.ready.plan
        for row in rows:
            facts = facts_of(self.frames, row, plan.kinds, plan.rule_set.schema)
            firings, engine = self.ready.run(facts, self.day)
            expected = assemble(plan, firings, facts)
            said = self.outcome.row(row, named=True)
            same = self.firings(row) == firings and (said["score"], said["blocked"]) == (
                expected.score,
                bool(expected.blocks),
            )
            if same and expected.band in (None, *BANDS[said["band"] or 0 :][:1]) and engine == "durable":
                continue
            differing += 1
            DISAGREEMENTS.inc()
            log.error("decisions.columns_differ", rule_set=plan.rule_set.id, row=row, said=said, expected=firings)
        return differing


def kinds_asked(rule_set: str) -> frozenset[str]:
    """Kinds of facts that the version in force needs. Raises NoSuchRuleSet."""
    return service.in_force(rule_set)[0].plan.kinds


def decide_in_bulk(rule_set: str, frames: Frames, as_of: datetime) -> Bulk:
    """Decide with the version in force. Raises NoSuchRuleSet, RuleSetNotInForce."""
    ready, _number = service.in_force(rule_set)
    day = service.day_in_force(ready, as_of)
    return Bulk(ready, frames, ready.columns.run(frames, day), day)
