"""Reads of shipments: one, of an order, what is to be picked, what is on its way, the temperature record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import selectinload

from app.audit.queries import subject_labels
from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.inventory import queries as stock
from app.inventory.models import ACTIVE, HARD, SHIPPED, Holding, Lot, Place, Reservation, Serial
from app.orders.models import Order, OrderStatus
from app.planning.service import Share
from app.shipping.models import (
    OPEN,
    OVER,
    STATUSES,
    UNDER_WAY,
    DeliveryProof,
    Shipment,
    ShipmentLine,
    ShipmentPick,
    ShipmentReading,
)
from app.shipping.temperature import Reading
from app.tasks.models import Task

TRANSIT = "transit"


class ShipmentNotFound(NotFound):
    """There is no such shipment."""


@dataclass(frozen=True)
class ToPick:
    """Something kept for the order: picked, or still in its bin."""

    kept: Reservation
    product: Product
    picked: ShipmentPick | None

    @property
    def is_picked(self) -> bool:
        """It lies in the dispatch zone."""
        return self.kept.level == HARD


@dataclass(frozen=True)
class Carried:
    """Goods of a shipment that have left and are not handed over yet."""

    lot: Lot
    quantity: int
    serials: tuple[str, ...]


def get_shipment(text: str, *, lock: bool = False) -> Shipment:
    """By id or number. Raises ShipmentNotFound."""
    wanted = select(Shipment).where((Shipment.id == text) | (Shipment.number == text.upper()))
    if lock:
        wanted = wanted.with_for_update()
    found = session().scalars(wanted.execution_options(populate_existing=lock)).one_or_none()
    if found is None:
        raise ShipmentNotFound(shipment=text)
    return found


def shipments_of(order_id: str) -> list[Shipment]:
    """All of the order, the newest first."""
    wanted = select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.number.desc())
    return list(session().scalars(wanted))


def live_of(order_id: str) -> list[Shipment]:
    """Those of the order that are not void, the oldest first."""
    return [one for one in shipments_of(order_id) if one.status != "void"][::-1]


def open_of(order_id: str) -> list[Shipment]:
    """Those of the order whose goods have not left, the oldest first."""
    return [one for one in live_of(order_id) if one.status in OPEN]


def is_away(order_id: str) -> bool:
    """Something of the order has left and is not brought by a later shipment; also when no shipment of ours took it."""
    left = [one for one in live_of(order_id) if one.status not in OPEN]
    return not left or any(units_of([one.id for one in left]).values())


def arrivals_of(order_ids: Collection[str]) -> dict[str, date]:
    """By order: the day on which the last of what has not left is to arrive. One statement."""
    last = select(Shipment.order_id, func.max(Shipment.arrives_on)).where(Shipment.order_id.in_(order_ids))
    rows = session().execute(last.where(Shipment.status.in_(OPEN)).group_by(Shipment.order_id))
    return {row[0]: row[1] for row in rows}


def open_with(order_id: str, lot_id: str) -> list[Shipment]:
    """Of those the ones for which something of the lot is kept or was."""
    mine = {one.id: one for one in open_of(order_id)}
    wanted = select(Reservation.shipment_id).where(Reservation.shipment_id.in_(mine), Reservation.lot_id == lot_id)
    had = set(session().scalars(wanted))
    return [one for key, one in mine.items() if key in had]


def shares_of(shipment_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """What each of these shipments is to bring, by its id and the order line, less what others bring instead."""
    found: dict[str, dict[str, int]] = {one: {} for one in shipment_ids}
    for row in session().scalars(select(ShipmentLine).where(ShipmentLine.shipment_id.in_(found))):
        if row.quantity > row.replaced:
            found[row.shipment_id][row.order_line_id] = row.quantity - row.replaced
    return found


def kept_for(shipment_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """What is kept for each of these shipments now, by its id and the order line."""
    found: dict[str, dict[str, int]] = {one: {} for one in shipment_ids}
    rows = session().execute(
        select(Reservation.shipment_id, Reservation.order_line_id, func.sum(Reservation.quantity))
        .where(Reservation.shipment_id.in_(found), Reservation.status == ACTIVE)
        .group_by(Reservation.shipment_id, Reservation.order_line_id)
    )
    for shipment_id, line_id, quantity in rows:
        found[shipment_id or ""][line_id] = int(quantity)
    return found


def lacking(some: Iterable[Shipment]) -> dict[str, dict[str, int]]:
    """What each of these shipments, which have not left, lacks of what it is to bring: by its id and the order line,
    only those that lack something. Two statements."""
    ids = [one.id for one in some]
    shares, kept = shares_of(ids), kept_for(ids)
    short = {one: {line: n - kept[one].get(line, 0) for line, n in shares[one].items()} for one in ids}
    return {
        one: {line: n for line, n in lines.items() if n > 0}
        for one, lines in short.items()
        if any(n > 0 for n in lines.values())
    }


def units_of(shipment_ids: Collection[str]) -> dict[str, int]:
    """How many base units each is to bring. One statement."""
    return {one: sum(lines.values()) for one, lines in shares_of(shipment_ids).items()}


def shares_by_line(order_ids: Collection[str]) -> dict[str, Share]:
    """Of those among these orders that are released and have shipments, by order line: what is to leave yet, and what
    has left. One statement."""
    units = ShipmentLine.quantity - ShipmentLine.replaced
    here, void = Shipment.status.in_(OPEN), Shipment.status == "void"
    yet, gone = case((here, units), else_=0), case((or_(here, void), 0), else_=units)
    rows = session().execute(
        select(ShipmentLine.order_line_id, func.sum(yet), func.sum(gone))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Order, Order.id == Shipment.order_id)
        .where(Order.id.in_(order_ids), Order.status == OrderStatus.RELEASED.value)
        .group_by(ShipmentLine.order_line_id)
    )
    return {row[0]: Share(int(row[1]), int(row[2])) for row in rows}


def listed(*, status: str = "", q: str = "") -> Select[Any]:
    """(Shipment, Order), the newest first."""
    return _listed(status, q).order_by(Shipment.number.desc())


def to_do_first(counts: Mapping[str, int], *, status: str = "", q: str = "") -> list[tuple[int, Select[Any]]]:
    """(Shipment, Order) in turn, and how many there are by `counts`: what must leave first, then what must arrive
    first, then what is over, the newest first."""
    wanted, here, way = _listed(status, q), Shipment.status.in_(OPEN), Shipment.status.in_(UNDER_WAY)
    parts = (
        (OPEN, wanted.where(here).order_by(Shipment.leaves_on, Shipment.number)),
        (UNDER_WAY, wanted.where(way).order_by(Shipment.arrives_on, Shipment.number)),
        (OVER, wanted.where(Shipment.status.not_in(OPEN + UNDER_WAY)).order_by(Shipment.number.desc())),
    )
    return [(sum(counts.get(one, 0) for one in own if status in ("", one)), part) for own, part in parts]


def _listed(status: str, q: str) -> Select[Any]:
    wanted: Select[Any] = _matching(
        select(Shipment, Order).join_from(Shipment, Order, Order.id == Shipment.order_id), q
    )
    return wanted.where(Shipment.status == status) if status in STATUSES else wanted


def is_late(one: Shipment) -> bool:
    """It should have left, or arrived, before today."""
    due = one.leaves_on if one.status in OPEN else one.arrives_on if one.status in UNDER_WAY else None
    return due is not None and due < clock.today()


def counts(*, q: str = "") -> dict[str, int]:
    """How many by state. One statement."""
    wanted = select(Shipment.status, func.count())
    wanted = wanted.join_from(Shipment, Order, Order.id == Shipment.order_id) if q.strip() else wanted
    return {status: int(count) for status, count in session().execute(_matching(wanted, q).group_by(Shipment.status))}


def _matching(wanted: Any, q: str) -> Any:
    text = q.strip().upper()
    return wanted.where((Shipment.number == text) | (Order.number == text)) if text else wanted


def tasks_of(ids: Collection[str]) -> dict[str, Task]:
    """The open task of each of these shipments, by its id; of several the latest. One statement."""
    wanted = select(Task).where(Task.subject_kind == "shipment", Task.subject_id.in_(ids), Task.status == "open")
    return {task.subject_id: task for task in session().scalars(wanted.order_by(Task.id))}


def customers_of(ids: Iterable[str]) -> dict[str, Customer]:
    """Customers by id. One statement."""
    return {one.id: one for one in session().scalars(select(Customer).where(Customer.id.in_(set(ids))))}


def goods_of(shipment: Shipment) -> list[ToPick]:
    """What is kept for the shipment, in the order of the places. Five statements."""
    kept = sorted(
        (one for one in stock.reservations_of(shipment.order_id) if one.shipment_id == shipment.id),
        key=lambda one: (one.warehouse.code, one.lot.lot_no, one.id),
    )
    products = catalog.products_of(one.lot.product_id for one in kept)
    picks = picks_of([one.id for one in kept])
    return [ToPick(one, products[one.lot.product_id], picks.get(one.id)) for one in kept]


def picks_of(reservation_ids: Collection[str]) -> dict[str, ShipmentPick]:
    """The latest pick of each of these reservations."""
    wanted = select(ShipmentPick).where(ShipmentPick.reservation_id.in_(reservation_ids)).order_by(ShipmentPick.id)
    return {one.reservation_id: one for one in session().scalars(wanted)}


def carried_by(shipment: Shipment) -> list[Carried]:
    """What has left with the shipment and was neither handed over nor brought back. Three statements."""
    place = Place.kind == TRANSIT, Place.holder_id == shipment.id
    rows = session().execute(
        select(Lot, Holding.quantity)
        .join(Holding, Holding.lot_id == Lot.id)
        .join(Place, Place.id == Holding.place_id)
        .where(*place, Holding.quantity > 0)
        .order_by(Lot.lot_no, Lot.id)
    )
    found = [(row[0], row[1]) for row in rows]
    units: dict[str, list[str]] = {}
    wanted = select(Serial.lot_id, Serial.serial_no).join(Place, Place.id == Serial.place_id).where(*place)
    for lot_id, number in session().execute(wanted.order_by(Serial.serial_no)):
        units.setdefault(lot_id, []).append(number)
    return [Carried(lot, quantity, tuple(units.get(lot.id, ()))) for lot, quantity in found]


def left_with(shipment: Shipment) -> list[Reservation]:
    """What left with the shipment, with lots loaded; it stays the same whatever becomes of the goods. Two
    statements."""
    wanted = (
        select(Reservation)
        .where(Reservation.shipment_id == shipment.id, Reservation.order_id == shipment.order_id)
        .where(Reservation.status == SHIPPED)
        .options(selectinload(Reservation.lot))
    )
    return sorted(session().scalars(wanted), key=lambda one: (one.lot.lot_no, one.id))


def carrying(lot_id: str) -> list[Shipment]:
    """Shipments under way with units of the lot."""
    there = select(Place.holder_id).join(Holding, Holding.place_id == Place.id)
    there = there.where(Place.kind == TRANSIT, Holding.lot_id == lot_id, Holding.quantity > 0)
    return list(session().scalars(select(Shipment).where(Shipment.id.in_(there)).order_by(Shipment.number)))


def readings_of(shipment: Shipment) -> list[Reading]:
    """The temperature record, by time."""
    wanted = select(ShipmentReading.at, ShipmentReading.celsius).where(ShipmentReading.shipment_id == shipment.id)
    return [Reading(*row) for row in session().execute(wanted.order_by(ShipmentReading.at, ShipmentReading.logger))]


def proof_of(shipment: Shipment) -> DeliveryProof | None:
    """Who took it."""
    return session().get(DeliveryProof, shipment.id)


@subject_labels.register("shipment")
def numbers_of(ids: Collection[str]) -> dict[str, str]:
    """The numbers of the shipments that exist, by id."""
    rows = session().execute(select(Shipment.id, Shipment.number).where(Shipment.id.in_(ids)))
    return {row.id: row.number for row in rows}
