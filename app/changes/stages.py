"""How far an order is, as its stock says: that holds whoever moved it, a program, a person or a warehouse system."""

from __future__ import annotations

from sqlalchemy import select

from app.core.db import session
from app.inventory.models import ACTIVE, HARD, SHIPPED, Reservation
from app.orders.models import Order
from app.shipping import shipments

GONE = ("shipped", "delivered")


def stage_of(order: Order, *, cancels: bool = False) -> str:
    """not_allocated, allocated, picking or shipped; an order of which anything has left is shipped, unless all of that
    came back and is sent anew. Who `cancels` it means the rest, as long as there is one."""
    rows = session().execute(
        select(Reservation.status, Reservation.level)
        .where(Reservation.order_id == order.id, Reservation.status.in_((ACTIVE, SHIPPED)))
        .distinct()
    )
    found = {(row.status, row.level) for row in rows}
    if any(status == SHIPPED for status, _level in found) and _is_away(order.id, cancels=cancels):
        return "shipped"
    found = {(status, level) for status, level in found if status == ACTIVE}
    if (ACTIVE, HARD) in found:
        return "picking"
    return "allocated" if found else "not_allocated"


def _is_away(order_id: str, *, cancels: bool) -> bool:
    rest = cancels and bool(shipments.open_of(order_id))
    return shipments.is_away(order_id) and not rest
