"""What may be sold, and what is kept for whom. "Free" is on hand and not reserved; "available" is free, in a zone from
which goods are picked, and may be sold.

A lot may be sold when it is released, made while the product's registration was valid, inspected where the product
needs it, and has the asked shelf life left on the day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import selectinload

from app.catalog.models import Product, Registration
from app.core.db import session
from app.inventory.models import (
    ACTIVE,
    HELD,
    RELEASED,
    SOFT,
    WAITING,
    Balance,
    Lot,
    Reservation,
    may_arrive_in_sql,
    usable_in_sql,
    usable_on,
)

FREE = Balance.on_hand - Balance.reserved


def free_of_lot() -> ColumnElement[int]:
    """Free base units of a lot over its bins (an aggregate); of a released lot only those where goods are picked."""
    return func.sum(case((or_(Balance.pickable, Lot.status != RELEASED), FREE), else_=0))


def sellable() -> ColumnElement[bool]:
    """Condition on lot, product and registration: QC released, inspected if needed, made under a valid registration."""
    return and_(
        Lot.status == RELEASED,
        or_(Product.needs_inspection.is_(False), Lot.report_no.is_not(None)),
        Lot.made_on >= Registration.valid_from,
        Lot.made_on <= Registration.valid_to,
    )


def for_anybody() -> ColumnElement[bool]:
    """`sellable` to every customer: not released conditionally."""
    return and_(sellable(), Lot.conditional.is_(False))


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
        .where(Lot.product_id.in_(wanted), for_anybody(), Balance.pickable, usable_in_sql(earliest))
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
        .where(Lot.product_id.in_(wanted), Lot.status.in_((*WAITING, HELD)), usable_in_sql(on))
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
        .where(Lot.product_id == product_id, for_anybody(), Balance.pickable, FREE > 0)
        .where(usable_in_sql(on, spare_days=max(min_remaining_days, 0)))
    )
    return session().execute(statement).scalar()


def reservations_of(order_id: str) -> list[Reservation]:
    """What is kept for the order now, with lots and warehouses loaded."""
    statement = (
        select(Reservation)
        .where(Reservation.order_id == order_id, Reservation.status == ACTIVE)
        .options(selectinload(Reservation.lot), selectinload(Reservation.warehouse))
        .order_by(Reservation.order_line_id, Reservation.id)
    )
    return list(session().scalars(statement))


def kept_by_line(order_ids: Collection[str], *, firmly: bool = False) -> dict[str, int]:
    """Base units kept for each line of the orders; `firmly`: only what no plan may move."""
    statement = (
        select(Reservation.order_line_id, func.sum(Reservation.quantity))
        .where(Reservation.order_id.in_(order_ids), Reservation.status == ACTIVE)
        .group_by(Reservation.order_line_id)
    )
    if firmly:
        statement = statement.where(Reservation.level != SOFT)
    return {line: int(quantity) for line, quantity in session().execute(statement)}


def fit_by_line(order_id: str, *, on: date) -> dict[str, int]:
    """Base units kept for each line of the order in lots that may leave: sellable, and not expired on the day."""
    statement = (
        select(Reservation.order_line_id, func.sum(Reservation.quantity))
        .join(Lot, Lot.id == Reservation.lot_id)
        .join(Product, Product.id == Lot.product_id)
        .join(Registration, Registration.id == Product.registration_id)
        .where(Reservation.order_id == order_id, Reservation.status == ACTIVE, sellable())
        .where(usable_in_sql(on), may_arrive_in_sql(on))
        .group_by(Reservation.order_line_id)
    )
    return {line: int(quantity) for line, quantity in session().execute(statement)}
