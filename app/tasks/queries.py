"""Reads of the inbox. A list is two statements: the count and the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, exists, false, not_, or_, select

from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.paging import Page, paginate
from app.core.permissions import Actor
from app.core.subject import Subject
from app.tasks import standing_in
from app.tasks.models import Task, TaskCandidate, TaskExtra, TaskStatus
from app.tasks.permissions import TASK_READ_ALL
from app.tasks.records import TaskCopy
from app.tasks.waiting import waits

Which = Literal["mine", "groups", "all"]


def inbox(actor: Actor, *, which: Which = "groups", number: int = 1, size: int = 50) -> Page[Task]:
    """Open tasks by rank: `mine` are those the actor has, `groups` those free to take, but for what waits for its
    moment; `all` both and those that colleagues of the same groups have (everybody's, for those who may see them)."""
    statement = select(Task).where(visible(actor, which)).order_by(Task.rank_key, Task.id)
    return paginate(_fresh(statement), number, size)


def visible(actor: Actor, which: Which) -> Any:
    """The condition that selects the open tasks of an inbox."""
    is_open = Task.status == TaskStatus.OPEN.value
    mine = Task.assignee_id == actor.id
    if which == "mine":
        return and_(is_open, mine, not_(waits()))
    if which == "groups":
        return and_(
            is_open,
            Task.assignee_id.is_(None),
            _candidate(actor),
            not_(standing_in.is_excluded(actor.id)),
            not_(waits()),
        )
    if actor.may(TASK_READ_ALL):
        return and_(is_open, Task.rank_key > "")  # true of each; without it SQLite walks the tasks of all time to count
    return or_(*(and_(*part) for part in own_and_asked(actor)))


def own_and_asked(actor: Actor) -> tuple[list[Any], list[Any]]:
    """Conditions of the open tasks that the actor has, and of others that they are asked to do, whoever has them."""
    is_open = Task.status == TaskStatus.OPEN.value
    others = or_(Task.assignee_id.is_(None), Task.assignee_id != actor.id)
    return [is_open, Task.assignee_id == actor.id], [
        is_open,
        others,
        _candidate(actor),
        not_(standing_in.is_excluded(actor.id)),
    ]


def free_among(actor: Actor, task_ids: Sequence[str]) -> set[str]:
    """Ids of those of the tasks that the actor could take by their own right. One statement."""
    return set(session().scalars(select(Task.id).where(Task.id.in_(task_ids), visible(actor, "groups"))))


def put_off_by(actor: Actor, *, limit: int = 100) -> list[tuple[Task, datetime]]:
    """What the actor has and put off, with when it comes back, the next first."""
    held = (Task.assignee_id == actor.id, Task.status == TaskStatus.OPEN.value, TaskExtra.follow_up_at > clock.now())
    found = select(Task, TaskExtra.follow_up_at).join(TaskExtra, TaskExtra.task_id == Task.id).where(*held)
    rows = session().execute(found.order_by(TaskExtra.follow_up_at, Task.id).limit(limit))
    return [(task, until) for task, until in rows if until]


def _candidate(actor: Actor, *of_task: Any) -> Any:
    """Whether the actor is asked: for an open task, or one that `of_task` says."""
    roles = sorted(actor.roles)
    group = and_(TaskCandidate.kind == "group", TaskCandidate.value.in_(roles)) if roles else false()
    user = and_(TaskCandidate.kind == "user", TaskCandidate.value == actor.id)
    of_task = of_task or (TaskCandidate.task_id == Task.id, TaskCandidate.open)
    return exists().where(*of_task, or_(group, user))


def get_task(task_id: str) -> Task:
    """The task as it stands. Raises NotFound."""
    found = session().execute(_fresh(select(Task).where(Task.id == task_id))).scalar_one_or_none()
    if found is None:
        raise NotFound(task=task_id)
    return found


def candidates_of(task_id: str) -> dict[str, list[str]]:
    """Who may take it: {"group": [roles], "user": [ids], "excluded": [ids]}, and the questions it waits for."""
    rows = session().execute(
        select(TaskCandidate.kind, TaskCandidate.value)
        .where(TaskCandidate.task_id == task_id)
        .order_by(TaskCandidate.kind, TaskCandidate.value)
    )
    found: dict[str, list[str]] = {"group": [], "user": [], "excluded": []}
    for kind, value in rows:
        found.setdefault(kind, []).append(value)
    return found


def tasks_by_id(task_ids: Sequence[str]) -> list[Task]:
    """The tasks of these ids. One statement."""
    return list(session().scalars(_fresh(select(Task).where(Task.id.in_(task_ids))))) if task_ids else []


def groups_of_each(task_ids: Sequence[str]) -> dict[str, list[str]]:
    """The roles that may take each of the tasks, by id. One statement."""
    of_them = (TaskCandidate.task_id.in_(task_ids), TaskCandidate.kind == "group")
    columns = select(TaskCandidate.task_id, TaskCandidate.value).where(*of_them).order_by(TaskCandidate.value)
    found: dict[str, list[str]] = {}
    for task_id, role in session().execute(columns):
        found.setdefault(task_id, []).append(role)
    return found


def candidates_of_each(task_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(kind, value) of whoever may take one of them, or may not. One statement."""
    columns = select(TaskCandidate.kind, TaskCandidate.value).where(TaskCandidate.task_id.in_(task_ids)).distinct()
    return {(kind, value) for kind, value in session().execute(columns)}


def seen_among(actor: Actor, task_ids: Sequence[str]) -> list[Task]:
    """Those of the tasks that the actor has, had, submitted, could take or may see anyway, by rank. One statement."""
    statement = select(Task).where(Task.id.in_(task_ids)).order_by(Task.rank_key, Task.id)
    if not actor.may(TASK_READ_ALL):
        own = [column == actor.id for column in (Task.assignee_id, Task.completed_by, Task.initiator_id)]
        statement = statement.where(or_(*own, _candidate(actor, TaskCandidate.task_id == Task.id)))
    return list(session().scalars(_fresh(statement)))


def may_see(actor: Actor, task: Task) -> bool:
    """True for who has, had, submitted or could take the task, also for another, or was copied in, and for who may see
    everybody's."""
    if actor.may(TASK_READ_ALL) or actor.id in (task.assignee_id, task.completed_by, task.initiator_id):
        return True
    who = candidates_of(task.id)
    if actor.id in who["user"] or any(group in actor.roles for group in who["group"]):
        return True
    copied = session().get(TaskCopy, (task.id, actor.id)) is not None
    return copied or bool(standing_in.possible(actor, task))


def open_tasks_of(subject: Subject) -> list[Task]:
    """The open tasks about a subject, by rank."""
    return list(
        session()
        .execute(
            _fresh(
                select(Task)
                .where(
                    Task.subject_kind == subject.kind,
                    Task.subject_id == subject.id,
                    Task.status == TaskStatus.OPEN.value,
                )
                .order_by(Task.rank_key, Task.id)
            )
        )
        .scalars()
    )


def tasks_of(subject: Subject, *, limit: int = 200) -> list[Task]:
    """Every task there was about a subject, oldest first."""
    statement = (
        select(Task)
        .where(Task.subject_kind == subject.kind, Task.subject_id == subject.id)
        .order_by(Task.created_at, Task.id)
        .limit(limit)
    )
    return list(session().execute(_fresh(statement)).scalars())


def tasks_of_source(source_id: str, *, status: TaskStatus = TaskStatus.OPEN) -> list[Task]:
    """The tasks that a source (a process instance) has in a state, by rank."""
    statement = select(Task).where(Task.source_id == source_id, Task.status == status.value)
    return list(session().execute(_fresh(statement.order_by(Task.rank_key, Task.id))).scalars())


def submitted_by(actor: Actor, *, number: int = 1, size: int = 50) -> Page[Task]:
    """Open tasks, anybody's, about what the actor submitted: where my things are now."""
    statement = select(Task).where(Task.initiator_id == actor.id, Task.status == TaskStatus.OPEN.value)
    return paginate(_fresh(statement.order_by(Task.rank_key, Task.id)), number, size)


def done_by(actor: Actor, *, number: int = 1, size: int = 50) -> Page[Task]:
    """What the actor decided, newest first."""
    statement = select(Task).where(Task.completed_by == actor.id)
    return paginate(_fresh(statement.order_by(Task.completed_at.desc(), Task.id.desc())), number, size)


def _fresh(statement: Select[Task]) -> Select[Task]:
    """The verbs write past the session's cache, so reads never trust it."""
    return statement.execution_options(populate_existing=True)
