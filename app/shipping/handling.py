"""What happens to a shipment, as those who do it tell it: the goods and the process move together."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from app.core.permissions import Actor
from app.orders import queries as orders
from app.processes.service import NoMatch, correlate
from app.shipping import delivery
from app.shipping.dispatch import NotPacked, refuse_unless_open
from app.shipping.models import DeliveryProof, Shipment
from app.shipping.temperature import Reading

PICKED_UP, DELIVERED, OUTSIDE = "shipment.pickup", "shipment.delivered", "shipment.excursion"


def pick_up(actor: Actor, shipment: Shipment, vehicle: str) -> None:
    """The carrier takes the goods. Raises HasLeft, IsHeld, NotPacked, MayNotLeave."""
    refuse_unless_open(shipment)
    if shipment.status != "packed":
        raise NotPacked(shipment=shipment.number)
    _tell(actor, PICKED_UP, shipment, vehicle=vehicle)


def take_readings(actor: Actor, shipment: Shipment, logger: str, readings: Sequence[Reading]) -> tuple[int, bool]:
    """Temperatures on the way: how many were new, whether one lies outside the range; then quality assesses it.
    Raises NotUnderWay, Invalid."""
    fresh, outside = delivery.take_readings(actor, shipment, logger, readings)
    if outside:
        with contextlib.suppress(NoMatch):  # it is being assessed already, or on its way back
            _tell(actor, OUTSIDE, shipment)
    return fresh, outside


def deliver(actor: Actor, shipment: Shipment, given: dict[str, Any]) -> DeliveryProof:
    """The receiver signs; `given` as of `delivery.deliver`. Raises NotUnderWay, Invalid, NoMatch while an excursion is
    being assessed."""
    proof = delivery.deliver(actor, shipment, given)
    _tell(actor, DELIVERED, shipment)
    return proof


def _tell(actor: Actor, message: str, shipment: Shipment, **variables: Any) -> None:
    key = orders.get_order(shipment.order_id).number
    correlate(actor, message, business_key=key, variables=variables)
