"""What shipping keeps: logistic units with their SSCC, and the mis-shipments that a scan prevented. Both only grow."""

from __future__ import annotations

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Id, JsonDict, JsonList, Moment, Name


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
