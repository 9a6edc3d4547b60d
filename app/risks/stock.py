"""Goods that run out, and lots that will expire before they are used up, as orders and consumption go now.

Consumption of a product is what was released of it in the days looked back on, divided by them. Until a day goods are
needed for whichever is more: the open orders wanted by then that lack stock, or the days' consumption.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import BigInteger, func, select, type_coerce

from app.catalog import queries as catalog
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.inventory import queries as inventory
from app.inventory.models import OWN, RECALLED, REJECTED, Balance, Lot
from app.orders.models import OPEN, Order, OrderLine, OrderStatus
from app.risks.settings import figures

MOST = 200
"""Rows of a list."""


class Pace(NamedTuple):
    """Units of a product used in a day, and what one was sold for (None: nothing was)."""

    daily: float
    price: Decimal | None


@dataclass(frozen=True)
class RunsOut:
    """A product that runs out on a day: what may be sold now, what is under inspection, what lacks at the horizon."""

    product: Product
    on: date
    available: int
    coming: int
    lacks: int
    value: Decimal | None


@dataclass(frozen=True)
class Unsold:
    """A lot of which so many units will expire unused."""

    lot: Lot
    quantity: int
    on_hand: int
    value: Decimal | None


def running_out() -> list[RunsOut]:
    """The products that run out within the horizon, the first first. Six statements."""
    said, today = figures(), clock.today()
    paces, wanted = _paces(today - timedelta(days=said.look_back_days), said.look_back_days), _wanted()
    asked = {*paces, *wanted}
    there, coming = inventory.available_many(asked, on=today), inventory.expected_many(asked, on=today)
    found = []
    for product_id in asked:
        pace = paces.get(product_id, Pace(0.0, None))
        needs = wanted.get(product_id, [])
        on = runs_out_on(there[product_id], needs, pace.daily, today, said.horizon_days)
        if on is not None:
            lacks = _needed(needs, pace.daily, today, said.horizon_days) - there[product_id]
            found.append((on, -lacks, product_id, lacks, pace.price))
    found = sorted(found)[:MOST]
    products = catalog.products_of(one[2] for one in found)
    return [
        RunsOut(products[key], on, there[key], coming[key], lacks, None if price is None else price * lacks)
        for on, _minus, key, lacks, price in found
    ]


def runs_out_on(
    available: int, wanted: Sequence[tuple[date, int]], daily: float, today: date, horizon: int
) -> date | None:
    """The first day on which less is there than needed; None within the horizon. `wanted`: day and units."""
    for ahead in range(horizon + 1):
        if _needed(wanted, daily, today, ahead) > available:
            return today + timedelta(days=ahead)
    return None


def _needed(wanted: Sequence[tuple[date, int]], daily: float, today: date, ahead: int) -> int:
    until = today + timedelta(days=ahead)
    ordered = sum(units for day, units in wanted if day <= until)
    return max(ordered, math.floor(daily * ahead))


def expiring() -> list[Unsold]:
    """Lots that will not be used up before they expire, the first to expire first. Three statements."""
    said, today = figures(), clock.today()
    paces = _paces(today - timedelta(days=said.look_back_days), said.look_back_days)
    last = today + timedelta(days=said.slow_within_days)
    rows = session().execute(
        select(Lot, func.sum(Balance.on_hand))
        .join(Balance, Balance.lot_id == Lot.id)
        .where(Lot.expires_on >= today, Lot.expires_on <= last, Balance.owner == OWN, Balance.on_hand > 0)
        .where(Lot.status.not_in((REJECTED, RECALLED)))
        .group_by(Lot.id)
        .order_by(Lot.expires_on, Lot.id)
    )
    by_product: dict[str, list[tuple[Lot, int]]] = defaultdict(list)
    for lot, units in rows:
        by_product[lot.product_id].append((lot, int(units)))
    found = []
    for product_id, lots in by_product.items():
        pace = paces.get(product_id, Pace(0.0, None))
        for lot, left, units in left_over(lots, pace.daily, today):
            found.append(Unsold(lot, left, units, None if pace.price is None else pace.price * left))
    return sorted(found, key=lambda one: (one.lot.expires_on or date.max, one.lot.id))[:MOST]


def left_over(lots: Iterable[tuple[Lot, int]], daily: float, today: date) -> list[tuple[Lot, int, int]]:
    """Lots with the units that expire unused and those on hand, used in the order in which they expire."""
    used, found = 0, []
    for lot, units in lots:
        assert lot.expires_on is not None  # noqa: S101 - only those are asked for
        days = (lot.expires_on - today).days + 1  # usable on its last day
        sold = min(units, max(0, math.floor(daily * days) - used))
        used += sold
        if units > sold:
            found.append((lot, units - sold, units))
    return found


def _paces(since: date, days: int) -> Mapping[str, Pace]:
    price = func.sum(OrderLine.quantity * type_coerce(OrderLine.unit_price, BigInteger))
    units = func.sum(OrderLine.quantity)
    rows = session().execute(
        select(OrderLine.product_id, units, price)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.status == OrderStatus.RELEASED.value,
            Order.submitted_at >= datetime.combine(since, time(), clock.BUSINESS_ZONE),
        )
        .group_by(OrderLine.product_id)
    )
    return {key: Pace(int(sold) / days, (Decimal(int(paid)) / int(sold) / 100)) for key, sold, paid in rows}


def _wanted() -> dict[str, list[tuple[date, int]]]:
    """What open orders lack of each product, by the day it is wanted."""
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    rows = session().execute(
        select(OrderLine.product_id, Order.requested_date, func.sum(OrderLine.quantity - OrderLine.reserved))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.reserved < OrderLine.quantity, Order.status.in_(OPEN))
        .group_by(OrderLine.product_id, Order.requested_date)
    )
    for product_id, day, units in rows:
        found[product_id].append((day, int(units)))
    return found
