"""Stock as stored. Quantities are whole base units.

The ledger is double entry: each row moves a quantity of a lot (or one serial) of an owner from one place to another,
and is never changed; the rows of a lot are a hash chain. What it sums to is kept in the same transaction: `Balance` for
each bin, `Holding` for each place outside. A reservation is no movement: `reserved` counts what is kept of a bin.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Date, ForeignKey, Index, String, UniqueConstraint, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Product
from app.core.append_only import append_only, on_creation
from app.core.db import Base, Code, Id, Moment, Ref
from app.inventory import guards
from app.inventory.places import ASSEMBLY as ASSEMBLY
from app.inventory.places import BIN as BIN
from app.inventory.places import CONSIGNMENT as CONSIGNMENT
from app.inventory.places import COUNT as COUNT
from app.inventory.places import CUSTOMER as CUSTOMER
from app.inventory.places import KIT as KIT
from app.inventory.places import OWN as OWN
from app.inventory.places import SCRAP as SCRAP
from app.inventory.places import SUPPLIER as SUPPLIER
from app.inventory.places import TRANSIT as TRANSIT
from app.inventory.places import USED as USED
from app.inventory.places import Place as Place
from app.inventory.places import Warehouse as Warehouse
from app.inventory.places import Zone as Zone

QUARANTINED, INSPECTING, RELEASED = "quarantined", "inspecting", "released"
HELD, RECALLED, REJECTED = "held", "recalled", "rejected"
LOT_STATUSES = (QUARANTINED, INSPECTING, RELEASED, HELD, RECALLED, REJECTED)
WAITING = (QUARANTINED, INSPECTING)
"""Statuses of lots that quality control has yet to judge."""
MOVES: dict[str, tuple[str, ...]] = {
    QUARANTINED: (INSPECTING, RELEASED, HELD, REJECTED, RECALLED),
    INSPECTING: (QUARANTINED, RELEASED, HELD, REJECTED, RECALLED),
    RELEASED: (HELD, REJECTED, RECALLED),
    HELD: (INSPECTING, RELEASED, REJECTED, RECALLED),
    REJECTED: (RECALLED,),
    RECALLED: (),
}
"""Which status may follow which. A recalled lot never comes back. "Expired" is no status: `usable_on` says it of a day;
"destroyed" and "returned to the supplier" are places, as part of a lot may be."""

SOFT, FIRM, HARD = "soft", "firm", "hard"
LEVELS = (SOFT, FIRM, HARD)
"""`soft`: may be allocated anew; `firm`: the order is released, only for a reason; `hard`: picked, never by a plan."""
ACTIVE, GIVEN_BACK, SHIPPED = "active", "released", "shipped"


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
    serialised: Mapped[bool] = mapped_column(default=False)
    """True when each unit is known by its serial number."""
    received_at: Mapped[Moment]
    conditional: Mapped[bool] = mapped_column(default=False)
    """True when it was released for some customers only: those of `LotCustomer`."""
    only_until: Mapped[date | None] = mapped_column(Date)
    """The last day, that day included, on which a conditional lot may arrive."""
    version: Mapped[int] = mapped_column(default=1)

    product: Mapped[Product] = relationship(lazy="select")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read so by SQLAlchemy
    __table_args__ = (
        UniqueConstraint("product_id", "lot_no"),
        CheckConstraint(f"status IN {LOT_STATUSES}", name="status"),
        CheckConstraint("expires_on >= made_on", name="dates"),
        Index("ix_lots_pick", "product_id", "status", "expires_on"),
    )


class LotCustomer(Base):
    """A customer who may have a lot that was released conditionally."""

    __tablename__ = "lot_customers"

    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"), primary_key=True)


class Serial(Base):
    """One unit of a serialised lot: where it is and whose. A serial number is unique within the product."""

    __tablename__ = "serials"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"))
    serial_no: Mapped[Code] = mapped_column(index=True)
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    place_id: Mapped[Ref] = mapped_column(ForeignKey("places.id"))
    owner: Mapped[str] = mapped_column(String(26), default=OWN)

    __table_args__ = (UniqueConstraint("product_id", "serial_no"),)


class LedgerEntry(Base):
    """One movement: `quantity` of the lot went from one place to another, or from one owner to another where it lies.

    `day` is the business day. `seq` numbers the movements of a lot from 1; `hash` covers every other column,
    `prev_hash` is the hash of the lot's movement before (empty for the first).
    """

    __tablename__ = "stock_ledger"

    id: Mapped[Id]
    at: Mapped[Moment]
    day: Mapped[date] = mapped_column(Date)
    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"))
    seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    from_id: Mapped[str] = mapped_column(ForeignKey("places.id"))
    to_id: Mapped[str] = mapped_column(ForeignKey("places.id"))
    from_owner: Mapped[str] = mapped_column(String(26), default=OWN)
    to_owner: Mapped[str] = mapped_column(String(26), default=OWN)
    quantity: Mapped[int]
    serial_id: Mapped[str | None] = mapped_column(ForeignKey("serials.id"))
    order_id: Mapped[str | None] = mapped_column(String(26))
    document: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    actor_id: Mapped[str] = mapped_column(String(64))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        UniqueConstraint("lot_id", "seq"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("serial_id IS NULL OR quantity = 1", name="serial"),
        CheckConstraint("from_id <> to_id OR from_owner <> to_owner", name="places"),
        Index("ix_stock_ledger_order", "order_id", postgresql_where="order_id IS NOT NULL"),
        Index("ix_stock_ledger_serial", "serial_id", postgresql_where="serial_id IS NOT NULL"),
        Index("ix_stock_ledger_document", "document"),
    )


append_only(LedgerEntry.__table__)


class Balance(Base):
    """What the ledger sums to for a lot and owner in a bin, and what of it is kept for orders."""

    __tablename__ = "stock_balances"

    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("places.id"), primary_key=True)
    owner: Mapped[str] = mapped_column(String(26), primary_key=True, default=OWN)
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"))
    pickable: Mapped[bool] = mapped_column(default=False)
    """True where goods are allocated: ours, in a zone for qualified goods."""
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("0 <= reserved AND reserved <= on_hand", name="covered"),)


class Holding(Base):
    """What the ledger sums to for a lot and owner at a place outside; `boundless` ones may stand below nought."""

    __tablename__ = "stock_holdings"

    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("places.id"), primary_key=True)
    owner: Mapped[str] = mapped_column(String(26), primary_key=True, default=OWN)
    boundless: Mapped[bool] = mapped_column(default=False)
    quantity: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("boundless OR quantity >= 0", name="quantity"),
        Index("ix_stock_holdings_place", "place_id"),
    )


class Reservation(Base):
    """A quantity of a lot in a bin kept for an order line; ended by giving it back or by shipping it."""

    __tablename__ = "reservations"

    id: Mapped[Id]
    order_id: Mapped[str] = mapped_column(String(26))
    order_line_id: Mapped[Ref]
    shipment_id: Mapped[str | None] = mapped_column(String(26))
    """With which shipment of its order it is to leave, or left; None until there is one that wants it."""
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    place_id: Mapped[str] = mapped_column(ForeignKey("places.id"))
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"))
    quantity: Mapped[int]
    level: Mapped[str] = mapped_column(String(8), default=SOFT)
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE)
    arrives_on: Mapped[date] = mapped_column(Date)
    made_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]

    lot: Mapped[Lot] = relationship(lazy="select")
    place: Mapped[Place] = relationship(lazy="select")
    warehouse: Mapped[Warehouse] = relationship(lazy="select")

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint(f"status IN {(ACTIVE, GIVEN_BACK, SHIPPED)}", name="status"),
        Index("ix_reservations_order", "order_id", "status"),
        Index("ix_reservations_shipment", "shipment_id", "status"),
    )


class KitContent(Base):
    """So many units of a lot went into the units of a kit lot; less than nought when kits were taken apart."""

    __tablename__ = "kit_contents"

    id: Mapped[Id]
    kit_lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    quantity: Mapped[int]
    made_at: Mapped[Moment]

    __table_args__ = (CheckConstraint("quantity <> 0", name="quantity"),)


class KitPart(Base):
    """A kit of the product contains so many base units of another product."""

    __tablename__ = "kit_parts"

    kit_product_id: Mapped[str] = mapped_column(ForeignKey("products.id"), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"), primary_key=True)
    quantity: Mapped[int]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("kit_product_id <> product_id", name="other"),
    )


append_only(KitContent.__table__)
on_creation(Lot.__table__, guards.lots)
on_creation(Reservation.__table__, guards.reservations)
on_creation(LedgerEntry.__table__, guards.ledger)


def usable_on(lot: Any, day: date, *, spare_days: int = 0) -> bool:
    """True when the lot has not expired on the day, its expiry day included, with `spare_days` left after it.

    The one rule of expiry; `usable_in_sql` says the same to the database. QC status is a separate question.
    """
    return lot.expires_on is None or day + timedelta(days=spare_days) <= lot.expires_on


def usable_in_sql(day: date, *, spare_days: int = 0) -> ColumnElement[bool]:
    """`usable_on` as a condition on `lot`."""
    return or_(Lot.expires_on.is_(None), Lot.expires_on >= day + timedelta(days=spare_days))


def may_arrive_on(lot: Any, day: date) -> bool:
    """False after the last day of a lot that was released conditionally; `may_arrive_in_sql` says the same."""
    return not lot.conditional or lot.only_until is None or day <= lot.only_until


def may_arrive_in_sql(day: date) -> ColumnElement[bool]:
    """`may_arrive_on` as a condition on `lot`."""
    return or_(Lot.conditional.is_(False), Lot.only_until.is_(None), Lot.only_until >= day)


def remaining_days(lot: Any, day: date) -> int | None:
    """Days of shelf life left on the day: 0 on the expiry day, negative after it, None when the lot does not expire."""
    return None if lot.expires_on is None else (lot.expires_on - day).days
