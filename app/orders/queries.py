"""Reads of orders."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.paging import SIZE, Page, paginate
from app.orders.models import Order, OrderLine, OrderVersion


class OrderNotFound(NotFound):
    """No order has that id or number."""

    message = _l("There is no order %(order)s.")


def get_order(order_id: str) -> Order:
    """The order with its lines. Raises OrderNotFound."""
    found = session().get(Order, order_id)
    if found is None:
        raise OrderNotFound(order=order_id)
    return found


def find_by_number(number: str) -> Order | None:
    """The order of that number, as `SO-2026-000123`."""
    return session().scalars(select(Order).where(Order.number == number.strip().upper())).one_or_none()


def id_of(text: str) -> str:
    """The id of the order of that id or number. Raises OrderNotFound."""
    found = session().scalar(select(Order.id).where(or_(Order.id == text, Order.number == text)))
    if found is None:
        raise OrderNotFound(order=text)
    return found


def find_by_external_ref(customer_id: str, external_ref: str) -> Order | None:
    """The live order (not cancelled, withdrawn or rejected) that bears the customer's own reference."""
    statement = select(Order).where(
        Order.customer_id == customer_id,
        Order.external_ref == external_ref,
        Order.status.not_in(("cancelled", "withdrawn", "rejected")),
    )
    return session().scalars(statement).one_or_none()


def version_of(order_id: str) -> int:
    """The current version of the order. Raises OrderNotFound."""
    found = session().scalar(select(Order.version).where(Order.id == order_id))
    if found is None:
        raise OrderNotFound(order=order_id)
    return found


def orders_by_id(order_ids: Collection[str]) -> dict[str, Order]:
    """The orders of these ids with their lines; two statements."""
    if not order_ids:
        return {}
    return {order.id: order for order in session().scalars(select(Order).where(Order.id.in_(order_ids)))}


def lines_of(order_id: str) -> list[OrderLine]:
    """The lines in their order."""
    statement = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.line_no)
    return list(session().scalars(statement))


def versions_of(order_id: str) -> list[OrderVersion]:
    """Every version, the first first."""
    statement = select(OrderVersion).where(OrderVersion.order_id == order_id).order_by(OrderVersion.version)
    return list(session().scalars(statement))


def submitted_by(user_id: str, number: int = 1, size: int = SIZE) -> Page[Order]:
    """What a person has submitted, the newest first."""
    statement = select(Order).where(Order.submitted_by == user_id).order_by(Order.submitted_at.desc(), Order.id.desc())
    return paginate(statement, number, size)
