"""Goods in, goods out, counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.catalog import queries as catalog
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.fields import LARGEST_QUANTITY
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.registry import Registry
from app.core.subject import Subject
from app.inventory import schemas
from app.inventory.ledger import Movement, post
from app.inventory.models import (
    COUNT,
    CUSTOMER,
    HELD,
    OWN,
    QUARANTINED,
    RELEASED,
    SCRAP,
    SUPPLIER,
    Balance,
    Lot,
    LotCustomer,
    Place,
    Warehouse,
    may_arrive_on,
    usable_on,
)
from app.inventory.service.freeing import tell_freed
from app.inventory.service.places import home_bin, outside
from app.inventory.service.serials import make_serials, numbers_at, serials_at
from app.qualification.queries import refuse_receipt

OUT = (SCRAP, CUSTOMER, SUPPLIER)
goods_received = Registry[Any]("goods received")
"""Filled by later packages: `fn(actor, lot, warehouse, quantity, receipt)` is called when goods came in that are to be
inspected; `receipt` as `schemas.checked_receipt` has it."""


class NotEnough(Conflict):
    """Less is free than should be taken out."""

    message = _l("Only %(free)s of lot %(lot)s are free in %(warehouse)s.")


class MayNotLeave(Conflict):
    """Only released, unexpired stock goes to customers."""

    message = _l("Lot %(lot)s may not leave: it is not released, or has expired.")


def receive(
    actor: Actor, product: Product, warehouse: Warehouse, given: dict[str, Any], *, inspected: bool = False
) -> Lot:
    """Take goods of a lot in, made known if it is new; they wait in the warehouse's quarantine zone. `inspected`: they
    were judged elsewhere (opening stock), so that no inspection is asked for.

    `given`: lot_no, made_on, expires_on, quantity (of `unit`, the base unit unless told otherwise), serials, document,
    report_no, supplier (its id), owner (see `schemas.ReceiptGiven`). Raises Invalid, NoZone, and NotQualified when
    supplier or product are not approved for it on this day.
    """
    values = schemas.checked_receipt(given)
    if values["supplier"]:
        refuse_receipt(product, values["supplier"], clock.today(), made_on=values["made_on"])
    quantity = _in_base_units(product, values)
    lot = _lot_for_receipt(product, values)
    waits = QUARANTINED if lot.status in (RELEASED, HELD) else lot.status  # a further delivery is checked all the same
    target = home_bin(warehouse, lot, waits)
    source, owner = outside(SUPPLIER, values["supplier"]), values["owner"] or OWN
    units = make_serials(lot, values["serials"], source, owner)
    document = values["document"]
    heads = post(
        actor,
        [Movement("receipt", lot.id, source, target, quantity, owner=owner, serial_ids=units, document=document)],
    )
    record(
        actor,
        "lot:receive",
        Subject("lot", lot.id),
        lot_no=lot.lot_no,
        product_id=product.id,
        warehouse=warehouse.code,
        bin=target.code,
        supplier=values["supplier"],
        quantity=quantity,
        serials=values["serials"],
        document=document,
        ledger=heads[lot.id],
    )
    for name in () if inspected else goods_received:
        goods_received.get(name)(actor, lot, warehouse, quantity, values)
    return lot


def _in_base_units(product: Product, values: dict[str, Any]) -> int:
    factor = catalog.units_of(product).get(values["unit"] or product.uom)
    if factor is None:
        raise Invalid({"unit": [_("This product has no such unit.")]})
    quantity = int(values["quantity"]) * factor
    if quantity > LARGEST_QUANTITY:
        raise Invalid({"quantity": [_("Must be a whole number from 1 to 1,000,000.")]})
    return quantity


def _lot_for_receipt(product: Product, values: dict[str, Any]) -> Lot:
    if product.expiry_controlled and values["expires_on"] is None:
        raise Invalid({"expires_on": [_("This product has a shelf life: enter the expiry date.")]})
    wanted = (
        select(Lot).where(Lot.product_id == product.id, Lot.lot_no == values["lot_no"]).with_for_update(key_share=True)
    )
    found = session().scalars(wanted).one_or_none()
    if found is None:
        names = ("lot_no", "made_on", "expires_on", "report_no")
        found = Lot(
            id=new_id(),
            product_id=product.id,
            received_at=clock.now(),
            serialised=product.serial_controlled,
            **{name: values[name] for name in names},
        )
        session().add(found)
    elif (found.made_on, found.expires_on) != (values["made_on"], values["expires_on"]):
        raise Invalid({"lot_no": [_("This lot is known with other dates.")]})
    session().flush()
    return found


def take_out(  # noqa: PLR0913 - what leaves, whence, whither and why
    actor: Actor,
    lot: Lot,
    warehouse: Warehouse,
    quantity: int,
    *,
    to: str | Place = SCRAP,
    zones: Sequence[str] = (),
    serials: Sequence[str] = (),
    document: str = "",
    reason: str,
) -> None:
    """Move free stock of ours out: to scrap, to a customer or back to the supplier, to a place outside of that kind;
    with `zones` only what lies in zones of these kinds.

    Raises NotEnough, MayNotLeave, Invalid.
    """
    target = to if isinstance(to, Place) else outside(to)
    if not 1 <= quantity <= LARGEST_QUANTITY or target.kind not in OUT:
        raise Invalid({"quantity": [_("Must be a whole number from 1 to 1,000,000.")]})
    rows = balances_of(lot, warehouse)
    if zones:
        rows = [row for row in rows if session().get_one(Place, row.place_id).zone_kind in zones]
    free = sum(row.on_hand - row.reserved for row in rows)
    if quantity > free:
        raise NotEnough(free=free, lot=lot.lot_no, warehouse=warehouse.code)
    if target.kind == CUSTOMER and not (may_leave(lot) and may_go_to(lot, target.holder_id)):
        raise MayNotLeave(lot=lot.lot_no)
    moves = _from_bins(lot, rows, quantity, serials)
    kinds = {SCRAP: "scrap", CUSTOMER: "ship", SUPPLIER: "return"}
    heads = post(
        actor,
        [
            Movement(
                kinds[target.kind], lot.id, place, target, part, serial_ids=units, document=document, reason=reason
            )
            for place, part, units in moves
        ],
    )
    record(
        actor,
        "lot:take_out",
        Subject("lot", lot.id),
        quantity=quantity,
        to=[target.kind, target.holder_id],
        warehouse=warehouse.code,
        document=document,
        reason=reason,
        ledger=heads[lot.id],
    )


def may_leave(lot: Lot, day: date | None = None) -> bool:
    """True when the lot is released, inspected where the product needs it, and usable today and on the day."""
    return (
        lot.status == RELEASED
        and usable_on(lot, max(clock.today(), day or date.min))
        and may_arrive_on(lot, max(clock.today(), day or date.min))
        and bool(lot.report_no or not lot.product.needs_inspection)
    )


def may_go_to(lot: Lot, customer_id: str) -> bool:
    """False when the lot was released for other customers only."""
    return not lot.conditional or session().get(LotCustomer, (lot.id, customer_id)) is not None


def _from_bins(
    lot: Lot, rows: Sequence[Balance], quantity: int, serials: Sequence[str]
) -> list[tuple[Place, int, tuple[str, ...]]]:
    """Which bins give how much of what is free: in the order of their codes, or where the named units lie."""
    places = {row.place_id: session().get_one(Place, row.place_id) for row in rows}
    if lot.serialised:
        return [(places[place], len(units), units) for place, units in serials_at(lot, serials, places).items()]
    moves: list[tuple[Place, int, tuple[str, ...]]] = []
    for row in sorted(rows, key=lambda row: (row.pickable, places[row.place_id].code, row.place_id)):
        part = min(row.on_hand - row.reserved, quantity)
        if part > 0:
            moves.append((places[row.place_id], part, ()))
            quantity -= part
    return moves


def count(
    actor: Actor,
    lot: Lot,
    warehouse: Warehouse,
    counted: int,
    *,
    serials: Sequence[str] | None = None,
    place_id: str | None = None,
    reason: str,
) -> int:
    """Set what is on hand, or lies in one bin (`place_id`), to what was counted; answers the difference.

    Raises NotEnough below what is reserved.

    Of a serialised lot the serial numbers that are there are given: those that are missing are booked off.
    """
    rows = [row for row in balances_of(lot, warehouse) if place_id in (None, row.place_id)]
    on_hand, reserved = sum(row.on_hand for row in rows), sum(row.reserved for row in rows)
    difference = counted - on_hand
    if counted < reserved:
        raise NotEnough(free=on_hand - reserved, lot=lot.lot_no, warehouse=warehouse.code)
    other_side = outside(COUNT)
    missing = _missing(lot, rows, counted, serials) if lot.serialised else ()
    moves: list[Movement] = []
    if difference < 0:
        moves = [
            Movement("count", lot.id, place, other_side, part, serial_ids=units, reason=reason)
            for place, part, units in _from_bins(lot, rows, -difference, missing)
        ]
    elif difference:
        moves = [Movement("count", lot.id, other_side, _found_at(lot, rows, warehouse), difference, reason=reason)]
    if moves:
        heads = post(actor, moves)
        record(
            actor,
            "lot:count",
            Subject("lot", lot.id),
            warehouse=warehouse.code,
            counted=counted,
            difference=difference,
            serials=sorted(missing),
            reason=reason,
            ledger=heads[lot.id],
        )
    if difference > 0:
        tell_freed(lot, "counted")
    return difference


def _found_at(lot: Lot, rows: Sequence[Balance], warehouse: Warehouse) -> Place:
    """Where found units are booked: where most of the lot lies, else where it belongs."""
    most = max(rows, key=lambda row: (row.on_hand, row.place_id), default=None)
    if most is not None and most.on_hand:
        return session().get_one(Place, most.place_id)
    return home_bin(warehouse, lot, QUARANTINED if lot.status == HELD else None)


def _missing(lot: Lot, rows: Sequence[Balance], counted: int, serials: Sequence[str] | None) -> tuple[str, ...]:
    """Serial numbers that should be there and were not found. Raises Invalid for units nobody ever received."""
    known = numbers_at(lot, {row.place_id for row in rows})
    found = set(serials or ())
    if len(found) != counted or not found <= known:
        raise Invalid({"serials": [_("Name each unit by its serial number.")]})
    return tuple(sorted(known - found))


def balances_of(lot: Lot, warehouse: Warehouse) -> list[Balance]:
    """What is ours of the lot in the bins of the warehouse; lot and balances are locked."""
    session().refresh(lot, with_for_update={"key_share": True})
    wanted = (
        select(Balance)
        .where(Balance.lot_id == lot.id, Balance.warehouse_id == warehouse.id, Balance.owner == OWN)
        .order_by(Balance.lot_id, Balance.place_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(session().scalars(wanted))
