"""Reads of shipments: one, of an order, what is to be picked, what is on its way, the temperature record."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from app.audit.queries import subject_labels
from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core.db import session
from app.core.errors import NotFound
from app.inventory import queries as stock
from app.inventory.models import HARD, SHIPPED, Holding, Lot, Place, Reservation, Serial
from app.orders.models import Order
from app.shipping.models import STATUSES, DeliveryProof, Shipment, ShipmentPick, ShipmentReading
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


def shipment_of(order_id: str) -> Shipment | None:
    """The shipment of the order that is not void."""
    wanted = select(Shipment).where(Shipment.order_id == order_id, Shipment.status != "void")
    return session().scalars(wanted).one_or_none()


def shipments_of(order_id: str) -> list[Shipment]:
    """All of the order, the newest first."""
    return list(session().scalars(select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.id.desc())))


def listed(*, status: str = "", q: str = "") -> Select[Any]:
    """(Shipment, Order), the newest first."""
    wanted: Select[Any] = _matching(select(Shipment, Order), q).order_by(Shipment.number.desc())
    return wanted.where(Shipment.status == status) if status in STATUSES else wanted


def counts(*, q: str = "") -> dict[str, int]:
    """How many by state. One statement."""
    wanted = _matching(select(Shipment.status, func.count()), q).group_by(Shipment.status)
    return {status: int(count) for status, count in session().execute(wanted)}


def _matching(wanted: Any, q: str) -> Any:
    wanted = wanted.join_from(Shipment, Order, Order.id == Shipment.order_id)
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
    """What is kept for the order, in the order of the places. Five statements."""
    kept = sorted(
        stock.reservations_of(shipment.order_id), key=lambda one: (one.warehouse.code, one.lot.lot_no, one.id)
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
        .where(
            Reservation.status == SHIPPED,
            Reservation.id.in_(
                select(ShipmentPick.reservation_id).where(ShipmentPick.shipment_id == shipment.id),
            ),
        )
        .options(selectinload(Reservation.lot))
    )
    return sorted(session().scalars(wanted), key=lambda one: (one.lot.lot_no, one.id))


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
