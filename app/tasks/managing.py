"""Verbs of those who watch over tasks, and of programs: give to somebody, delegate, describe, comment, link people.

The rights to use them are the callers' affair; four eyes hold for everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, update

from app.audit.service import record
from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity.queries import names_of
from app.tasks import coming_back, ladder, service, standing_in
from app.tasks.models import Rank, Task, TaskAttachment, TaskCandidate, TaskComment, TaskExtra, TaskStatus
from app.tasks.queries import candidates_of, get_task
from app.tasks.service import AlreadyClaimed, FourEyes, TaskClosed

STANDALONE = "standalone"
"""Source of tasks that belong to no process."""


class OwnedByProcess(Conflict):
    """A task that a process opened ends with its process only."""

    message = _l("The task belongs to a running process, so it cannot be deleted.")


class IdTaken(Conflict):
    """Another task has the id."""

    message = _l("There is a task “%(task)s” already.")


def open_task_of(task_id: str) -> Task:
    """The task, which must be open. Raises NotFound, TaskClosed."""
    task = get_task(task_id)
    if task.status != TaskStatus.OPEN:
        raise TaskClosed(state=task.status, status=task.status)
    return task


def assign(actor: Actor, task_id: str, user_id: str | None, *, only_free: bool = False) -> None:
    """Give the task to somebody, or back to all with None, whoever has it (with `only_free` unless somebody has it).

    Raises NotFound, TaskClosed, FourEyes, AlreadyClaimed.
    """
    task = open_task_of(task_id)
    if user_id is not None:
        refuse_excluded(user_id, task_id)
    if task.assignee_id == user_id:
        return
    now = clock.now()
    statement = update(Task).where(Task.id == task_id, Task.status == TaskStatus.OPEN.value)
    if only_free:
        statement = statement.where(Task.assignee_id.is_(None))
    values = {"assignee_id": user_id, "claimed_at": now if user_id else None, "changed_at": now}
    changed = session().execute(statement.values(**values).execution_options(synchronize_session=False))
    if not changed.rowcount:  # type: ignore[attr-defined]
        holder = open_task_of(task_id).assignee_id
        raise AlreadyClaimed(holder=names_of([str(holder)]).get(str(holder), holder), holder_id=holder)
    standing_in.forget(task)
    record(actor, "task:assign", task.subject, task=task_id, element=task.element_id, now=user_id, was=task.assignee_id)


def refuse_excluded(user_id: str, task_id: str) -> None:
    """Raises FourEyes when the user did the step before and so may not do this one."""
    if user_id in candidates_of(task_id)["excluded"]:
        raise FourEyes(task=task_id)


def extra_of(task_id: str) -> TaskExtra | None:
    """What it has beside its row."""
    return session().get(TaskExtra, task_id, populate_existing=True)


def _extra(task_id: str) -> TaskExtra:
    found = extra_of(task_id)
    if found is None:
        found = TaskExtra(task_id=task_id, variables={})
        session().add(found)
        session().flush()
    return found


def delegate(actor: Actor, task_id: str, user_id: str) -> None:
    """Somebody else does it; its owner (who had it) gets it back when they have. Raises as `assign` does."""
    task, extra = open_task_of(task_id), _extra(task_id)
    extra.delegation = "pending"
    extra.owner_id = extra.owner_id or task.assignee_id
    session().flush()
    assign(actor, task_id, user_id)


def resolve(actor: Actor, task_id: str) -> None:
    """What was delegated is done: back to the owner. Raises as `assign` does."""
    open_task_of(task_id)
    extra = _extra(task_id)
    extra.delegation = "resolved"
    session().flush()
    assign(actor, task_id, extra.owner_id)


def describe(
    actor: Actor, task_id: str, given: Mapping[str, Any], *, due_at: datetime | None, name: str | None
) -> None:
    """Set columns of its extra (`given`), its due time, its name. Raises NotFound, TaskClosed."""
    task = open_task_of(task_id)
    extra = _extra(task_id)
    for column, value in given.items():
        setattr(extra, column, value)
    values: dict[str, Any] = {"changed_at": clock.now()}
    if due_at is not None:
        values["due_at"] = due_at
        extra.own_due = True
    if name is not None:
        values["name"] = {"en": name, "zh": name}
    session().execute(
        update(Task).where(Task.id == task_id).values(**values).execution_options(synchronize_session=False)
    )
    session().flush()
    if "follow_up_at" in given:
        coming_back.plan(task_id, given["follow_up_at"])
    if due_at is not None and due_at != task.due_at:
        ladder.moved([task_id])
    told = {key: value for key, value in given.items() if key != "variables"}
    record(
        actor, "task:describe", task.subject, task=task_id, element=task.element_id, now=told, due_at=due_at, name=name
    )


def set_own_variables(actor: Actor, task_id: str, variables: Mapping[str, Any]) -> None:
    """The variables that only this task has are these from now on. Raises NotFound, TaskClosed."""
    task = open_task_of(task_id)
    _extra(task_id).variables = dict(variables)
    session().flush()
    record(actor, "task:variables", task.subject, task=task_id, element=task.element_id, names=sorted(variables))


def tell_outcome(actor: Actor, task: Task, action: str, code: str) -> None:
    """An entry of the audit trail: the work came to an error or escalation of the diagram (by its code)."""
    record(actor, action, task.subject, task=task.id, element=task.element_id, code=code)


def comment(actor: Actor, task: Task, message: str) -> TaskComment:
    """Say something about a task."""
    made = TaskComment(
        id=ids.new_id(), task_id=task.id, source_id=task.source_id, user_id=actor.id, at=clock.now(), message=message
    )
    session().add(made)
    session().flush()
    record(actor, "task:comment", task.subject, task=task.id, element=task.element_id, comment=made.id)
    return made


def attach(actor: Actor, task: Task, given: Mapping[str, Any]) -> TaskAttachment:
    """Put a file (by the id of its bytes) or an address to a task."""
    made = TaskAttachment(
        id=ids.new_id(), task_id=task.id, source_id=task.source_id, user_id=actor.id, at=clock.now(), **given
    )
    session().add(made)
    session().flush()
    record(actor, "task:attach", task.subject, task=task.id, attachment=made.id, name=made.name)
    return made


def detach(actor: Actor, task: Task, attachment_id: str) -> None:
    """Take it away again. Raises NotFound."""
    found = session().get(TaskAttachment, attachment_id)
    if found is None or found.task_id != task.id:
        raise NotFound(attachment=attachment_id)
    session().delete(found)
    session().flush()
    record(actor, "task:detach", task.subject, task=task.id, attachment=attachment_id, name=found.name)


def link(actor: Actor, task_id: str, kind: str, value: str) -> None:
    """Ask a group or a user (`kind`) to do the task too. Raises NotFound, TaskClosed, FourEyes."""
    task = open_task_of(task_id)
    if kind == "user":
        refuse_excluded(value, task_id)
    key = {"task_id": task_id, "kind": kind, "value": value}
    if session().get(TaskCandidate, (task_id, kind, value)) is None:
        session().execute(insert(TaskCandidate), {**key, "open": True})
        record(actor, "task:link", task.subject, task=task_id, element=task.element_id, who=f"{kind} {value}")


def unlink(actor: Actor, task_id: str, kind: str, value: str) -> None:
    """Ask them no more. Raises NotFound, TaskClosed."""
    task = open_task_of(task_id)
    where = (TaskCandidate.task_id == task_id, TaskCandidate.kind == kind, TaskCandidate.value == value)
    gone = session().execute(delete(TaskCandidate).where(*where).execution_options(synchronize_session=False))
    if gone.rowcount:  # type: ignore[attr-defined]
        record(actor, "task:unlink", task.subject, task=task_id, element=task.element_id, who=f"{kind} {value}")


def set_owner(actor: Actor, task_id: str, user_id: str | None) -> None:
    """Who is answerable for it. Raises NotFound, TaskClosed."""
    describe(actor, task_id, {"owner_id": user_id}, due_at=None, name=None)


def open_standalone(actor: Actor, name: str, *, assignee_id: str | None, task_id: str | None = None) -> str:
    """A task of its own, about nothing else; answers its id. Raises IdTaken."""
    if task_id is not None and session().get(Task, task_id) is not None:
        raise IdTaken(task=task_id)
    source = ids.new_id()
    new = service.NewTask(
        source=Subject(STANDALONE, source),
        source_ref="",
        element_id="",
        name={"en": name, "zh": name},
        subject=Subject("task", source),
        assignee_id=assignee_id,
        users=[actor.id],
        initiator_id=actor.id,
        rank=Rank(number=name[:40]),
        id=task_id,
    )
    made = service.open_task(actor, new)
    record(actor, "task:create", new.subject, task=made, name=name)
    return made


def delete_standalone(actor: Actor, task_id: str) -> None:
    """It is not needed any more. Raises NotFound, TaskClosed, OwnedByProcess."""
    task = open_task_of(task_id)
    if task.source_kind != STANDALONE:
        raise OwnedByProcess(task=task_id)
    service.cancel_of(task.source_id, "deleted")
    record(actor, "task:delete", task.subject, task=task_id)
