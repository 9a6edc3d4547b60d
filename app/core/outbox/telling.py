"""Telling what happened, in the transaction in which it happens.

What a transaction tells is written by one statement before its commit. Within a savepoint it is written at once: who
rolls back to it undoes what was told since, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from app.core import clock, ids
from app.core.db import before_commit, info, savepoint
from app.core.outbox.models import TOLD, WaitingEvent
from app.core.outbox.types import EventType
from app.core.prepared import Prepared
from app.core.subject import Subject

_TOLD = "outbox"
_WRITE = Prepared(insert(WaitingEvent).inline(), *TOLD)


def tell(kind: EventType, subject: Subject, data: Mapping[str, Any], *, key: str | None = None) -> None:
    """An event of that kind about the subject, stored if and only if the running transaction is.

    `data` are what the kind declares; `key` is the business key that keeps it in order with others. In the feed, what
    one transaction tells stands in the order told. Raises NoTransaction outside one.
    """
    row = {
        "id": ids.new_id(),
        "type": kind.name,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "key": key or None,
        "at": clock.now(),
        "data": data,
    }
    if savepoint() is not None:
        _WRITE.run(row)
        return
    told: list[dict[str, Any]] = info().setdefault(_TOLD, [])
    if not told:
        before_commit(_write)
    told.append(row)


def _write() -> None:
    _WRITE.run(info().pop(_TOLD))
