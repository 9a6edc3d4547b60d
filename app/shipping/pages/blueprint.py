"""The blueprint of the shipping pages."""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint

from app.shipping import wording

bp = Blueprint("shipping", "app.shipping.pages")


@bp.app_template_global()
def shipment_wording() -> ModuleType:
    """What codes of shipments are called."""
    return wording
