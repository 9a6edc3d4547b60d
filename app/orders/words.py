"""What an open order is found by, kept beside it in the transaction that changes it.

Names of customers and products are those at the last change of the order: who is renamed meanwhile is found by code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, insert, update

from app.catalog.models import Customer, Product
from app.core.db import session
from app.orders.models import Order, OrderWords
from app.orders.queries import plain

LONGEST = 4_000
"""Characters; an order of many lines is found by its first products."""
_words: Any = OrderWords.__table__


def keep_words(order: Order, verb: str) -> None:
    """Write them for a new order, write them anew for a changed one, drop them for one that is closed."""
    if not order.is_open:
        session().execute(delete(_words).where(_words.c.order_id == order.id))
    elif verb in ("create", "amend"):  # a released order had none: it is open again
        session().execute(insert(_words), {"order_id": order.id, **_row(order)})
    elif verb == "change":
        session().execute(update(_words).where(_words.c.order_id == order.id).values(_row(order)))


def _row(order: Order) -> dict[str, str]:
    text = plain(" ".join(filter(None, _texts(order))))[:LONGEST]
    return {"channel": order.channel, "customer_id": order.customer_id, "text": text}


def _texts(order: Order) -> Iterator[str | None]:
    yield from (order.number, order.external_ref, order.hospital_po, order.surgery_number)
    yield from (order.contract_number, order.tender_award_number)
    customer = session().get(Customer, order.customer_id)
    if customer is not None:
        yield from (customer.code, customer.name, customer.name_en)
    for line in order.lines:
        product = session().get(Product, line.product_id)
        if product is not None:
            yield from (product.sku, product.name, product.name_en)
