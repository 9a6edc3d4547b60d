"""Kits: units of several products that are sold as one. What went into which kit lot stays known, for a recall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select

from app.audit.service import record
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import schemas
from app.inventory.ledger import Movement, post
from app.inventory.models import ASSEMBLY, KIT, OWN, KitContent, KitPart, Lot, Place, Warehouse
from app.inventory.service.places import home_bin, outside, require_fit
from app.inventory.service.serials import make_serials, serial_ids
from app.inventory.service.stock import balances_of, may_leave


class WrongParts(Conflict):
    """What is put together is not what the kit consists of."""

    message = _l("A kit of %(kit)s needs %(wanted)s of %(part)s for each; given are %(given)s for %(kits)s kits.")


class PartUnfit(Conflict):
    """Only goods that could be sold go into a kit."""

    message = _l(
        "Lot %(lot)s cannot go into a kit: it is not released, has expired, or too little of it is free there."
    )


class NotOneKit(Conflict):
    """More kits should be taken apart than are free there."""

    message = _l("Only %(free)s kits of lot %(lot)s are free there.")


class Part(NamedTuple):
    """A quantity of a lot in a bin that goes into kits (or comes out of them into the bin)."""

    lot: Lot
    place: Place
    quantity: int
    serials: tuple[str, ...] = ()


def set_parts(actor: Actor, kit: Product, parts: Mapping[str, int]) -> None:
    """Say what a kit consists of: quantities by product id. Raises Invalid for a kit that would contain itself."""
    if any(quantity < 1 for quantity in parts.values()) or kit.id in _all_parts(set(parts)) | set(parts):
        raise Invalid({"parts": [_("A kit cannot contain itself, and needs at least one of each part.")]})
    session().execute(delete(KitPart).where(KitPart.kit_product_id == kit.id))
    rows = [{"kit_product_id": kit.id, "product_id": key, "quantity": number} for key, number in sorted(parts.items())]
    if rows:
        session().execute(insert(KitPart), rows)
    record(actor, "product:kit", Subject("product", kit.id), parts=dict(sorted(parts.items())))


def _all_parts(product_ids: set[str]) -> set[str]:
    """The products inside these, at any depth."""
    found: set[str] = set()
    level = product_ids
    while level:
        level = set(session().scalars(select(KitPart.product_id).where(KitPart.kit_product_id.in_(level)))) - found
        found |= level
    return found


def assemble(actor: Actor, kit: Product, warehouse: Warehouse, given: dict[str, Any], parts: Sequence[Part]) -> Lot:
    """Make kits of released, free stock. The kit lot waits in quarantine; it expires with its first part.

    `given`: lot_no, quantity, serials, document. Raises Invalid, WrongParts, PartUnfit, NoZone.
    """
    made_on = clock.today()
    ends = [part.lot.expires_on for part in parts if part.lot.expires_on is not None]
    expires_on = min(ends, default=None)
    values = schemas.checked_receipt({**given, "made_on": made_on.isoformat(), "expires_on": _iso(expires_on)})
    quantity = int(values["quantity"])
    _check_parts(kit, quantity, parts)
    lot = _kit_lot(kit, values)
    inside = outside(KIT, lot.id)
    moves = [_part_in(part, inside, values["document"]) for part in sorted(parts, key=lambda part: part.lot.id)]
    source = outside(ASSEMBLY)
    units = make_serials(lot, values["serials"], source, OWN)
    made = Movement("assemble", lot.id, source, home_bin(warehouse, lot), quantity, serial_ids=units)
    heads = post(actor, [*moves, made._replace(document=values["document"])])
    _note_contents(lot, parts, 1)
    for part in parts:
        _record(actor, "lot:into_kit", part, lot, heads)
    record(
        actor,
        "lot:assemble",
        Subject("lot", lot.id),
        quantity=quantity,
        parts=[[part.lot.id, part.quantity] for part in parts],
        ledger=heads[lot.id],
    )
    return lot


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _kit_lot(kit: Product, values: dict[str, Any]) -> Lot:
    if session().scalar(select(Lot.id).where(Lot.product_id == kit.id, Lot.lot_no == values["lot_no"])):
        raise Invalid({"lot_no": [_("This is already in use.")]})
    lot = Lot(
        id=new_id(),
        product_id=kit.id,
        lot_no=values["lot_no"],
        made_on=values["made_on"],
        expires_on=values["expires_on"],
        received_at=clock.now(),
        serialised=kit.serial_controlled,
    )
    session().add(lot)
    session().flush()
    return lot


def _check_parts(kit: Product, kits: int, parts: Sequence[Part]) -> None:
    rows = session().execute(select(KitPart.product_id, KitPart.quantity).where(KitPart.kit_product_id == kit.id))
    wanted = {row.product_id: row.quantity for row in rows}
    given: dict[str, int] = defaultdict(int)
    for part in parts:
        given[part.lot.product_id] += part.quantity
    if not wanted:
        raise Invalid({"parts": [_("It has not been said what this kit consists of.")]})
    for product_id in sorted({*wanted, *given}):
        if given.get(product_id, 0) != wanted.get(product_id, 0) * kits:
            product = session().get_one(Product, product_id)
            raise WrongParts(
                kit=kit.sku,
                part=product.sku,
                wanted=wanted.get(product_id, 0),
                given=given.get(product_id, 0),
                kits=kits,
            )


def _part_in(part: Part, inside: Place, document: str) -> Movement:
    warehouse = session().get_one(Warehouse, part.place.holder_id)
    here = next((row for row in balances_of(part.lot, warehouse) if row.place_id == part.place.id), None)
    if here is None or not here.pickable or here.on_hand - here.reserved < part.quantity:
        raise PartUnfit(lot=part.lot.lot_no)
    if part.lot.conditional or not may_leave(part.lot):  # a kit would carry it to anybody
        raise PartUnfit(lot=part.lot.lot_no)
    units = serial_ids(part.lot, part.serials, part.place)
    return Movement("into_kit", part.lot.id, part.place, inside, part.quantity, serial_ids=units, document=document)


def take_apart(actor: Actor, lot: Lot, place: Place, quantity: int, parts: Sequence[Part], *, reason: str) -> None:
    """Undo kits that lie free in the bin: the parts come back into the bins named. Raises NotOneKit, WrongParts,
    WrongZone, IntegrityError for parts that are not inside."""
    warehouse = session().get_one(Warehouse, place.holder_id)
    here = next((row for row in balances_of(lot, warehouse) if row.place_id == place.id), None)
    free = here.on_hand - here.reserved if here else 0
    if not 1 <= quantity <= free:
        raise NotOneKit(free=free, lot=lot.lot_no)
    if lot.serialised:
        raise Invalid({"serials": [_("Kits with serial numbers cannot be taken apart here.")]})
    _check_parts(lot.product, quantity, parts)
    inside = outside(KIT, lot.id)
    for part in parts:
        require_fit(part.place, part.lot)
    moves = [_part_out(part, inside, reason) for part in sorted(parts, key=lambda part: part.lot.id)]
    undone = Movement("take_apart", lot.id, place, outside(ASSEMBLY), quantity, reason=reason)
    heads = post(actor, [*moves, undone])
    _note_contents(lot, parts, -1)
    for part in parts:
        _record(actor, "lot:out_of_kit", part, lot, heads)
    record(actor, "lot:take_apart", Subject("lot", lot.id), quantity=quantity, reason=reason, ledger=heads[lot.id])


def _part_out(part: Part, inside: Place, reason: str) -> Movement:
    units = serial_ids(part.lot, part.serials, inside)
    return Movement("out_of_kit", part.lot.id, inside, part.place, part.quantity, serial_ids=units, reason=reason)


def _note_contents(lot: Lot, parts: Sequence[Part], sign: int) -> None:
    at = clock.now()
    rows = [
        {"id": new_id(), "kit_lot_id": lot.id, "lot_id": part.lot.id, "quantity": sign * part.quantity, "made_at": at}
        for part in parts
    ]
    session().execute(insert(KitContent), rows)


def _record(actor: Actor, action: str, part: Part, kit: Lot, heads: Mapping[str, Any]) -> None:
    subject = Subject("lot", part.lot.id)
    record(actor, action, subject, kit_lot=kit.id, quantity=part.quantity, ledger=heads[part.lot.id])
