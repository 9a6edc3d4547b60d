"""Messages to the process of one shipment: an order may have several, so its number alone does not say which."""

from __future__ import annotations

from typing import Any

from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import queries as processes
from app.processes.service import correlate
from app.shipping.models import Shipment


def tell(actor: Actor, message: str, shipment: Shipment, **variables: Any) -> None:
    """Raises NoMatch when its process does not wait for the message, and whatever that process raises."""
    found = processes.instance_of(Subject("shipment", shipment.id))
    correlate(actor, message, instance_id=found.id if found else "", variables=variables)
