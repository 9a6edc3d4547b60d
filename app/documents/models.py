"""Documents as stored: the content of each version, and the files made of it. Both only grow; they may be deleted by
hand of the operator once `retain_until` has passed, never before (triggers of the database)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Code, Id, JsonDict, Moment, Name, Ref
from app.core.subject import Subject


def is_outlived(dialect: str) -> str:
    """SQL on OLD: its time of retention is over. The day is taken in UTC, which no zone of ours is behind."""
    today = "date('now')" if dialect == "sqlite" else "(now() AT TIME ZONE 'UTC')::date"
    return f"(OLD.retain_until IS NOT NULL AND OLD.retain_until < {today})"


class Document(Base):
    """One version of a paper. `sha256` covers kind, number, version, subject and content (`queries.fingerprint`)."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("number", "version"),
        Index("ix_documents_subject", "subject_kind", "subject_id", "kind"),
        Index("ix_documents_made", "made_at", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(40))
    number: Mapped[Code]
    version: Mapped[int]
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    content: Mapped[JsonDict]
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(64))
    made_by_name: Mapped[Name]
    reason: Mapped[str] = mapped_column(String(500), default="")
    """Why it supersedes the version before."""
    retain_until: Mapped[date | None] = mapped_column(Date)
    """Last day on which it must be kept; None: for ever."""

    @property
    def subject(self) -> Subject:
        """What the paper is about."""
        return Subject(self.subject_kind, self.subject_id)


class DocumentFile(Base):
    """The PDF of a document in one language, as first made. `edition` counts the signatures that stand on it."""

    __tablename__ = "document_files"
    __table_args__ = (UniqueConstraint("document_id", "language", "edition"),)

    id: Mapped[Id]
    document_id: Mapped[Ref] = mapped_column(ForeignKey("documents.id"))
    language: Mapped[str] = mapped_column(String(16))
    edition: Mapped[int]
    pdf: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[Moment]
    retain_until: Mapped[date | None] = mapped_column(Date)


append_only(Document.__table__, but_for=is_outlived)
append_only(DocumentFile.__table__, but_for=is_outlived)
