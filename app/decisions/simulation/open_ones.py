"""Everything open: both versions over the same columns of facts, and what would be other.

Facts are read once, for both versions. Places are of the scores as computed now by either version: what holds an order
in its place for a while (`standing`) is left out of both, so that only the versions differ.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import structlog

from app.decisions import queries
from app.decisions.assemble import assemble
from app.decisions.bulk import DISAGREEMENTS, Subjects, facts_in_bulk, gather_in_bulk
from app.decisions.compile import Plan
from app.decisions.engines.columns import NO_ROUTE, Columns, Decided
from app.decisions.engines.frames import Frames, facts_of, some
from app.decisions.engines.generated import Generated
from app.decisions.outcome import BANDS, Outcome
from app.decisions.populations import Outcomes, Population, populations
from app.decisions.schema import shipped_schema
from app.decisions.simulation import changes
from app.decisions.studio.overview import facts_used

SHOWN = 50
"""Movers, and orders newly blocked and unblocked, that are kept with their reasons; the others are in `moves`."""
OWN = ("score", "band", "blocked", "route", "who")
KEPT = ("rank", *OWN)
log = structlog.get_logger()


@dataclass(frozen=True)
class Gathered:
    """A population with the facts that both versions ask for, read at a moment."""

    name: str
    population: Population
    subjects: Subjects
    frames: Frames
    beside: dict[str, Plan]
    """Other rule sets in force that have a say in the ranking."""
    stamp: str


def lacking(plan: Plan) -> list[str]:
    """Facts that its rules ask for and that nobody can tell of many subjects at once: kinds, and attributes that are
    not today's any more."""
    known = shipped_schema().kinds
    missing = {kind for kind in plan.kinds if kind not in facts_in_bulk or kind not in known}
    for dotted in set().union(*(facts_used(rule) for rule in plan.rule_set.rules)):
        kind, _dot, name = dotted.partition(".")
        if kind in plan.kinds and kind not in missing:
            now, own = known[kind].attributes.get(name), plan.rule_set.schema.kinds[kind].attributes[name]
            if now is None or (now.type, list(now.values)) != (own.type, list(own.values)):
                missing.add(dotted)
    return sorted(missing)


def gather(plans: Sequence[Plan], as_of: datetime) -> Gathered | None:
    """The first population whose facts suit both versions, read; None when there is none. Raises FactsInvalid."""
    if any(plan.table is not None or lacking(plan) for plan in plans):
        return None
    rule_set = plans[0].rule_set.id
    for name in populations:
        population = populations.get(name)()
        also = population.beside(rule_set)
        beside = {other: queries.plan_of(queries.active_version(other)) for other in also.rule_sets}
        kinds = set(also.kinds).union(*(plan.kinds for plan in (*plans, *beside.values())))
        stamp = population.stamp()
        subjects = population.subjects(as_of)
        return Gathered(name, population, subjects, gather_in_bulk(subjects, kinds, as_of), beside, stamp)
    return None


@dataclass(frozen=True)
class Side:
    """One version, decided for all."""

    plan: Plan
    decided: Decided


def decide(gathered: Gathered, plan: Plan, day: date) -> Side:
    """The version over all of them."""
    return Side(plan, Columns(plan).run(gathered.frames, day))


def compare(gathered: Gathered, active: Side, draft: Side, day: date) -> tuple[dict[str, Any], bytes]:
    """What changes, to be kept: the finding, and every subject of which anything changes as Parquet."""
    beside = {name: decide(gathered, plan, day).decided.outcome for name, plan in gathered.beside.items()}
    was, now = (_stands(gathered, side, beside) for side in (active, draft))
    table = was.rename({name: f"{name}_was" for name in KEPT}).hstack(now)
    table = table.with_columns(label=gathered.population.labels(gathered.subjects), id=pl.Series(gathered.subjects.ids))
    table = table.with_row_index("row").with_columns(how=_how())
    counts = Counter(dict(table.group_by("how").len().iter_rows()))
    picture = _Picture(gathered, active, draft, day)
    found = {
        "population": gathered.name,
        "count": table.height,
        **{how: counts[how] for how in ("up", "down", "blocked", "unblocked", "room", "same", "none")},
        "ranked": table["rank"].count() + table["rank_was"].count() > 0,
        "blocks": [int(table["blocked_was"].sum()), int(table["blocked"].sum())],
        "bands": _turns(table, "band"),
        "shift": changes.bars(_shifts(table)),
        "movers": picture.rows(_biggest(table)),
        "newly_blocked": picture.rows(_first(table, "blocked", "rank_was")),
        "newly_unblocked": picture.rows(_first(table, "unblocked", "rank")),
        "routes": _turns(table, "route"),
        "who": _turns(table, "who"),
        "rules": _rules(active, draft, day),
        "differing": picture.differing,
    }
    return found, _moves(table, active, draft)


def _stands(gathered: Gathered, side: Side, beside: Outcomes) -> pl.DataFrame:
    """Place, score, band, block, route and people of each."""
    outcome, rule_set = side.decided.outcome, side.plan.rule_set
    outcomes = {**beside, rule_set.id: outcome}
    placed = gathered.population.place(rule_set.id, gathered.subjects, gathered.frames, outcomes)
    if placed is None:
        placed = outcome.select(
            pl.lit(None, pl.UInt32).alias("rank"),
            pl.Series("bands", [*BANDS]).gather(pl.Series(outcome["band"])).alias("band"),
            "score",
            "blocked",
        )
    routes = pl.Series("routes", [*rule_set.routes], dtype=pl.String)
    route = outcome["route"].cast(pl.Int64)
    named = routes.gather(route.replace(NO_ROUTE, None)) if len(routes) else pl.repeat(None, outcome.height, eager=True)
    return placed.with_columns(named.cast(pl.String).alias("route"), _who(side).alias("who")).select(KEPT)


def _who(side: Side) -> pl.Series:
    """Whom each is given to, as `changes.who_of` writes it. Few combinations of rules that ask people ever occur."""
    asking = [rule.id for rule in side.plan.rules if rule.then.assign]
    if not asking:
        return pl.repeat(changes.who_of(side.plan, ()), side.decided.fired.height, eager=True)
    fired = side.decided.fired.select(asking)
    combinations = fired.unique()
    told = [
        changes.who_of(side.plan, [rule for rule, fires in row.items() if fires])
        for row in combinations.iter_rows(named=True)
    ]
    return fired.join(combinations.with_columns(who=pl.Series(told)), on=asking, how="left", maintain_order="left")[
        "who"
    ]


def _how() -> pl.Expr:
    """What becomes of a subject: `blocked`, `unblocked`, `up`, `down` (something about itself is other), `room` (only
    others passed it or fell behind), `same` (something is other, but not its place), `none`."""
    own = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_was")) for name in OWN)
    rank, was = pl.col("rank"), pl.col("rank_was")
    return (
        pl.when(pl.col("blocked") & ~pl.col("blocked_was"))
        .then(pl.lit("blocked"))
        .when(pl.col("blocked_was") & ~pl.col("blocked"))
        .then(pl.lit("unblocked"))
        .when(own & (rank < was))
        .then(pl.lit("up"))
        .when(own & (rank > was))
        .then(pl.lit("down"))
        .when(rank != was)
        .then(pl.lit("room"))
        .when(own)
        .then(pl.lit("same"))
        .otherwise(pl.lit("none"))
    )


def _shifts(table: pl.DataFrame) -> dict[int, int]:
    shift = (pl.col("score") - pl.col("score_was")).alias("shift")
    return dict(table.select(shift).group_by("shift").len().iter_rows())


def _biggest(table: pl.DataFrame) -> pl.DataFrame:
    """Those that move most by themselves, up and down alike: by places, where there are places, else by score."""
    points = (pl.col("score") - pl.col("score_was")).abs()
    moved = table.filter(pl.col("how").is_in(["up", "down", "same"]))
    moved = moved.sort(_far(), points, "label", descending=[True, True, False]).with_row_index("at")
    half = SHOWN // 2
    ends = [moved.filter(how=how).head(half) for how in ("up", "down")]
    rest = moved.join(pl.concat(ends), on="at", how="anti", maintain_order="left").head(SHOWN - sum(map(len, ends)))
    return pl.concat([*ends, rest]).sort("at").drop("at")


def _first(table: pl.DataFrame, how: str, rank: str) -> pl.DataFrame:
    """Of those, the ones that stand or stood highest."""
    return table.filter(pl.col("how") == how).sort(rank, "label", nulls_last=True).head(SHOWN)


def _far() -> pl.Expr:
    return (pl.col("rank").cast(pl.Int64) - pl.col("rank_was").cast(pl.Int64)).abs().fill_null(0)


def _turns(table: pl.DataFrame, name: str) -> list[dict[str, Any]]:
    """How often the column became what."""
    was = f"{name}_was"
    changed = table.filter(pl.col(name).ne_missing(pl.col(was)))
    few = changed.group_by(was, name).agg(pl.len(), pl.col("id", "label").head(changes.EXAMPLES))
    turns = changes.Turns()
    for before, after, count, ids, labels in few.sort("len", was, name, descending=[True, False, False]).iter_rows():
        turns.add(before, after, [ids[0], labels[0]], count)
        turns.examples[before, after] = [list(one) for one in zip(ids, labels, strict=True)]
    return turns.told()


def _rules(active: Side, draft: Side, day: date) -> list[Any]:
    fired, before = (_counts(side.decided) for side in (draft, active))
    off = [rule.id for rule in draft.plan.rules if not rule.in_force(day)]
    return changes.rule_counts(draft.plan, fired, before, off)


def _counts(decided: Decided) -> dict[str, int]:
    if not decided.fired.width:
        return {}
    return {rule: int(count or 0) for rule, count in decided.fired.sum().row(0, named=True).items()}


class _Picture:
    """Tells of single subjects why they move: decided again by the oracle, which also checks the columns."""

    def __init__(self, gathered: Gathered, active: Side, draft: Side, day: date) -> None:
        self.gathered = gathered
        self.sides = (active, draft)
        self.engines = tuple(Generated(side.plan) for side in self.sides)
        self.day = day
        self.differing = 0

    def rows(self, table: pl.DataFrame) -> list[dict[str, Any]]:
        """The subjects of these rows with everything that a page shows of them."""
        rows = table["row"].to_list()
        few = some(self.gathered.frames, rows)
        return [self._row(few, at, row) for at, row in enumerate(table.iter_rows(named=True))]

    def _row(self, few: Frames, at: int, row: dict[str, Any]) -> dict[str, Any]:
        before, after = (self._outcome(few, at, row["row"], side) for side in (0, 1))
        return {
            "id": row["id"],
            "label": row["label"],
            "how": row["how"],
            **{name: [row[f"{name}_was"], row[name]] for name in ("rank", "band", "score", "blocked", "route")},
            "why": changes.steps(before, after, self.sides[0].plan, self.sides[1].plan),
            "blocks": changes.blocks(after if row["blocked"] else before),
        }

    def _outcome(self, few: Frames, at: int, row: int, side: int) -> Outcome:
        plan = self.sides[side].plan
        facts = facts_of(few, at, plan.kinds, shipped_schema())
        found = assemble(plan, self.engines[side].run(facts, self.day), facts)
        said = self.sides[side].decided.outcome.row(row, named=True)
        if (said["score"], said["blocked"]) != (found.score, bool(found.blocks)):
            self.differing += 1
            DISAGREEMENTS.inc()
            log.error("decisions.columns_differ", rule_set=plan.rule_set.id, row=row, said=said, expected=found.fired)
        return found


def _moves(table: pl.DataFrame, active: Side, draft: Side) -> bytes:
    """Every subject of which anything changes, with the rules that fire in one version only."""
    moved = table.filter(pl.col("how") != "none")
    rows = moved["row"]
    was, now = (side.decided.fired[rows] for side in (active, draft))
    moved = moved.with_columns(gained=_only(now, was), lost=_only(was, now))
    ordered = moved.sort(_far(), "label", descending=[True, False]).drop("row")
    held = io.BytesIO()
    ordered.write_parquet(held, compression="zstd")
    return held.getvalue()


def _only(here: pl.DataFrame, there: pl.DataFrame) -> pl.Series:
    """The rules that fire here and not there, with spaces between."""
    names = [
        pl.when(here[rule] & ~there[rule] if rule in there.columns else here[rule]).then(pl.lit(rule))
        for rule in here.columns
    ]
    if not names or not here.height:
        return pl.repeat("", here.height, eager=True)
    return pl.select(pl.concat_str(names, separator=" ", ignore_nulls=True).alias("rules"))["rules"]


def moves_of(stored: bytes) -> pl.DataFrame:
    """The subjects that a simulation kept, those that move farthest first."""
    return pl.read_parquet(io.BytesIO(stored))
