"""Facts about the goods of many orders as columns. Says what `facts_goods` says of each order alone.

What a lot can do depends on product, arrival and required shelf life, and on what the order itself reserved: each such
combination (a `need`) meets its lots once, however many lines share it.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from app.decisions.bulk import SUBJECT, Subjects, facts_in_bulk
from app.inventory.models import RECALLED, RELEASED
from app.priority import profile
from app.priority.album import HISTORY, Album, album_of, listed
from app.priority.facts_goods import QUARANTINED, UNKNOWN_CLASS

NEED = ("product_id", "arrival", "required", "reserver")
FAULTS = ("recalled", "expired", "unreleased", "unreported", "short_dated", "unregistered")
_PAPERS, _SUPPLIED = "papers", "supplied"


def papers(album: Album) -> pl.DataFrame:
    """The lines, each with whether the scopes of the customer's and our licences and an authorisation cover it."""
    kept = album.__dict__
    if _PAPERS not in kept:
        lines = _scoped(album, album.lines)
        kept[_PAPERS] = _authorised(album, lines)
    found: pl.DataFrame = kept[_PAPERS]
    return found


def _scoped(album: Album, lines: pl.DataFrame) -> pl.DataFrame:
    """Unique scopes meet unique goods: both are few."""
    valid = album.licences.filter(pl.lit(album.today).is_between(pl.col("valid_from"), pl.col("valid_to")))
    scope, goods = ["risk_classes", "category_codes"], ["risk_class", "category_code"]
    pairs = valid.select(scope).unique().join(album.products.select(goods).unique(), how="cross")
    covers = [_covers(*row) for row in pairs.iter_rows()]
    covered = valid.join(pairs.filter(pl.Series(covers, dtype=pl.Boolean)), on=scope)
    ours = covered.filter(pl.col("customer_id").is_null()).select(*goods, in_our_scope=True).unique()
    theirs = covered.drop_nulls("customer_id").select("customer_id", *goods, in_customer_scope=True).unique()
    found = lines.join(ours, on=goods, how="left", nulls_equal=True, maintain_order="left")
    found = found.join(theirs, on=["customer_id", *goods], how="left", nulls_equal=True, maintain_order="left")
    return found.with_columns(pl.col("in_our_scope", "in_customer_scope").fill_null(value=False))


def _covers(risk_classes: str, category_codes: str, risk_class: int | None, category_code: str) -> bool:
    """`Licence.covers` of stored lists."""
    classes, codes = listed(risk_classes), listed(category_codes)
    fits = not codes or any(category_code == code or category_code.startswith(f"{code}-") for code in codes)
    return fits and (not classes or risk_class in classes)


def _authorised(album: Album, lines: pl.DataFrame) -> pl.DataFrame:
    valid = album.authorisations.filter(pl.lit(album.today).is_between(pl.col("valid_from"), pl.col("valid_to")))
    lists = [
        pl.Series(name, [listed(text) or [None] for text in valid[name]], dtype=pl.List(pl.String))
        for name in ("product_ids", "region_codes")
    ]
    scopes = valid.with_columns(lists).explode("product_ids").explode("region_codes")
    scopes = scopes.select("grantee", product_id="product_ids", region_code="region_codes").unique()
    places = lines.select("product_id", "region_code").unique()
    ours = _covering(places, scopes.filter(pl.col("grantee").is_null()).drop("grantee"), [])
    dealers = lines.filter(pl.col("channel") == "distributor")
    sold = dealers.select("product_id", "region_code", grantee="customer_id").unique()
    theirs = _covering(sold, scopes.drop_nulls("grantee"), ["grantee"]).rename({"grantee": "customer_id"})
    found = lines
    for scope, on in ((ours.with_columns(ours=True), []), (theirs.with_columns(theirs=True), ["customer_id"])):
        found = found.join(scope, on=[*on, "product_id", "region_code"], how="left", maintain_order="left")
    own = pl.col("ours").fill_null(value=False)
    through = (pl.col("channel") != "distributor") | pl.col("theirs").fill_null(value=False)
    return found.with_columns(region_authorised=own & through)


def _covering(places: pl.DataFrame, scopes: pl.DataFrame, also: list[str]) -> pl.DataFrame:
    """The places that a scope covers; null in a scope covers all."""
    found = []
    for product, region in ((False, False), (False, True), (True, False), (True, True)):
        nulls = (pl.col("product_id").is_null() == product) & (pl.col("region_code").is_null() == region)
        on = [*also, *(["product_id"] * (not product)), *(["region_code"] * (not region))]
        some = scopes.filter(nulls)
        if on:
            found.append(places.join(some, on=on, how="semi"))
        elif some.height:
            found.append(places)
    return pl.concat([places.clear(), *found]).unique()


def supplied(album: Album) -> pl.DataFrame:
    """The lines of `papers`, each with what its lots come to and its share of them, the first line first."""
    kept = album.__dict__
    if _SUPPLIED not in kept:
        reservers = album.reservations["order_id"].unique().to_list()
        reserver = pl.when(pl.col("order_id").is_in(reservers)).then("order_id").otherwise(pl.lit(""))
        lines = papers(album).with_columns(reserver=reserver)
        found = lines.join(_needs(album, lines), on=list(NEED), how="left", maintain_order="left")
        counts = [f"lots_{fault}" for fault in FAULTS] + ["lots_usable", "available", "waits"]
        found = found.with_columns(pl.col(*counts).fill_null(0), pl.col("near_expiry").fill_null(value=False))
        before = _of_product(found, pl.col("quantity").cum_sum(), pl.col("quantity")) - found["quantity"]
        share = pl.min_horizontal((pl.col("available") - before).clip(0), "quantity")
        kept[_SUPPLIED] = found.with_columns(given=share)
    whole: pl.DataFrame = kept[_SUPPLIED]
    return whole


def _of_product(lines: pl.DataFrame, whole: pl.Expr, alone: pl.Expr) -> pl.Series:
    """Over the lines of an order that name one product; `alone`: what that comes to of a single line, as most are."""
    found, again = lines.with_columns(found=alone)["found"], lines.filter("again")
    if again.is_empty():
        return found
    return found.scatter(lines["again"].arg_true(), again.with_columns(found=whole.over("of_product"))["found"])


def _needs(album: Album, lines: pl.DataFrame) -> pl.DataFrame:
    goods = [*NEED, "needs_inspection", "registered_from", "registered_to"]
    met = lines.select(goods).unique().join(album.lots, on="product_id")
    own = album.reservations.rename({"order_id": "reserver"})
    met = met.join(own, on=["reserver", "lot_id"], how="left").with_columns(pl.col("free") + pl.col("own").fill_null(0))
    met = met.with_columns(fault=_fault())
    good, day = pl.col("fault") == "", pl.col("arrival") + pl.col("required")
    lasts = (pl.col("expires_on").is_null() | (day <= pl.col("expires_on"))).fill_null(value=True)
    first = pl.col("expires_on").filter(good & (pl.col("free") != 0)).sort(nulls_last=True).first()
    soon = first <= pl.col("arrival").first() + profile.current().near_expiry_days
    return met.group_by(*NEED).agg(
        *((pl.col("fault") == fault).cast(pl.Int64).sum().alias(f"lots_{fault}") for fault in FAULTS),
        good.cast(pl.Int64).sum().alias("lots_usable"),
        pl.col("free").filter(good).sum().alias("available"),
        pl.col("free").filter((pl.col("lot_status") == QUARANTINED) & lasts).sum().alias("waits"),
        soon.fill_null(value=False).alias("near_expiry"),
    )


def _fault() -> pl.Expr:
    """`facts_goods.lots_with_faults`: the first that applies."""
    expires, arrival = pl.col("expires_on"), pl.col("arrival")
    unreported = pl.col("needs_inspection") & (pl.col("report_no").is_null() | (pl.col("report_no") == ""))
    registered = pl.col("made_on").is_between(pl.col("registered_from"), pl.col("registered_to"))
    return (
        pl.when(pl.col("lot_status") == RECALLED)
        .then(pl.lit("recalled"))
        .when((arrival > expires).fill_null(value=False))
        .then(pl.lit("expired"))
        .when(pl.col("lot_status") != RELEASED)
        .then(pl.lit("unreleased"))
        .when(unreported)
        .then(pl.lit("unreported"))
        .when((arrival + pl.col("required") > expires).fill_null(value=False))
        .then(pl.lit("short_dated"))
        .when(~registered.fill_null(value=False))
        .then(pl.lit("unregistered"))
        .otherwise(pl.lit(""))
    )


@facts_in_bulk.register("line")
def line_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """Each line with its product, papers and lots."""
    album = album_of(subjects, as_of)
    lapsed = (album.today > pl.col("registered_to")).fill_null(value=False)
    ceilings = album.award_lines.join(album.awards.select("award_id", "tender_award_number"), on="award_id")
    awarded = ceilings.select("tender_award_number", "product_id", "awarded_ceiling", in_award=True)
    lines = supplied(album).join(awarded, on=["tender_award_number", "product_id"], how="left", maintain_order="left")
    tender, listed_there = pl.col("channel") == "tender", pl.col("in_award").fill_null(value=False)
    ceiling = pl.when(listed_there).then("awarded_ceiling").otherwise("price_ceiling")
    name_en = pl.col("product_name_en")
    return lines.select(
        SUBJECT,
        pl.col("line_no").alias("line"),
        "sku",
        "product_name",
        pl.when(name_en.is_null() | (name_en == "")).then("product_name").otherwise(name_en).alias("product_name_en"),
        "quantity",
        (pl.col("quantity") * pl.col("unit_price")).alias("value_fen"),
        pl.col("shown_class").alias("risk_class"),
        "implantable",
        "high_value",
        "cold_chain",
        "product_status",
        pl.col("shown_class").is_in(sorted(profile.current().udi_classes)).alias("udi_required"),
        (pl.col("udi_di").is_not_null() & (pl.col("udi_di") != "").fill_null(value=False)).alias("udi_present"),
        "in_customer_scope",
        "in_our_scope",
        pl.col("registered_to").is_not_null().alias("registration_on_file"),
        "registration_number",
        (pl.col("registered_to") - album.today).alias("registration_days_left"),
        (lapsed & (pl.col("available") == 0)).alias("made_after_registration"),
        "region_authorised",
        pl.when(tender).then(pl.col("unit_price") - ceiling).alias("over_ceiling_fen"),
        (~tender | listed_there).alias("in_award"),
        *(f"lots_{fault}" for fault in FAULTS if fault != "unregistered"),
        "lots_usable",
        "available",
        pl.col("required").alias("required_shelf_days"),
        (pl.col("quantity") - pl.col("given")).alias("short"),
    )


@facts_in_bulk.register("product")
def product_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """What the orders contain, over all lines."""
    album = album_of(subjects, as_of)
    flags = ("implantable", "life_supporting", "sterile", "cold_chain", "high_value")
    found = album.lines.group_by(SUBJECT).agg(
        pl.col("shown_class").max().alias("max_risk_class"),
        *(pl.col(name).any().alias(f"any_{name.removesuffix('able')}") for name in flags),
        (pl.col("substitutes") == 0).any().alias("any_without_substitute"),
    )
    none = [pl.col(name).fill_null(value=False) for name in found.columns[2:]]
    whole = album.orders.select(SUBJECT).join(found, on=SUBJECT, how="left")
    return whole.select(SUBJECT, pl.col("max_risk_class").fill_null(UNKNOWN_CLASS), *none)


def _usual(album: Album, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with the customer's usual quantity of the product, null without history."""
    if album.history.is_empty():
        return lines.with_columns(usual=pl.lit(None, pl.Int64))
    own = pl.col("order_status") == "released"
    asked = lines.with_columns(since=pl.col("submitted_at") - HISTORY).sort("since")
    history = album.history.select("customer_id", "product_id", "submitted_at", "later_quantity", "later_count")
    found = asked.join_asof(
        history.rename({"submitted_at": "from"}), left_on="since", right_on="from",
        by=["customer_id", "product_id"], strategy="forward", check_sortedness=False,
    )  # fmt: skip
    mine = [
        pl.when(own).then(pl.lit(_of_product(found, whole, alone))).otherwise(0)
        for whole, alone in (
            (pl.col("quantity").sum(), pl.col("quantity")),
            (pl.len().cast(pl.Int64), pl.lit(1, pl.Int64)),
        )
    ]
    total, count = pl.col("later_quantity").fill_null(0) - mine[0], pl.col("later_count").fill_null(0) - mine[1]
    return found.with_columns(usual=pl.when(count > 0).then((total // count).clip(1)))


@facts_in_bulk.register("stock")
def stock_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """What can be served from stock, over all lines."""
    album = album_of(subjects, as_of)
    taken = (
        SUBJECT, "product_id", "customer_id", "submitted_at", "order_status", "quantity", "reserved", "given",
        "near_expiry", "of_product", "again",
    )  # fmt: skip
    lines = _usual(album, supplied(album).select(taken))
    lines = lines.join(album.waiting, on="product_id", how="left", maintain_order="left")
    lacks = pl.col("reserved") < pl.col("quantity")
    waits_itself = _of_product(lines, lacks.any(), lacks)
    itself = (pl.lit(waits_itself) & (pl.col("order_status") == "in_approval")).cast(pl.Int64)
    short = pl.col("given") < pl.col("quantity")
    found = (
        lines.with_columns(contested=pl.col("waiting").fill_null(0) - itself > 0)
        .group_by(SUBJECT)
        .agg(
            short.cast(pl.Int64).sum().alias("short_lines"),
            (pl.col("given").sum() * 1000 // pl.col("quantity").sum()).alias("fill_permille"),
            pl.col("near_expiry").cast(pl.Int64).sum().alias("near_expiry_lines"),
            (pl.col("quantity") * 1000 // pl.col("usual")).max().alias("quantity_ratio_permille"),
            (short & pl.col("contested")).any().alias("constrained"),
        )
    )
    whole = (
        album.orders.select(SUBJECT)
        .join(found, on=SUBJECT, how="left")
        .with_columns(
            pl.col("short_lines", "fill_permille", "near_expiry_lines").fill_null(0),
            pl.col("constrained").fill_null(value=False),
        )
    )
    return whole.with_columns(all_available=pl.col("short_lines") == 0)


@facts_in_bulk.register("transport")
def transport_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """What the way to the customers demands."""
    album = album_of(subjects, as_of)
    cold = album.lines.group_by(SUBJECT).agg(pl.col("cold_chain").any())
    rests = album.today % 7 in profile.current().cold_rest_days  # day number 1 is a Monday: this is tomorrow's weekday
    return album.orders.join(cold, on=SUBJECT, how="left").select(
        SUBJECT,
        (pl.col("requested_date") - album.today < pl.col("lane_days_p95")).alias("slow_lane_breaks_date"),
        (pl.col("cold_chain").fill_null(value=False) & rests).alias("last_cold_dispatch_day"),
    )


@facts_in_bulk.register("qc")
def qc_columns(subjects: Subjects, as_of: datetime) -> pl.DataFrame:
    """What quality control must do first, over all lines."""
    album = album_of(subjects, as_of)
    given, quantity = pl.col("given"), pl.col("quantity")
    waits = (given < quantity) & (quantity <= given + pl.col("waits"))
    found = (
        supplied(album)
        .group_by(SUBJECT)
        .agg(
            waits.cast(pl.Int64).sum().alias("lines_waiting_release"),
            pl.col("needs_inspection").any().alias("inspection_needed"),
        )
    )
    whole = album.orders.join(found, on=SUBJECT, how="left").with_columns(
        pl.col("lines_waiting_release").fill_null(0), pl.col("inspection_needed").fill_null(value=False)
    )
    slack = pl.col("requested_date") - pl.col("arrival")
    late = (pl.col("lines_waiting_release") > 0) & (slack < profile.current().full_test_days)
    return whole.select(SUBJECT, "lines_waiting_release", "inspection_needed", late.alias("slack_below_test_time"))
