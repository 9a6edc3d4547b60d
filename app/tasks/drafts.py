"""Answers that somebody is still writing: kept per task and person, so that they are there on another device too.

A draft is no record: it is not on the audit trail, nobody else sees it, and it goes with the task's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from app.audit.service import exact
from app.core import clock, jsontext
from app.core.conflicts import insert_into
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import Actor
from app.tasks.models import Task, TaskStatus
from app.tasks.records import TaskDraft
from app.tasks.refusing import refuse_unless_open

LARGEST = 64 * 1024
"""Bytes of a draft."""
MOST = 200
"""Drafts of one person; the oldest go."""
AT_ONCE = 1000

_drafts: Any = TaskDraft.__table__


def save(actor: Actor, task: Task, answers: Mapping[str, Any], form_hash: str) -> datetime:
    """Keep what the actor has written so far to the form of that hash; answers when. Three statements.

    Raises TaskClosed, Invalid (`answers`: too much).
    """
    refuse_unless_open(task)
    kept = exact(jsontext.plain(dict(answers)))
    if len(jsontext.canonical(kept)) > LARGEST:
        raise Invalid({"answers": [_("This is too much for a draft: at most %(most)s KiB.", most=LARGEST // 1024)]})
    at = clock.now()
    changed = {"form_hash": form_hash, "answers": kept, "saved_at": at}
    session().execute(
        insert_into(_drafts)
        .values(task_id=task.id, user_id=actor.id, **changed)
        .on_conflict_do_update(index_elements=["task_id", "user_id"], set_=changed)
    )
    mine = select(_drafts.c.task_id).where(_drafts.c.user_id == actor.id).order_by(_drafts.c.saved_at.desc())
    over = list(session().scalars(mine.offset(MOST).limit(AT_ONCE)))
    if over:
        session().execute(delete(_drafts).where(_drafts.c.user_id == actor.id, _drafts.c.task_id.in_(over)))
    return at


def draft_of(actor: Actor, task: Task) -> TaskDraft | None:
    """What the actor has written to an open task. One statement."""
    if task.status != TaskStatus.OPEN:
        return None
    return session().get(TaskDraft, (task.id, actor.id), populate_existing=True)


def writers_of(task_id: str) -> list[str]:
    """Ids of those who have a draft to the task."""
    return list(session().scalars(select(_drafts.c.user_id).where(_drafts.c.task_id == task_id).order_by("user_id")))


def forget(task_id: str, actor: Actor | None = None) -> None:
    """The drafts of a task (only the actor's, if given) are not needed any more."""
    which = _drafts.c.task_id == task_id
    if actor is not None:
        which &= _drafts.c.user_id == actor.id
    session().execute(delete(_drafts).where(which))


def forget_closed() -> int:
    """Delete drafts of tasks that are closed, however they were closed, a bounded number; how many."""
    closed = (
        select(_drafts.c.task_id)
        .join(Task, Task.id == _drafts.c.task_id)
        .where(Task.status != TaskStatus.OPEN.value)
        .limit(AT_ONCE)
    )
    gone: Any = session().execute(delete(_drafts).where(_drafts.c.task_id.in_(closed)))
    return int(gone.rowcount)
