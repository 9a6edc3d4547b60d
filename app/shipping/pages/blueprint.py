"""The blueprint of the shipping pages."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from flask import Blueprint

from app.shipping import shipments, wording
from app.shipping.models import Shipment

bp = Blueprint("shipping", "app.shipping.pages")


@bp.app_template_global()
def shipment_wording() -> ModuleType:
    """What codes of shipments are called."""
    return wording


@bp.app_template_global()
def shipments_of_order(order_id: str) -> list[Shipment]:
    """Of the order, the newest first, for the order's page."""
    return shipments.shipments_of(order_id)


@bp.app_template_global()
def units_of_shipments(some: Sequence[Shipment]) -> dict[str, int]:
    """How many base units each is to bring, or has brought, by its id."""
    return shipments.units_of([one.id for one in some])
