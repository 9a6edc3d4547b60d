"""What shipping keeps: shipments with what was picked, measured on the way and delivered; logistic units with their
SSCC; the mis-shipments that a scan prevented. But for the shipments themselves all of it only grows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Id, JsonDict, JsonList, Moment, Name, UtcDateTime


class LogisticUnit(Base):
    """A box or pallet with its SSCC, given once and never again. The subject is what it was made for."""

    __tablename__ = "logistic_units"
    __table_args__ = (UniqueConstraint("sscc"), Index("ix_logistic_units_subject", "subject_kind", "subject_id"))

    id: Mapped[Id]
    sscc: Mapped[str] = mapped_column(String(18))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(64))


class PreventedMisship(Base):
    """A scan that was blocked: who scanned what when, what was expected there, and every reason."""

    __tablename__ = "prevented_misships"
    __table_args__ = (
        Index("ix_prevented_misships_at", "at", "id"),
        Index("ix_prevented_misships_subject", "subject_kind", "subject_id"),
    )

    id: Mapped[Id]
    at: Mapped[Moment]
    purpose: Mapped[str] = mapped_column(String(16))
    """Where it was scanned: `checking.PURPOSES`."""
    reason: Mapped[str] = mapped_column(String(24))
    """The first of the reasons, by which they are counted."""
    reasons: Mapped[JsonList]
    """Each as `{code, values}`, see `checking.Fault`."""
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    """The order, shipment or receipt that the goods were scanned for."""
    product_id: Mapped[str | None] = mapped_column(String(26))
    """The expected one."""
    expected: Mapped[JsonDict]
    scanned: Mapped[str] = mapped_column(String(500))
    read: Mapped[JsonDict]
    """What the code says: issuer, DI, lot, serial, dates."""
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[Name]


append_only(LogisticUnit.__table__)
append_only(PreventedMisship.__table__)

STATUSES = ("planned", "picking", "picked", "packed", "in_transit", "returning", "delivered", "returned", "void")
OPEN = ("planned", "picking", "picked", "packed")
"""Goods have not left."""
UNDER_WAY = ("in_transit", "returning")
OVER = ("delivered", "returned", "void")


class Shipment(Base):
    """Goods of an order on their way to the customer: all of them, or a part (`ShipmentLine`)."""

    __tablename__ = "shipments"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        Index("ix_shipments_order", "order_id", "number"),
        Index("ix_shipments_status", "status", "number"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    status: Mapped[str] = mapped_column(String(12), default="planned")
    held: Mapped[bool] = mapped_column(default=False)
    """A change of the order is being decided: nothing is picked or packed meanwhile."""
    carrier: Mapped[str] = mapped_column(String(20))
    cold: Mapped[bool]
    leaves_on: Mapped[date]
    arrives_on: Mapped[date]
    made_at: Mapped[Moment]
    sscc: Mapped[str] = mapped_column(String(18), default="")
    logger: Mapped[str] = mapped_column(String(60), default="")
    """Numbers of the temperature loggers, with spaces."""
    box_celsius: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    """Of the pre-cooled box at packing."""
    packed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    vehicle: Mapped[str] = mapped_column(String(60), default="")
    departed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it


class ShipmentLine(Base):
    """What a shipment is to bring of an order line. Of a released order the shares of a line, less what was replaced,
    sum to what is ordered."""

    __tablename__ = "shipment_lines"
    __table_args__ = (CheckConstraint("replaced >= 0 AND replaced <= quantity", name="replaced"),)

    shipment_id: Mapped[str] = mapped_column(ForeignKey("shipments.id"), primary_key=True)
    order_line_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    quantity: Mapped[int]
    replaced: Mapped[int] = mapped_column(default=0)
    """Units of these that did not reach the customer and that another shipment brings instead."""


class ShipmentPick(Base):
    """Goods that were taken out of their bin for a shipment: of which reservation, which units. What was put back and
    taken again has a later row."""

    __tablename__ = "shipment_picks"
    __table_args__ = (
        Index("ix_shipment_picks_shipment", "shipment_id", "id"),
        Index("ix_shipment_picks_reservation", "reservation_id", "id"),
    )

    id: Mapped[Id]
    shipment_id: Mapped[str] = mapped_column(ForeignKey("shipments.id"))
    reservation_id: Mapped[str] = mapped_column(ForeignKey("reservations.id"))
    serials: Mapped[JsonList]
    scanned: Mapped[str] = mapped_column(String(500))
    """The code off the goods; empty when another system says that it was scanned there."""
    at: Mapped[Moment]
    by: Mapped[str] = mapped_column(String(64))


class ShipmentReading(Base):
    """What a logger said on the way."""

    __tablename__ = "shipment_readings"
    __table_args__ = (UniqueConstraint("shipment_id", "logger", "at"),)

    id: Mapped[Id]
    shipment_id: Mapped[str] = mapped_column(ForeignKey("shipments.id"))
    logger: Mapped[str] = mapped_column(String(60))
    at: Mapped[Moment]
    celsius: Mapped[Decimal] = mapped_column(Numeric(5, 1))
    by: Mapped[str] = mapped_column(String(64))


class DeliveryProof(Base):
    """Who took the goods, when and how: signed on the phone, once."""

    __tablename__ = "delivery_proofs"

    shipment_id: Mapped[str] = mapped_column(ForeignKey("shipments.id"), primary_key=True)
    at: Mapped[Moment]
    receiver: Mapped[str] = mapped_column(String(100))
    celsius: Mapped[Decimal | None] = mapped_column(Numeric(5, 1))
    """At the handover, of cold goods."""
    photo_id: Mapped[str | None] = mapped_column(ForeignKey("kept_contents.id"))
    refused: Mapped[JsonList]
    """Units that were not taken, each as {"lot_no", "quantity", "reason"}."""
    note: Mapped[str] = mapped_column(String(500), default="")
    by: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[Name]
    sha256: Mapped[str] = mapped_column(String(64))
    """Over all of the above and what was delivered."""


for _table in (ShipmentPick.__table__, ShipmentReading.__table__, DeliveryProof.__table__):
    append_only(_table)
