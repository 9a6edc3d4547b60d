"""What somebody put off comes back by itself; they are told then. A job waits for the moment, and only for that one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.core import jobs
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
        jobs.schedule([NewJob(KIND, until, KIND, task_id, exclusive=False, payload={"until": until.isoformat()})])


@jobs.handler.register(KIND)
def come_back(job: Job) -> None:
    """Tell them, if it is still open and nobody named another moment."""
    wanted = select(Task, TaskExtra.follow_up_at).join(TaskExtra, TaskExtra.task_id == Task.id)
    found = session().execute(wanted.where(Task.id == job.source_id, Task.status == TaskStatus.OPEN.value)).first()
    if found is None or found[1] is None or found[1].isoformat() != job.payload["until"]:
        return
    notify(SYSTEM, NoticeKind.BACK, found[0].id, people_of(found[0]))
