"""Verbs of the inbox. Each is decided by one conditional UPDATE, so that of two people at once exactly one wins.

The `Task` that a verb returns is a copy of the row as it stands now: changing it stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, func, select, update

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound, StaleVersion
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.core.registry import Registry
from app.tasks import standing_in
from app.tasks.events import CLOSED, COMPLETED, tell_of
from app.tasks.forgetting import forget_of as forget_of
from app.tasks.models import Rank as Rank
from app.tasks.models import Task, TaskCandidate, TaskStandIn, TaskStatus
from app.tasks.opening import NewTask as NewTask
from app.tasks.opening import open_task as open_task
from app.tasks.opening import open_tasks as open_tasks
from app.tasks.placing import move_to as move_to
from app.tasks.placing import rerank as rerank
from app.tasks.placing import rerank_in_bulk as rerank_in_bulk
from app.tasks.placing import rerank_within_band as rerank_within_band
from app.tasks.refusing import (
    AWAITS,
    Candidates,
    for_whom,
    refuse_excluded,
    refuse_if_held,
    refuse_if_others_are_asked,
    refuse_unless_open,
)
from app.tasks.refusing import AlreadyClaimed as AlreadyClaimed
from app.tasks.refusing import FourEyes as FourEyes
from app.tasks.refusing import FourEyesOfOther as FourEyesOfOther
from app.tasks.refusing import NoOneElse as NoOneElse
from app.tasks.refusing import NotCandidate as NotCandidate
from app.tasks.refusing import NotClaimed as NotClaimed
from app.tasks.refusing import TaskClosed as TaskClosed
from app.tasks.refusing import is_candidate as is_candidate
from app.tasks.waiting import show_again

OnCompleted = Callable[[Actor, Task, Mapping[str, Any]], object]
on_completed: Registry[OnCompleted] = Registry("task source")
"""`on_completed.register("process")`: called in the same transaction when a task of that source kind is completed, with
the plain variables that were given."""

before_completing: Registry[Callable[[str], None]] = Registry("lock of a task source")
"""`before_completing.register("process")`: told the source's id before the task's row is locked, so that it can lock
itself first, as it does in its own steps; two that lock in opposite order would wait for each other."""

_tasks: Any = Task.__table__
_candidates: Any = TaskCandidate.__table__
_stand_ins: Any = TaskStandIn.__table__
_new_task: Callable[[], Task] = Task.__mapper__.class_manager.new_instance
_COLUMNS = tuple(column.name for column in _tasks.columns)
_LOAD = (
    select(
        _tasks,
        _candidates.c.kind.label("candidate_kind"),
        _candidates.c.value.label("candidate_value"),
        _stand_ins.c.principal_id,
        _stand_ins.c.taken_from,
    )
    .select_from(
        _tasks.outerjoin(_candidates, _candidates.c.task_id == _tasks.c.id).outerjoin(
            _stand_ins,
            (_stand_ins.c.task_id == _tasks.c.id) & (_stand_ins.c.substitute_id == _tasks.c.assignee_id),
        )
    )
    .where(_tasks.c.id == bindparam("task"))
)
_open = (_tasks.c.id == bindparam("task")) & (_tasks.c.status == TaskStatus.OPEN.value)
_mine_or_free = _tasks.c.assignee_id.is_(None) | (_tasks.c.assignee_id == bindparam("actor"))
_CLAIM = Prepared(
    update(_tasks)
    .where(_open, _tasks.c.assignee_id.is_(None))
    .values(assignee_id=bindparam("actor"), claimed_at=bindparam("at"), changed_at=bindparam("at"))
)
_TAKE_OVER = Prepared(
    update(_tasks)
    .where(_open, _tasks.c.assignee_id == bindparam("holder"))
    .values(assignee_id=bindparam("actor"), claimed_at=bindparam("at"), changed_at=bindparam("at"))
)
_RELEASE = Prepared(
    update(_tasks)
    .where(_open, _tasks.c.assignee_id == bindparam("actor"))
    .values(assignee_id=bindparam("back_to"), claimed_at=None, changed_at=bindparam("at"))
)
_complete = (
    update(_tasks)
    .where(_open)
    .values(
        status=TaskStatus.COMPLETED.value,
        assignee_id=func.coalesce(_tasks.c.assignee_id, bindparam("actor")),
        completed_by=bindparam("actor"),
        completed_at=bindparam("at"),
        changed_at=bindparam("at"),
        answers=bindparam("given", type_=_tasks.c.answers.type),
    )
)
_COMPLETE_FOR_OTHERS, _COMPLETE = Prepared(_complete), Prepared(_complete.where(_mine_or_free))
_TOLD = [_tasks.c[name] for name in ("id", "element_id", "status", "subject_kind", "subject_id", "source_kind")]
_TOLD += [_tasks.c.source_id, _tasks.c.number]
_of_closed = update(_candidates).values(open=False)
_CLOSE_CANDIDATES = Prepared(_of_closed.where(_candidates.c.task_id == bindparam("task")))


def claim(actor: Actor, task_id: str) -> Task:
    """Take a task. Claiming one's own task changes nothing.

    Raises NotFound, TaskClosed, AlreadyClaimed (409, names the holder), NotCandidate, FourEyes (403).
    """
    task, candidates = _load(task_id)
    refuse_unless_open(task)
    principal = for_whom(actor, task, candidates)
    if task.assignee_id == actor.id:
        return task
    _take(actor, task, principal, clock.now())
    record(actor, "task:claim", task.subject, task=task.id, element=task.element_id, **standing_in.told(principal))
    return task


def _take(actor: Actor, task: Task, principal: str | None, at: datetime) -> None:
    """Have the task: a free one, that of whom one stands in for, or one's own from who stands in. Raises as `claim`."""
    holder = task.assignee_id
    if holder not in {None, principal} and task.on_behalf_of != actor.id:
        refuse_if_held(actor, task)
    if not _hit(
        _CLAIM if holder is None else _TAKE_OVER, {"task": task.id, "actor": actor.id, "at": at, "holder": holder}
    ):
        _explain_loss(actor, task.id)
    if principal is not None:
        standing_in.note(task, actor.id, principal, at, taken_from=holder)
    elif task.on_behalf_of is not None:
        standing_in.forget(task)
    task.assignee_id, task.claimed_at, task.changed_at = actor.id, at, at


def release(actor: Actor, task_id: str) -> Task:
    """Give a task back to its group, or to whom one stands in for. Raises NotFound, TaskClosed, NotClaimed."""
    task, candidates = _load(task_id)
    refuse_unless_open(task)
    back_to, principal = task.taken_from, task.on_behalf_of
    if back_to is None and not any(kind == "group" for kind, _value in candidates):
        raise NotClaimed if task.assignee_id != actor.id else NoOneElse
    at = clock.now()
    if not _hit(_RELEASE, {"task": task_id, "actor": actor.id, "at": at, "back_to": back_to}):
        raise NotClaimed
    if principal is not None:
        standing_in.forget(task)
    show_again(task_id)
    task.assignee_id, task.claimed_at, task.changed_at = back_to, None, at
    record(actor, "task:release", task.subject, task=task.id, element=task.element_id, **standing_in.told(principal))
    return task


def complete(
    actor: Actor,
    task_id: str,
    answers: dict[str, Any] | None,
    *,
    seen_version: int | None = None,
    variables: Mapping[str, Any] | None = None,
    for_others: bool = False,
    sign: Callable[[Task, str | None], object] | None = None,
) -> Task:
    """Decide a task; its source goes on in the same transaction. Claims it on the way if nobody has it.

    `answers` are those of its form; a program gives plain `variables` instead. `seen_version` is the version of the
    subject the actor looked at. `for_others`: the actor may do it whoever was asked (checked by the caller; four eyes
    hold all the same). `sign` puts a signature to the task, or refuses: it is given the task and on whose behalf,
    once it is clear that the actor may do it. Raises as `claim` does, StaleVersion, and whatever `sign` and the source
    raise (then nothing is stored).
    """
    task, candidates = _load(task_id)
    refuse_unless_open(task)
    principal = _may_complete(actor, task, candidates, for_others=for_others)
    if seen_version is not None and task.subject_version not in (None, seen_version):
        raise StaleVersion(seen=seen_version, current=task.subject_version)
    if task.source_kind in before_completing:
        before_completing.get(task.source_kind)(task.source_id)
    refuse_if_others_are_asked(candidates, answers)
    if sign is not None:
        sign(task, principal)
    at = clock.now()
    done = {"task": task_id, "actor": actor.id, "at": at, "given": answers}
    if not _hit(_COMPLETE_FOR_OTHERS if for_others else _COMPLETE, done):
        _explain_loss(actor, task_id)
    _CLOSE_CANDIDATES.run({"task": task_id})
    task.status, task.assignee_id = TaskStatus.COMPLETED.value, task.assignee_id or actor.id
    _keep_for_whom(actor, task, principal, at)
    task.completed_by, task.completed_at, task.changed_at, task.answers = actor.id, at, at, answers
    record(
        actor,
        "task:complete",
        task.subject,
        task=task.id,
        element=task.element_id,
        answers=answers if variables is None else dict(variables),
        version=task.subject_version,
        **standing_in.told(principal),
    )
    tell_of(COMPLETED, vars(task))
    if task.source_kind in on_completed:
        on_completed.get(task.source_kind)(actor, task, variables or {})
    return task


def _keep_for_whom(actor: Actor, task: Task, principal: str | None, at: datetime) -> None:
    if principal is not None and task.on_behalf_of != principal:
        standing_in.note(task, actor.id, principal, at, taken_from=None)
    elif principal is None and task.on_behalf_of is not None:
        standing_in.forget(task)


def _may_complete(actor: Actor, task: Task, candidates: Candidates, *, for_others: bool) -> str | None:
    """On whose behalf; takes the task over from them. Raises as `claim`."""
    if for_others:
        principal = task.on_behalf_of if task.assignee_id == actor.id else None
        refuse_excluded(actor, task, candidates, principal)
    else:
        principal = for_whom(actor, task, candidates)
        if task.on_behalf_of == actor.id or (principal is not None and task.assignee_id == principal):
            _take(actor, task, principal, clock.now())
        refuse_if_held(actor, task)
    return principal


def supersede_of(source_id: str, reason: str) -> list[str]:
    """Close the open tasks of a source because the subject moved on; answers their ids."""
    return _close(_tasks.c.source_id == source_id, TaskStatus.SUPERSEDED, reason)


def cancel_of(source_id: str, reason: str, *, source_refs: Sequence[str] | None = None) -> list[str]:
    """Close the open tasks of a source (only those it names so, if given) because it ended; answers their ids."""
    which = _tasks.c.source_id == source_id
    if source_refs is not None:
        which &= _tasks.c.source_ref.in_(source_refs)
    return _close(which, TaskStatus.CANCELLED, reason)


def cancel_one(task_id: str, reason: str) -> None:
    """Close one task undone, if it is open."""
    _close(_tasks.c.id == task_id, TaskStatus.CANCELLED, reason)


def _close(which: Any, status: TaskStatus, reason: str) -> list[str]:
    statement = (
        update(_tasks)
        .where(which, _tasks.c.status == TaskStatus.OPEN.value)
        .values(status=status.value, closed_reason=reason[:500], changed_at=clock.now())
        .returning(*_TOLD)
    )
    rows = sorted(session().execute(statement).mappings(), key=itemgetter("id"))
    for row in rows:
        tell_of(CLOSED, row)
    closed = [row["id"] for row in rows]
    if closed:
        told = _of_closed.where(_candidates.c.task_id.in_(closed)).returning(_candidates.c.kind, _candidates.c.value)
        asked = [value for kind, value in session().execute(told) if kind == AWAITS]
        if asked:
            _close(_tasks.c.id.in_(asked), status, reason)
    return closed


def _copy_of(row: Any) -> Task:
    """A Task that belongs to no session: made as SQLAlchemy makes one it has loaded, without 40 attribute events."""
    made: Task = _new_task()
    made.__dict__.update(zip(_COLUMNS, row, strict=False))
    return made


def _load(task_id: str) -> tuple[Task, Candidates]:
    rows = session().connection().execute(_LOAD, {"task": task_id}).all()
    if not rows:
        raise NotFound(task=task_id)
    first = rows[0]
    task = _copy_of(first)
    task.stands(first.principal_id, first.taken_from)
    return task, [(row.candidate_kind, row.candidate_value) for row in rows if row.candidate_kind]


def _hit(statement: Prepared, values: dict[str, Any]) -> bool:
    return statement.run(values) == 1


def _explain_loss(actor: Actor, task_id: str) -> None:
    task, _candidates_now = _load(task_id)
    refuse_unless_open(task)
    refuse_if_held(actor, task)
