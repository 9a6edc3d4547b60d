"""Two stories of changed orders to click through: more of a product that others wait for, and a cancellation that waits
for the order desk."""

from __future__ import annotations

from sqlalchemy import select

from app.catalog.queries import products_of
from app.changes import service as changes
from app.changes.models import ChangeRequest
from app.core.db import session
from app.core.permissions import Actor
from app.fulfilment import entry_form
from app.inventory import queries as stock
from app.orders.models import Order, OrderLine, OrderStatus
from app.planning.models import WaitingOrder

TRIED = 12


def tell(team: dict[str, Actor]) -> None:
    """Ask for both on behalf of who entered the orders; less when the month has no such orders."""
    actors = {actor.id: actor for actor in team.values()}
    newest = select(Order).where(Order.status == OrderStatus.RELEASED).order_by(Order.number.desc())
    waited_for = select(OrderLine.product_id).join(WaitingOrder, WaitingOrder.order_id == OrderLine.order_id)
    scarce = newest.where(Order.lines.any(OrderLine.product_id.in_(waited_for))).limit(TRIED)
    displacing = None
    for order in sorted(session().scalars(scarce).all(), key=_free):
        displacing = _displacing(actors.get(order.submitted_by, team["admin"]), order)
        if displacing is not None:
            break
    taken = displacing.order_id if displacing is not None else ""
    other = session().scalars(newest.where(Order.id != taken).limit(1)).first()
    if other is not None:
        by = actors.get(other.submitted_by, team["admin"])
        changes.ask(by, other.id, None, seen_version=other.version, reason="医院取消手术，不再需要")


def _free(order: Order) -> int:
    return stock.available(order.lines[0].product_id, on=order.requested_date)


def _displacing(by: Actor, order: Order) -> ChangeRequest | None:
    """A little more than is free of what the order has, if that is at the cost of somebody; None if it is not."""
    given = {name: value for name, value in entry_form.written(order).items() if value != ""}
    lines = [{name: value for name, value in line.items() if value != ""} for line in given["lines"]]
    line = order.lines[0]
    sku = products_of([line.product_id])[line.product_id].sku
    lines[0] |= {"product": sku, "uom": "EA", "quantity": line.quantity + _free(order) + 2}
    tried = session().begin_nested()
    made = changes.ask(by, order.id, {"lines": lines}, seen_version=order.version, reason="科室新增手术，请加量")
    if made.what_if["displaced"]:
        return made
    tried.rollback()
    return None
