"""When time alone may change next what the rules say of many orders, as a column: what `moments` says of each alone."""

from __future__ import annotations

from datetime import date

import polars as pl

from app.core import clock
from app.core.columns import EPOCH, MICROS_PER_HOUR, micros
from app.core.workdays import nth_in_bulk, until_in_bulk
from app.decisions.asked import Asked
from app.decisions.bulk import SUBJECT
from app.priority import columns, moments, profile
from app.priority.album import Album, listed

MICROS_PER_DAY = 24 * MICROS_PER_HOUR
NEVER = pl.lit(None, dtype=pl.Int64)
GOODS = ("product_id", "customer_id", "required", "region_code", "lane_days_p50", "registered_to")


def next_changes(album: Album, asked: Asked) -> pl.Series:
    """`moments.next_change` of each order of the album, in microseconds; null: never."""
    found = _surrounded(album, asked).with_columns(_hours_left(album))
    days, moments_ = _own_days(album, asked), _own_moments(album, asked)
    told = found.select(
        *(day.alias(f"due_own_{number}") for number, day in enumerate(days)),
        *(moment.alias(f"at_own_{number}") for number, moment in enumerate(moments_)),
        pl.col("^(due|at)_.*$"),
    )
    rules = [day.toordinal() for day in asked.days]
    told = told.with_columns(due_rules=pl.lit(min((day for day in rules if day > album.today), default=None), pl.Int64))
    first = pl.min_horizontal(NEVER, _later(pl.col("^due_.*$"), album.today))
    at = pl.min_horizontal(NEVER, _later(pl.col("^at_.*$"), micros(album.as_of)))
    both = told.select(midnight=_moment(first * MICROS_PER_DAY), at=at)
    return both.select(pl.min_horizontal("midnight", "at").alias("next_change_at")).to_series()


def _hours_left(album: Album) -> pl.Expr:
    """What is compared with step after step, counted once."""
    return ((pl.col("surgery_at") - micros(album.as_of)) // MICROS_PER_HOUR).alias("hours_left")


def _later(value: pl.Expr, than: int) -> pl.Expr:
    return pl.when(value > than).then(value)


def _moment(local: pl.Expr) -> pl.Expr:
    """Microseconds since day number 0 on clocks of the business zone as microseconds since 1970 in UTC."""
    naive = (local - EPOCH * MICROS_PER_DAY).cast(pl.Datetime("us"))
    there = naive.dt.replace_time_zone(str(clock.BUSINESS_ZONE), ambiguous="earliest", non_existent="null")
    return there.dt.convert_time_zone("UTC").to_physical()


def _below(asked: Asked, kind: str, name: str, value: pl.Expr) -> pl.Expr:
    """`Asked.step_below`."""
    steps = asked.steps(kind, name)
    if steps is None:
        return value
    return pl.max_horizontal(NEVER, *(pl.when(value >= step).then(step) for step in steps))


def _above(asked: Asked, kind: str, name: str, value: pl.Expr) -> pl.Expr:
    """`Asked.step_above`."""
    steps = asked.steps(kind, name)
    if steps is None:
        return value + 1
    return pl.min_horizontal(NEVER, *(pl.when(value < step).then(step) for step in steps))


def _falls(album: Album, asked: Asked, name: str, end: pl.Expr) -> list[pl.Expr]:
    """The day on which a number of days until `end` is below its next step; nothing where nobody asks for it."""
    kind, _dot, attribute = name.partition(".")
    return [end - _below(asked, kind, attribute, end - album.today) + 1] if asked.asks(name) else []


def _own_days(album: Album, asked: Asked) -> list[pl.Expr]:
    """Days that the rows of orders tell of by themselves."""
    requested, lane, rules = pl.col("requested_date"), pl.col("lane_days_p50"), profile.current()
    days = [
        *_falls(album, asked, "order.days_to_requested", requested),
        *_falls(album, asked, "order.slack_days", requested - lane),
        *_falls(album, asked, "contract.days_left", pl.col("contract_to")),
    ]
    contract = [pl.col("contract_from"), pl.col("contract_to") + 1]
    if "contract" in asked.kinds or asked.asks(*moments.CONTRACT):
        days += contract
    if asked.asks(*moments.LOTS):
        days += [pl.when(pl.col("contract_days") > 0).then(day - lane) for day in contract]
    if asked.asks("transport.slow_lane_breaks_date"):
        days.append(requested - pl.col("lane_days_p95") + 1)
    if asked.asks("qc.slack_below_test_time"):
        days.append(requested - lane - rules.full_test_days + 1)
    return days


def _own_moments(album: Album, asked: Asked) -> list[pl.Expr]:
    found = []
    if asked.asks("order.hours_to_surgery"):
        found.append(_hours_below(asked, "order", "hours_to_surgery", pl.col("surgery_at")))
    if asked.asks("order.waiting_wdays"):
        found.append(_moment(pl.lit(_waited(album, asked))))
    return found


def _hours_below(asked: Asked, kind: str, name: str, end: pl.Expr) -> pl.Expr:
    return end - _below(asked, kind, name, pl.col("hours_left")) * MICROS_PER_HOUR + 1


def _waited(album: Album, asked: Asked) -> pl.Series:
    """When each order will have waited as many working days as its next step, on clocks of the business zone."""
    waits = columns.waited(album)
    step = pl.select(_above(asked, "order", "waiting_wdays", pl.lit(waits.days))).to_series()
    return nth_in_bulk(until_in_bulk(waits.day) + step) * MICROS_PER_DAY + waits.time


def _surrounded(album: Album, asked: Asked) -> pl.DataFrame:
    """The orders with what their papers, lots and overrides tell: days in `due_…`, moments in `at_…`."""
    found = album.orders
    frames = [_of_lines(album, asked)]
    if "override" in asked.kinds:
        frames.append(_of_overrides(album, asked))
    for frame in frames:
        found = found.join(frame, on=SUBJECT, how="left", maintain_order="left")
    if asked.asks(*moments.CUSTOMER_LICENCES, "customer.licence_days_left"):
        found = found.join(_of_licences(album, asked), on="customer_id", how="left", maintain_order="left")
    if asked.asks("authorisation.valid", "authorisation.days_left"):
        named = album.authorisations.select(
            *_named(_falls(album, asked, "authorisation.days_left", pl.col("valid_to")), "authorised"),
            authorisation_number="number",
            due_authorised=_edge(album) if asked.asks("authorisation.valid") else NEVER,
        )
        found = found.join(named, on="authorisation_number", how="left", maintain_order="left")
    found = found.join(_of_awards(album, asked), on="tender_award_number", how="left", maintain_order="left")
    ours = album.licences.filter(pl.col("customer_id").is_null()).select(_edge(album).min()).item()
    return found.with_columns(due_ours=pl.lit(ours if asked.asks(*moments.OUR_LICENCES) else None, dtype=pl.Int64))


def _edge(album: Album) -> pl.Expr:
    """The next day on which a paper comes into force or lapses."""
    today = album.today
    return pl.min_horizontal(_later(pl.col("valid_from"), today), _later(pl.col("valid_to") + 1, today))


def _named(days: list[pl.Expr], name: str) -> list[pl.Expr]:
    return [day.alias(f"due_{name}_{number}") for number, day in enumerate(days)]


def _of_licences(album: Album, asked: Asked) -> pl.DataFrame:
    edge = _edge(album).min() if asked.asks(*moments.CUSTOMER_LICENCES) else NEVER
    days = _falls(album, asked, "customer.licence_days_left", pl.col("valid_to").max())
    theirs = album.licences.drop_nulls("customer_id")
    return theirs.group_by("customer_id").agg(edge.alias("due_licence"), *_named(days, "licence"))


def _of_awards(album: Album, asked: Asked) -> pl.DataFrame:
    days = _falls(album, asked, "award.days_left", pl.col("valid_to"))
    if asked.asks(*moments.AWARD):
        days.append(_edge(album))
    if asked.asks("award.behind_plan"):
        length = (pl.col("valid_to") - pl.col("valid_from") + 1).clip(1)
        elapsed = pl.col("consumed_qty") * length // pl.col("committed_qty") + 1
        counts = (pl.col("committed_qty") > 0) & (elapsed <= length)
        days.append(pl.when(counts).then(pl.col("valid_from") + elapsed))
    return album.awards.select("tender_award_number", *_named(days, "award"))


def _of_overrides(album: Album, asked: Asked) -> pl.DataFrame:
    now = micros(album.as_of)
    over = pl.min_horizontal("until", "ended_at")
    found = album.overrides.join(album.orders.select(SUBJECT, order_id="id"), on="order_id")
    found = found.with_columns(hours_left=(pl.col("until") - now) // MICROS_PER_HOUR)
    hours = _hours_below(asked, "override", "hours_left", pl.col("until"))
    falls = (
        pl.when((pl.col("starts_at") <= now) & (over > now)).then(hours) if asked.asks("override.hours_left") else NEVER
    )
    at = pl.min_horizontal(*(_later(one, now) for one in (pl.col("starts_at"), over, falls)))
    return found.group_by(SUBJECT).agg(at.min().alias("at_override"))


def _of_lines(album: Album, asked: Asked) -> pl.DataFrame:
    """The first day that goods and papers of an order's lines tell of."""
    registered, goods = pl.col("registered_to"), ["product_id", "customer_id", "required"]
    lines = album.lines.select(SUBJECT, *goods, "registered_to", "cold_chain")
    lines = lines.join(_of_goods(album, asked), on=goods, how="left", maintain_order="left")
    cold = album.today if not asked.asks("transport.last_cold_dispatch_day") else _cold_day(album)
    whole = pl.when(~pl.col("unregistered")).then("registered_to")
    found = lines.group_by(SUBJECT).agg(
        pl.col("day").min().alias("due_lines"),
        pl.col("cold_chain").any(),
        registered.is_null().any().alias("unregistered"),
        registered.min(),
    )
    return found.select(
        SUBJECT,
        "due_lines",
        pl.when("cold_chain").then(pl.lit(cold)).alias("due_cold"),
        *_named(_falls(album, asked, "compliance.registration_days_left", whole), "registered"),
    )


def _of_goods(album: Album, asked: Asked) -> pl.DataFrame:
    """The first `day` of each product that a customer ordered with so much shelf life: fewer than there are lines."""
    found, today = album.lines.select(*GOODS).unique(), album.today
    registered = pl.col("registered_to")
    days = _falls(album, asked, "line.registration_days_left", registered)
    if asked.asks(*moments.REGISTRATIONS):
        days.append(registered + 1)
    if asked.asks(*moments.LOTS):
        found = found.join(_of_lots(album), on=["product_id", "lane_days_p50", "required"], how="left")
        days.append(pl.col("lot_day"))
    if asked.asks(*moments.AUTHORISATIONS):
        found = _with_authorisations(album, found)
        days += [pl.col("ours_day"), pl.col("theirs_day")]
    first = pl.min_horizontal(NEVER, *(_later(day, today) for day in days))
    return found.select("product_id", "customer_id", "required", first.alias("day"))


def _cold_day(album: Album) -> int:
    return moments.next_cold_change(date.fromordinal(album.today)).toordinal()


def _of_lots(album: Album) -> pl.DataFrame:
    lane, required = pl.col("lane_days_p50"), pl.col("required")
    needs = album.lines.select("product_id", "lane_days_p50", "required").unique()
    met = needs.join(album.lots.drop_nulls("expires_on"), on="product_id")
    last, near = pl.col("expires_on") - lane, profile.current().near_expiry_days
    days = (_later(day, album.today) for day in (last + 1, last - required + 1, last - near))
    return met.group_by(needs.columns).agg(pl.min_horizontal(*days).min().alias("lot_day"))


def _with_authorisations(album: Album, goods: pl.DataFrame) -> pl.DataFrame:
    """With the next day on which an authorisation that covers them, to us or to the customer, begins or lapses."""
    found = album.authorisations.with_columns(day=_edge(album)).drop_nulls("day")
    scoped = [
        pl.Series(name, [listed(text) or [None] for text in found[name]], dtype=pl.List(pl.String))
        for name in ("product_ids", "region_codes")
    ]
    scopes = found.with_columns(scoped).explode("product_ids").explode("region_codes")
    scopes = scopes.select("day", customer_id="grantee", product_id="product_ids", region_code="region_codes")
    ours = _covering(goods, scopes.filter(pl.col("customer_id").is_null()).drop("customer_id"), [], "ours_day")
    return _covering(ours, scopes.drop_nulls("customer_id"), ["customer_id"], "theirs_day")


def _covering(goods: pl.DataFrame, scopes: pl.DataFrame, also: list[str], name: str) -> pl.DataFrame:
    """The first day of the scopes that cover the goods; null in a scope covers all."""
    days: list[str] = []
    for product, region in ((False, False), (False, True), (True, False), (True, True)):
        nulls = (pl.col("product_id").is_null() == product) & (pl.col("region_code").is_null() == region)
        on = [*also, *(["product_id"] * (not product)), *(["region_code"] * (not region))]
        day = f"{name}_{len(days)}"
        some = scopes.filter(nulls)
        if on:
            first = some.group_by(on).agg(pl.col("day").min().alias(day))
            goods = goods.join(first, on=on, how="left")
        else:
            goods = goods.with_columns(pl.lit(some["day"].min(), dtype=pl.Int64).alias(day))
        days.append(day)
    return goods.with_columns(pl.min_horizontal(days).alias(name)).drop(days)
