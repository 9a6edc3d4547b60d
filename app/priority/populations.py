"""Open orders as what drafts of rule sets are tried on: where each would stand by the ranking, or by need."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from sqlalchemy import func, select

from app.core.db import session
from app.core.i18n import _n, show_number
from app.decisions.bulk import BANDS, Frames, Subjects
from app.decisions.populations import Beside, Outcomes, Population, populations
from app.orders.models import Order
from app.orders.permissions import ORDER_EXPORT
from app.priority import bulk, need, service
from app.priority.album import Album, subjects_of
from app.priority.queries import OPEN, RANKING


@populations.register("order")
def open_orders() -> Population:
    """All that are in approval or back for rework."""
    return Population(
        counted=lambda count: _n("%(num)s open order", "%(num)s open orders", count, num=show_number(count)),
        export=ORDER_EXPORT,
        subjects=_subjects,
        labels=lambda subjects: subjects.memory["album"].orders["number"],
        endpoint="orders.show_order",
        argument="order_id",
        beside=_beside,
        place=_place,
        stamp=_stamp,
    )


def _subjects(as_of: datetime) -> Subjects:
    return subjects_of(Album(Order.status.in_(OPEN), as_of, whole=True))


def _stamp() -> str:
    """Their number, the newest of them, and how often they were written."""
    asked = select(func.count(), func.max(Order.id), func.sum(Order.version)).where(Order.status.in_(OPEN))
    return "/".join(str(one) for one in session().execute(asked).one())


def _beside(rule_set: str) -> Beside:
    """Gate and ranking say together where an order stands; either may block it."""
    if rule_set not in (service.GATE, RANKING):
        return Beside()
    return Beside(tuple({service.GATE, RANKING} - {rule_set}), frozenset({"stock"}))


def _place(rule_set: str, subjects: Subjects, frames: Frames, outcomes: Outcomes) -> pl.DataFrame | None:
    if rule_set in (service.GATE, RANKING):
        return _ranked(subjects, frames, outcomes[service.GATE], outcomes[RANKING])
    return _by_need(subjects, outcomes[rule_set]) if rule_set == need.RULE_SET else None


def _ranked(subjects: Subjects, frames: Frames, gate: pl.DataFrame, ranking: pl.DataFrame) -> pl.DataFrame:
    """As `bulk.now_and_before` ranks, by the newest score."""
    orders = subjects.memory["album"].orders
    band = ranking["band"].fill_null(BANDS.index(service.LOWEST_BAND))
    stand = orders.select("requested_date", "submitted_at", "number", "lane_days_p50").with_columns(
        blocked=gate["blocked"] | ranking["blocked"],
        band=pl.Series(BANDS).gather(band),
        score=ranking["score"],
        ranked_score=ranking["score"],
        served=frames.wide["stock.all_available"],
    )
    stand = stand.with_columns(promise_days=pl.when("served").then("lane_days_p50"))
    return _with_rank(stand, bulk.ranks(stand))


def _by_need(subjects: Subjects, outcome: pl.DataFrame) -> pl.DataFrame:
    """As the list of need: by index alone, no order is blocked in it."""
    orders = subjects.memory["album"].orders
    stand = orders.select("requested_date", "submitted_at", "number").with_columns(
        score=outcome["score"], blocked=pl.lit(value=False), band=pl.lit(None, pl.String)
    )
    by = ("score", "requested_date", "submitted_at", "number")
    at = stand.select(pl.arg_sort_by(by, descending=[True, False, False, False]).alias("at"))
    return _with_rank(stand, at.with_row_index("rank", offset=1).sort("at")["rank"])


def _with_rank(stand: pl.DataFrame, rank: pl.Series) -> pl.DataFrame:
    """A blocked order has no place."""
    return stand.with_columns(rank=rank).select(
        pl.when(~pl.col("blocked")).then("rank").alias("rank"), "band", "score", "blocked"
    )
