"""What happens to a shipment, as those who do it tell it: the goods and the process move together."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from app.core.permissions import Actor
from app.orders import queries as orders
from app.processes.service import NoMatch, correlate
from app.shipping import delivery, dispatch, shipments
from app.shipping.cartons import check_carton
from app.shipping.dispatch import NotPacked, refuse_unless_open
from app.shipping.models import DeliveryProof, Shipment
from app.shipping.telling import tell
from app.shipping.temperature import Reading

PICKED_UP, DELIVERED, OUTSIDE = "shipment.pickup", "shipment.delivered", "shipment.excursion"
HOLD, LIFTED = "hold.pick", "hold.lifted"


def pick_up(actor: Actor, shipment: Shipment, vehicle: str, carton: str = "") -> None:
    """The carrier takes the goods; `carton` is the label that was scanned. Raises HasLeft, IsHeld, NotPacked,
    ScanBlocked, MayNotLeave."""
    refuse_unless_open(shipment)
    if shipment.status != "packed":
        raise NotPacked(shipment=shipment.number)
    if carton:
        check_carton(actor, shipment, carton, "pickup")
    tell(actor, PICKED_UP, shipment, vehicle=vehicle)


def take_readings(actor: Actor, shipment: Shipment, logger: str, readings: Sequence[Reading]) -> tuple[int, bool]:
    """Temperatures on the way: how many were new, whether one lies outside the range; then quality assesses it.
    Raises NotUnderWay, Invalid."""
    fresh, outside = delivery.take_readings(actor, shipment, logger, readings)
    if outside:
        with contextlib.suppress(NoMatch):  # it is being assessed already, or on its way back
            tell(actor, OUTSIDE, shipment)
    return fresh, outside


def deliver(actor: Actor, shipment: Shipment, given: dict[str, Any]) -> DeliveryProof:
    """The receiver signs; `given` as of `delivery.deliver`, with `carton`, the label that was scanned. Raises
    NotUnderWay, ScanBlocked, Invalid, NoMatch while an excursion is being assessed."""
    if given.get("carton") and shipment.status == "in_transit":
        check_carton(actor, shipment, given["carton"], "deliver")
    proof = delivery.deliver(actor, shipment, given)
    tell(actor, DELIVERED, shipment)
    return proof


def hold(actor: Actor, order_id: str, change: str) -> None:
    """A change of the order is being decided: nothing of it leaves meanwhile. One shipment is asked, and answers with
    `hold.confirmed` or `already.shipped`; the others stop with it. Raises NoMatch when none is under way."""
    there = shipments.open_of(order_id) or shipments.live_of(order_id)[-1:]
    for one in there[1:]:
        dispatch.hold(actor, shipments.get_shipment(one.id, lock=True))
    for one in there[:1]:
        tell(actor, HOLD, one, change=change)
    if not there:
        _tell_another(actor, HOLD, order_id, change=change)


def lift(actor: Actor, order_id: str, **variables: Any) -> None:
    """The change does not come, or has been made: what was held goes on."""
    tell_open(actor, order_id, LIFTED, **variables)
    for one in shipments.open_of(order_id):
        dispatch.resume(actor, one)


def tell_open(actor: Actor, order_id: str, message: str, **variables: Any) -> bool:
    """Tell every shipment of the order that has not left; False when none of them listens."""
    heard = False
    for one in shipments.open_of(order_id):
        with contextlib.suppress(NoMatch):
            tell(actor, message, one, **variables)
            heard = True
    if not shipments.shipments_of(order_id):
        with contextlib.suppress(NoMatch):
            _tell_another(actor, message, order_id, **variables)
            heard = True
    return heard


def _tell_another(actor: Actor, message: str, order_id: str, **variables: Any) -> None:
    """No shipment of ours: another process may ship the order, which knows it by its number."""
    correlate(actor, message, business_key=orders.get_order(order_id).number, variables=variables)
