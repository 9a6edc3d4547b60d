"""Papers of an order: the confirmation, made anew under the same number when what is kept for the order changes.

Until version 0035 of the schema confirmations were kept as pages (`OrderDocument`); those stay as they were made.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.catalog import papers
from app.catalog import queries as catalog
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.documents import queries
from app.documents import service as documents
from app.documents.content.orders import ConfirmedLine, OrderConfirmation, Reserved
from app.documents.content.parts import Both
from app.documents.models import Document
from app.fulfilment.models import OrderDocument
from app.inventory import queries as inventory
from app.orders.models import CHANNELS, ORDER_TYPES, Order
from app.priority import queries as priority

CONFIRMATION = "order_confirmation"


class NoDocument(NotFound):
    """The order has no such paper yet."""

    message = _l("There is no order confirmation yet: it is made when the order is released.")


def make_confirmation(actor: Actor, order: Order, as_of: datetime) -> str:
    """Make the order confirmation, or its next version; answers its number, as `OC-2026-000001`."""
    subject = Subject("order", order.id)
    content = _contents(order, as_of)
    before = queries.latest_of(subject, CONFIRMATION)
    if before is not None:
        return documents.supersede(actor, before, content, reason="").number
    return documents.issue_document(actor, CONFIRMATION, subject, content).number


def _contents(order: Order, as_of: datetime) -> OrderConfirmation:
    products = catalog.products_of(line.product_id for line in order.lines)
    lots: dict[str, list[Any]] = defaultdict(list)
    for reservation in inventory.reservations_of(order.id):
        lots[reservation.order_line_id].append(reservation)
    customer = catalog.get_customer(order.customer_id)
    references = (
        *(order.external_ref, order.hospital_po, order.contract_number),
        *(order.tender_award_number, order.authorisation_number),
    )
    return OrderConfirmation(
        order_no=order.number,
        order_version=order.version,
        customer=papers.party_of(customer),
        region=Both.of(catalog.region(customer.region_code).name),
        channel=Both.of(CHANNELS[order.channel]),
        order_type=Both.of(ORDER_TYPES[order.order_type]),
        requested_on=order.requested_date,
        arrives_on=priority.terms_of(order.id, as_of).arrives_on,
        currency=order.currency,
        total=order.total,
        references=tuple(one for one in references if one),
        lines=tuple(
            ConfirmedLine(
                goods=papers.goods_of(
                    products[line.product_id],
                    line.quantity,
                    line_no=line.line_no,
                    unit_price=line.unit_price,
                    amount=line.amount,
                ),
                lots=tuple(Reserved(kept.lot.lot_no, kept.quantity, kept.lot.expires_on) for kept in lots[line.id]),
            )
            for line in order.lines
        ),
    )


def documents_of(order_id: str) -> list[Document]:
    """Every paper of the order, newest first."""
    return queries.documents_of(Subject("order", order_id))


def latest_confirmation(order_id: str) -> Document:
    """The newest confirmation. Raises NoDocument."""
    found = queries.latest_of(Subject("order", order_id), CONFIRMATION)
    if found is None:
        raise NoDocument(order=order_id)
    return found


def earlier_pages(order_id: str) -> list[OrderDocument]:
    """Confirmations that were kept as pages, newest first."""
    newest = OrderDocument.made_at.desc(), OrderDocument.number.desc(), OrderDocument.language
    return list(session().scalars(select(OrderDocument).where(OrderDocument.order_id == order_id).order_by(*newest)))


def earlier_page(order_id: str, number: str, language: str) -> OrderDocument:
    """One of them. Raises NoDocument."""
    for found in earlier_pages(order_id):
        if (found.number, found.language) == (number, language):
            return found
    raise NoDocument(order=order_id)
