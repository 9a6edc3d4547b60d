"""Lots and products with what lies of them where."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, or_, select

from app.audit.queries import subject_labels
from app.catalog.models import Product, Registration
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import (
    OWN,
    RELEASED,
    WAITING,
    Balance,
    Lot,
    Place,
    Serial,
    Warehouse,
    Zone,
    usable_in_sql,
)
from app.inventory.queries.availability import FREE, for_anybody


@dataclass(frozen=True)
class LotStock:
    """One lot in one warehouse, in base units: on_hand = reserved + quarantined + available + unsellable."""

    lot: Lot
    warehouse: Warehouse
    on_hand: int
    reserved: int
    quarantined: int
    available: int

    @property
    def unsellable(self) -> int:
        """Free, but held, rejected, recalled, expired, uninspected, made without a valid registration, or where nothing
        is picked."""
        return self.on_hand - self.reserved - self.quarantined - self.available


@dataclass(frozen=True)
class StockView:
    """Every lot of a product, the one that expires first before the next, and the sums."""

    lots: list[LotStock]

    @property
    def on_hand(self) -> int:
        """Base units in our warehouses."""
        return sum(row.on_hand for row in self.lots)

    @property
    def reserved(self) -> int:
        """Base units kept for orders."""
        return sum(row.reserved for row in self.lots)

    @property
    def quarantined(self) -> int:
        """Base units waiting for release."""
        return sum(row.quarantined for row in self.lots)

    @property
    def available(self) -> int:
        """Base units that may be sold today."""
        return sum(row.available for row in self.lots)


def get_lot(lot_id: str) -> Lot:
    """The lot. Raises NotFound."""
    found = session().get(Lot, lot_id)
    if found is None:
        raise NotFound(lot=lot_id)
    return found


def find_lot(product_id: str, lot_no: str) -> Lot | None:
    """The product's lot of that number."""
    return session().scalars(select(Lot).where(Lot.product_id == product_id, Lot.lot_no == lot_no)).first()


def lot_beginning(product_id: str, text: str) -> Lot | None:
    """The product's lot whose number the text is, or begins with: the longest such number."""
    found = select(Lot).where(Lot.product_id == product_id, literal(text).startswith(Lot.lot_no))
    return session().scalars(found.order_by(func.length(Lot.lot_no).desc()).limit(1)).first()


def stock_view(product_id: str, *, on: date | None = None) -> StockView:
    """Every lot of the product with its quantities on the day (today); lots with nothing on hand included."""
    on = on or clock.today()
    may_go = case((and_(for_anybody(), Balance.pickable, usable_in_sql(on)), FREE), else_=0)
    waiting = case((Lot.status.in_(WAITING), FREE), else_=0)
    sums = [func.sum(number) for number in (Balance.on_hand, Balance.reserved, waiting, may_go)]
    statement = (
        select(Lot, Warehouse, *sums)
        .join(Balance, Balance.lot_id == Lot.id)
        .join(Warehouse, Warehouse.id == Balance.warehouse_id)
        .join(Product, Product.id == Lot.product_id)
        .outerjoin(Registration, Registration.id == Product.registration_id)
        .where(Lot.product_id == product_id, Balance.owner == OWN)
        .group_by(Lot.id, Warehouse.id)
        .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.made_on, Lot.id, Warehouse.code)
    )
    return StockView([LotStock(*row[:2], *map(int, row[2:])) for row in session().execute(statement)])


def stock_list(q: str = "", *, near_expiry_by: date | None = None, status: str = "") -> Select[Any]:
    """Rows (Product, on_hand, reserved, quarantined, available-by-status, first expiry) of products that have lots."""
    waiting = case((Lot.status.in_(WAITING), FREE), else_=0)
    released = case((and_(Lot.status == RELEASED, Balance.pickable), FREE), else_=0)
    statement: Any = (
        select(
            Product,
            func.sum(Balance.on_hand).label("on_hand"),
            func.sum(Balance.reserved).label("reserved"),
            func.sum(waiting).label("quarantined"),
            func.sum(released).label("released"),
            func.min(case((Balance.on_hand > 0, Lot.expires_on))).label("first_expiry"),
        )
        .join(Lot, Lot.product_id == Product.id)
        .join(Balance, Balance.lot_id == Lot.id)
        .where(Balance.owner == OWN)
        .group_by(Product.id)
        .order_by(Product.sku)
    )
    if q.strip():
        escaped = q.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        by_lot = select(Lot.product_id).where(func.lower(Lot.lot_no).like(f"{escaped}%", escape="\\"))
        statement = statement.where(or_(Product.search_text.like(f"%{escaped}%", escape="\\"), Product.id.in_(by_lot)))
    if near_expiry_by is not None:
        statement = statement.where(Lot.expires_on <= near_expiry_by, Balance.on_hand > 0)
    if status:
        statement = statement.where(Lot.status == status)
    return statement  # type: ignore[no-any-return]


def lots_of(lot_id: str) -> list[LotStock]:
    """The lot in each warehouse where it lay or lies."""
    lot = get_lot(lot_id)
    return [row for row in stock_view(lot.product_id).lots if row.lot.id == lot_id]


@dataclass(frozen=True)
class BinStock:
    """What lies of a lot in one bin, base units; `owner` is `own` or a supplier's id."""

    place: Place
    zone: Zone
    warehouse: Warehouse
    owner: str
    on_hand: int
    reserved: int


def bins_of(lot_id: str) -> list[BinStock]:
    """Every bin in which the lot lies, by warehouse and bin."""
    statement = (
        select(Place, Zone, Warehouse, Balance.owner, Balance.on_hand, Balance.reserved)
        .join(Balance, Balance.place_id == Place.id)
        .join(Zone, Zone.id == Place.zone_id)
        .join(Warehouse, Warehouse.id == Zone.warehouse_id)
        .where(Balance.lot_id == lot_id, Balance.on_hand > 0)
        .order_by(Warehouse.code, Place.code, Balance.owner)
    )
    return [BinStock(*row) for row in session().execute(statement)]


def serials_of(lot_id: str) -> Select[Any]:
    """Rows (Serial, Place) of the lot's units, by number."""
    statement: Any = (
        select(Serial, Place)
        .join(Place, Place.id == Serial.place_id)
        .where(Serial.lot_id == lot_id)
        .order_by(Serial.serial_no)
    )
    return statement  # type: ignore[no-any-return]


@subject_labels.register("lot")
def lot_numbers_of(ids: Collection[str]) -> dict[str, str]:
    """The numbers of the lots that exist, by id."""
    rows = session().execute(select(Lot.id, Lot.lot_no).where(Lot.id.in_(ids)))
    return {row.id: row.lot_no for row in rows}
