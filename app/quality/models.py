"""Inspections of receipts, what was agreed with suppliers about them, nonconformances. Quantities are base units."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Id, JsonDict, JsonList, Moment, Ref, UtcDateTime
from app.core.subject import Subject
from app.inventory.models import Lot

CREATED, SAMPLING, TESTING, REVIEWED = "created", "sampling", "testing", "reviewed"
RELEASED, REJECTED, STOPPED = "released", "rejected", "stopped"
OPEN = (CREATED, SAMPLING, TESTING, REVIEWED)
STATES = (*OPEN, RELEASED, REJECTED, STOPPED)
SETTLED = "settled"
OUTCOMES = ("open", RELEASED, REJECTED, STOPPED, SETTLED)
ORIGINS = ("supplier", "import", "return", "excursion", "periodic")
SEVERITIES = ("normal", "tightened", "reduced", "discontinued")
IS_OPEN = sql(f"state IN {OPEN}")


class Inspection(Base):
    """One inspection order (检验单) of one receipt of a lot, from quarantine to the decision on it."""

    __tablename__ = "inspections"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    lot_id: Mapped[Ref] = mapped_column(ForeignKey("lots.id"))
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"))
    warehouse_id: Mapped[str] = mapped_column(ForeignKey("warehouses.id"))
    supplier_id: Mapped[str] = mapped_column(String(26), default="")
    origin: Mapped[str] = mapped_column(String(12), default="supplier")
    document: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default=CREATED)
    started_at: Mapped[Moment]

    checks: Mapped[JsonDict] = mapped_column(default=dict)
    """The receiving check: {"counted", "package", "label", "udi", "certificate", "temperature", "note",
    "expected", "by"}; "agreed": "reject" of a return that is rejected unless quality decides otherwise."""
    route: Mapped[str] = mapped_column(String(12), default="")
    """What the rules asked for: documents, reduced, normal, tightened, full, or hold while nothing is inspected."""
    severity: Mapped[str] = mapped_column(String(12), default="normal")
    """The severity in force for product and supplier from this lot on."""
    plan: Mapped[JsonDict] = mapped_column(default=dict)
    """{"level", "aql", "letter", "size", "accept", "clear": more than this ends reduced inspection, "stricter":
    acceptance number one AQL step stricter, "planned_for": units, "again": more samples were asked for}."""
    results: Mapped[JsonList] = mapped_column(default=list)
    """Samples in turn: {"sampled", "defective", "values": {code: [text]}, "instrument", "note", "by", "at",
    "struck": by whom, if it does not count}."""
    found: Mapped[JsonDict] = mapped_column(default=dict)
    """What the results come to: {"sampled", "defective", "failed": [codes], "missing": [codes], "key_failed"}."""
    tester_id: Mapped[str | None] = mapped_column(String(26))
    reviewer_id: Mapped[str | None] = mapped_column(String(26))

    accepted: Mapped[bool | None]
    """On original inspection: whether the sample was acceptable. None while that is open, or never was asked."""
    points: Mapped[int] = mapped_column(default=0)
    """What the lot earns for the switching score (ISO 2859-1, 9.3.3.2); 0 sets the score back."""
    report_no: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(26))
    reason: Mapped[str] = mapped_column(String(2000), default="")
    version: Mapped[int] = mapped_column(default=1)

    lot: Mapped[Lot] = relationship(lazy="select")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read so by SQLAlchemy
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("reviewer_id IS NULL OR tester_id IS NULL OR reviewer_id <> tester_id", name="four_eyes"),
        Index("ix_inspections_history", "product_id", "supplier_id", "id"),
        Index("ix_inspections_open", "product_id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    )

    @property
    def subject(self) -> Subject:
        """This inspection, as its process and tasks name it."""
        return Subject("inspection", self.id)

    @property
    def is_open(self) -> bool:
        """True until it is decided or stopped."""
        return self.state in OPEN


class SupplyTerms(Base):
    """What quality holds of a product's supply by one supplier."""

    __tablename__ = "supply_terms"

    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"), primary_key=True)
    supplier_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    improved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When quality found the supplier's improvement effective: it ends a discontinuation that began before."""
    reduced_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when production counts as steady and reduced inspection is agreed (9.3.3.1); None: it is not."""
    reduced_reason: Mapped[str] = mapped_column(String(500), default="")
    """Why it is, or is not any more."""
    changed_at: Mapped[Moment]
    changed_by: Mapped[str] = mapped_column(String(26))


class Nonconformance(Base):
    """A lot that does not conform (不合格), found by an inspection or told in a complaint; what the rules propose, what
    became of it."""

    __tablename__ = "nonconformances"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    inspection_id: Mapped[str | None] = mapped_column(ForeignKey("inspections.id"), index=True)
    complaint_id: Mapped[str | None] = mapped_column(String(26), index=True)
    description: Mapped[str] = mapped_column(String(2000), default="")
    """What is wrong, of one that no inspection has raised."""
    lot_id: Mapped[str] = mapped_column(ForeignKey("lots.id"), index=True)
    severity: Mapped[str] = mapped_column(String(8))
    failed: Mapped[JsonList] = mapped_column(default=list)
    """Codes of the characteristics that failed."""
    quantity: Mapped[int]
    proposed: Mapped[str] = mapped_column(String(24), default="")
    """Disposition that the rules propose."""
    raised_at: Mapped[Moment]
    raised_by: Mapped[str] = mapped_column(String(26))
    outcome: Mapped[str] = mapped_column(String(12), default="open")
    """open; released, rejected, stopped: what became of the inspection; settled: of one without, by somebody."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(26))
    reason: Mapped[str] = mapped_column(String(2000), default="")
    """Why it was settled so."""

    lot: Mapped[Lot] = relationship(lazy="select")

    __table_args__ = (CheckConstraint("inspection_id IS NOT NULL OR complaint_id IS NOT NULL", name="origin"),)

    @property
    def subject(self) -> Subject:
        """This nonconformance, as the trail names it."""
        return Subject("nonconformance", self.id)
