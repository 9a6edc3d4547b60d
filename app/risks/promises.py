"""The orders at risk as the page shows them: why, whose turn it is, what would help."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.catalog.models import Customer
from app.core.db import session
from app.core.paging import Page, paginate
from app.orders.models import Order
from app.priority.models import OrderStanding
from app.risks.models import CAUSES, OrderRisk
from app.shipping.models import Shipment
from app.tasks.models import Task, TaskStatus


@dataclass(frozen=True)
class Row:
    """One of them, with the open tasks about the order and its shipments, and the groups that may do them."""

    risk: OrderRisk
    order: Order
    customer: Customer
    standing: OrderStanding | None
    shipments: list[Shipment]
    """Those not handed over yet; when all are, the last."""
    tasks: list[Task]


def counts() -> dict[str, int]:
    """How many, by cause. One statement."""
    rows = session().execute(select(OrderRisk.cause, func.count()).group_by(OrderRisk.cause))
    return {cause: int(number) for cause, number in rows}


def listed(cause: str = "", number: int = 1) -> Page[Row]:
    """Those wanted first come first; of one day the most urgent. Five statements at most."""
    wanted: Any = (
        select(OrderRisk, Order, Customer, OrderStanding)
        .join(Order, Order.id == OrderRisk.order_id)
        .join(Customer, Customer.id == Order.customer_id)
        .outerjoin(OrderStanding, OrderStanding.order_id == Order.id)
        .order_by(OrderRisk.limit_on, OrderStanding.band, Order.number)
    )
    if cause in CAUSES:
        wanted = wanted.where(OrderRisk.cause == cause)
    page = paginate(wanted, number)
    rows = [(row[0], row[1], row[2], row[3]) for row in page.items]
    shipments = _shipments({risk.order_id for risk, *_rest in rows})
    tasks = _tasks({risk.order_id for risk, *_rest in rows}, {one.id for some in shipments.values() for one in some})
    shown = []
    for risk, order, customer, standing in rows:
        every = shipments.get(order.id, [])
        about = {order.id, *(one.id for one in every)}
        mine = [task for task in tasks if task.subject_id in about]
        going = [one for one in every if one.status not in ("delivered", "returned")] or every[-1:]
        shown.append(Row(risk, order, customer, standing, going, mine))
    return Page(shown, page.number, page.size, page.total)


def _shipments(order_ids: Collection[str]) -> dict[str, list[Shipment]]:
    wanted = select(Shipment).where(Shipment.order_id.in_(order_ids), Shipment.status != "void")
    found: dict[str, list[Shipment]] = defaultdict(list)
    for one in session().scalars(wanted.order_by(Shipment.number)):
        found[one.order_id].append(one)
    return found


def _tasks(order_ids: Collection[str], shipment_ids: Collection[str]) -> list[Task]:
    about = (("order", order_ids), ("shipment", shipment_ids))
    found: list[Task] = []
    for kind, ids in about:
        if ids:
            open_ones = Task.status == TaskStatus.OPEN.value
            wanted = select(Task).where(Task.subject_kind == kind, Task.subject_id.in_(ids), open_ones)
            found += session().scalars(wanted.order_by(Task.rank_key, Task.id))
    return found
