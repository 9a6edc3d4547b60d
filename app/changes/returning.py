"""Goods that had left and come back: agreed with a number of its own, received into the return zone, then inspected."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import select

from app.changes import service
from app.changes.models import ChangeRequest
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.ids import next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import service as inventory
from app.inventory.fit import keeps
from app.inventory.models import Holding, LedgerEntry, Lot, Place, Serial, Warehouse
from app.inventory.places import CUSTOMER, RETURNS, Zone
from app.inventory.service.places import first_bin, outside
from app.orders import queries as orders
from app.processes import service as processes

RETURNED = "goods.returned"
"""Message that starts the inspection of a lot that came back, by the number of the return."""
MOST_LINES = 200


@dataclass
class Away:
    """Base units of a lot that left for the order and are at a place outside; ids of those known by serial number."""

    lot: Lot
    place: Place
    warehouse_id: str
    quantity: int
    serials: list[str] = field(default_factory=list)


def away_of(order_id: str) -> list[Away]:
    """What left for the order and has not come back, by lot and place. Six statements."""
    entries = session().scalars(
        select(LedgerEntry).where(LedgerEntry.order_id == order_id).order_by(LedgerEntry.lot_id, LedgerEntry.seq)
    )
    sums: dict[tuple[str, str], int] = defaultdict(int)
    units: dict[tuple[str, str], set[str]] = defaultdict(set)
    home: dict[str, str] = {}
    rows = list(entries)
    places = {one.id: one for one in _places({id_ for row in rows for id_ in (row.from_id, row.to_id)})}
    for row in rows:
        for place_id, sign in ((row.from_id, -1), (row.to_id, 1)):
            place = places[place_id]
            if place.inside:
                home[row.lot_id] = place.holder_id
                continue
            sums[row.lot_id, place_id] += sign * row.quantity
            if row.serial_id:
                (units[row.lot_id, place_id].add if sign > 0 else units[row.lot_id, place_id].discard)(row.serial_id)
    _delivered(sums, units, places, orders.get_order(order_id).customer_id)
    lots = {lot.id: lot for lot in session().scalars(select(Lot).where(Lot.id.in_({key[0] for key in sums})))}
    return [
        Away(lots[lot_id], places[place_id], home[lot_id], quantity, sorted(units[lot_id, place_id]))
        for (lot_id, place_id), quantity in sorted(sums.items())
        if quantity > 0
    ]


def _delivered(
    sums: dict[tuple[str, str], int],
    units: dict[tuple[str, str], set[str]],
    places: dict[str, Place],
    customer_id: str,
) -> None:
    """What is no longer where the order's movements left it has been delivered since: it is at the customer's."""
    there = outside(CUSTOMER, customer_id)
    places[there.id] = there
    wanted = select(Holding.lot_id, Holding.place_id, Holding.quantity).where(Holding.lot_id.in_({k[0] for k in sums}))
    held: dict[tuple[str, str], int] = defaultdict(int)
    for lot_id, place_id, quantity in session().execute(wanted):
        held[lot_id, place_id] += quantity
    for key in list(sums):
        gone = sums[key] - held[key]
        if gone > 0 and key[1] != there.id:
            sums[key] -= gone
            sums[key[0], there.id] += gone
            units[key[0], there.id] |= units[key]


def _places(ids: set[str]) -> list[Place]:
    return list(session().scalars(select(Place).where(Place.id.in_(ids))))


def open_return(actor: Actor, case: ChangeRequest) -> None:
    """The return is agreed: it gets its number, which the customer writes on the parcel."""
    case.rma_number = next_number("RMA")
    session().flush()
    service.note(actor, case, "return", rma=case.rma_number)


def receive(actor: Actor, case: ChangeRequest, text: str, *, rejected: bool) -> int:
    """Bring back into the return zone what the warehouse received (lines “lot quantity”; empty: everything), and have
    it inspected; `rejected`: unless quality decides otherwise. Answers the base units. Raises Invalid, NotThere.
    """
    away = away_of(case.order_id)
    if not away:
        raise Invalid({"goods": [_("Nothing of the order is outside: nothing can come back.")]})
    total = 0
    for one, quantity in _chosen(away, text):
        goods = inventory.Goods(one.lot, quantity, tuple(_numbers(one, quantity)))
        target = _return_bin(one)
        said = {"order_id": case.order_id, "document": case.rma_number or case.number, "reason": case.number}
        inventory.hand_over(actor, "return", goods, one.place, target, **said)
        total += quantity
        told = {"lot_id": one.lot.id, "quantity": quantity, "rma": case.rma_number, "change": case.number}
        default = "reject" if rejected else "inspect"
        key = f"{case.rma_number}-{one.lot.lot_no}"
        processes.start_about(
            actor, RETURNED, Subject("lot", one.lot.id), business_key=key, variables={**told, "default": default}
        )
    service.close(actor, case, "returned", f"{total}")
    return total


def _chosen(away: list[Away], text: str) -> list[tuple[Away, int]]:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines:
        return [(one, one.quantity) for one in away]
    left = {(one.lot.id, one.place.id): one.quantity for one in away}
    found: list[tuple[Away, int]] = []
    for parts in lines[:MOST_LINES]:
        number = parts[-1]
        lot_no = " ".join(parts[:-1])
        known = [one for one in away if one.lot.lot_no == lot_no]
        if not known or not (number.isascii() and number.isdecimal()) or len(number) > 7:
            raise Invalid(
                {"goods": [_("“%(line)s”: no lot of this order with a quantity.", line=" ".join(parts)[:80])]}
            )
        wanted = int(number)
        for one in known:
            part = min(wanted, left[one.lot.id, one.place.id])
            if part:
                left[one.lot.id, one.place.id] -= part
                wanted -= part
                found.append((one, part))
        if wanted or number.strip("0") == "":
            raise Invalid({"goods": [_("“%(line)s”: so many of this lot are not outside.", line=" ".join(parts)[:80])]})
    return found


def _numbers(one: Away, quantity: int) -> list[str]:
    if not one.lot.serialised:
        return []
    wanted = select(Serial.serial_no).where(Serial.id.in_(one.serials), Serial.place_id == one.place.id)
    return list(session().scalars(wanted.order_by(Serial.serial_no).limit(quantity)))


def _return_bin(one: Away) -> Place:
    """A bin of the return zone that keeps the temperature, where the lot left from."""
    wanted = select(Zone).where(Zone.warehouse_id == one.warehouse_id, Zone.kind == RETURNS).order_by(Zone.code)
    zones = [zone for zone in session().scalars(wanted) if keeps(zone, one.lot.product)]
    if not zones:
        warehouse = session().get(Warehouse, one.warehouse_id)
        raise Invalid(
            {"goods": [_("Warehouse %(code)s has no return zone for it.", code=warehouse.code if warehouse else "")]}
        )
    return first_bin(zones[0])
