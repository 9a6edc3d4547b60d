"""The stored trail: entries, the queue of those not yet sealed, seals and what each seal covers, signatures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Id, JsonDict, Moment
from app.core.subject import Subject


class AuditEntry(Base):
    """One thing that was done. Never changed, never removed; `hash` covers every other column."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "subject_seq", name="uq_audit_entries_subject"),
        Index("ix_audit_entries_at", "at", "id"),
        Index("ix_audit_entries_actor", "actor_id", "at"),
    )

    id: Mapped[Id]
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    subject_seq: Mapped[int] = mapped_column(Integer)
    """Counts the entries of the subject from 1, without gaps."""
    at: Mapped[Moment]
    action: Mapped[str] = mapped_column(String(64))
    """As in `order:create`; never translated."""
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(String(200))
    """The name as it was then (21 CFR 11.50: the printed name belongs to the record)."""
    actor_kind: Mapped[str] = mapped_column(String(20))
    origin: Mapped[str] = mapped_column(String(120))
    request_id: Mapped[str] = mapped_column(String(64))
    details: Mapped[JsonDict]
    prev_hash: Mapped[str] = mapped_column(String(64))
    """`hash` of the subject's entry before; empty for its first."""
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def subject(self) -> Subject:
        """What the entry is about."""
        return Subject(self.subject_kind, self.subject_id)


class UnsealedEntry(Base):
    """A queue: one row per entry that no seal covers yet, written in the entry's own transaction.

    A late commit brings its row with it, so that a seal never has to guess from ids or times what is new.
    """

    __tablename__ = "audit_unsealed"

    entry_id: Mapped[Id]
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    subject_seq: Mapped[int] = mapped_column(Integer)


class AuditSeal(Base):
    """A seal over all entries that came since the one before; `digest` covers its AuditSealedHead rows."""

    __tablename__ = "audit_seals"

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    entries: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditSealedHead(Base):
    """A stretch of one subject's chain that a seal covers; the head's hash stands for all entries up to it."""

    __tablename__ = "audit_sealed_heads"
    __table_args__ = (Index("ix_audit_sealed_heads_seal", "seal_seq"),)

    subject_kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    to_seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    from_seq: Mapped[int] = mapped_column(Integer)
    head_hash: Mapped[str] = mapped_column(String(64))
    seal_seq: Mapped[int] = mapped_column(Integer)


class Signature(Base):
    """An electronic signature (21 CFR 11.50, 11.70): who, when, what it means, and what exactly was signed.

    `content_hash` covers `manifest`, `hash` every other column but `entry_id`; the entry of the trail names `hash`, so
    that a signature can neither be cut off nor put under something else.
    """

    __tablename__ = "signatures"
    __table_args__ = (Index("ix_signatures_subject", "subject_kind", "subject_id"),)

    id: Mapped[Id]
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[str] = mapped_column(String(26), index=True)
    """What was completed by it."""
    meaning: Mapped[str] = mapped_column(String(20))
    """Code of `signatures.MEANINGS`."""
    signer_id: Mapped[str] = mapped_column(String(26))
    signer_login: Mapped[str] = mapped_column(String(64))
    signer_name: Mapped[str] = mapped_column(String(200))
    """The printed name, as it was then."""
    on_behalf_of: Mapped[str | None] = mapped_column(String(26))
    on_behalf_of_name: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[Moment] = mapped_column(index=True)
    method: Mapped[str] = mapped_column(String(20))
    """How the signer proved who they are; code of `signatures.METHODS`."""
    manifest: Mapped[JsonDict]
    content_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    entry_id: Mapped[str] = mapped_column(String(26))
    """The entry of the trail that records it."""

    @property
    def subject(self) -> Subject:
        """What the record is about."""
        return Subject(self.subject_kind, self.subject_id)


SIGNED = (
    *("id", "subject_kind", "subject_id", "task_id", "meaning", "signer_id", "signer_login", "signer_name"),
    *("on_behalf_of", "on_behalf_of_name", "at", "method", "content_hash"),
)
"""The columns that a signature's hash covers."""


def covered(row: Any) -> dict[str, Any]:
    """The fields of an entry that its hash covers: all but the hash, from a model or a row of the table."""
    return {
        "id": row.id,
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "subject_seq": row.subject_seq,
        "at": row.at,
        "action": row.action,
        "actor_id": row.actor_id,
        "actor_name": row.actor_name,
        "actor_kind": row.actor_kind,
        "origin": row.origin,
        "request_id": row.request_id,
        "details": row.details,
        "prev_hash": row.prev_hash,
    }


append_only(AuditEntry.__table__)
append_only(AuditSeal.__table__)
append_only(AuditSealedHead.__table__)
append_only(Signature.__table__)
