"""Reading the trail."""

from __future__ import annotations

from sqlalchemy import select

from app.audit.models import AuditEntry
from app.core.db import session
from app.core.subject import Subject


def entries_of(subject: Subject, limit: int = 200) -> list[AuditEntry]:
    """The subject's entries, oldest first; the latest `limit` of them."""
    latest = (
        select(AuditEntry)
        .where(AuditEntry.subject_kind == subject.kind, AuditEntry.subject_id == subject.id)
        .order_by(AuditEntry.subject_seq.desc())
        .limit(limit)
    )
    return list(reversed(session().scalars(latest).all()))
