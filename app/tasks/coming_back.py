"""What somebody put off, or what its diagram lets wait, comes by itself; who should do it is told then. A job waits for
the moment, and only for that one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import session
from app.core.jobs import Job, NewJob
from app.core.permissions import SYSTEM
from app.tasks.models import Task, TaskExtra, TaskStatus
from app.tasks.notices import notify, people_of
from app.tasks.records import NoticeKind

KIND = "task.back"


def plan(task_id: str, until: datetime | None) -> None:
    """Tell whoever has the task at that moment; None: nobody, it is back already."""
    jobs.cancel_of(KIND, task_id)
    if until is not None:
        jobs.schedule([_job(task_id, until, NoticeKind.BACK)])


def plan_first(waiting: Mapping[str, datetime]) -> None:
    """New tasks that wait until a moment each: nobody has put them off, so they are told otherwise."""
    now = clock.now()
    jobs.schedule([_job(task_id, until, NoticeKind.START) for task_id, until in waiting.items() if until > now])


def _job(task_id: str, until: datetime, kind: NoticeKind) -> NewJob:
    said = {"until": until.isoformat(), "kind": kind.value}
    return NewJob(KIND, until, KIND, task_id, exclusive=False, payload=said)


@jobs.handler.register(KIND)
def come_back(job: Job) -> None:
    """Tell them, if it is still open and nobody named another moment."""
    wanted = select(Task, TaskExtra.follow_up_at).join(TaskExtra, TaskExtra.task_id == Task.id)
    wanted = wanted.where(Task.id == job.source_id, Task.status == TaskStatus.OPEN.value)
    found = session().execute(wanted.execution_options(populate_existing=True)).first()
    if found is None or found[1] is None or found[1].isoformat() != job.payload["until"]:
        return
    notify(SYSTEM, NoticeKind(job.payload.get("kind", NoticeKind.BACK)), found[0].id, people_of(found[0]))
