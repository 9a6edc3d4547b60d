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
    candidates = sorted(session().scalars(scarce).all(), key=_free) or list(session().scalars(newest.limit(1)))
    told = None
    for order in candidates:
        told = told or _more(actors.get(order.submitted_by, team["admin"]), order, _free(order) + 2, displacing=True)
    if told is None and candidates:  # nobody would lose by it this month: still a change to look at
        order = candidates[0]
        told = _more(actors.get(order.submitted_by, team["admin"]), order, 1, displacing=False)
    taken = told.order_id if told is not None else ""
    other = session().scalars(newest.where(Order.id != taken).limit(1)).first()
    if other is not None:
        by = actors.get(other.submitted_by, team["admin"])
        changes.ask(by, other.id, None, seen_version=other.version, reason="医院取消手术，不再需要")


def _free(order: Order) -> int:
    return stock.available(order.lines[0].product_id, on=order.requested_date)


def _more(by: Actor, order: Order, number: int, *, displacing: bool) -> ChangeRequest | None:
    """Ask for so many more of the first line; with `displacing` only if that is at the cost of somebody, else None."""
    given = {name: value for name, value in entry_form.written(order).items() if value != ""}
    lines = [{name: value for name, value in line.items() if value != ""} for line in given["lines"]]
    line = order.lines[0]
    sku = products_of([line.product_id])[line.product_id].sku
    lines[0] |= {"product": sku, "uom": "EA", "quantity": line.quantity + number}
    tried = session().begin_nested()
    made = changes.ask(by, order.id, {"lines": lines}, seen_version=order.version, reason="科室新增手术，请加量")
    if made.what_if["displaced"] or not displacing:
        return made
    tried.rollback()
    return None
