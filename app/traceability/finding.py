"""What a search box or a scanned code names: where a chain can begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.catalog.models import Customer, Product
from app.catalog.queries import matching_customers
from app.core.db import session
from app.core.subject import Subject
from app.inventory.models import LedgerEntry, Lot, Serial
from app.orders.models import Order
from app.orders.queries import OrderNotFound, id_of
from app.shipping import scanning

MOST = 20
LONGEST = 500


@dataclass(frozen=True)
class Found:
    """A start of a chain, and what it is called: its number, and the product or name beside it."""

    start: Subject
    label: str
    beside: str = ""


def find(text: str) -> list[Found]:
    """What the text names (an order, lot, serial number, receipt or customer), else what it says as a scanned code.

    At most a dozen statements; at most 20 of a kind.
    """
    text = " ".join(text[:LONGEST].split())
    if not text:
        return []
    found = [*_orders(text), *_lots(text), *_serials(text), *_receipts(text), *_customers(text)]
    return found or _scanned(text)


def named(start: Subject) -> Found | None:
    """The start of that id, as it is called; None when there is none. One statement."""
    return _NAMED[start.kind](start.id) if start.kind in _NAMED else None


def _named_order(order_id: str) -> Found | None:
    return _first("order", select(Order.id, Order.number, Customer.code).join(Customer).where(Order.id == order_id))


def _named_lot(lot_id: str) -> Found | None:
    return _first("lot", select(Lot.id, Lot.lot_no, Product.sku).join(Product).where(Lot.id == lot_id))


def _named_serial(serial_id: str) -> Found | None:
    wanted = select(Serial.id, Serial.serial_no, Product.sku).join(Product, Product.id == Serial.product_id)
    return _first("serial", wanted.where(Serial.id == serial_id))


def _named_customer(customer_id: str) -> Found | None:
    return _first("customer", select(Customer.id, Customer.code, Customer.name).where(Customer.id == customer_id))


def _first(kind: str, wanted: Any) -> Found | None:
    row = session().execute(wanted).first()
    return Found(Subject(kind, row[0]), row[1], row[2]) if row is not None else None


def _named_receipt(document: str) -> Found | None:
    return next(iter(_receipts(document)), None) if 0 < len(document) <= LONGEST else None


_NAMED: dict[str, Callable[[str], Found | None]] = {
    "order": _named_order,
    "lot": _named_lot,
    "serial": _named_serial,
    "customer": _named_customer,
    "receipt": _named_receipt,
}


def _orders(text: str) -> list[Found]:
    try:
        return [Found(Subject("order", id_of(text.upper())), text.upper())]
    except OrderNotFound:
        return []


def _lots(text: str) -> list[Found]:
    wanted = (
        select(Lot.id, Lot.lot_no, Product.sku)
        .join(Product, Product.id == Lot.product_id)
        .where(Lot.lot_no.in_({text, text.upper()}))
        .order_by(Product.sku)
        .limit(MOST)
    )
    return [Found(Subject("lot", row[0]), row[1], row[2]) for row in session().execute(wanted)]


def _serials(text: str, product_id: str = "") -> list[Found]:
    wanted = (
        select(Serial.id, Serial.serial_no, Product.sku)
        .join(Product, Product.id == Serial.product_id)
        .where(Serial.serial_no == text)
        .order_by(Product.sku)
        .limit(MOST)
    )
    if product_id:
        wanted = wanted.where(Serial.product_id == product_id)
    return [Found(Subject("serial", row[0]), row[1], row[2]) for row in session().execute(wanted)]


def _receipts(text: str) -> list[Found]:
    wanted = (
        select(LedgerEntry.document, func.count(LedgerEntry.lot_id.distinct()))
        .where(LedgerEntry.document.in_({text, text.upper()}), LedgerEntry.kind == "receipt")
        .group_by(LedgerEntry.document)
    )
    return [Found(Subject("receipt", row[0]), row[0]) for row in session().execute(wanted)]


def _customers(text: str) -> list[Found]:
    rows = session().scalars(matching_customers(text).limit(MOST))
    return [Found(Subject("customer", one.id), one.code, one.name) for one in rows]


def _scanned(text: str) -> list[Found]:
    """A code on goods: its unit, if it names one, else its lot."""
    hit = scanning.look_up(text)
    if hit.order_id:
        return [Found(Subject("order", hit.order_id), text)]
    if hit.product is None:
        return []
    units = _serials(hit.said.serial, hit.product.id) if hit.said.serial else []
    if units:
        return units
    return [Found(Subject("lot", hit.lot.id), hit.lot.lot_no, hit.product.sku)] if hit.lot is not None else []
