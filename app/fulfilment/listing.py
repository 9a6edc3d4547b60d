"""Lists of orders: rows with customer and standing, and the table that is exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core.db import session
from app.core.i18n import _, named
from app.core.paging import LARGEST, Page
from app.orders import queries as orders
from app.orders.models import CHANNELS, ORDER_TYPES, STATUS_NAMES, Order
from app.priority import queries as priority
from app.priority.models import OrderStanding
from app.priority.queries import BANDS, OPEN, RankFilter

MOST_EXPORTED = 5_000
TONES = {"released": "success", "rejected": "danger", "rework": "warning", "in_approval": "info"}
NOBODY = "-"
"""A customer id that no customer has: the filter names a customer that is not there."""


@dataclass(frozen=True)
class Row:
    """An order in a list; `place` is its rank among all open orders, when the list shows them all."""

    order: Order
    customer: Customer
    standing: OrderStanding | None
    place: int | None = None


def filter_of(given: Mapping[str, str]) -> RankFilter:
    """The filter of an address; a value that does not exist filters nothing but a customer, who then has no orders."""

    def one_of(name: str, choices: Any) -> str:
        return given.get(name, "") if given.get(name, "") in choices else ""

    status = given.get("status", "")
    statuses: tuple[str, ...] = (status,) if status in STATUS_NAMES else () if status == "any" else OPEN
    text = given.get("customer", "").strip()
    return RankFilter(
        statuses=statuses,
        channel=one_of("channel", CHANNELS),
        customer_id=_customer_id(text) if text else "",
        band=one_of("band", BANDS),
        text=given.get("q", "").strip()[:100],
    )


def _customer_id(text: str) -> str:
    found = catalog.find_customer(text) or session().get(Customer, text)
    return found.id if found is not None else NOBODY


def ranked_rows(wanted: RankFilter, number: int, *, blocked: bool) -> Page[Row]:
    """A page of the ranking, or of the blocked orders apart."""
    page = (priority.blocked if blocked else priority.ranked)(wanted, number)
    customers = customers_of(standing.order for standing in page.items)
    counted = wanted == RankFilter() and not blocked
    first = (page.number - 1) * page.size + 1
    rows = [
        Row(standing.order, customers[standing.order.customer_id], standing, first + place if counted else None)
        for place, standing in enumerate(page.items)
    ]
    return Page(rows, page.number, page.size, page.total)


def submitted_rows(user_id: str, number: int) -> Page[Row]:
    """What a person has submitted, the newest first."""
    page = orders.submitted_by(user_id, number)
    customers = customers_of(iter(page.items))
    standings = priority.standings_of(order.id for order in page.items)
    rows = [Row(order, customers[order.customer_id], standings.get(order.id)) for order in page.items]
    return Page(rows, page.number, page.size, page.total)


def customers_of(found: Iterator[Order] | Any) -> dict[str, Customer]:
    """The customers of the orders by id; one statement."""
    ids = {order.customer_id for order in found}
    rows = session().scalars(select(Customer).where(Customer.id.in_(ids))) if ids else ()
    return {customer.id: customer for customer in rows}


def export_columns() -> list[str]:
    """Headers of the exported list, in the reader's language."""
    return [
        _("Number"),
        _("Blocked"),
        _("Band"),
        _("Score"),
        _("Promise date"),
        _("Requested date"),
        _("Status"),
        _("Channel"),
        _("Order type"),
        _("Customer code"),
        _("Customer"),
        _("Customer's reference"),
        _("Lines"),
        _("Total"),
        _("Currency"),
        _("Submitted"),
    ]


def export_rows(wanted: RankFilter) -> Iterator[Sequence[Any]]:
    """The ranking, then the blocked orders: at most MOST_EXPORTED rows."""
    left = MOST_EXPORTED
    for listed in (priority.ranked, priority.blocked):
        for row in _all(listed, wanted, left):
            left -= 1
            yield _exported(row)


def _all(listed: Callable[..., Page[OrderStanding]], wanted: RankFilter, most: int) -> Iterator[Row]:
    number, given = 1, 0
    while given < most:
        page = listed(wanted, number, LARGEST)
        customers = customers_of(standing.order for standing in page.items)
        for standing in page.items[: most - given]:
            yield Row(standing.order, customers[standing.order.customer_id], standing)
        given += len(page.items)
        number += 1
        if number > page.last:
            return


def _exported(row: Row) -> Sequence[Any]:
    order, standing = row.order, row.standing
    return [
        order.number,
        _("yes") if standing and standing.blocked else _("no"),
        standing.band if standing else "",
        standing.score if standing else None,
        standing.promise_date if standing and order.is_open else None,
        order.requested_date,
        str(STATUS_NAMES[order.status]),
        str(CHANNELS[order.channel]),
        str(ORDER_TYPES[order.order_type]),
        row.customer.code,
        named(row.customer),
        order.external_ref or "",
        len(order.lines),
        order.total,
        order.currency,
        order.submitted_at,
    ]
