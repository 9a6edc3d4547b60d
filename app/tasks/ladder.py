"""The ladder of a due time: a reminder when a share of the time has passed, an escalation when all of it has.

One job per open task, made with it and gone with it: while it waits it costs nothing, however many there are. What a
rung does is stored in the transaction that moves the job on, so a killed worker leaves nothing half-done and nothing is
told twice; `task_rungs` keeps that for a due time that comes back. A task that is closed meanwhile has no job left, and
whoever is just running it loses (its fence is gone).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert, select, update

from app.audit.service import record
from app.core import clock, jobs, workdays
from app.core.db import session
from app.core.jobs import Job, NewJob
from app.core.outbox import EventType
from app.core.permissions import SYSTEM
from app.tasks.due import counts_working_time
from app.tasks.events import ESCALATED, OPENED, REMINDED, tell_of
from app.tasks.models import Task, TaskCandidate, TaskStatus
from app.tasks.notices import candidates, notify, people_of
from app.tasks.queries import candidates_of
from app.tasks.records import NoticeKind, TaskRung

KIND = "task.ladder"
SOURCE = "task"
REMIND, ESCALATE = "remind", "escalate"
RUNGS = (REMIND, ESCALATE)
"""In the order in which they are climbed."""

Row = Any
"""A task's row by column name: a dict, or what SQLAlchemy calls a mapping."""
_LADDER = yaml.safe_load(Path(__file__).with_name("ladder.yaml").read_text(encoding="utf-8"))
_tasks: Any = Task.__table__


def opened(rows: Sequence[Row]) -> None:
    """Tell of tasks that were opened (their rows), and set their first rung. One statement beside the telling."""
    for row in rows:
        tell_of(OPENED, row)
    _schedule(rows)


def closed(kind: EventType, rows: Sequence[Row]) -> None:
    """Tell of tasks that were closed (their rows); nothing more is told of them."""
    for row in rows:
        tell_of(kind, row)
    jobs.cancel_of_all(SOURCE, [row["id"] for row in rows])


def moved(task_ids: Sequence[str]) -> None:
    """The band or due time of open tasks changed: their next rung is another one."""
    if not task_ids:
        return
    jobs.cancel_of_all(SOURCE, task_ids)
    found = select(_tasks.c.id, _tasks.c.created_at, _tasks.c.due_at, _tasks.c.band).where(
        _tasks.c.id.in_(task_ids), _tasks.c.status == TaskStatus.OPEN.value
    )
    _schedule(session().execute(found).mappings().all())


def _schedule(rows: Iterable[Row]) -> None:
    now = clock.now()
    jobs.schedule(
        NewJob(KIND, _next(row, now) or max(row["due_at"], now), SOURCE, row["id"], exclusive=False) for row in rows
    )


def _next(row: Row, now: datetime) -> datetime | None:
    """The first rung still ahead."""
    return min((moment for moment, _rung in rungs_of(row) if moment > now), default=None)


def rungs_of(task: Row) -> list[tuple[datetime, str]]:
    """When each rung of a task (`created_at`, `due_at`, `band`) is climbed, in their order."""
    bands = _LADDER["bands"]
    shares = bands.get(task["band"] or "") or bands[_LADDER["without_band"]]
    begin, due = task["created_at"], task["due_at"]
    working = workdays.spent(begin, due) if counts_working_time(task["band"]) else timedelta(0)
    found = []
    for rung in RUNGS:
        share = shares.get(rung)
        if share == 1:
            found.append((due, rung))
        elif share and working and share < 1:
            found.append((workdays.later(begin, working * share), rung))
        elif share:
            found.append((begin + (due - begin) * share, rung))
    return found


@jobs.handler.register(KIND)
def climb(job: Job) -> datetime | None:
    """Do the highest rung whose time has come, once; move on to the next."""
    task = _lock(job.source_id)
    if task is None:
        return None
    now, row = clock.now(), vars(task)
    ripe = [rung for moment, rung in rungs_of(row) if moment <= now]
    done = _climbed(task)
    if ripe and ripe[-1] not in done:
        climbed = {"task_id": task.id, "due_at": task.due_at, "rung": ripe[-1], "at": now}
        session().execute(insert(TaskRung), climbed)
        (_escalate if ripe[-1] == ESCALATE else _remind)(task)
    return _next(row, now)


def _lock(task_id: str) -> Task | None:
    """The task if it is open, kept so until the transaction ends (whoever completes it waits, or was first)."""
    wanted = select(Task).where(Task.id == task_id, Task.status == TaskStatus.OPEN.value)
    return session().scalar(wanted.with_for_update().execution_options(populate_existing=True))


def _climbed(task: Task) -> set[str]:
    """Rungs climbed for this due time, or for a later one: who was told late need not be told that it was later yet."""
    found = select(TaskRung.rung).where(TaskRung.task_id == task.id, TaskRung.due_at >= task.due_at)
    return set(session().scalars(found))


def _remind(task: Task) -> None:
    told = notify(SYSTEM, NoticeKind.REMIND, task.id, people_of(task))
    record(SYSTEM, "task:remind", task.subject, task=task.id, element=task.element_id, due_at=task.due_at, told=told)
    tell_of(REMINDED, vars(task))


def _escalate(task: Task) -> None:
    asked = candidates_of(task.id)["group"]
    above = superiors_of(asked)
    if above:
        rows = [{"task_id": task.id, "kind": "group", "value": group, "open": True} for group in above]
        session().execute(insert(TaskCandidate), rows)
        changed = update(_tasks).where(_tasks.c.id == task.id).values(changed_at=clock.now())
        session().execute(changed)
    holder = [task.assignee_id] if task.assignee_id else candidates(task.id, asked)
    told = notify(SYSTEM, NoticeKind.ESCALATE, task.id, [*holder, *candidates(task.id, above)])
    record(
        SYSTEM,
        "task:overdue",
        task.subject,
        task=task.id,
        element=task.element_id,
        due_at=task.due_at,
        groups=above,
        told=told,
    )
    tell_of(ESCALATED, vars(task))


def superiors_of(groups: Sequence[str]) -> list[str]:
    """The groups that are asked too when these were too slow, without those that are asked already."""
    above = (_LADDER["superior"].get(group) for group in groups)
    return [group for group in dict.fromkeys(above) if group and group not in groups]
