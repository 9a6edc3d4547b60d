"""Pictures of many orders: everything their facts are counted from, in some fifteen statements, as columns.

What `picture` reads of one order, this reads of all; `columns` and `columns_goods` count the facts from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Select, func, select

from app.catalog.models import (
    TO_TRADE,
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    Region,
    Registration,
    TenderAward,
    TenderAwardLine,
)
from app.core import clock, jsontext
from app.core.columns import read
from app.core.db import session
from app.decisions.bulk import ROWS, SUBJECT, Subjects
from app.inventory.models import Balance, Lot, Reservation, Warehouse
from app.inventory.queries import free_of_lot
from app.orders.models import Order, OrderLine
from app.priority.models import OrderOverride, OrderStanding
from app.priority.picture_rows import HISTORY_DAYS

STANDING = ("blocked", "band", "score", "ranked_score", "need_score", "promise_days", "next_change_at")
"""What a standing keeps of the last time."""
HISTORY = timedelta(days=HISTORY_DAYS) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Album:
    """Orders by a condition, at a moment. Frames are read when they are first asked for."""

    which: ColumnElement[bool]
    as_of: datetime
    whole: bool = False
    """They are all open orders: then the lines tell what else would be asked of the database."""

    @property
    def today(self) -> int:
        """Day number of the business date."""
        return clock.local_date(self.as_of).toordinal()

    @cached_property
    def orders(self) -> pl.DataFrame:
        """One row per order with what its customer, region and contract say; `subject` counts them."""
        columns = (
            Order.id, Order.number, Order.channel, Order.order_type, Order.customer_id, Order.status,
            Order.requested_date, Order.hospital_po, Order.contract_number, Order.authorisation_number,
            Order.tender_award_number, Order.surgery_at, Order.submitted_at, Order.total,
        )  # fmt: skip
        found = read(select(*columns).where(self.which).order_by(Order.id)).with_row_index(SUBJECT)
        found = found.with_columns(pl.col(SUBJECT).cast(ROWS))
        found = found.join(self.customers, on="customer_id", how="left", maintain_order="left")
        found = found.join(self.contracts, on="contract_number", how="left", maintain_order="left")
        return found.with_columns(arrival=self.today + pl.col("lane_days_p50")).with_columns(
            contract_valid=_contract_on(pl.lit(self.today)), contract_serves=_contract_on(pl.col("arrival"))
        )

    @cached_property
    def customers(self) -> pl.DataFrame:
        """Customers with their region."""
        columns = (
            Customer.id.label("customer_id"), Customer.code, Customer.name, Customer.name_en, Customer.kind,
            Customer.tier, Customer.status.label("customer_status"), Customer.region_code, Customer.credit_limit,
            Customer.credit_used, Customer.overdue_days, Customer.prepaid, Customer.cold_capable,
            Customer.min_remaining_days.label("customer_days"), Region.lane_days_p50, Region.lane_days_p95,
            Region.cold_lane,
        )  # fmt: skip
        served = set(session().scalars(select(Warehouse.region_code)))
        found = read(select(*columns).join(Region, Region.code == Customer.region_code))
        return found.with_columns(local_warehouse=pl.col("region_code").is_in(sorted(served)))

    @cached_property
    def contracts(self) -> pl.DataFrame:
        """Contracts by number."""
        columns = (
            Contract.number.label("contract_number"), Contract.customer_id.label("contract_customer"),
            Contract.sla_hours, Contract.penalty_pct_day, Contract.min_remaining_days.label("contract_days"),
            Contract.status.label("contract_status"), Contract.valid_from.label("contract_from"),
            Contract.valid_to.label("contract_to"),
        )  # fmt: skip
        return read(select(*columns))

    @cached_property
    def lines(self) -> pl.DataFrame:
        """Order lines with their product, by order and line number. `of_product` counts order and product; `again`:
        the order has other lines of it."""
        columns = (
            OrderLine.order_id, OrderLine.line_no, OrderLine.product_id, OrderLine.quantity, OrderLine.unit_price,
            OrderLine.price_ceiling, OrderLine.reserved,
        )  # fmt: skip
        found = read(select(*columns).where(OrderLine.order_id.in_(select(Order.id).where(self.which))))
        found = found.join(self.orders.select(SUBJECT, order_id="id"), on="order_id").sort(SUBJECT, "line_no")
        order = self.orders.select(
            "customer_id", "region_code", "channel", "arrival", "lane_days_p50", "customer_days", "submitted_at",
            "tender_award_number", pl.col("status").alias("order_status"),
            pl.when("contract_serves").then("contract_days").alias("contract_days"),
        )  # fmt: skip
        found = found.hstack(order[found[SUBJECT]])
        found = found.join(self.products, on="product_id", how="left", maintain_order="left")
        days = pl.max_horizontal("product_days", "customer_days", "contract_days").fill_null(0)
        both = pl.col(SUBJECT).cast(pl.Int64) * self.products.height + pl.col("product")
        return found.with_columns(required=days.clip(0), of_product=both).with_columns(
            again=pl.col("of_product").is_duplicated()
        )

    @cached_property
    def products(self) -> pl.DataFrame:
        """Products, counted by `product`, with their registration; `substitutes`: other active ones of the group."""
        columns = (
            Product.id.label("product_id"), Product.sku, Product.udi_di, Product.name.label("product_name"),
            Product.name_en.label("product_name_en"), Product.risk_class, Product.category_code, Product.implantable,
            Product.sterile, Product.life_supporting, Product.high_value, Product.needs_inspection,
            Product.storage_max_c, Product.min_remaining_days.label("product_days"), Product.substitution_group,
            Product.status.label("product_status"), Registration.number.label("registration_number"),
            Registration.valid_from.label("registered_from"), Registration.valid_to.label("registered_to"),
        )  # fmt: skip
        found = read(select(*columns).outerjoin(Registration, Registration.id == Product.registration_id))
        active = pl.col("product_status") == "active"
        members = (active.cast(pl.Int64).sum().over("substitution_group") - active.cast(pl.Int64)).cast(pl.Int64)
        grouped = pl.col("substitution_group").is_not_null() & (pl.col("substitution_group") != "")
        return found.with_columns(
            product=pl.int_range(pl.len()),
            substitutes=pl.when(grouped).then(members).otherwise(0),
            cold_chain=(pl.col("storage_max_c") <= COLD).fill_null(value=False),
            shown_class=pl.col("risk_class").fill_null(UNKNOWN_CLASS),
        )

    @cached_property
    def licences(self) -> pl.DataFrame:
        """Licences, ours without customer."""
        columns = (
            Licence.customer_id,
            Licence.valid_from,
            Licence.valid_to,
            Licence.risk_classes,
            Licence.category_codes,
        )
        return read(select(*columns).where(Licence.owner_kind != "supplier", Licence.kind.in_(TO_TRADE)))

    @cached_property
    def authorisations(self) -> pl.DataFrame:
        """Authorisations, those to us without grantee."""
        columns = (
            Authorisation.number, Authorisation.grantee_customer_id.label("grantee"), Authorisation.valid_from,
            Authorisation.valid_to, Authorisation.product_ids, Authorisation.region_codes,
        )  # fmt: skip
        return read(select(*columns))

    @cached_property
    def awards(self) -> pl.DataFrame:
        """Awards by number, with their committed and consumed quantities."""
        found = read(
            select(
                TenderAward.id.label("award_id"), TenderAward.number.label("tender_award_number"),
                TenderAward.region_code.label("award_region"), TenderAward.customer_id.label("award_customer"),
                TenderAward.valid_from, TenderAward.valid_to,
            )
        )  # fmt: skip
        sums = self.award_lines.group_by("award_id").agg(pl.col("committed_qty", "consumed_qty").sum())
        return found.join(sums, on="award_id", how="left").with_columns(
            pl.col("committed_qty", "consumed_qty").fill_null(0)
        )

    @cached_property
    def award_lines(self) -> pl.DataFrame:
        """Products of awards."""
        line = TenderAwardLine
        columns = (line.award_id, line.product_id, line.price_ceiling.label("awarded_ceiling"))
        return read(select(*columns, line.committed_qty, line.consumed_qty))

    @cached_property
    def lots(self) -> pl.DataFrame:
        """Lots with stock on hand, over all warehouses."""
        on_hand = func.sum(Balance.on_hand)
        columns = (Lot.id.label("lot_id"), Lot.product_id, Lot.made_on, Lot.expires_on, Lot.status, Lot.report_no)
        statement: Select[*tuple[Any, ...]] = select(*columns, free_of_lot().label("free")).join(
            Balance, Balance.lot_id == Lot.id
        )
        named = (Lot.id, Lot.product_id, Lot.made_on, Lot.expires_on, Lot.status, Lot.report_no)
        found = read(statement.group_by(*named).having(on_hand > 0))
        return found.rename({"status": "lot_status"}).with_columns(pl.col("free").cast(pl.Int64))

    @cached_property
    def reservations(self) -> pl.DataFrame:
        """What the orders have actively reserved, by order and lot."""
        statement = select(Reservation.order_id, Reservation.lot_id, Reservation.quantity.label("own")).where(
            Reservation.status == "active", Reservation.order_id.in_(select(Order.id).where(self.which))
        )
        return read(statement).group_by("order_id", "lot_id").agg(pl.col("own").sum())

    @cached_property
    def waiting(self) -> pl.DataFrame:
        """How many orders in approval wait for each product."""
        if self.whole:
            waits = (pl.col("order_status") == "in_approval") & (pl.col("reserved") < pl.col("quantity"))
            lines = self.lines.filter(waits).group_by("product_id")
            return lines.agg(waiting=pl.col("order_id").n_unique().cast(pl.Int64))
        statement = (
            select(OrderLine.product_id, func.count(OrderLine.order_id.distinct()).label("waiting"))
            .join(Order, Order.id == OrderLine.order_id)
            .where(Order.status == "in_approval", OrderLine.reserved < OrderLine.quantity)
        )
        return read(statement.group_by(OrderLine.product_id)).with_columns(pl.col("waiting").cast(pl.Int64))

    @cached_property
    def standings(self) -> pl.DataFrame:
        """Where the orders stand, those that were ever assessed."""
        held = OrderStanding
        columns = [getattr(held, name) for name in ("order_id", *STANDING, "assessed_at")]
        return read(select(*columns).where(held.order_id.in_(select(Order.id).where(self.which))))

    @cached_property
    def overrides(self) -> pl.DataFrame:
        """Every manual override of the orders there ever was, the oldest first."""
        one = OrderOverride
        columns = (
            one.order_id, one.points, one.band, one.reason, one.set_by_name, one.starts_at, one.until, one.ended_at,
        )  # fmt: skip
        mine = one.order_id.in_(select(Order.id).where(self.which))
        return read(select(*columns).where(mine).order_by(one.starts_at, one.id))

    @cached_property
    def history(self) -> pl.DataFrame:
        """Released lines by customer, product and moment, with what was ordered from that moment on."""
        earliest = self.orders["submitted_at"].min()
        statement = select(Order.customer_id, OrderLine.product_id, Order.submitted_at, OrderLine.quantity).join(
            Order, Order.id == OrderLine.order_id
        )
        found = read(statement.where(Order.status == "released"))
        if isinstance(earliest, int):
            found = found.filter(pl.col("submitted_at") >= earliest - HISTORY)
        by = ("customer_id", "product_id")
        found = found.group_by(*by, "submitted_at").agg(
            pl.col("quantity").sum(), pl.len().cast(pl.Int64).alias("count")
        )
        return found.sort("submitted_at").with_columns(
            pl.col("quantity", "count").cum_sum(reverse=True).over(by).name.prefix("later_")
        )


def _contract_on(day: pl.Expr) -> pl.Expr:
    return day.is_between(pl.col("contract_from"), pl.col("contract_to")).fill_null(value=False)


COLD = 80
"""Tenths of a degree: `catalog.models.COLD_CHAIN_LIMIT_C`."""
UNKNOWN_CLASS = 3


def listed(text: str | None) -> list[Any]:
    """A stored JSON list."""
    return list(jsontext.loads(text)) if text else []


def subjects_of(album: Album) -> Subjects:
    """The orders as subjects of facts in bulk."""
    return Subjects("order", album.orders["id"].to_list(), {"album": album, "seen": album})


def album_of(subjects: Subjects, as_of: datetime) -> Album:
    """The album the subjects came with, or one of their ids."""
    if "album" not in subjects.memory:
        subjects.memory["album"] = Album(Order.id.in_(subjects.ids), as_of)
    found: Album = subjects.memory["album"]
    if subjects.memory.get("seen") is not found:
        if found.orders["id"].to_list() != subjects.ids:
            raise ValueError("the orders must be there, sorted by id")
        subjects.memory["seen"] = found
    return found
