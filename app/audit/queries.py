"""Reading the trail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select

from app.audit.models import AuditEntry
from app.core import clock
from app.core.db import session
from app.core.registry import Registry
from app.core.subject import Subject

subject_labels: Registry[Callable[[Collection[str]], Mapping[str, str]]] = Registry("subject labels")
"""Kind of subject → what people call those ids (an order's number); later packages register theirs."""


def labels_of(entries: Iterable[AuditEntry]) -> dict[tuple[str, str], str]:
    """What people call the subjects of the entries, by (kind, id); one statement per kind that has names."""
    ids: dict[str, set[str]] = {}
    for entry in entries:
        ids.setdefault(entry.subject_kind, set()).add(entry.subject_id)
    return {
        (kind, subject): label
        for kind, wanted in ids.items()
        if kind in subject_labels
        for subject, label in subject_labels.get(kind)(wanted).items()
    }


def labels_by_id(kind: str, ids: Collection[str]) -> Mapping[str, str]:
    """What people call these subjects of a kind, by id; nothing for a kind without names."""
    return subject_labels.get(kind)(ids) if kind in subject_labels else {}


def entries_of(subject: Subject, limit: int = 200) -> list[AuditEntry]:
    """The subject's entries, oldest first; the latest `limit` of them."""
    return latest_of(subject, limit)[::-1]


def latest_of(subject: Subject, limit: int = 200) -> list[AuditEntry]:
    """The subject's latest entries, the newest first: as every page tells what was done."""
    latest = (
        select(AuditEntry)
        .where(AuditEntry.subject_kind == subject.kind, AuditEntry.subject_id == subject.id)
        .order_by(AuditEntry.subject_seq.desc())
        .limit(limit)
    )
    return list(session().scalars(latest))


def entries(
    *,
    subject: Subject | None = None,
    kind: str = "",
    actor: str = "",
    action: str = "",
    since: date | None = None,
    until: date | None = None,
) -> Any:
    """Entries, the newest first, to be paged.

    `actor`: part of a name, or an id; `action`: a code or its beginning (`order:`); days are business dates, inclusive.
    """
    statement = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    if subject is not None:
        statement = statement.where(AuditEntry.subject_kind == subject.kind, AuditEntry.subject_id == subject.id)
    if kind:
        statement = statement.where(AuditEntry.subject_kind == kind)
    if actor:
        statement = statement.where(
            or_(AuditEntry.actor_id == actor, AuditEntry.actor_name.icontains(actor, autoescape=True))
        )
    if action:
        statement = statement.where(AuditEntry.action.startswith(action, autoescape=True))
    if since:
        statement = statement.where(AuditEntry.at >= _midnight(since))
    if until:
        statement = statement.where(AuditEntry.at < _midnight(until + timedelta(days=1)))
    return statement


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.BUSINESS_ZONE)
