"""Facts by which people and planning steer the ranking, of many orders as columns: what `facts_steering` says."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from app.core.columns import MICROS_PER_HOUR, micros
from app.decisions.bulk import SUBJECT, Subjects, facts_in_bulk
from app.priority import profile
from app.priority.album import album_of


@facts_in_bulk.register("override")
def override_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The manual overrides in force at the moment."""
    album = album_of(subjects, as_of)
    now = micros(as_of)
    found = album.orders.select(SUBJECT, pl.col("id").alias("order_id")).join(album.overrides, on="order_id")
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


def _holds(now: int) -> pl.Expr:
    begun = (pl.col("starts_at") <= now) & (pl.col("until") > now)
    return begun & (pl.col("ended_at").is_null() | (pl.col("ended_at") > now))


@facts_in_bulk.register("priority")
def priority_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """Where the orders stand; none before the first assessment."""
    album = album_of(subjects, as_of)
    rows = album.orders.select(SUBJECT, pl.col("id").alias("order_id"))
    return rows.join(album.standings, on="order_id").select(SUBJECT, "band", "score", "blocked")


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
