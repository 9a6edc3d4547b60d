"""The blueprint of these pages, and the words they share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.core import clock, menu
from app.core.i18n import _l
from app.inventory.models import remaining_days, usable_on
from app.inventory.permissions import STOCK_READ
from app.inventory.schemas import STATUS_NAMES

TONES = {
    "released": "success",
    "quarantined": "warning",
    "inspecting": "info",
    "held": "warning",
    "rejected": "danger",
    "recalled": "danger",
}

bp = Blueprint("inventory", "app.inventory.pages")
menu.add(_l("Stock"), "inventory.list_stock", icon="packages", right=STOCK_READ, section="quality", order=10)
menu.add(
    _l("Warehouses"),
    "inventory.list_warehouses",
    icon="building-warehouse",
    right=STOCK_READ,
    section="quality",
    order=11,
)


def words() -> dict[str, Any]:
    """What the templates say of a lot's status and expiry."""
    today = clock.today()
    return {
        "statuses": STATUS_NAMES,
        "tones": TONES,
        "usable": lambda lot: usable_on(lot, today),
        "remaining": lambda lot: remaining_days(lot, today),
    }
