"""The lawful end of the records of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from app.core.db import Base, session
from app.tasks.models import Task

_tasks: Any = Task.__table__


def forget_of(source_kind: str, source_ids: Sequence[str]) -> int:
    """Delete the tasks of these sources and all that belongs to them; how many. Recorded by who asks for it."""
    which = (_tasks.c.source_kind == source_kind) & _tasks.c.source_id.in_(source_ids)
    for table in reversed(Base.metadata.sorted_tables):
        for column in table.columns:
            if any(key.column is _tasks.c.id for key in column.foreign_keys):
                session().execute(delete(table).where(column.in_(select(_tasks.c.id).where(which))))
    result: Any = session().execute(delete(_tasks).where(which))
    return int(result.rowcount)
