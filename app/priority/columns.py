"""Facts of many orders as columns: the order itself, its customer, papers. Says what `facts` says of each alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app.core import clock
from app.core.columns import EPOCH, MICROS_PER_HOUR, micros
from app.core.workdays import until_in_bulk
from app.decisions.bulk import SUBJECT, Subjects, facts_in_bulk
from app.priority import columns_goods as columns_goods
from app.priority import columns_steering as columns_steering
from app.priority import profile
from app.priority.album import Album, album_of

PENALTY_PLACES = 100 * 10**3
"""A stored percentage has three places."""


def local(moment: pl.Expr) -> pl.Expr:
    """Microseconds in UTC as date and time in the business zone."""
    return (
        moment.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(str(clock.BUSINESS_ZONE)).dt.replace_time_zone(None)
    )


@dataclass(frozen=True)
class Waited:
    """Of each order of an album: its submission's `day` (number) and `time` (microseconds) on clocks of the business
    zone, and the working `days` since then, `facts.working_days`."""

    day: pl.Series
    time: pl.Series
    days: pl.Series


def waited(album: Album) -> Waited:
    """How long the orders of the album wait, counted once."""
    if _WAITED not in album.__dict__:
        album.__dict__[_WAITED] = _waited(album)
    found: Waited = album.__dict__[_WAITED]
    return found


def _waited(album: Album) -> Waited:
    first, last = album.orders.select(local(pl.col("submitted_at"))).to_series(), clock.local(album.as_of)
    day = first.dt.date().to_physical().cast(pl.Int64) + EPOCH
    later = first.dt.time() > last.time()
    whole = (last.date().toordinal() - day - later.cast(pl.Int64)).clip(0)
    return Waited(day, first.dt.time().to_physical() // 1000, until_in_bulk(day + whole) - until_in_bulk(day))


_WAITED = "waited"


@facts_in_bulk.register("order")
def order_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The orders as a whole."""
    album = album_of(subjects, as_of)
    counts = album.lines.group_by(SUBJECT).agg(pl.len().cast(pl.Int64).alias("line_count"))
    days = pl.col("requested_date") - album.today
    return album.orders.join(counts, on=SUBJECT, how="left", maintain_order="left").select(
        SUBJECT,
        "number",
        "channel",
        "order_type",
        pl.col("line_count").fill_null(0),
        pl.col("total").alias("total_fen"),
        ((pl.col("surgery_at") - micros(as_of)) // MICROS_PER_HOUR).alias("hours_to_surgery"),
        days.alias("days_to_requested"),
        (days - pl.col("lane_days_p50")).alias("slack_days"),
        waited(album).days.alias("waiting_wdays"),
        _given("hospital_po").alias("po_present"),
    )


def _given(name: str) -> pl.Expr:
    return (pl.col(name).is_not_null() & (pl.col(name) != "")).fill_null(value=False)


@facts_in_bulk.register("customer")
def customer_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The customers who ordered."""
    album = album_of(subjects, as_of)
    longest = album.licences.group_by("customer_id").agg(
        _in_force(album).any().alias("licence_valid"),
        (pl.col("valid_to").max() - album.today).alias("licence_days_left"),
    )
    name_en = pl.when(_given("name_en")).then("name_en").otherwise("name")
    return album.orders.join(longest, on="customer_id", how="left").select(
        SUBJECT,
        "code",
        "name",
        name_en.alias("name_en"),
        "kind",
        "tier",
        pl.col("customer_status").alias("status"),
        pl.col("licence_valid").fill_null(value=False),
        "licence_days_left",
        "cold_capable",
    )


def _in_force(album: Album) -> pl.Expr:
    return pl.lit(album.today).is_between(pl.col("valid_from"), pl.col("valid_to"))


@facts_in_bulk.register("credit")
def credit_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """How the customers stand with their debts, the order included."""
    over = pl.col("credit_used") + pl.col("total") - pl.col("credit_limit")
    return album_of(subjects, as_of).orders.select(SUBJECT, "overdue_days", over.alias("over_limit_fen"), "prepaid")


def _contract_holds() -> pl.Expr:
    ours = (pl.col("contract_status") == "active") & (pl.col("contract_customer") == pl.col("customer_id"))
    return (ours & pl.col("contract_valid")).fill_null(value=False)


@facts_in_bulk.register("contract")
def contract_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The contracts the orders name, those in force."""
    album = album_of(subjects, as_of)
    penalty = pl.col("total") * pl.col("penalty_pct_day").fill_null(0)
    return album.orders.filter(_contract_holds()).select(
        SUBJECT,
        pl.col("contract_number").alias("number"),
        "sla_hours",
        ((2 * penalty + PENALTY_PLACES) // (2 * PENALTY_PLACES)).alias("penalty_fen_per_day"),
        (pl.col("penalty_pct_day").fill_null(0) // 100).alias("penalty_permille_per_day"),
        (pl.col("contract_to") - album.today).alias("days_left"),
    )


def named_awards(album: Album) -> pl.DataFrame:
    """The awards that orders name, and whether they are in force for the customer."""
    found = album.orders.join(album.awards, on="tender_award_number")
    ours = pl.col("award_customer").is_null() | (pl.col("award_customer") == pl.col("customer_id"))
    here = pl.col("award_region").is_null() | (pl.col("award_region") == pl.col("region_code"))
    return found.with_columns(valid=_in_force(album) & ours & here)


@facts_in_bulk.register("award")
def award_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The tender awards the orders name."""
    album = album_of(subjects, as_of)
    found = named_awards(album)
    ordered = album.lines.group_by(SUBJECT, "product_id").agg(pl.col("quantity").sum())
    left = (
        found.select(SUBJECT, "award_id")
        .join(ordered, on=SUBJECT)
        .join(album.award_lines, on=["award_id", "product_id"])
        .group_by(SUBJECT)
        .agg((pl.col("committed_qty") - pl.col("consumed_qty") - pl.col("quantity")).sum().alias("remaining_quantity"))
    )
    length = (pl.col("valid_to") - pl.col("valid_from") + 1).clip(1)
    elapsed = pl.min_horizontal((album.today - pl.col("valid_from")).clip(0), length)
    committed, consumed = pl.col("committed_qty"), pl.col("consumed_qty")
    return found.join(left, on=SUBJECT, how="left").select(
        SUBJECT,
        pl.col("tender_award_number").alias("number"),
        "valid",
        (pl.col("valid_to") - album.today).alias("days_left"),
        pl.col("remaining_quantity").fill_null(0),
        ((committed > 0) & (consumed * length < committed * elapsed)).alias("behind_plan"),
    )


def named_authorisations(album: Album) -> pl.DataFrame:
    """The authorisations that orders name."""
    named = album.authorisations.rename({"number": "authorisation_number"})
    return album.orders.join(named, on="authorisation_number")


@facts_in_bulk.register("authorisation")
def authorisation_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """The authorisations the orders name."""
    album = album_of(subjects, as_of)
    granted = (pl.col("grantee") == pl.col("customer_id")).fill_null(value=False)
    return named_authorisations(album).select(
        SUBJECT,
        pl.col("authorisation_number").alias("number"),
        (_in_force(album) & granted).alias("valid"),
        (pl.col("valid_to") - album.today).alias("days_left"),
    )


@facts_in_bulk.register("compliance")
def compliance_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """Papers over all lines."""
    album = album_of(subjects, as_of)
    ours = bool(album.licences.filter(pl.col("customer_id").is_null()).select(_in_force(album).any()).item())
    theirs = album.licences.filter(_in_force(album)).select("customer_id", licensed=True).unique()
    days = pl.col("registered_to") - album.today
    lines = (
        columns_goods.papers(album)
        .group_by(SUBJECT)
        .agg(
            pl.when(days.null_count() == 0).then(days.min()).alias("registration_days_left"),
            pl.all_horizontal(
                days.ge(0).fill_null(value=False), "region_authorised", "in_customer_scope", "in_our_scope"
            )
            .all()
            .alias("lines_valid"),
        )
    )
    found = missing_papers(album).join(lines, on=SUBJECT, how="left").join(theirs, on="customer_id", how="left")
    complete = (pl.col("documents_missing") == 0) & pl.col("licensed").fill_null(value=False) & pl.lit(ours)
    return found.select(
        SUBJECT,
        "documents_missing",
        (complete & pl.col("lines_valid").fill_null(value=True)).alias("documents_complete"),
        "registration_days_left",
        pl.lit(ours).alias("our_licence_valid"),
    )


def missing_papers(album: Album) -> pl.DataFrame:
    """How many of the papers that channel and order type demand are not there."""
    awarded = named_awards(album).filter("valid").select(SUBJECT, has_award=True)
    authorised = named_authorisations(album).select(SUBJECT, has_authorisation=True)
    found = album.orders.join(awarded, on=SUBJECT, how="left").join(authorised, on=SUBJECT, how="left")
    present = {
        "award": pl.col("has_award").fill_null(value=False),
        "authorisation": pl.col("has_authorisation").fill_null(value=False),
        "contract": _contract_holds(),
        "hospital_po": _given("hospital_po"),
    }
    rules = profile.current()
    missing = [
        (
            _demanded(name, rules.channel_documents, "channel")
            | _demanded(name, rules.order_type_documents, "order_type")
        )
        & ~there
        for name, there in present.items()
    ]
    return found.with_columns(documents_missing=pl.sum_horizontal(one.cast(pl.Int64) for one in missing))


def _demanded(name: str, documents: Mapping[str, list[str]], column: str) -> pl.Expr:
    return pl.col(column).is_in([value for value, wanted in documents.items() if name in wanted])


@facts_in_bulk.register("region")
def region_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """Where the goods go."""
    album = album_of(subjects, as_of)
    unauthorised = (
        columns_goods.papers(album)
        .group_by(SUBJECT)
        .agg((~pl.col("region_authorised")).cast(pl.Int64).sum().alias("unauthorised_lines"))
    )
    return album.orders.join(unauthorised, on=SUBJECT, how="left").select(
        SUBJECT,
        pl.col("region_code").alias("code"),
        "lane_days_p50",
        "lane_days_p95",
        "cold_lane",
        pl.col("unauthorised_lines").fill_null(0),
        "local_warehouse",
    )
