"""What is told of orders."""

from __future__ import annotations

from typing import Any

from app.core.i18n import LazyString, _l
from app.core.outbox import NUMBER, TEXT, EventType, event_type, one_of, tell
from app.core.subject import Subject
from app.orders.models import CHANNELS, STATUS_NAMES, Order


def _of_order(name: str, description: LazyString) -> EventType:
    return event_type(
        f"youxu.order.{name}",
        description,
        number=TEXT,
        version=NUMBER,
        status=one_of(STATUS_NAMES),
        channel=one_of(CHANNELS),
    )


BY_VERB = {
    "create": _of_order("created", _l("An order has been entered.")),
    "change": _of_order("changed", _l("An order has been changed.")),
    "amend": _of_order("amended", _l("A released order has been changed; it may be back in approval.")),
    "rework": _of_order("returned", _l("An order has been returned for rework.")),
    "resume": _of_order("resumed", _l("An order returned for rework is in approval again, as it was.")),
    "release": _of_order("released", _l("An order has been approved and reserved; it may be shipped.")),
    "reject": _of_order("rejected", _l("An order has been rejected.")),
    "cancel": _of_order("cancelled", _l("An order has been cancelled.")),
    "withdraw": _of_order("withdrawn", _l("An order has been withdrawn by its submitter.")),
    "approval-missed": _of_order("approval_missed", _l("A released emergency was not approved in time afterwards.")),
    "approve-afterwards": _of_order("approved_afterwards", _l("A released emergency has been approved afterwards.")),
    "refuse-afterwards": _of_order("refused_afterwards", _l("A released emergency has been refused afterwards.")),
}
"""By the verb of the audit trail."""
PURCHASE_SUGGESTED = event_type(
    "youxu.purchase.suggested",
    _l("An order waits for goods that nobody expects: a purchase is suggested."),
    number=TEXT,
    product=TEXT,
    quantity=NUMBER,
)


def tell_of(order: Order, verb: str) -> None:
    """The verb has been done to the order."""
    data: dict[str, Any] = {
        "number": order.number,
        "version": order.version,
        "status": str(order.status),
        "channel": str(order.channel),
    }
    tell(BY_VERB[verb], Subject("order", order.id), data, key=order.number)


def tell_of_need(order: Order, sku: str, quantity: int) -> None:
    """The order lacks so many base units of the product."""
    data: dict[str, Any] = {"number": order.number, "product": sku, "quantity": quantity}
    tell(PURCHASE_SUGGESTED, Subject("order", order.id), data, key=order.number)
