"""Verbs on stock: receive, move, take out, count; release and block lots; reserve first-expired-first-out, pick, ship,
give back; make kits."""

from app.inventory.fit import WrongZone
from app.inventory.service.kits import NotOneKit, Part, PartUnfit, WrongParts, assemble, set_parts, take_apart
from app.inventory.service.lots import (
    IllegalMove,
    NoReport,
    hold_lot,
    inspect_lot,
    lot_blocked,
    recall_lot,
    reject_lot,
    release_lot,
)
from app.inventory.service.moving import Goods, NotThere, hand_over, move, put_away, take_over
from app.inventory.service.picking import NoDispatchZone, NotReserved, pick, put_back, ship
from app.inventory.service.places import NoZone, add_bin, add_zone, create_warehouse, home_bin, outside
from app.inventory.service.reservations import (
    Reserved,
    Taken,
    Wanted,
    firm_up,
    give_back_unfit,
    release_reservations,
    reserve,
    reserve_lines,
)
from app.inventory.service.stock import MayNotLeave, NotEnough, count, may_leave, receive, take_out

__all__ = [
    "Goods",
    "IllegalMove",
    "MayNotLeave",
    "NoDispatchZone",
    "NoReport",
    "NoZone",
    "NotEnough",
    "NotOneKit",
    "NotReserved",
    "NotThere",
    "Part",
    "PartUnfit",
    "Reserved",
    "Taken",
    "Wanted",
    "WrongParts",
    "WrongZone",
    "add_bin",
    "add_zone",
    "assemble",
    "count",
    "create_warehouse",
    "firm_up",
    "give_back_unfit",
    "hand_over",
    "hold_lot",
    "home_bin",
    "inspect_lot",
    "lot_blocked",
    "may_leave",
    "move",
    "outside",
    "pick",
    "put_away",
    "put_back",
    "recall_lot",
    "receive",
    "reject_lot",
    "release_lot",
    "release_reservations",
    "reserve",
    "reserve_lines",
    "set_parts",
    "ship",
    "take_apart",
    "take_out",
    "take_over",
]
