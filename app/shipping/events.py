"""What is told of shipments."""

from __future__ import annotations

from typing import Any

from app.core.i18n import LazyString, _l
from app.core.outbox import TEXT, EventType, event_type, one_of, tell
from app.core.subject import Subject
from app.orders.models import Order
from app.shipping.models import STATUSES, Shipment


def _of_shipment(name: str, description: LazyString) -> EventType:
    return event_type(
        f"youxu.shipment.{name}", description, number=TEXT, order=TEXT, status=one_of(STATUSES), carrier=TEXT
    )


BY_VERB = {
    "plan": _of_shipment("planned", _l("A shipment has been planned: carrier, day, day of arrival.")),
    "to-pick": _of_shipment("to_pick", _l("A shipment is to be picked.")),
    "missing": _of_shipment("missing", _l("Goods of a shipment were not in their bin.")),
    "picked": _of_shipment("picked", _l("Everything of a shipment has been picked.")),
    "packed": _of_shipment("packed", _l("A shipment is packed and waits for its carrier.")),
    "departed": _of_shipment("departed", _l("The carrier has taken a shipment.")),
    "excursion": _of_shipment("excursion", _l("A shipment was outside its temperature range.")),
    "delivered": _of_shipment("delivered", _l("A shipment has been delivered; the receiver has signed.")),
    "called-back": _of_shipment("called_back", _l("A shipment is to come back.")),
    "returned": _of_shipment("returned", _l("A shipment has come back.")),
    "settled": _of_shipment("settled", _l("What was not accepted of a shipment is settled.")),
    "held": _of_shipment("held", _l("A shipment is held while a change of its order is decided.")),
    "resumed": _of_shipment("resumed", _l("A held shipment goes on.")),
    "stopped": _of_shipment("stopped", _l("What is to be shipped has changed: the shipment is planned anew.")),
    "covered": _of_shipment("covered", _l("Stock has come for a shipment that waited for it: it is checked again.")),
    "parted": _of_shipment("parted", _l("A part of a shipment is brought by another, of the same order.")),
    "sent-anew": _of_shipment(
        "sent_anew", _l("What a shipment did not bring to the customer is sent in another, of the same order.")
    ),
    "late": _of_shipment("late", _l("A shipment was not fetched or has not arrived in time.")),
    "void": _of_shipment("void", _l("A shipment will not be made.")),
}
"""By the verb of the audit trail."""


def tell_of(shipment: Shipment, order: Order, verb: str) -> None:
    """The verb has been done to the shipment; its order's number keeps events in turn."""
    data: dict[str, Any] = {
        "number": shipment.number,
        "order": order.number,
        "status": shipment.status,
        "carrier": shipment.carrier,
    }
    tell(BY_VERB[verb], Subject("shipment", shipment.id), data, key=order.number)
