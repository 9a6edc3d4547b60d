"""Opening tasks, and what is needed for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.core import clock, ids
from app.core.db import session
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.core.subject import Subject
from app.tasks import coming_back
from app.tasks.agreed import due_at
from app.tasks.events import OPENED, tell_of
from app.tasks.models import Rank, Task, TaskCandidate, TaskExtra, TaskStatus
from app.tasks.placing import rank_columns

_SET_AT_THE_END = {"completed_at", "completed_by", "closed_reason", "answers"}
_OPEN = TaskStatus.OPEN.value
_tasks: Any = Task.__table__
_candidates: Any = TaskCandidate.__table__
_INSERT_TASKS = Prepared(insert(_tasks), *(one.name for one in _tasks.columns if one.name not in _SET_AT_THE_END))
_INSERT_CANDIDATES = Prepared(insert(_candidates), "task_id", "kind", "value", "open")


@dataclass(slots=True)
class NewTask:
    """What is needed to open a task. `groups` are roles; `excluded` are user ids that may not do it."""

    source: Subject
    """Who opens it: kind registered in `on_completed`, id."""
    source_ref: str
    element_id: str
    name: dict[str, str]
    subject: Subject
    subject_version: int | None = None
    groups: Sequence[str] = ()
    users: Sequence[str] = ()
    assignee_id: str | None = None
    initiator_id: str | None = None
    form_key: str | None = None
    excluded: Sequence[str] = ()
    rank: Rank = field(default_factory=Rank)
    due_at: datetime | None = None
    """Without one `sla` (see `agreed`), or the band, says how long it may take."""
    sla: dict[str, str] | None = None
    follow_up_at: datetime | None = None
    """It is in nobody's list until then; they are told when it comes."""
    priority: int | None = None
    id: str | None = None
    """Made here without one."""


def open_task(actor: Actor, new: NewTask) -> str:
    """Open one task; answers its id."""
    return open_tasks(actor, [new])[0]


def open_tasks(actor: Actor, new: Sequence[NewTask]) -> list[str]:
    """Open tasks in two statements; answers their ids in order. Recorded by who opens them, not here."""
    del actor
    if not new:
        return []
    rows = [_row(item) for item in new]
    _INSERT_TASKS.run(rows if len(rows) > 1 else rows[0])
    for row in rows:
        tell_of(OPENED, row)
    who = [
        {"task_id": row["id"], "kind": kind, "value": value, "open": kind != "excluded"}
        for row, item in zip(rows, new, strict=True)
        for kind, values in (
            ("group", item.groups),
            ("user", [*item.users, *([item.assignee_id] if item.assignee_id else [])]),
            ("excluded", item.excluded),
        )
        for value in dict.fromkeys(values)
    ]
    if who:
        _INSERT_CANDIDATES.run(who if len(who) > 1 else who[0])
    extras = [
        {
            "task_id": row["id"],
            "follow_up_at": item.follow_up_at,
            "priority": item.priority,
            "variables": {},
            "own_due": item.due_at is not None,
            "sla": item.sla,
        }
        for row, item in zip(rows, new, strict=True)
        if (item.follow_up_at, item.priority, item.due_at, item.sla) != (None, None, None, None)
    ]
    if extras:
        session().execute(insert(TaskExtra), extras)
        coming_back.plan_first({one["task_id"]: one["follow_up_at"] for one in extras if one["follow_up_at"]})
    return [row["id"] for row in rows]


def _row(new: NewTask) -> dict[str, Any]:
    at = clock.now()
    due = new.due_at or due_at(new.sla, at, new.rank.band)
    return {
        "id": new.id or ids.new_id(),
        "source_kind": new.source.kind,
        "source_id": new.source.id,
        "source_ref": new.source_ref,
        "element_id": new.element_id,
        "name": new.name,
        "subject_kind": new.subject.kind,
        "subject_id": new.subject.id,
        "subject_version": new.subject_version,
        "status": _OPEN,
        "assignee_id": new.assignee_id,
        "claimed_at": at if new.assignee_id else None,
        "initiator_id": new.initiator_id,
        "form_key": new.form_key,
        "excluded_user_ids": list(new.excluded),
        "due_at": due,
        "rung_at": None if new.due_at is None and new.sla is None else at,
        "created_at": at,
        "changed_at": at,
        **rank_columns(new.rank),
    }
