"""Facts by which people and planning steer the ranking, of many orders as columns: what `facts_steering` says."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from sqlalchemy import select

from app.core.columns import MICROS_PER_HOUR, micros, read
from app.decisions.bulk import SUBJECT, Subjects, facts_in_bulk
from app.orders.models import Order
from app.priority import profile
from app.priority.album import Album, album_of
from app.priority.models import OrderOverride, OrderStanding


@facts_in_bulk.register("override")
def override_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The manual overrides in force at the moment."""
    album = album_of(subjects, as_of)
    now = micros(as_of)
    found = album.orders.select(SUBJECT, pl.col("id").alias("order_id")).join(overrides(album), on="order_id")
    return (
        found.filter(_holds(now))
        .unique(SUBJECT, keep="last", maintain_order=True)
        .select(
            SUBJECT,
            "points",
            "band",
            "reason",
            pl.col("set_by_name").alias("by"),
            ((pl.col("until") - now) // MICROS_PER_HOUR).alias("hours_left"),
        )
    )


def overrides(album: Album) -> pl.DataFrame:
    """Every manual override of the orders there ever was, the oldest first."""
    one = OrderOverride
    columns = (one.order_id, one.points, one.band, one.reason, one.set_by_name, one.starts_at, one.until, one.ended_at)
    open_ones = one.order_id.in_(select(Order.id).where(album.which))
    return read(select(*columns).where(open_ones).order_by(one.starts_at, one.id))


def _holds(now: int) -> pl.Expr:
    begun = (pl.col("starts_at") <= now) & (pl.col("until") > now)
    return begun & (pl.col("ended_at").is_null() | (pl.col("ended_at") > now))


@facts_in_bulk.register("priority")
def priority_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """Where the orders stand; none before the first assessment."""
    album = album_of(subjects, as_of)
    held = OrderStanding
    which = held.order_id.in_(select(Order.id).where(album.which))
    found = read(select(held.order_id, held.band, held.score, held.blocked).where(which))
    rows = album.orders.select(SUBJECT, pl.col("id").alias("order_id"))
    return rows.join(found, on="order_id").select(SUBJECT, "band", "score", "blocked")


@facts_in_bulk.register("quota")
@facts_in_bulk.register("commercial")
def no_columns(_subjects: Subjects, _as_of: datetime) -> pl.DataFrame:
    """None until allocation periods exist and margins are recorded."""
    return pl.DataFrame({SUBJECT: []}, schema={SUBJECT: pl.Int64})


@facts_in_bulk.register("mode")
def mode_columns(subjects: Subjects, _as_of: datetime) -> pl.DataFrame:
    """The mode of operation that holds for every order."""
    rows = pl.DataFrame({SUBJECT: range(len(subjects.ids))}, schema={SUBJECT: pl.Int64})
    return rows.with_columns(emergency=pl.lit(profile.current().emergency_mode))
