"""Goods that are not where they should be: the stock is corrected, and other lots are kept instead."""

from __future__ import annotations

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import Actor
from app.inventory import service as inventory
from app.inventory.models import Reservation
from app.orders import queries as orders
from app.planning import service as planning
from app.shipping import covering, dispatch, parting, shipments
from app.shipping.models import Shipment


def report_missing(actor: Actor, shipment: Shipment, reservation_id: str, found: int, *, reason: str) -> int:
    """Less lies in the bin than is kept there, so nothing of the lot is free in it either: the stock is corrected (what
    others keep there they will find, or not), and other goods are kept instead where there are any. Answers what is
    still missing. Raises HasLeft, IsHeld, Invalid."""
    dispatch.refuse_unless_open(shipment)
    kept = dispatch.to_be_picked(shipment, reservation_id)
    if not 0 <= found < kept.quantity:
        raise Invalid({"found": [_("Must lie between %(least)s and %(most)s.", least=0, most=kept.quantity - 1)]})
    if kept.lot.serialised:
        raise Invalid({"reservation": [_("Units with serial numbers are missed by a count of their lot.")]})
    lot, warehouse, gone, line = kept.lot, kept.warehouse, kept.quantity - found, kept.order_line_id
    place_id = kept.place_id
    inventory.active(Reservation.id == kept.id)
    contested = planning.wanted_by_others(shipment.order_id, {lot.product_id})
    lost = (
        inventory.cut(kept, gone) if found and contested else kept
    )  # else it is kept anew as one, with what replaces it
    inventory.give_up(actor, lost.id, reason or shipment.number)
    (here,) = (row for row in inventory.balances_of(lot, warehouse) if row.place_id == place_id)
    there = here.reserved + (found if lost is kept else 0)
    inventory.count(actor, lot, warehouse, there, place_id=place_id, reason=reason or shipment.number)
    covering.cover(actor, orders.get_order(shipment.order_id), clock.now(), asker=shipment)
    short = shipments.lacking([shipment]).get(shipment.id, {}).get(line, 0)
    dispatch.note(actor, shipment, "missing", lot=lot.lot_no, quantity=gone, short=short)
    parting.by_place(actor, shipment)
    return short
