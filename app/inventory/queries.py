"""Reads of stock. "Free" is what is on hand and not reserved; "available" is free and may be sold.

A lot may be sold when it is released, made while the product's registration was valid, inspected where the product
needs it, and has the asked shelf life left on the day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import selectinload

from app.audit.queries import subject_labels
from app.catalog.models import Product, Registration
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import (
    HELD,
    INSIDE,
    QUARANTINED,
    RELEASED,
    RESERVED,
    Balance,
    LedgerEntry,
    Lot,
    Reservation,
    Warehouse,
    usable_in_sql,
    usable_on,
)

FREE = Balance.on_hand - Balance.reserved


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
        """Free, but held, rejected, recalled, expired, uninspected or made without a valid registration."""
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


def warehouses() -> list[Warehouse]:
    """All warehouses by code."""
    return list(session().scalars(select(Warehouse).order_by(Warehouse.code)))


def find_warehouse(code: str) -> Warehouse | None:
    """The warehouse of that code."""
    return session().scalars(select(Warehouse).where(Warehouse.code == code)).first()


def sellable() -> ColumnElement[bool]:
    """Condition on lot, product and registration: QC released, inspected if needed, made under a valid registration."""
    return and_(
        Lot.status == RELEASED,
        or_(Product.needs_inspection.is_(False), Lot.report_no.is_not(None)),
        Lot.made_on >= Registration.valid_from,
        Lot.made_on <= Registration.valid_to,
    )


def available(product_id: str, *, on: date, min_remaining_days: int = 0) -> int:
    """Base units of the product that may be sold to arrive on the day. One statement."""
    return available_many([product_id], on=on, min_remaining_days=min_remaining_days)[product_id]


def available_many(
    product_ids: Collection[str],
    *,
    on: date | Mapping[str, date],
    min_remaining_days: int | Mapping[str, int] = 0,
) -> dict[str, int]:
    """`available` of many products in one statement; day and shelf life may differ by product. All ids are answered."""
    wanted = dict.fromkeys(product_ids, 0)
    if not wanted:
        return wanted
    days = {key: on if isinstance(on, date) else on[key] for key in wanted}
    spare = {
        key: min_remaining_days if isinstance(min_remaining_days, int) else min_remaining_days.get(key, 0)
        for key in wanted
    }
    earliest = min(days[key] + timedelta(days=max(spare[key], 0)) for key in wanted)
    statement = (
        select(Lot.product_id, Lot.expires_on, func.sum(FREE))
        .join(Balance, Balance.lot_id == Lot.id)
        .join(Product, Product.id == Lot.product_id)
        .join(Registration, Registration.id == Product.registration_id)
        .where(Lot.product_id.in_(wanted), sellable(), usable_in_sql(earliest))
        .group_by(Lot.product_id, Lot.expires_on)
    )
    for row in session().execute(statement):
        if usable_on(row, days[row.product_id], spare_days=max(spare[row.product_id], 0)):
            wanted[row.product_id] += int(row[2])
    return wanted


def expected_many(product_ids: Collection[str], *, on: date) -> dict[str, int]:
    """Base units waiting in quarantine or on hold and usable on the day: what QC could still release."""
    wanted = dict.fromkeys(product_ids, 0)
    statement = (
        select(Lot.product_id, func.sum(FREE))
        .join(Balance, Balance.lot_id == Lot.id)
        .where(Lot.product_id.in_(wanted), Lot.status.in_((QUARANTINED, HELD)), usable_in_sql(on))
        .group_by(Lot.product_id)
    )
    return wanted | {key: int(quantity) for key, quantity in session().execute(statement)}


def first_expiry(product_id: str, *, on: date, min_remaining_days: int = 0) -> date | None:
    """Expiry date of the lot that would be reserved first; None when there is none, or it never expires."""
    statement = (
        select(func.min(Lot.expires_on))
        .join(Balance, Balance.lot_id == Lot.id)
        .join(Product, Product.id == Lot.product_id)
        .join(Registration, Registration.id == Product.registration_id)
        .where(Lot.product_id == product_id, sellable(), FREE > 0)
        .where(usable_in_sql(on, spare_days=max(min_remaining_days, 0)))
    )
    return session().execute(statement).scalar()


def stock_view(product_id: str, *, on: date | None = None) -> StockView:
    """Every lot of the product with its quantities on the day (today); lots with nothing on hand included."""
    on = on or clock.today()
    may_go = case((and_(sellable(), usable_in_sql(on)), FREE), else_=0)
    waiting = case((Lot.status == QUARANTINED, FREE), else_=0)
    statement = (
        select(Lot, Warehouse, Balance.on_hand, Balance.reserved, waiting, may_go)
        .join(Balance, Balance.lot_id == Lot.id)
        .join(Warehouse, Warehouse.id == Balance.warehouse_id)
        .join(Product, Product.id == Lot.product_id)
        .outerjoin(Registration, Registration.id == Product.registration_id)
        .where(Lot.product_id == product_id)
        .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.made_on, Lot.id, Warehouse.code)
    )
    return StockView([LotStock(*row) for row in session().execute(statement)])


def stock_list(q: str = "", *, near_expiry_by: date | None = None, status: str = "") -> Select[Any]:
    """Rows (Product, on_hand, reserved, quarantined, available-by-status, first expiry) of products that have lots."""
    waiting = case((Lot.status == QUARANTINED, FREE), else_=0)
    released = case((Lot.status == RELEASED, FREE), else_=0)
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


def ledger_of(lot_id: str) -> Select[Any]:
    """Rows (LedgerEntry, Warehouse) of the lot, the latest first."""
    statement: Any = (
        select(LedgerEntry, Warehouse)
        .join(Warehouse, Warehouse.id == LedgerEntry.warehouse_id)
        .where(LedgerEntry.lot_id == lot_id)
        .order_by(LedgerEntry.at.desc(), LedgerEntry.id.desc())
    )
    return statement  # type: ignore[no-any-return]


def reservations_of(order_id: str) -> list[Reservation]:
    """What is kept for the order now, with lots and warehouses loaded."""
    statement = (
        select(Reservation)
        .where(Reservation.order_id == order_id, Reservation.status == "active")
        .options(selectinload(Reservation.lot), selectinload(Reservation.warehouse))
        .order_by(Reservation.order_line_id, Reservation.id)
    )
    return list(session().scalars(statement))


def reserved_by_line(order_id: str) -> dict[str, int]:
    """Base units kept for each line of the order."""
    statement = (
        select(Reservation.order_line_id, func.sum(Reservation.quantity))
        .where(Reservation.order_id == order_id, Reservation.status == "active")
        .group_by(Reservation.order_line_id)
    )
    return {line: int(quantity) for line, quantity in session().execute(statement)}


def fit_by_line(order_id: str, *, on: date) -> dict[str, int]:
    """Base units kept for each line of the order in lots that may leave: sellable, and not expired on the day."""
    statement = (
        select(Reservation.order_line_id, func.sum(Reservation.quantity))
        .join(Lot, Lot.id == Reservation.lot_id)
        .join(Product, Product.id == Lot.product_id)
        .join(Registration, Registration.id == Product.registration_id)
        .where(Reservation.order_id == order_id, Reservation.status == "active", sellable())
        .where(usable_in_sql(on))
        .group_by(Reservation.order_line_id)
    )
    return {line: int(quantity) for line, quantity in session().execute(statement)}


def differences() -> list[tuple[str, str, int, int, int, int]]:
    """Balances that are not what the ledger sums to: (lot, warehouse, on hand, by ledger, reserved, by ledger)."""
    inside = case((LedgerEntry.target.in_(INSIDE), LedgerEntry.quantity), else_=0) - case(
        (LedgerEntry.source.in_(INSIDE), LedgerEntry.quantity), else_=0
    )
    kept = case((LedgerEntry.target == RESERVED, LedgerEntry.quantity), else_=0) - case(
        (LedgerEntry.source == RESERVED, LedgerEntry.quantity), else_=0
    )
    sums = (
        select(LedgerEntry.lot_id, LedgerEntry.warehouse_id, func.sum(inside).label("a"), func.sum(kept).label("b"))
        .group_by(LedgerEntry.lot_id, LedgerEntry.warehouse_id)
        .subquery()
    )
    by_ledger, kept_by_ledger = func.coalesce(sums.c.a, 0), func.coalesce(sums.c.b, 0)
    statement = (
        select(Balance.lot_id, Balance.warehouse_id, Balance.on_hand, by_ledger, Balance.reserved, kept_by_ledger)
        .outerjoin(sums, and_(sums.c.lot_id == Balance.lot_id, sums.c.warehouse_id == Balance.warehouse_id))
        .where(or_(Balance.on_hand != by_ledger, Balance.reserved != kept_by_ledger))
    )
    return [tuple(row) for row in session().execute(statement)]


@subject_labels.register("lot")
def lot_numbers_of(ids: Collection[str]) -> dict[str, str]:
    """The numbers of the lots that exist, by id."""
    rows = session().execute(select(Lot.id, Lot.lot_no).where(Lot.id.in_(ids)))
    return {row.id: row.lot_no for row in rows}
