"""Ranking all open orders anew at once: time alone changes priorities.

Facts as columns, both rule sets over the columns, and written back is only what changed. A score or promise that moved
within its band is stored as it is; where band or block change, and where an order has no standing yet, a job assesses
the order as on entry, with both decisions on record. Some orders, drawn at random, are decided again by durable_rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

import polars as pl
import structlog
from sqlalchemy import ColumnElement, select

from app.core import clock, columns, ids, jobs
from app.core.errors import DomainError
from app.core.jobs.models import Job
from app.core.permissions import SYSTEM
from app.core.prepared import Prepared
from app.decisions.asked import asked_in_force
from app.decisions.bulk import BANDS, SUBJECT, Bulk, decide_in_bulk, gather_in_bulk, kinds_asked, there
from app.orders.models import Order
from app.priority import columns_moments, profile, service
from app.priority.album import STANDING, Album, subjects_of
from app.priority.queries import OPEN
from app.tasks import service as tasks
from app.tasks.models import NO_PROMISE

SAMPLE = 20
"""Orders of each run that durable_rules decides again."""
BATCH = 20
"""Orders that one job assesses."""
JOB = "priority.assess"
SOURCE = "priority"
log = structlog.get_logger()


@dataclass(frozen=True)
class Reranked:
    """How many orders a run looked at, moved within their band, gave to jobs, and found the engines to differ on."""

    seen: int
    moved: int
    given: int
    differing: int


def rerank(
    as_of: datetime | None = None,
    *,
    sample: int = SAMPLE,
    which: ColumnElement[bool] | None = None,
    trigger: str = "periodic",
) -> Reranked:
    """Rank open orders, all of them or those of a condition, as of the moment (now).

    Raises FactsInvalid when a fact of any order does not fit.
    """
    found = compare(as_of or clock.now(), which)
    standings = found.standings
    written = _write(standings.filter(found.moves), found.as_of, trigger)
    _write_moments(standings.filter(~found.moves & pl.col("band_was").is_not_null() & _differs("next_change_at")))
    anew = standings.filter(found.anew)["order_id"].to_list()
    assess_later(anew)
    rows = Random(ids.new_id()).sample(range(standings.height), min(sample, standings.height))
    return Reranked(standings.height, written, len(anew), sum(each.check(rows) for each in found.decided))


@dataclass(frozen=True)
class Compared:
    """Where orders stand at a moment and where they stood. `moves` and `anew` are conditions on `standings`: moved
    within their band, and to be assessed on record; none of both means that nothing differs."""

    as_of: datetime
    standings: pl.DataFrame
    decided: tuple[Bulk, Bulk, Bulk]
    moves: pl.Expr
    anew: pl.Expr


def compare(as_of: datetime, which: ColumnElement[bool] | None = None) -> Compared:
    """Reckon the open orders (of a condition) and compare with what is stored. Writes nothing. Raises FactsInvalid."""
    is_open = Order.status.in_(OPEN)
    album = Album(is_open if which is None else is_open & which, as_of, whole=which is None)
    decided = decide(album)
    same_place = ((pl.col("band") == pl.col("band_was")) & (pl.col("blocked") == pl.col("blocked_was"))).fill_null(
        value=False
    )
    alone = ~same_place | pl.col("steered") | _differs("need_score")
    differs = pl.any_horizontal(_differs("score"), _differs("ranked_score"), _differs("promise_days"))
    anew = ~same_place | (alone & differs) | _differs("need_score")
    return Compared(as_of, now_and_before(album, *decided), decided, ~alone & differs, anew)


def decide(album: Album) -> tuple[Bulk, Bulk, Bulk]:
    """Compliance gate, priority and need of the album's orders."""
    subjects = subjects_of(album)
    frames = gather_in_bulk(subjects, set().union(*map(kinds_asked, service.SETS)), album.as_of)
    gate, ranking, needed = (decide_in_bulk(name, frames, album.as_of) for name in service.SETS)
    return gate, ranking, needed


def now_and_before(album: Album, gate: Bulk, ranking: Bulk, needed: Bulk) -> pl.DataFrame:
    """Where each order stands now, and (`…_was`) where it stood: blocked, band, score, promise, need; and whether
    it is `steered` by a manual override, which only a single assessment can follow."""
    available = gate.frames.wide["stock.all_available"]
    bands = pl.Series("names", BANDS)
    band = ranking.outcome["band"].fill_null(BANDS.index(service.LOWEST_BAND))
    found = album.orders.select(
        SUBJECT, pl.col("id").alias("order_id"), "number", "requested_date", "submitted_at", "lane_days_p50"
    ).with_columns(
        (gate.outcome["blocked"] | ranking.outcome["blocked"]).alias("blocked"),
        bands.gather(band).alias("band"),
        ranking.outcome["score"].alias("score"),
        ranking.frames.wide[there("override")].alias("steered"),
        needed.outcome["score"].alias("need_score"),
        available,
    )
    found = found.with_columns(
        columns_moments.next_changes(album, asked_in_force(service.SETS)),
        promise_days=pl.when("stock.all_available").then("lane_days_p50"),
    )
    was = album.standings.rename({name: f"{name}_was" for name in STANDING})
    return found.join(was, on="order_id", how="left", maintain_order="left").with_columns(_ranked_score())


def _ranked_score() -> pl.Expr:
    """`standing.ranked_score` over columns, for orders whose band and block stay."""
    until_now = pl.col("ranked_score_was")
    far = (pl.col("score") - until_now).abs() >= profile.current().move_least
    return pl.when(far | until_now.is_null()).then("score").otherwise(until_now).alias("ranked_score")


def ranks(standings: pl.DataFrame) -> pl.Series:
    """The place of each order, 1 first; blocked ones after all others, in the order they would have."""
    ordered = standings.select(pl.arg_sort_by(_packed(), "submitted_at", "number").alias("at"))
    return ordered.with_row_index("rank", offset=1).sort("at")["rank"]


def _packed() -> pl.Expr:
    """Blocked, band, score, promise, requested date as one whole number that sorts so, ten times as fast."""
    band = pl.col("band").cast(pl.Enum(BANDS)).to_physical().cast(pl.Int64)
    packed = pl.col("blocked").cast(pl.Int64) * len(BANDS) + band
    packed = packed * 2**11 + (2**11 - 1 - pl.col("ranked_score"))
    packed = packed * 2**14 + pl.col("promise_days").fill_null(NO_PROMISE).clip(upper_bound=NO_PROMISE)
    return packed * 2**22 + pl.col("requested_date")


def _differs(name: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(f"{name}_was"))


def _write(moved: pl.DataFrame, as_of: datetime, trigger: str) -> int:
    """Two parts: by which order they are ranked, most scores that move do not change, and what a rank has indexes."""
    stays = ~pl.any_horizontal(_differs("ranked_score"), _differs("promise_days"))
    scored, placed = moved.filter(stays), moved.filter(~stays)
    written = _write_scores(placed, as_of, trigger, "ranked_score", "promise_days", promise_rank=_PROMISED)
    told = placed.filter(pl.col("order_id").is_in(written.implode())).with_columns(score="ranked_score")
    told = told.rename({"order_id": "subject_id"})
    ranked = ("subject_id", "blocked", "band", "score", "promise_days", "requested_date", "submitted_at", "number")
    tasks.rerank_in_bulk("order", told.select(ranked))
    return written.len() + _write_scores(scored, as_of, trigger).len()


_PROMISED = pl.col("promise_days").fill_null(NO_PROMISE)


def _write_scores(moved: pl.DataFrame, as_of: datetime, trigger: str, *also: str, **more: pl.Expr) -> pl.Series:
    rows = moved.select(
        "order_id",
        "score",
        *also,
        **more,
        assessed_at=pl.lit(as_of, dtype=pl.Datetime("us", "UTC")),
        was_assessed_at=columns.moment_of(pl.col("assessed_at")),
        trigger=pl.lit(trigger),
        next_change_at=columns.moment_of(pl.col("next_change_at")),
    )
    return columns.write("order_standings", rows, key="order_id", unless_changed="assessed_at")


def _write_moments(changed: pl.DataFrame) -> None:
    """When those change next that stay, or wait for a job: their time shall not have come again at once."""
    rows = changed.select("order_id", next_change_at=columns.moment_of(pl.col("next_change_at")))
    columns.write("order_standings", rows, key="order_id")


def assess_later(order_ids: Sequence[str]) -> None:
    """By jobs, unless one of an earlier run still has it before it."""
    if not order_ids:
        return
    now, waiting = clock.now(), waiting_for_jobs()
    left = [order_id for order_id in order_ids if order_id not in waiting]
    jobs.schedule(jobs.NewJob(JOB, now, SOURCE, ids.new_id(), payload={"orders": chunk}) for chunk in _chunks(left))


_WAITING = Prepared(select(Job.payload).where(Job.source_kind == SOURCE, Job.kind == JOB))


def waiting_for_jobs() -> set[str]:
    """Orders that a job has before it to assess."""
    return {one for (payload,) in _WAITING.rows({}) for one in payload["orders"]}


def _chunks(order_ids: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(order_ids), BATCH):
        yield order_ids[begin : begin + BATCH]


@jobs.handler.register(JOB)
def assess_some(job: jobs.Job) -> None:
    """Assess the orders of a job that are still open; one that cannot be assessed does not stop the others."""
    for order_id in job.payload["orders"]:
        try:
            service.assess_if_open(SYSTEM, order_id, trigger="periodic")
        except DomainError:
            log.exception("priority.not_assessed", order=order_id)


@jobs.on_exhausted.register(JOB)
def give_up(job: jobs.Job, error: str) -> None:
    """The next run finds the orders again."""
    log.error("priority.given_up", orders=job.payload["orders"], error=error)
