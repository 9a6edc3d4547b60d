"""What is told of tasks. Who has one is not; of a completed one only by ids: who did it, and on whose behalf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.i18n import LazyString, _l
from app.core.outbox import TEXT, EventType, event_type, maybe, one_of, tell
from app.core.subject import Subject
from app.tasks.models import TaskStatus


def _of_task(name: str, description: LazyString, **more: Mapping[str, Any]) -> EventType:
    return event_type(
        f"youxu.task.{name}",
        description,
        element=TEXT,
        status=one_of(TaskStatus),
        about_kind=TEXT,
        about_id=TEXT,
        source_kind=TEXT,
        source_id=TEXT,
        **more,
    )


OPENED = _of_task("opened", _l("A task has been opened."))
COMPLETED = _of_task("completed", _l("A task has been completed."), completed_by=maybe(TEXT), on_behalf_of=maybe(TEXT))
"""By ids of users; `on_behalf_of`: for whom who did it stood in, null for themselves."""
CLOSED = _of_task("closed", _l("A task has been closed undone: it was superseded or is no longer needed."))

REMINDED = _of_task("reminded", _l("A share of a task's time has passed, and those who should do it were reminded."))
ESCALATED = _of_task("escalated", _l("A task was not done in time, and the superior group was asked to do it too."))


def tell_of(kind: EventType, task: Any) -> None:
    """That of the task: its row, by column."""
    data = {
        "element": task["element_id"],
        "status": task["status"],
        "about_kind": task["subject_kind"],
        "about_id": task["subject_id"],
        "source_kind": task["source_kind"],
        "source_id": task["source_id"],
    }
    if kind is COMPLETED:
        data |= {"completed_by": task["completed_by"], "on_behalf_of": task.get("_on_behalf_of")}
    tell(kind, Subject("task", task["id"]), data, key=task["number"])
