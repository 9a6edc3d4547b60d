"""The seal: one hash chain over the entries of all subjects, made every ten minutes.

What is new is told by the queue `audit_unsealed`, which each entry fills in its own transaction. Ids, times and
sequences are given before the commit, so on PostgreSQL an entry may become visible after others with higher ones;
"everything above the last" would miss it for ever. A queue row becomes visible together with its entry, whenever that
is, and stays until a seal covers the entry.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import and_, delete, exists, func, insert, select

from app.audit.models import AuditEntry, AuditSeal, AuditSealedHead, UnsealedEntry
from app.core import clock, jsontext
from app.core.db import session

log = structlog.get_logger()


def seal() -> AuditSeal | None:
    """Seal all entries that no seal covers yet; None when there are none.

    Two at once: the second finds its number taken (IntegrityError) and leaves nothing behind.
    """
    before = session().scalar(select(AuditSeal).order_by(AuditSeal.seq.desc()).limit(1))
    number = before.seq + 1 if before else 1
    heads = _new_heads(number)
    if not heads:
        return None
    made = AuditSeal(
        seq=number,
        at=clock.now(),
        entries=sum(head["to_seq"] - head["from_seq"] + 1 for head in heads),
        digest=digest_of(heads),
        prev_hash=before.hash if before else "",
    )
    made.hash = hash_of(made)
    session().add(made)
    session().flush()
    session().execute(insert(AuditSealedHead), heads)
    session().execute(delete(UnsealedEntry).where(_is_covered_by(number)))
    log.info("audit.sealed", seal=made.seq, entries=made.entries, hash=made.hash)  # a witness outside the database
    return made


def _is_covered_by(number: int) -> Any:
    """A subject's entries have no gaps in any snapshot, so what is not above a sealed head was sealed with it."""
    return exists().where(
        _same_subject(AuditSealedHead, UnsealedEntry),
        AuditSealedHead.to_seq >= UnsealedEntry.subject_seq,
        AuditSealedHead.seal_seq == number,
    )


def _new_heads(number: int) -> list[dict[str, Any]]:
    """From where to where each queued subject's chain has grown since the last seal, in one statement."""
    subjects = select(UnsealedEntry.subject_kind, UnsealedEntry.subject_id).distinct().subquery()
    sealed = (
        select(
            AuditSealedHead.subject_kind, AuditSealedHead.subject_id, func.max(AuditSealedHead.to_seq).label("to_seq")
        )
        .join(subjects, _same_subject(AuditSealedHead, subjects.c))
        .group_by(AuditSealedHead.subject_kind, AuditSealedHead.subject_id)
        .subquery()
    )
    last = (
        select(AuditEntry.subject_kind, AuditEntry.subject_id, func.max(AuditEntry.subject_seq).label("seq"))
        .join(subjects, _same_subject(AuditEntry, subjects.c))
        .group_by(AuditEntry.subject_kind, AuditEntry.subject_id)
        .subquery()
    )
    rows = session().execute(
        select(AuditEntry.subject_kind, AuditEntry.subject_id, AuditEntry.subject_seq, AuditEntry.hash, sealed.c.to_seq)
        .join(last, and_(_same_subject(AuditEntry, last.c), AuditEntry.subject_seq == last.c.seq))
        .outerjoin(sealed, _same_subject(AuditEntry, sealed.c))
    )
    heads = [
        {
            "subject_kind": row.subject_kind,
            "subject_id": row.subject_id,
            "from_seq": (row.to_seq or 0) + 1,
            "to_seq": row.subject_seq,
            "head_hash": row.hash,
            "seal_seq": number,
        }
        for row in rows
        if row.subject_seq > (row.to_seq or 0)
    ]
    return sorted(heads, key=_subject_key)


def _same_subject(table: Any, other: Any) -> Any:
    return and_(table.subject_kind == other.subject_kind, table.subject_id == other.subject_id)


def _subject_key(head: dict[str, Any]) -> tuple[str, str]:
    return head["subject_kind"], head["subject_id"]


def digest_of(heads: list[dict[str, Any]]) -> str:
    """The hash over everything one seal covers; sorted here, because databases sort text differently."""
    return jsontext.digest(
        [
            [head["subject_kind"], head["subject_id"], head["from_seq"], head["to_seq"], head["head_hash"]]
            for head in sorted(heads, key=_subject_key)
        ]
    )


def hash_of(made: Any) -> str:
    """The hash of a seal: all its other columns."""
    return jsontext.digest(
        {
            "seq": made.seq,
            "at": made.at,
            "entries": made.entries,
            "digest": made.digest,
            "prev_hash": made.prev_hash,
        }
    )
