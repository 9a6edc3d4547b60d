"""Goods that are not where they should be: the stock is corrected, and other lots are kept instead."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from app.catalog import queries as catalog
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import Actor
from app.inventory import service as inventory
from app.inventory.models import Balance, Lot, Reservation, Serial, Warehouse
from app.orders import queries as orders
from app.orders.models import Order
from app.planning import service as planning
from app.shipping import covering, dispatch, parting, shipments
from app.shipping.models import Shipment
from app.shipping.shipments import ToPick


def report_missing(actor: Actor, shipment: Shipment, reservation_id: str, found: int, *, reason: str) -> int:
    """Less lies in the bin than is kept there, so nothing of the lot is free in it either: the stock is corrected (what
    others keep there they will find, or not), and other goods are kept instead where there are any. Answers what is
    still missing. Raises HasLeft, IsHeld, Invalid."""
    kept = _lying(shipment, reservation_id)
    if not 0 <= found < kept.quantity:
        raise Invalid({"found": [_("Must lie between %(least)s and %(most)s.", least=0, most=kept.quantity - 1)]})
    if kept.lot.serialised:
        raise Invalid({"serials": [_("Choose the serial numbers that are not there.")]})
    lot, warehouse, place_id = kept.lot, kept.warehouse, kept.place_id
    gone, line = kept.quantity - found, kept.order_line_id
    lost = _give_up(actor, shipment, kept, gone, reason)
    there = _balance(lot, warehouse, place_id).reserved + (found if lost is kept else 0)
    inventory.count(actor, lot, warehouse, there, place_id=place_id, reason=reason)
    return _replaced(actor, shipment, lot, line, gone)


def report_units_missing(
    actor: Actor, shipment: Shipment, reservation_id: str, serials: Collection[str], *, reason: str
) -> int:
    """These units of a lot with serial numbers do not lie in the bin: they are booked off, and other goods are kept
    instead of those that were kept; what others keep of the bin, they miss themselves. Answers what is still missing.
    Raises HasLeft, IsHeld, Invalid."""
    kept, gone = _lying(shipment, reservation_id), frozenset(serials)
    lot, warehouse, place_id, line = kept.lot, kept.warehouse, kept.place_id, kept.order_line_id
    inventory.active(Reservation.id == kept.id)
    known = inventory.numbers_at(lot, {place_id})
    if not gone or not gone <= known:
        raise Invalid({"serials": [_("Choose the serial numbers that are not there.")]})
    here = _balance(lot, warehouse, place_id)
    there, others = here.on_hand - len(gone), here.reserved - kept.quantity
    if there < others:
        most = here.on_hand - others
        raise Invalid(
            {"serials": [_("Other shipments wait for units of this bin: report at most %(most)s.", most=most)]}
        )
    short = max(here.reserved - there, 0)
    if short:
        _give_up(actor, shipment, kept, short, reason)
    inventory.count(actor, lot, warehouse, there, serials=sorted(known - gone), place_id=place_id, reason=reason)
    return _replaced(actor, shipment, lot, line, len(gone))


def units_lying(goods: Collection[ToPick]) -> dict[str, list[str]]:
    """Serial numbers of the lot in the bin of each of the goods that have some, by reservation. One statement."""
    serialised = [one for one in goods if one.kept.lot.serialised and not one.is_picked]
    if not serialised:
        return {}
    wanted = select(Serial.lot_id, Serial.place_id, Serial.serial_no).where(
        Serial.lot_id.in_({one.kept.lot_id for one in serialised}),
        Serial.place_id.in_({one.kept.place_id for one in serialised}),
    )
    units: dict[tuple[str, str], list[str]] = {}
    for lot_id, place_id, number in session().execute(wanted.order_by(Serial.serial_no)):
        units.setdefault((lot_id, place_id), []).append(number)
    return {one.kept.id: units.get((one.kept.lot_id, one.kept.place_id), []) for one in serialised}


def lacking_of(shipment: Shipment, order: Order) -> list[tuple[Product, int]]:
    """Products that the shipment is to bring and that nothing is kept of, with how many units. Three statements."""
    short = shipments.lacking([shipment]).get(shipment.id, {})
    products = catalog.products_of(line.product_id for line in order.lines if line.id in short)
    return [(products[line.product_id], short[line.id]) for line in order.lines if line.id in short]


def _lying(shipment: Shipment, reservation_id: str) -> Reservation:
    dispatch.refuse_unless_open(shipment)
    return dispatch.to_be_picked(shipment, reservation_id)


def _balance(lot: Lot, warehouse: Warehouse, place_id: str) -> Balance:
    (here,) = (row for row in inventory.balances_of(lot, warehouse) if row.place_id == place_id)
    return here


def _give_up(actor: Actor, shipment: Shipment, kept: Reservation, gone: int, reason: str) -> Reservation:
    """So much of it is kept no more: a part where others wait for such goods, else all of it, which is then kept anew
    as one, with what replaces it."""
    inventory.active(Reservation.id == kept.id)
    contested = planning.wanted_by_others(shipment.order_id, {kept.lot.product_id})
    lost = inventory.cut(kept, gone) if gone < kept.quantity and contested else kept
    inventory.give_up(actor, lost.id, reason)
    return lost


def _replaced(actor: Actor, shipment: Shipment, lot: Lot, line: str, gone: int) -> int:
    covering.cover(actor, orders.get_order(shipment.order_id), clock.now(), asker=shipment)
    short = shipments.lacking([shipment]).get(shipment.id, {}).get(line, 0)
    dispatch.note(actor, shipment, "missing", lot=lot.lot_no, quantity=gone, short=short)
    parting.by_place(actor, shipment)
    return short
