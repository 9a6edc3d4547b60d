"""The ladder of a due time: a reminder when a share of the time has passed, an escalation when all of it has.

A task knows when to look for its next rung (`tasks.rung_at`, indexed while it is open and known). A new one does not:
it is taken up as soon as it is so old that the earliest rung of any could have come, for counting working time and one
more index cost a step of a process too much, and most tasks are done by then. Every minute those whose time has come
get a job each. So waiting tasks cost nothing, and a step of a process no statement. What a rung does is stored in
the transaction of its job, so a killed worker leaves nothing half-done and nothing is told twice; `task_rungs` keeps
that for a due time that comes back. The job of a task that was closed meanwhile finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import yaml
from sqlalchemy import insert, select, update

from app.audit.service import record
from app.core import clock, jobs, periodic, workdays
from app.core.among import among
from app.core.db import session
from app.core.jobs import Job, NewJob
from app.core.permissions import SYSTEM
from app.core.prepared import Prepared
from app.core.updating import UpdateEach
from app.tasks import agreed, due
from app.tasks.events import ESCALATED, REMINDED, tell_of
from app.tasks.models import Task, TaskCandidate, TaskExtra, TaskStatus
from app.tasks.notices import candidates, notify, people_of
from app.tasks.queries import candidates_of
from app.tasks.records import NoticeKind, TaskRung

KIND = "task.ladder"
SOURCE = "task"
REST = timedelta(hours=1)
"""After that a rung that could not be climbed is tried again."""
AT_ONCE = 2_000
"""Tasks of one look."""
TAKEN_UP = "tasks.ladder.taken_up"
"""The mark up to whose moment of opening tasks know their rung."""
REMIND, ESCALATE = "remind", "escalate"
RUNGS = (REMIND, ESCALATE)
"""In the order in which they are climbed."""

Row = Any
"""A task's row by column name: a dict, or what SQLAlchemy calls a mapping."""
_LADDER = yaml.safe_load(Path(__file__).with_name("ladder.yaml").read_text(encoding="utf-8"))
_tasks: Any = Task.__table__
log = structlog.get_logger()


def moved(task_ids: Sequence[str]) -> None:
    """The band or due time of open tasks changed: their next rung is another one."""
    if not task_ids:
        return
    jobs.cancel_of_all(SOURCE, task_ids)
    now = clock.now()
    found = [dict(zip(_TIMES, row, strict=True)) for row in _TIMES_OF.rows({"ids": list(task_ids)})]
    _SET_RUNGS.run([{"id": row["id"], "rung_at": next_rung(row, now) or max(row["due_at"], now)} for row in found])


_WITH_TIMES = (
    select(_tasks.c.id, _tasks.c.created_at, _tasks.c.due_at, _tasks.c.band, TaskExtra.sla)
    .select_from(_tasks.outerjoin(TaskExtra, TaskExtra.task_id == _tasks.c.id))
    .where(_tasks.c.status == TaskStatus.OPEN.value)
)
_TIMES = _WITH_TIMES.selected_columns.keys()
_TIMES_OF = Prepared(_WITH_TIMES.where(among(_tasks.c.id, "ids")))
_SET_RUNGS = UpdateEach(_tasks, ("rung_at",), "id")


def look_for_ripe() -> int:
    """Have a job climb each rung whose time has come; how many tasks were looked at, at most `AT_ONCE`."""
    now = clock.now()
    _take_up(now)
    wanted = _WITH_TIMES.where(_tasks.c.rung_at <= now).order_by(_tasks.c.rung_at, _tasks.c.id).limit(AT_ONCE)
    found = [dict(row) for row in session().execute(wanted).mappings()]
    ripe = {row["id"] for row in found if any(moment <= now for moment, _rung in rungs_of(row))}
    if found:
        rungs = [
            {"id": one["id"], "rung_at": now + REST if one["id"] in ripe else next_rung(one, now)} for one in found
        ]
        _SET_RUNGS.run(rungs)
        jobs.schedule(NewJob(KIND, now, SOURCE, row["id"], exclusive=False) for row in found if row["id"] in ripe)
    return len(found)


def _take_up(now: datetime) -> None:
    """Look soon at those that have grown old enough since the last time; also at those that came late, from a
    transaction that took long."""
    until, since = now - _youngest(), periodic.mark(TAKEN_UP)
    climbed = select(TaskRung.task_id).where(TaskRung.task_id == _tasks.c.id).exists()
    old = [_tasks.c.status == TaskStatus.OPEN.value, _tasks.c.created_at <= until]
    if since is not None:
        old.append(_tasks.c.created_at > since - REST)
    session().execute(update(_tasks).where(*old, _tasks.c.rung_at.is_(None), ~climbed).values(rung_at=now))
    periodic.set_mark(TAKEN_UP, until)


@cache
def _youngest() -> timedelta:
    """The shortest time after which a rung of a new task may come: working time passes no faster than any other."""
    return min(due.time_of(band) * share for band in _LADDER["bands"] for share in _shares(band).values())


def _shares(band: str | None) -> dict[str, float]:
    bands = _LADDER["bands"]
    found = bands.get(band or "") or bands[_LADDER["without_band"]]
    return {rung: found[rung] for rung in RUNGS if found.get(rung)}


def next_rung(row: Row, now: datetime) -> datetime | None:
    """The first rung of a task still ahead."""
    return min((moment for moment, _rung in rungs_of(row) if moment > now), default=None)


def rungs_of(task: Row) -> list[tuple[datetime, str]]:
    """When each rung of a task (`created_at`, `due_at`, `band`, `sla`) is climbed, in their order."""
    begin, end = task["created_at"], task["due_at"]
    in_working_time = agreed.counts_working_time(task["sla"], task["band"])
    working = workdays.spent(begin, end) if in_working_time else timedelta(0)
    found = []
    for rung, share in _shares(task["band"]).items():
        if share == 1:
            found.append((end, rung))
        elif working and share < 1:
            found.append((workdays.later(begin, working * share), rung))
        else:
            found.append((begin + (end - begin) * share, rung))
    return found


@jobs.handler.register(KIND)
def climb(job: Job) -> None:
    """Do the highest rung whose time has come, once; the next one is looked for then."""
    task = _lock(job.source_id)
    if task is None:
        return
    sla = session().scalar(select(TaskExtra.sla).where(TaskExtra.task_id == task.id))
    now, row = clock.now(), {**vars(task), "sla": sla}
    ripe = [rung for moment, rung in rungs_of(row) if moment <= now]
    done = _climbed(task)
    if ripe and ripe[-1] not in done:
        climbed = {"task_id": task.id, "due_at": task.due_at, "rung": ripe[-1], "at": now}
        session().execute(insert(TaskRung), climbed)
        if ripe[-1] == ESCALATE:
            _escalate(task, (sla or {}).get("escalate_to"))
        else:
            _remind(task)
    session().execute(update(_tasks).where(_tasks.c.id == task.id).values(rung_at=next_rung(row, now)))


@jobs.on_exhausted.register(KIND)
def give_up(job: Job, error: str) -> None:
    """What failed again and again is tried anew after a while, and every time told as an error."""
    log.error("tasks.ladder_given_up", task=job.source_id, error=error)
    session().execute(update(_tasks).where(_tasks.c.id == job.source_id).values(rung_at=clock.now() + REST))


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


def _escalate(task: Task, agreed_on: str | None) -> None:
    """Ask those above too: the group that the diagram names, else the superiors of those who are asked."""
    asked = candidates_of(task.id)["group"]
    above = superiors_of(asked) if agreed_on is None else [agreed_on] if agreed_on not in asked else []
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
