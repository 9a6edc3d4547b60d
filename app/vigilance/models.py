"""Complaints, corrective and preventive actions (CAPA), and signals that complaints and nonconformances add up."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.catalog.models import Customer, Product
from app.core.db import Base, Id, Moment, Ref, UtcDateTime
from app.core.subject import Subject
from app.inventory.models import Lot

OPEN, INVESTIGATING, CLOSED = "open", "investigating", "closed"
STATUSES = (OPEN, INVESTIGATING, CLOSED)
HARMS = ("none", "possible", "serious", "death")
CONFIRMED = "confirmed"
CONCLUSIONS = (CONFIRMED, "unfounded", "undetermined", "duplicate")
SOURCES = ("page", "api", "hook")
JURISDICTIONS = ("cn", "eu", "us")
_REFERRED = sql("reference <> ''")


class Complaint(Base):
    """What a customer says is wrong with goods, until quality has concluded on it."""

    __tablename__ = "complaints"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[str] = mapped_column(String(14))
    source: Mapped[str] = mapped_column(String(8))
    """How it came."""
    reference: Mapped[str] = mapped_column(String(64))
    """What it is called where it came from."""
    customer_id: Mapped[Ref] = mapped_column(ForeignKey("customers.id"))
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"))
    lot_id: Mapped[str | None] = mapped_column(ForeignKey("lots.id"), index=True)
    lot_no: Mapped[str] = mapped_column(String(64))
    """As it was told; without `lot_id` no lot of ours."""
    serial_no: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"), index=True)
    shipment_id: Mapped[str | None] = mapped_column(ForeignKey("shipments.id"))
    description: Mapped[str] = mapped_column(String(4000))
    aware_at: Mapped[Moment]
    """When we first knew of it."""
    harm: Mapped[str] = mapped_column(String(10))
    jurisdiction: Mapped[str] = mapped_column(String(2))
    sample_returned: Mapped[bool]
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[str] = mapped_column(String(26))
    taken_by: Mapped[str | None] = mapped_column(String(26))
    """Who investigates."""
    reportable: Mapped[bool | None]
    """Whether it is to be reported as an adverse event; None until somebody has decided that."""
    reportable_reason: Mapped[str] = mapped_column(String(2000))
    reportable_by: Mapped[str | None] = mapped_column(String(26))
    reportable_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    conclusion: Mapped[str | None] = mapped_column(String(14))
    finding: Mapped[str] = mapped_column(String(4000))
    """What the investigation found, and why it was concluded so."""
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(26))

    customer: Mapped[Customer] = relationship(lazy="select")
    product: Mapped[Product] = relationship(lazy="select")
    lot: Mapped[Lot | None] = relationship(lazy="select")

    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint(f"harm IN {HARMS}", name="harm"),
        CheckConstraint(f"conclusion IN {CONCLUSIONS}", name="conclusion"),
        CheckConstraint("(status = 'closed') = (conclusion IS NOT NULL)", name="concluded"),
        Index("ix_complaints_product", "product_id", "aware_at"),
        Index(
            "uq_complaints_reference",
            "customer_id",
            "reference",
            unique=True,
            sqlite_where=_REFERRED,
            postgresql_where=_REFERRED,
        ),
    )

    @property
    def subject(self) -> Subject:
        """This complaint, as the trail names it."""
        return Subject("complaint", self.id)

    @property
    def is_open(self) -> bool:
        """True until it is concluded."""
        return self.status != CLOSED


PLANNING, ACTING, VERIFYING, CLOSING = "planning", "acting", "verifying", "closing"
DONE, DROPPED = "closed", "dropped"
STAGES = (PLANNING, ACTING, VERIFYING, CLOSING, DONE, DROPPED)
OVER = (DONE, DROPPED)
CAPA_SOURCES = ("nonconformance", "complaint", "recall", "audit", "signal")
ACTION_KINDS = ("corrective", "preventive")


class Capa(Base):
    """One CAPA: a problem, its cause, what is done about it, and whether that helped (bpmn/capa.bpmn)."""

    __tablename__ = "capas"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    stage: Mapped[str] = mapped_column(String(10))
    source_kind: Mapped[str] = mapped_column(String(16))
    source_id: Mapped[str | None] = mapped_column(String(26))
    """Of a nonconformance, complaint or recall; audits have none."""
    source_note: Mapped[str] = mapped_column(String(200))
    """What it is called: a number of ours, or the audit."""
    product_id: Mapped[str | None] = mapped_column(ForeignKey("products.id"), index=True)
    lot_id: Mapped[str | None] = mapped_column(ForeignKey("lots.id"), index=True)
    problem: Mapped[str] = mapped_column(String(4000))
    root_cause: Mapped[str] = mapped_column(String(4000))
    criterion: Mapped[str] = mapped_column(String(2000))
    """By what it is told that the actions helped."""
    check_on: Mapped[date | None] = mapped_column(Date)
    """The day by which that is checked."""
    result: Mapped[str] = mapped_column(String(4000))
    effective: Mapped[bool | None]
    """What the last check of effectiveness found."""
    opened_at: Mapped[Moment]
    opened_by: Mapped[str] = mapped_column(String(26))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(26))
    conclusion: Mapped[str] = mapped_column(String(2000))

    product: Mapped[Product | None] = relationship(lazy="select")
    lot: Mapped[Lot | None] = relationship(lazy="select")
    actions: Mapped[list[CapaAction]] = relationship(lazy="select", order_by="CapaAction.number")

    __table_args__ = (
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint(f"source_kind IN {CAPA_SOURCES}", name="source_kind"),
        Index("ix_capas_source", "source_kind", "source_id"),
    )

    @property
    def subject(self) -> Subject:
        """This CAPA, as its process and tasks name it."""
        return Subject("capa", self.id)

    @property
    def is_open(self) -> bool:
        """True until it is closed or dropped."""
        return self.stage not in OVER


class CapaAction(Base):
    """Something to be done by one person by a day."""

    __tablename__ = "capa_actions"

    id: Mapped[Id]
    capa_id: Mapped[Ref] = mapped_column(ForeignKey("capas.id"))
    number: Mapped[int]
    """1 for the first of a CAPA."""
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(String(2000))
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    due_on: Mapped[date] = mapped_column(Date)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[str | None] = mapped_column(String(26))
    evidence: Mapped[str] = mapped_column(String(4000))
    """What was done; files lie with the tasks of the CAPA."""

    __table_args__ = (
        CheckConstraint(f"kind IN {ACTION_KINDS}", name="kind"),
        Index("ix_capa_actions_due", "due_on"),
    )


SIGNAL_KINDS = ("product", "lot")


class Signal(Base):
    """Confirmed complaints and nonconformances of a product or lot add up, from the moment it was found until it is no
    longer so."""

    __tablename__ = "quality_signals"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    complaints: Mapped[int]
    nonconformances: Mapped[int]
    since: Mapped[Moment]

    __table_args__ = (CheckConstraint(f"kind IN {SIGNAL_KINDS}", name="kind"),)
