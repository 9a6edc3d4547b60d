"""Goods that change their place: between bins, with the lot's status, and on their way outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from app.audit.service import record
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import fit
from app.inventory.ledger import Movement, post
from app.inventory.models import OWN, RELEASED, Balance, Holding, Lot, Place, Serial, Warehouse
from app.inventory.places import QUARANTINE, RETURNS
from app.inventory.service.freeing import tell_freed
from app.inventory.service.places import NoZone, home_bin, require_fit
from app.inventory.service.serials import serial_ids
from app.inventory.service.stock import balances_of


class NotThere(Conflict):
    """Less of the lot is there than should be moved."""

    message = _l("Only %(there)s of lot %(lot)s can be moved from there.")


class Goods(NamedTuple):
    """A quantity of a lot, of an owner; `serials` name the units of a serialised lot."""

    lot: Lot
    quantity: int
    serials: tuple[str, ...] = ()
    owner: str = OWN


def move(actor: Actor, goods: Goods, source: Place, target: Place, *, document: str = "", reason: str) -> None:
    """Put free stock from one bin into another. Raises WrongZone, NotThere, Invalid."""
    lot, quantity = goods.lot, goods.quantity
    session().refresh(lot, with_for_update={"key_share": True})
    require_fit(target, lot)
    free = _free(lot, source, goods.owner)
    if not 1 <= quantity <= free:
        raise NotThere(there=free, lot=lot.lot_no)
    units = serial_ids(lot, goods.serials, source)
    movement = Movement("move", lot.id, source, target, quantity, goods.owner, serial_ids=units, document=document)
    heads = post(actor, [movement._replace(reason=reason)])
    record(
        actor,
        "lot:move",
        Subject("lot", lot.id),
        quantity=quantity,
        out_of=source.code,
        into=target.code,
        document=document,
        reason=reason,
        ledger=heads[lot.id],
    )
    tell_freed(lot, "moved")


def _free(lot: Lot, place: Place, owner: str) -> int:
    wanted = select(Balance).where(Balance.lot_id == lot.id, Balance.place_id == place.id, Balance.owner == owner)
    found = (
        session()
        .scalars(wanted.with_for_update(key_share=True).execution_options(populate_existing=True))
        .one_or_none()
    )
    return found.on_hand - found.reserved if found else 0


def put_away(actor: Actor, lot: Lot, warehouse: Warehouse, *, reason: str) -> int:
    """Move what waits of a released lot (a further delivery, a return) to where it is picked; answers the quantity."""
    rows = balances_of(lot, warehouse)
    if lot.status != RELEASED:
        return 0
    moved = _bring_home(actor, lot, [row for row in rows if _zone_of(row) in (QUARANTINE, RETURNS)], reason)
    if moved:
        tell_freed(lot, "put_away")
    return moved


def bring_home(actor: Actor, lot: Lot, reason: str) -> int:
    """Move all free stock of ours to the zones where goods of the lot's new status belong; answers the quantity.

    What is held stays where it is, and so does what already lies in a zone that takes it. The lot is locked.
    """
    wanted = (
        select(Balance)
        .where(Balance.lot_id == lot.id, Balance.owner == OWN, Balance.on_hand > 0)
        .order_by(Balance.place_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return _bring_home(actor, lot, [row for row in session().scalars(wanted) if _is_away(lot, row)], reason)


def _is_away(lot: Lot, row: Balance) -> bool:
    kind = _zone_of(row)
    if lot.status == RELEASED:
        return kind in (QUARANTINE, RETURNS)
    return lot.status not in fit.TAKES[kind]


def _zone_of(row: Balance) -> str:
    return session().get_one(Place, row.place_id).zone_kind


def _bring_home(actor: Actor, lot: Lot, rows: Sequence[Balance], reason: str) -> int:
    moves = []
    for row in rows:
        free = row.on_hand - row.reserved
        target = _home(session().get_one(Warehouse, row.warehouse_id), lot)
        if free > 0 and target is not None and target.id != row.place_id:
            units = _some_of(lot, row.place_id, free)
            source = session().get_one(Place, row.place_id)
            moves.append(Movement("move", lot.id, source, target, free, serial_ids=units, reason=reason))
    if moves:
        heads = post(actor, moves)
        record(
            actor,
            "lot:move",
            Subject("lot", lot.id),
            quantity=sum(move.quantity for move in moves),
            out_of=[move.source.code for move in moves],
            into=[move.target.code for move in moves],
            reason=reason,
            ledger=heads[lot.id],
        )
    return sum(move.quantity for move in moves)


def _home(warehouse: Warehouse, lot: Lot) -> Place | None:
    """Where it belongs. A block never fails for want of a zone: what has nowhere to go stays, and may not leave."""
    try:
        return home_bin(warehouse, lot)
    except NoZone:
        if lot.status == RELEASED:
            raise
        return None


def _some_of(lot: Lot, place_id: str, quantity: int) -> tuple[str, ...]:
    if not lot.serialised:
        return ()
    wanted = select(Serial.id).where(Serial.lot_id == lot.id, Serial.place_id == place_id, Serial.owner == OWN)
    return tuple(session().scalars(wanted.order_by(Serial.serial_no).limit(quantity)))


def hand_over(
    actor: Actor,
    kind: str,
    goods: Goods,
    source: Place,
    target: Place,
    *,
    order_id: str | None = None,
    document: str = "",
    reason: str = "",
) -> None:
    """What happens outside our warehouses or comes back: delivered, passed on, used, returned, destroyed there.

    `source` is a place outside; a bin as `target` must take the lot. Raises NotThere, WrongZone, Invalid.
    """
    lot, quantity = goods.lot, goods.quantity
    if source.inside:
        raise Invalid({"source": [_("Choose one of the list.")]})
    session().refresh(lot, with_for_update={"key_share": True})
    if target.inside:
        require_fit(target, lot)
    there = _held(lot, source, goods.owner)
    if not 1 <= quantity <= there:
        raise NotThere(there=there, lot=lot.lot_no)
    units = serial_ids(lot, goods.serials, source)
    movement = Movement(kind, lot.id, source, target, quantity, goods.owner, serial_ids=units, order_id=order_id)
    heads = post(actor, [movement._replace(document=document, reason=reason)])
    record(
        actor,
        "lot:hand_over",
        Subject("lot", lot.id),
        kind=kind,
        quantity=quantity,
        out_of=[source.kind, source.holder_id],
        into=[target.kind, target.code or target.holder_id],
        document=document,
        reason=reason,
        ledger=heads[lot.id],
    )


def take_over(actor: Actor, goods: Goods, place: Place, new_owner: str, *, document: str = "", reason: str) -> None:
    """Goods change their owner where they lie (consigned stock is bought). Raises NotThere, Invalid."""
    lot, quantity = goods.lot, goods.quantity
    session().refresh(lot, with_for_update={"key_share": True})
    there = _free(lot, place, goods.owner) if place.inside else _held(lot, place, goods.owner)
    if not 1 <= quantity <= there or new_owner == goods.owner:
        raise NotThere(there=there, lot=lot.lot_no)
    units = serial_ids(lot, goods.serials, place)
    movement = Movement("owner", lot.id, place, place, quantity, goods.owner, new_owner, units)
    heads = post(actor, [movement._replace(document=document, reason=reason)])
    record(
        actor,
        "lot:take_over",
        Subject("lot", lot.id),
        quantity=quantity,
        owner=goods.owner,
        new_owner=new_owner,
        document=document,
        reason=reason,
        ledger=heads[lot.id],
    )
    tell_freed(lot, "bought")


def _held(lot: Lot, place: Place, owner: str) -> int:
    wanted = select(Holding.quantity).where(
        Holding.lot_id == lot.id, Holding.place_id == place.id, Holding.owner == owner
    )
    return session().scalar(wanted) or 0
