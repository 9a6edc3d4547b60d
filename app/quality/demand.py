"""What waits for the goods under inspection: it ranks the queue and the tasks of quality control."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.core.db import session
from app.orders.models import OPEN, Order, OrderLine
from app.priority.models import OrderStanding
from app.priority.queries import RANK_ORDER
from app.quality.models import Inspection
from app.tasks.models import Rank


@dataclass(frozen=True)
class Waits:
    """What waits for a product: base units that are not kept for the orders yet, how many orders, the most urgent one
    and the day of its surgery."""

    units: int
    orders: int
    first: OrderStanding
    surgery_at: datetime | None = None


def waiting_for(product_ids: Collection[str]) -> dict[str, Waits]:
    """By product; orders that are blocked wait for something else. Two statements."""
    if not product_ids:
        return {}
    lacks = (
        select(OrderLine.product_id, OrderLine.order_id, (OrderLine.quantity - OrderLine.reserved).label("units"))
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            OrderLine.product_id.in_(sorted(product_ids)),
            OrderLine.reserved < OrderLine.quantity,
            Order.status.in_([status.value for status in OPEN]),
        )
        .subquery()
    )
    place = func.row_number().over(partition_by=lacks.c.product_id, order_by=RANK_ORDER)
    ranked = (
        select(
            lacks.c.product_id,
            OrderStanding.order_id,
            place.label("place"),
            func.sum(lacks.c.units).over(partition_by=lacks.c.product_id).label("units"),
            func.count().over(partition_by=lacks.c.product_id).label("orders"),
        )
        .join(OrderStanding, OrderStanding.order_id == lacks.c.order_id)
        .where(OrderStanding.blocked.is_(False))
        .subquery()
    )
    rows = session().execute(
        select(ranked.c.product_id, ranked.c.units, ranked.c.orders, OrderStanding, Order.surgery_at)
        .join(OrderStanding, OrderStanding.order_id == ranked.c.order_id)
        .join(Order, Order.id == ranked.c.order_id)
        .where(ranked.c.place == 1)
    )
    return {row.product_id: Waits(int(row.units), int(row.orders), row.OrderStanding, row.surgery_at) for row in rows}


def rank_of(inspection: Inspection, waits: Mapping[str, Waits]) -> Rank:
    """Where the work on it stands: as the most urgent order that waits; what nothing waits for comes last."""
    found = waits.get(inspection.product_id)
    if found is None:
        return Rank(number=inspection.number, submitted_at=inspection.started_at)
    first = found.first
    return Rank(
        band=first.band,
        score=first.ranked_score,
        promise_days=first.promise_days,
        requested_date=first.requested_date,
        submitted_at=first.submitted_at,
        number=inspection.number,
    )
