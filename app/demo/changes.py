"""Two stories of changed orders to click through: a cancellation that waits for the order desk, and more of a product
that others wait for."""

from __future__ import annotations

from sqlalchemy import select

from app.changes import service as changes
from app.changes.models import ChangeRequest
from app.core.db import session
from app.core.permissions import Actor
from app.fulfilment import entry_form
from app.orders.models import Order, OrderLine, OrderStatus
from app.planning.models import WaitingOrder


def tell(team: dict[str, Actor]) -> list[ChangeRequest]:
    """Ask for both on behalf of who entered the orders; nothing when the month has no such orders."""
    newest = select(Order).where(Order.status == OrderStatus.RELEASED).order_by(Order.number.desc())
    waiting = select(OrderLine.product_id).join(WaitingOrder, WaitingOrder.order_id == OrderLine.order_id)
    wanted = newest.join(OrderLine, OrderLine.order_id == Order.id).where(OrderLine.product_id.in_(waiting))
    actors = {actor.id: actor for actor in team.values()}
    made = []
    scarce = session().scalars(wanted.limit(1)).first()
    if scarce is not None:
        made.append(_more(actors.get(scarce.submitted_by, team["admin"]), scarce))
    others = session().scalars(newest.where(Order.id != (scarce.id if scarce else "")).limit(1)).first()
    if others is not None:
        by = actors.get(others.submitted_by, team["admin"])
        reason = "医院取消手术，不再需要"
        made.append(changes.ask(by, others.id, None, seen_version=others.version, reason=reason))
    return made


def _more(by: Actor, order: Order) -> ChangeRequest:
    """Twice as much of the first line."""
    given = {name: value for name, value in entry_form.written(order).items() if value != ""}
    lines = [{name: value for name, value in line.items() if value != ""} for line in given["lines"]]
    lines[0]["quantity"] *= 2
    wanted = {"lines": lines}
    return changes.ask(by, order.id, wanted, seen_version=order.version, reason="科室新增手术，数量加倍")
