"""Writing the trail: `record` for every mutation, `record_alone` where nobody would try the request again."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import String, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.audit.models import AuditEntry, UnsealedEntry
from app.core import clock, ids, jsontext
from app.core.db import session
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.core.subject import Subject

ATTEMPTS = 6
LARGEST_EXACT = 2**53 - 1
LENGTHS = {"subject_kind": 40, "subject_id": 64, "action": 64, "actor_id": 64, "actor_name": 200, "origin": 120}

_entries: Any = AuditEntry.__table__
_queue: Any = UnsealedEntry.__table__
_of_subject = (_entries.c.subject_kind == bindparam("kind")) & (_entries.c.subject_id == bindparam("subject"))
_TAKE_PLACE = Prepared(
    insert(_queue)
    .from_select(
        ["entry_id", "subject_kind", "subject_id", "subject_seq"],
        select(
            bindparam("entry", type_=String),
            bindparam("kind", type_=String),
            bindparam("subject", type_=String),
            func.coalesce(func.max(_entries.c.subject_seq), 0) + 1,
        ).where(_of_subject),
    )
    .returning(
        _queue.c.subject_seq,
        select(_entries.c.hash)
        .where(_of_subject)
        .order_by(_entries.c.subject_seq.desc())
        .limit(1)
        .scalar_subquery()
        .label("prev_hash"),
    )
)
"""Queues the entry for the next seal and answers its place in the subject's chain, in one statement."""
_WRITE = Prepared(insert(_entries), *_entries.columns.keys())
_QUEUE_UP = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=String), 0)))


def record(actor: Actor, action: str, subject: Subject, **details: Any) -> str:
    """Append what the actor did to the subject, in the running transaction; answers the entry's id. Two statements.

    `details` are JSON values; decimals and dates are kept as text. Two transactions that record on one subject at
    once: the later raises IntegrityError and must be served again (`core.web` does so).
    """
    entry = ids.new_id()
    place: Any = _TAKE_PLACE.one({"entry": entry, "kind": subject.kind, "subject": subject.id})
    row = {
        "id": entry,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "subject_seq": place["subject_seq"],
        "at": clock.now(),
        "action": action,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "actor_kind": actor.kind,
        "origin": actor.origin,
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", "")),
        "details": exact(details),
        "prev_hash": place["prev_hash"] or "",
    }
    for name, length in LENGTHS.items():
        row[name] = exact(row[name])[:length]
    _WRITE.run({**row, "hash": jsontext.digest(row)})
    return entry


def record_alone(actor: Actor, action: str, subject: Subject, **details: Any) -> None:
    """As `record`, but writers of one subject queue up and a lost race is tried again here.

    For refusals and sign-ins: nobody repeats those requests, and an attacker sends many at once.
    """
    if session().get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session().execute(_QUEUE_UP, {"name": f"audit {subject.kind} {subject.id}"})
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with session().begin_nested():
                record(actor, action, subject, **details)
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
        else:
            return


def exact(value: Any) -> Any:
    """The value as every database gives it back: no binary fractions, no huge integers, no NUL, all keys text."""
    if isinstance(value, dict):
        return {exact(str(key)): exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [exact(item) for item in value]
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return repr(value)
    if value is None or isinstance(value, int):
        return str(value) if value is not None and abs(value) > LARGEST_EXACT else value
    return exact(jsontext.plain(value))
