"""Substitutes at work: whose tasks somebody may do today on behalf of another, and what is kept of it.

The substitute acts in their own name; that they did so for another stands in the task, in the history of the process
and in the audit trail. Of two people who have both acted, four eyes count both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    exists,
    false,
    insert,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)

from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.core.registry import Registry
from app.identity.queries import names_of
from app.identity.substitutes import Principal, principals_of
from app.tasks.models import Task, TaskCandidate, TaskStandIn, TaskStatus
from app.tasks.waiting import show_again, waits

of_process: Registry[Callable[[str], Any]] = Registry("condition of a task's process")
"""`@of_process.register("process")`: key of a process → SQL condition that a `Task` belongs to one of it."""

_stand_ins: Any = TaskStandIn.__table__
_tasks: Any = Task.__table__
_candidates: Any = TaskCandidate.__table__


def whom_for(actor: Actor) -> list[Principal]:
    """Whom the actor stands in for today. One statement; programs and the system stand in for nobody else."""
    return [] if actor.kind == "system" else principals_of(actor.id)


# What one may take. For one task its candidates are looked up; for a list the tasks are looked up by candidate, in sets
# that an index gives: looking at each open task would take a second at 100,000 of them.


def _named(kind: str, values: Collection[str], *, one: bool) -> Any:
    if not values:
        return false()
    which = (TaskCandidate.open, TaskCandidate.kind == kind, TaskCandidate.value.in_(sorted(values)))
    if one:
        return exists().where(TaskCandidate.task_id == Task.id, *which)
    return Task.id.in_(select(TaskCandidate.task_id).where(*which))


def is_excluded(*user_ids: str) -> Any:
    """The condition that one of them may not do the task. It is asked task by task: the index of candidates holds who
    may, and an index that also held these would be written for each task and read for none."""
    which = (TaskCandidate.kind == "excluded", TaskCandidate.value.in_(sorted(set(user_ids))))
    return exists().where(TaskCandidate.task_id == Task.id, *which)


def _asked(principal: Principal) -> Any:
    """The condition that the other or a group of theirs is asked; one EXISTS, which PostgreSQL asks of task by task: of
    two with an OR between it would read all there are."""
    named = [and_(TaskCandidate.kind == "user", TaskCandidate.value == principal.user_id)]
    if principal.roles:
        named.append(and_(TaskCandidate.kind == "group", TaskCandidate.value.in_(sorted(principal.roles))))
    return exists().where(TaskCandidate.task_id == Task.id, TaskCandidate.open, or_(*named))


def _within(principal: Principal, *, one: bool) -> Any:
    """The condition that a task is within what the substitute is limited to."""
    limits = []
    if principal.role is not None:
        limits.append(_named("group", [principal.role], one=one))
    if principal.process_key is not None:
        limits += [or_(*(of_process.get(kind)(principal.process_key) for kind in of_process))]
    return and_(true(), *limits)


def _ways(actor: Actor, principal: Principal, *, one: bool) -> list[Any]:
    """Conditions of the tasks that the other has, that they could take, and that the actor has for them."""
    asked = or_(_named("group", principal.roles, one=one), _named("user", [principal.user_id], one=one))
    kept = (TaskStandIn.substitute_id == actor.id, TaskStandIn.principal_id == principal.user_id)
    return [
        Task.assignee_id == principal.user_id,
        and_(Task.assignee_id.is_(None), asked),
        and_(Task.assignee_id == actor.id, Task.id.in_(select(TaskStandIn.task_id).where(*kept))),
    ]


def _ids(actor: Actor, principal: Principal) -> list[Any]:
    """SELECTs of the ids of the open tasks that the actor may do on behalf of the other, or has for them; each once."""
    theirs, free, has = _ways(actor, principal, one=False)
    allowed = not_(is_excluded(principal.user_id, actor.id))
    opened = (Task.status == TaskStatus.OPEN.value, _within(principal, one=False))
    return [
        select(Task.id.label("id")).where(theirs, allowed, *opened),
        select(Task.id.label("id")).where(free, allowed, *opened),
        select(Task.id.label("id")).where(has, *opened),
    ]


def parts_of(actor: Actor, principal: Principal, few: Sequence[str] | None) -> list[list[Any]]:
    """Conditions of the open tasks that the other has, that they could take, and that the actor has for them: three
    lists that share no task. `few`: ids of all that the other is asked to do, where these are few; else the tasks are
    looked at one by one, in whatever order they are wanted."""
    theirs, _free, has = _ways(actor, principal, one=True)
    free = and_(Task.assignee_id.is_(None), _asked(principal), not_(waits()))
    if few is not None:
        free = and_(free, Task.id.in_(few))
    allowed = not_(is_excluded(principal.user_id, actor.id))
    opened = [Task.status == TaskStatus.OPEN.value, _within(principal, one=True)]
    return [[theirs, allowed, *opened], [free, allowed, *opened], [has, *opened]]


def visible(actor: Actor, principals: Sequence[Principal]) -> Any:
    """The condition that selects the open tasks which the actor may do on behalf of these, or has for them."""
    if not principals:
        return false()
    return Task.id.in_(union_all(*(part for one in principals for part in _ids(actor, one))))


def possible(actor: Actor, task: Task) -> list[Principal]:
    """For whom the actor could do an open task, or has it now, four eyes apart. Two statements, one for nobody."""
    principals = whom_for(actor)
    if not principals:
        return []
    holds = [
        and_(or_(*_ways(actor, one, one=True)), _within(one, one=True)).label(f"p{number}")
        for number, one in enumerate(principals)
    ]
    row = session().execute(select(*holds).select_from(Task).where(Task.id == task.id)).one_or_none()
    return [] if row is None else [one for one, held in zip(principals, row, strict=True) if held]


def choose(actor: Actor, task: Task, excluded: Collection[str]) -> tuple[Principal | None, Principal | None]:
    """On whose behalf the actor does the task: first for whom they have it. Answers also one who would have been it,
    had they not done the step before."""
    found = sorted(possible(actor, task), key=lambda one: one.user_id != task.on_behalf_of)
    allowed = [one for one in found if one.user_id not in excluded]
    return next(iter(allowed), None), next(iter(found), None)


# What is kept


@dataclass(frozen=True)
class Kept:
    """A task that somebody has, or did, for another."""

    substitute_id: str
    principal_id: str
    name: str


def kept_of(tasks: Iterable[Task]) -> dict[str, Kept]:
    """Which of these tasks are had, or were done, on behalf of somebody. Two statements."""
    people = {task.id: task.completed_by or task.assignee_id for task in tasks}
    if not people:
        return {}
    rows = session().execute(select(TaskStandIn).where(TaskStandIn.task_id.in_(people))).scalars().all()
    rows = [one for one in rows if people[one.task_id] == one.substitute_id]
    names = names_of(one.principal_id for one in rows)
    return {
        one.task_id: Kept(one.substitute_id, one.principal_id, names.get(one.principal_id, one.principal_id))
        for one in rows
    }


def mark(tasks: Collection[Task]) -> None:
    """Let the tasks know on whose behalf they are had, or were done. Two statements."""
    found = kept_of(tasks)
    for task in tasks:
        task.stands(found[task.id].principal_id if task.id in found else None, None)


def note(task: Task, substitute_id: str, principal_id: str, at: datetime, *, taken_from: str | None) -> None:
    """Keep that somebody has the task for another. Who had it before is kept from the first time on."""
    taken_from = task.taken_from if task.on_behalf_of == principal_id else taken_from
    forget(task)
    row = {"task_id": task.id, "substitute_id": substitute_id, "principal_id": principal_id, "at": at}
    session().execute(insert(_stand_ins), {**row, "taken_from": taken_from})
    task.stands(principal_id, taken_from)


def forget(task: Task) -> None:
    """Nobody has the task for another any more."""
    session().execute(delete(_stand_ins).where(_stand_ins.c.task_id == task.id))
    task.stands(None, None)


def told(principal_id: str | None) -> dict[str, str]:
    """What the audit trail says of it."""
    if principal_id is None:
        return {}
    return {
        "on_behalf_of": principal_id,
        "on_behalf_of_name": names_of([principal_id]).get(principal_id, principal_id),
    }


# Who may not


def bar(source_id: str, people: Mapping[str, Collection[str]]) -> None:
    """Somebody has done another task, so open tasks of the source (by its name for them) are not for them any more;
    what they have of it goes back to its group. Five statements, however many tasks."""
    rows = (
        session()
        .execute(
            select(
                _tasks.c.id,
                _tasks.c.source_ref,
                _tasks.c.assignee_id,
                _tasks.c.excluded_user_ids,
                _stand_ins.c.principal_id,
            )
            .select_from(_tasks.outerjoin(_stand_ins, _stand_ins.c.task_id == _tasks.c.id))
            .where(
                _tasks.c.source_id == source_id,
                _tasks.c.status == TaskStatus.OPEN.value,
                _tasks.c.source_ref.in_(sorted(people)),
            )
        )
        .all()
    )
    new, changed, freed = [], [], []
    at = clock.now()
    for row in rows:
        barred = [one for one in people[row.source_ref] if one not in row.excluded_user_ids]
        new += [{"task_id": row.id, "kind": "excluded", "value": one, "open": False} for one in barred]
        loses = bool({row.assignee_id, row.principal_id} & set(people[row.source_ref]))
        changed.append(
            {
                "task": row.id,
                "excluded": [*row.excluded_user_ids, *barred],
                "holder": None if loses else row.assignee_id,
                "changed": at,
            }
        )
        freed += [row.id] if loses else []
    if new:
        session().execute(insert(_candidates), new)
        session().execute(_BAR, changed)
    if freed:
        session().execute(delete(_stand_ins).where(_stand_ins.c.task_id.in_(freed)))
        show_again(*freed)


_BAR = (
    update(_tasks)
    .where(_tasks.c.id == bindparam("task"))
    .values(
        excluded_user_ids=bindparam("excluded", type_=_tasks.c.excluded_user_ids.type),
        assignee_id=bindparam("holder"),
        changed_at=bindparam("changed"),
    )
)
