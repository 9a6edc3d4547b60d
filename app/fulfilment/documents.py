"""Papers of an order: made once as a printable page per language, stored with its SHA-256, never changed."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from app.audit import service as audit
from app.catalog import queries as catalog
from app.core import clock, i18n
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment.models import OrderDocument
from app.inventory import queries as inventory
from app.orders.models import CHANNELS, ORDER_TYPES, Order
from app.priority import queries as priority

CONFIRMATION = "order_confirmation"
FOLDER = Path(__file__).parents[1] / "templates"

_pages = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_pages.filters.update(
    pick=i18n.pick,
    named=i18n.named,
    date=i18n.show_date,
    time=i18n.show_time,
    number=i18n.show_number,
    money=i18n.show_money,
)
_pages.globals.update(_=i18n._)


class NoDocument(NotFound):
    """The order has no such paper yet."""

    message = _l("There is no order confirmation yet: it is made when the order is released.")


def make_confirmation(actor: Actor, order: Order, as_of: datetime) -> str:
    """Make the order confirmation in every language; answers its number, as `OC-2026-000001`."""
    number = next_number("OC")
    facts = _contents(order, as_of)
    sums = {}
    for language in i18n.LANGUAGES:
        with i18n.reading(language):
            text = _pages.get_template("fulfilment/confirmation.html").render(
                number=number, order=order, language=language.replace("_", "-"), made_at=as_of, **facts
            )
        sums[language] = _store(actor, order, number, language, text)
    audit.record(actor, "order:document", Subject("order", order.id), document=number, kind=CONFIRMATION, sha256=sums)
    return number


def _store(actor: Actor, order: Order, number: str, language: str, text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    session().add(
        OrderDocument(
            id=new_id(),
            order_id=order.id,
            order_version=order.version,
            kind=CONFIRMATION,
            number=number,
            language=language,
            html=text,
            sha256=digest,
            made_at=clock.now(),
            made_by=actor.id,
        )
    )
    return digest


def _contents(order: Order, as_of: datetime) -> dict[str, Any]:
    products = catalog.products_of(line.product_id for line in order.lines)
    lots: dict[str, list[Any]] = defaultdict(list)
    for reservation in inventory.reservations_of(order.id):
        lots[reservation.order_line_id].append(reservation)
    customer = catalog.get_customer(order.customer_id)
    return {
        "customer": customer,
        "region": catalog.region(customer.region_code),
        "lines": [
            {
                "line": line,
                "product": products[line.product_id],
                "registration": products[line.product_id].registration,
                "lots": lots[line.id],
            }
            for line in order.lines
        ],
        "arrives_on": priority.terms_of(order.id, as_of).arrives_on,
        "channel": CHANNELS[order.channel],
        "order_type": ORDER_TYPES[order.order_type],
    }


def documents_of(order_id: str) -> list[OrderDocument]:
    """Every paper of the order, newest first."""
    newest = OrderDocument.made_at.desc(), OrderDocument.number.desc(), OrderDocument.language
    return list(session().scalars(select(OrderDocument).where(OrderDocument.order_id == order_id).order_by(*newest)))


def latest_confirmation(order_id: str, language: str) -> OrderDocument:
    """The newest confirmation in the language. Raises NoDocument."""
    for found in documents_of(order_id):
        if found.kind == CONFIRMATION and found.language == language:
            return found
    raise NoDocument(order=order_id)
