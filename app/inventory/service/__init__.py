"""Verbs on stock: receive, take out, count; release and block lots; reserve first-expired-first-out, give back."""

from app.inventory.service.lots import (
    IllegalMove,
    NoReport,
    hold_lot,
    lot_blocked,
    recall_lot,
    reject_lot,
    release_lot,
)
from app.inventory.service.reservations import (
    Reserved,
    Taken,
    Wanted,
    give_back_unfit,
    release_reservations,
    reserve,
    reserve_lines,
)
from app.inventory.service.stock import NotEnough, count, create_warehouse, receive, take_out

__all__ = [
    "IllegalMove",
    "NoReport",
    "NotEnough",
    "Reserved",
    "Taken",
    "Wanted",
    "count",
    "create_warehouse",
    "give_back_unfit",
    "hold_lot",
    "lot_blocked",
    "recall_lot",
    "receive",
    "reject_lot",
    "release_lot",
    "release_reservations",
    "reserve",
    "reserve_lines",
    "take_out",
]
