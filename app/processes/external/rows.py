"""What a step of an instance does to external tasks: open those that were reached, close those that are gone.

Knows nothing of the engine, so that the engine's saving may call it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert

from app.core import clock, ids
from app.core.db import session
from app.processes.external import news
from app.processes.external.models import ExternalTask

LARGEST_PRIORITY = 2**63 - 1
_tasks: Any = ExternalTask.__table__


@dataclass(frozen=True)
class NewExternal:
    """A token that waits for a program of a topic."""

    instance_id: str
    token: int
    element_id: str
    definition_id: str
    definition_key: str
    topic: str
    version_tag: str | None = None
    business_key: str | None = None
    priority: int = 0
    retries: int | None = None


def open_external(new: Sequence[NewExternal], at: datetime | None = None) -> list[str]:
    """Keep them, in one statement; workers that wait are told when the transaction is stored. Answers their ids."""
    if not new:
        return []
    now = at or clock.now()
    rows = [
        {
            "id": ids.new_id(),
            "created_at": now,
            "worker_id": None,
            "lock_expires_at": None,
            "error_message": None,
            "error_details": None,
            **vars(one),
            "topic": one.topic[:255],
            "priority": max(-LARGEST_PRIORITY, min(one.priority, LARGEST_PRIORITY)),
        }
        for one in new
    ]
    session().execute(insert(_tasks), rows)
    news.tell()
    return [row["id"] for row in rows]


def close_external(instance_id: str, tokens: Collection[int] | None = None) -> int:
    """Remove the external tasks of these tokens (all of the instance's without); how many there were."""
    statement = delete(_tasks).where(_tasks.c.instance_id == instance_id)
    if tokens is not None:
        statement = statement.where(_tasks.c.token.in_(tokens))
    result: Any = session().execute(statement)
    return int(result.rowcount)
