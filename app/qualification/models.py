"""Qualifications, the scans of papers, and which warnings were given."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, JsonDict, Moment, UtcDateTime
from app.core.subject import Subject

KINDS = ("supplier", "customer", "product")
PAPERS = ("licence", "registration", "authorisation")
STATUSES = ("open", "approved", "rejected", "withdrawn")
OCCASIONS = ("first", "renewal")
_OPEN = sql("status = 'open'")


class Qualification(Base):
    """One way through the qualification of a party or product; at most one of each is open."""

    __tablename__ = "qualifications"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    about_kind: Mapped[str] = mapped_column(String(16))
    about_id: Mapped[str] = mapped_column(String(26))
    occasion: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(10), default="open")
    before: Mapped[str] = mapped_column(String(16))
    """The standing in trade with which it began: what a withdrawal gives back."""
    started_at: Mapped[Moment]
    started_by: Mapped[str] = mapped_column(String(26))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(26))
    reason: Mapped[str] = mapped_column(String(2000), default="")
    audited_on: Mapped[date | None] = mapped_column(Date)
    """The day of the site audit, if there was one."""
    due_on: Mapped[date | None] = mapped_column(Date)
    """The first day on which a paper that it was approved on has lapsed."""
    papers: Mapped[JsonDict] = mapped_column(default=dict)
    """What it was approved on: {"licence:<id>": {"kind", "number", "valid_to", "version", "scans": [sha256]}}."""

    __table_args__ = (
        Index("ix_qualifications_about", "about_kind", "about_id", "id"),
        Index(
            "ix_qualifications_open", "about_kind", "about_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )

    @property
    def about(self) -> Subject:
        """The party or product."""
        return Subject(self.about_kind, self.about_id)

    @property
    def subject(self) -> Subject:
        """This qualification, as its process and tasks name it."""
        return Subject("qualification", self.id)


class PaperScan(Base):
    """A scan of a paper, filed by one person and verified by another. It is of one version of the paper's data: when
    they are edited, it counts as unverified."""

    __tablename__ = "paper_scans"

    id: Mapped[Id]
    paper_kind: Mapped[str] = mapped_column(String(16))
    paper_id: Mapped[str] = mapped_column(String(26))
    paper_version: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    content_id: Mapped[str] = mapped_column(ForeignKey("kept_contents.id"))
    filed_at: Mapped[Moment]
    filed_by: Mapped[str] = mapped_column(String(26))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_by: Mapped[str | None] = mapped_column(String(26))

    __table_args__ = (
        Index("ix_paper_scans_paper", "paper_kind", "paper_id"),
        CheckConstraint("verified_by IS NULL OR verified_by <> filed_by", name="four_eyes"),
    )

    @property
    def paper(self) -> Subject:
        """The paper it is of."""
        return Subject(self.paper_kind, self.paper_id)


class PaperWarning(Base):
    """A warning that was given: once for each paper, end of validity and number of days before it."""

    __tablename__ = "paper_warnings"

    paper_kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    paper_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    valid_to: Mapped[date] = mapped_column(Date, primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Moment]
