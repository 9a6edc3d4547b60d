"""Stock as stored. Quantities are whole base units.

The ledger is double entry: each row moves a quantity of a lot in a warehouse from one account to another, and is never
changed. `balance` is the sum of the ledger, kept in the same transaction:

    on_hand  = Σ into {stock, reserved} − Σ out of {stock, reserved}
    reserved = Σ into reserved − Σ out of reserved
    free     = on_hand − reserved
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Date, ForeignKey, Index, String, UniqueConstraint, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Product
from app.core.append_only import append_only
from app.core.db import Base, Code, Id, JsonDict, Moment, Ref

QUARANTINED, RELEASED, HELD, RECALLED, REJECTED = "quarantined", "released", "held", "recalled", "rejected"
LOT_STATUSES = (QUARANTINED, RELEASED, HELD, RECALLED, REJECTED)
MOVES: dict[str, tuple[str, ...]] = {
    QUARANTINED: (RELEASED, HELD, REJECTED, RECALLED),
    RELEASED: (HELD, REJECTED, RECALLED),
    HELD: (RELEASED, REJECTED, RECALLED),
    REJECTED: (RECALLED,),
    RECALLED: (),
}
"""Which status may follow which. A recalled lot never comes back."""

SUPPLIER, STOCK, RESERVED, CUSTOMER, SCRAP, COUNT = "supplier", "stock", "reserved", "customer", "scrap", "count"
ACCOUNTS = (SUPPLIER, STOCK, RESERVED, CUSTOMER, SCRAP, COUNT)
INSIDE = (STOCK, RESERVED)
"""Accounts that lie in our warehouses; the others are the world outside (`count` balances a stock count)."""


class Warehouse(Base):
    """A place where stock lies."""

    __tablename__ = "warehouses"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[JsonDict]
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    cold: Mapped[bool] = mapped_column(default=False)


class Lot(Base):
    """A lot (批) of a product. `expires_on` is its last usable day; None when the product does not expire."""

    __tablename__ = "lots"

    id: Mapped[Id]
    product_id: Mapped[Ref] = mapped_column(ForeignKey("products.id"))
    lot_no: Mapped[Code] = mapped_column(index=True)
    made_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date | None] = mapped_column(Date, index=True)
    status: Mapped[str] = mapped_column(String(16), default=QUARANTINED)
    report_no: Mapped[str | None] = mapped_column(String(64))
    """Number of the inspection report (检验报告)."""
    received_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    product: Mapped[Product] = relationship(lazy="select")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read so by SQLAlchemy
    __table_args__ = (
        UniqueConstraint("product_id", "lot_no"),
        CheckConstraint("status IN ('quarantined','released','held','recalled','rejected')", name="status"),
        CheckConstraint("expires_on >= made_on", name="dates"),
        Index("ix_lots_pick", "product_id", "status", "expires_on"),
    )


class LedgerEntry(Base):
    """One movement: `quantity` of the lot went from account `source` to account `target` in a warehouse."""

    __tablename__ = "stock_ledger"

    id: Mapped[Id]
    at: Mapped[Moment]
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"))
    source: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[int]
    order_id: Mapped[str | None] = mapped_column(String(26), index=True)
    document: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    actor_id: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("source <> target", name="accounts"),
    )


append_only(LedgerEntry.__table__)


class Balance(Base):
    """What the ledger sums to for a lot in a warehouse."""

    __tablename__ = "stock_balances"

    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("0 <= reserved AND reserved <= on_hand", name="covered"),)


class Reservation(Base):
    """A quantity of a lot kept for an order line; `released` once it is given back."""

    __tablename__ = "reservations"

    id: Mapped[Id]
    order_id: Mapped[str] = mapped_column(String(26))
    order_line_id: Mapped[Ref]
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"))
    quantity: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="active")
    arrives_on: Mapped[date] = mapped_column(Date)
    made_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    lot: Mapped[Lot] = relationship(lazy="select")
    warehouse: Mapped[Warehouse] = relationship(lazy="select")

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("status IN ('active','released')", name="status"),
        Index("ix_reservations_order", "order_id", "status"),
    )


def usable_on(lot: Any, day: date, *, spare_days: int = 0) -> bool:
    """True when the lot has not expired on the day, its expiry day included, with `spare_days` left after it.

    The one rule of expiry; `usable_in_sql` says the same to the database. QC status is a separate question.
    """
    return lot.expires_on is None or day + timedelta(days=spare_days) <= lot.expires_on


def usable_in_sql(day: date, *, spare_days: int = 0) -> ColumnElement[bool]:
    """`usable_on` as a condition on `lot`."""
    return or_(Lot.expires_on.is_(None), Lot.expires_on >= day + timedelta(days=spare_days))


def remaining_days(lot: Any, day: date) -> int | None:
    """Days of shelf life left on the day: 0 on the expiry day, negative after it, None when the lot does not expire."""
    return None if lot.expires_on is None else (lot.expires_on - day).days
