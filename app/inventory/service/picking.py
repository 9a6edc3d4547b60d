"""What is reserved leaves its bin: picked to the dispatch zone, shipped, or put back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory.fit import keeps
from app.inventory.ledger import Movement, post
from app.inventory.models import FIRM, HARD, SHIPPED, Lot, Place, Reservation
from app.inventory.places import DISPATCH, Zone
from app.inventory.service.places import first_bin, home_bin, require_fit
from app.inventory.service.reservations import active, cut
from app.inventory.service.serials import serial_ids
from app.inventory.service.stock import MayNotLeave, may_leave


class NotReserved(Conflict):
    """The reservation is not there any more, or smaller than what was picked."""

    message = _l("This is no longer reserved for order line %(line)s.")


class NoDispatchZone(Conflict):
    """The warehouse has nowhere to put what was picked."""

    message = _l("The warehouse has no dispatch zone that keeps the temperature of lot %(lot)s.")


def pick(
    actor: Actor, reservation_id: str, quantity: int, *, serials: Sequence[str] = (), document: str = ""
) -> Reservation:
    """Bring a reserved quantity to the dispatch zone: from now on no plan takes it. A part leaves the rest as it was.

    Answers the hard reservation. Raises NotReserved, NoDispatchZone, WrongZone, MayNotLeave, Invalid.
    """
    kept = _locked(reservation_id, quantity)
    lot, source = kept.lot, session().get_one(Place, kept.place_id)
    if not may_leave(lot, kept.arrives_on):
        raise MayNotLeave(lot=lot.lot_no)
    target = _dispatch_bin(kept, lot)
    require_fit(target, lot)
    units = serial_ids(lot, serials, source)
    movement = Movement("pick", lot.id, source, target, quantity, serial_ids=units, kept=True, document=document)
    heads = post(actor, [movement._replace(order_id=kept.order_id)])
    picked = kept if quantity == kept.quantity else cut(kept, quantity)
    picked.level, picked.place_id = HARD, target.id
    session().flush()
    record(
        actor,
        "lot:pick",
        Subject("lot", lot.id),
        order_id=kept.order_id,
        quantity=quantity,
        serials=list(serials),
        into=target.code,
        document=document,
        ledger=heads[lot.id],
    )
    return picked


def ship(actor: Actor, reservation_id: str, target: Place, *, serials: Sequence[str] = (), document: str = "") -> None:
    """A picked quantity leaves to a place outside (on a shipment, to a customer). Raises NotReserved, MayNotLeave."""
    kept = _locked(reservation_id, None)
    lot, source = kept.lot, session().get_one(Place, kept.place_id)
    if kept.level != HARD:
        raise NotReserved(line=kept.order_line_id)
    if not may_leave(lot, kept.arrives_on):
        raise MayNotLeave(lot=lot.lot_no)
    units = serial_ids(lot, serials, source)
    movement = Movement("ship", lot.id, source, target, kept.quantity, serial_ids=units, kept=True, document=document)
    heads = post(actor, [movement._replace(order_id=kept.order_id)])
    kept.status, kept.ended_at = SHIPPED, clock.now()
    session().flush()
    record(
        actor,
        "lot:ship",
        Subject("lot", lot.id),
        order_id=kept.order_id,
        quantity=kept.quantity,
        serials=list(serials),
        into=[target.kind, target.holder_id],
        document=document,
        ledger=heads[lot.id],
    )


def put_back(actor: Actor, reservation_id: str, *, serials: Sequence[str] = (), reason: str) -> None:
    """A picked quantity goes back to where it is picked from, still kept for its order. Raises NotReserved."""
    kept = _locked(reservation_id, None)
    lot, source = kept.lot, session().get_one(Place, kept.place_id)
    target = home_bin(kept.warehouse, lot)
    units = serial_ids(lot, serials, source)
    movement = Movement("put_back", lot.id, source, target, kept.quantity, serial_ids=units, kept=True, reason=reason)
    heads = post(actor, [movement._replace(order_id=kept.order_id)])
    kept.level, kept.place_id = FIRM, target.id
    session().flush()
    record(
        actor,
        "lot:put_back",
        Subject("lot", lot.id),
        order_id=kept.order_id,
        quantity=kept.quantity,
        into=target.code,
        reason=reason,
        ledger=heads[lot.id],
    )


def _locked(reservation_id: str, quantity: int | None) -> Reservation:
    found = active(Reservation.id == reservation_id)
    if not found:
        raise NotReserved(line="–")
    kept = found[0]
    if quantity is not None and not 1 <= quantity <= kept.quantity:
        raise NotReserved(line=kept.order_line_id)
    return kept


def _dispatch_bin(kept: Reservation, lot: Lot) -> Place:
    from_zone = session().get_one(Place, kept.place_id).zone
    wanted = select(Zone).where(Zone.warehouse_id == kept.warehouse_id, Zone.kind == DISPATCH).order_by(Zone.code)
    zones = [zone for zone in session().scalars(wanted) if keeps(zone, lot.product)]
    if not zones or from_zone is None:
        raise NoDispatchZone(lot=lot.lot_no)
    return first_bin(max(zones, key=lambda zone: (zone.max_c is None, zone.max_c or 0)))
