"""A change request as pages and tasks show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from app.audit.actions import action_name
from app.audit.queries import latest_of
from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.changes.models import ChangeRequest
from app.core.db import session
from app.core.i18n import named
from app.fulfilment.versions import Change, changes_of
from app.identity.queries import names_of
from app.orders import queries as orders
from app.orders.models import Order
from app.tasks import queries as tasks
from app.tasks.models import Task


@dataclass(frozen=True)
class Bar:
    """A date of an order on the picture, left edge in permille of its width."""

    label: str
    before: date | None
    after: date | None
    before_at: int
    after_at: int


@dataclass(frozen=True)
class Happening:
    """A line of the request's history."""

    at: Any
    actor: str
    title: str
    text: str = ""
    tone: str = "info"
    icon: str = "edit"


@dataclass(frozen=True)
class ChangeView:
    """A request with its order and what people need to decide it."""

    case: ChangeRequest
    order: Order
    customer: Customer
    changes: list[Change]
    names: dict[str, str]
    customers: dict[str, str]
    bars: list[Bar]
    tasks: list[Task]

    @property
    def found(self) -> dict[str, Any]:
        """What was worked out of it; empty before that."""
        return self.case.what_if


def view_of(case: ChangeRequest) -> ChangeView:
    """Everything that its page shows. A fixed number of statements."""
    order = orders.get_order(case.order_id)
    displaced = [*case.what_if.get("displaced", ()), *case.what_if.get("gains", ())]
    ids = {order.customer_id, *(one["customer_id"] for one in displaced)}
    after = case.what_if.get("after") or {}
    if after.get("customer_id"):
        ids.add(after["customer_id"])
    found = session().scalars(select(Customer).where(Customer.id.in_(sorted(ids))))
    known = {one.id: one for one in found}
    names = {one.id: named(one) for one in known.values()}
    return ChangeView(
        case=case,
        order=order,
        customer=known[order.customer_id],
        changes=changes_of(
            {path: values for path, values in case.diff.items() if path != "total"}, {**_products(case.diff), **names}
        ),
        names=names_of(one for one in (case.requested_by, case.closed_by) if one),
        customers=names,
        bars=_bars(case, order),
        tasks=tasks.open_tasks_of(case.subject),
    )


def _products(diff: dict[str, Any]) -> dict[str, str]:
    ids: set[str] = set()
    for path, values in diff.items():
        for value in values:
            if isinstance(value, dict):
                ids.add(value.get("product_id", ""))
            elif path.endswith("product_id") and value:
                ids.add(value)
    return {key: one.sku for key, one in catalog.products_of(ids).items()} if ids else {}


def _bars(case: ChangeRequest, order: Order) -> list[Bar]:
    """The dates before and after, on one scale: of the order, and what was promised to those it displaces."""
    before, after = case.what_if.get("before") or {}, case.what_if.get("after") or {}
    rows = [(order.number, _day(before.get("requested")), _day(after.get("requested")))] if before else []
    rows += [
        (one["number"], _day(one["promise_before"]) or _day(one["requested"]), None)
        for one in case.what_if.get("displaced", ())
    ]
    days = [day for _label, was, now in rows for day in (was, now) if day is not None]
    if len(set(days)) < 2 and len(rows) < 2:  # nothing moves
        return []
    first, span = min(days), max((max(days) - min(days)).days, 1)

    def at(day: date | None) -> int:
        return 0 if day is None else (day - first).days * 100 // span

    return [Bar(label, was, now, at(was), at(now)) for label, was, now in rows]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def history_of(case: ChangeRequest) -> list[Happening]:
    """What was done about it, the newest first."""
    return [
        Happening(row.at, row.actor_name, action_name(row.action), str(row.details.get("reason") or ""))
        for row in latest_of(case.subject)
    ]


def numbers_of(cases: Iterable[ChangeRequest]) -> dict[str, Order]:
    """The orders of the requests, by id."""
    return orders.orders_by_id({one.order_id for one in cases}, lines=False)
