"""Reads of orders."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from functools import partial

from sqlalchemy import or_, select
from sqlalchemy.orm import lazyload
from sqlalchemy.orm.attributes import set_committed_value

from app.audit.queries import subject_labels
from app.core.among import among
from app.core.db import flush, session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.paging import SIZE, Page, paginate
from app.core.plain import Plain
from app.core.prepared import Answer, Prepared
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


_LOCKED = (
    select(Order)
    .where(among(Order.id, "ids"))
    .order_by(Order.id)
    .with_for_update(key_share=True)
    .options(lazyload(Order.lines))
    .execution_options(populate_existing=True)
)
_LINES = (
    select(OrderLine)
    .where(among(OrderLine.order_id, "ids"))
    .order_by(OrderLine.line_no)
    .execution_options(populate_existing=True)
)


def locked_orders(order_ids: Collection[str]) -> list[Order]:
    """The orders as they stand now, in the order of their ids, locked until the transaction ends."""
    given = {"ids": list(order_ids)}
    found = list(session().scalars(_LOCKED, given))
    lines: dict[str, list[OrderLine]] = {order.id: [] for order in found}
    for line in session().scalars(_LINES, given):  # the mapper's own way would build this statement anew each time
        if line.order_id in lines:
            lines[line.order_id].append(line)
    for order in found:
        set_committed_value(order, "lines", lines[order.id])
    return found


_ORDER = Plain(
    Order,
    "id number channel order_type customer_id requested_date hospital_po contract_number authorisation_number "
    "tender_award_number surgery_at submitted_at total status",
)
_LINE = Plain(OrderLine, "id order_id line_no product_id quantity unit_price price_ceiling reserved")
_LOCK = Prepared(
    select(*_ORDER.columns).where(among(Order.id, "ids")).order_by(Order.id).with_for_update(key_share=True)
)
_LINES_OF = Prepared(select(*_LINE.columns).where(among(OrderLine.order_id, "ids")).order_by(OrderLine.line_no))


def ask_to_lock(order_ids: Collection[str]) -> Callable[[], list[Order]]:
    """As `locked_orders`, for who only reads them: rows without a session, when what is returned is called. Asked
    `together`, the lines are looked at when the orders are locked."""
    flush()
    given = {"ids": list(order_ids)}
    return partial(_with_lines, _LOCK.ask(given), _LINES_OF.ask(given))


def _with_lines(orders: Answer, lines: Answer) -> list[Order]:
    found = {row[0]: _ORDER.made(row, lines=[]) for row in orders()}
    for row in lines():
        line = _LINE.made(row)
        if line.order_id in found:
            found[line.order_id].lines.append(line)
    return list(found.values())


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


def version_of(order_id: str, *, lock: bool = False) -> int:
    """The current version of the order; with `lock` nobody else changes it until the transaction ends.

    Raises OrderNotFound.
    """
    wanted = select(Order.version).where(Order.id == order_id)
    found = session().scalar(wanted.with_for_update(key_share=True) if lock else wanted)
    if found is None:
        raise OrderNotFound(order=order_id)
    return found


def orders_by_id(order_ids: Collection[str], *, lines: bool = True) -> dict[str, Order]:
    """The orders of these ids; with their lines two statements, else one (lists show no lines)."""
    if not order_ids:
        return {}
    wanted = select(Order).where(Order.id.in_(order_ids))
    found = session().scalars(wanted if lines else wanted.options(lazyload(Order.lines)))
    return {order.id: order for order in found}


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


def plain(text: str) -> str:
    """The text as searches compare it: one width, one case, one kind of space. Chinese is found by any part of it."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@subject_labels.register("order")
def numbers_of(ids: Collection[str]) -> dict[str, str]:
    """The numbers of the orders that exist, by id."""
    rows = session().execute(select(Order.id, Order.number).where(Order.id.in_(ids)))
    return {row.id: row.number for row in rows}
