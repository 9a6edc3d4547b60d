"""Asking others to approve too (加签): whoever has a task has people of their choice answer before they decide it.

Each of them gets a task of their own, of source `added`, whose id is that of the task they are asked about. That one
cannot be decided before all have answered, and not be approved when one of them rejected it, unless who asked withdraws
the question; all of it is in the audit trail. What is awaited stands among the task's candidates (`awaits`, `refused`),
which every verb reads anyway, so that a task about which nobody was asked costs nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.audit.service import record
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.tasks import managing, service
from app.tasks.models import Task, TaskCandidate, TaskExtra, TaskStatus
from app.tasks.naming import people_named
from app.tasks.notices import notify
from app.tasks.permissions import TASK_MANAGE
from app.tasks.records import NoticeKind
from app.tasks.refusing import APPROVE, AWAITS, REFUSED
from app.tasks.teamwork import NotHolder, let_read, open_for

SOURCE = "added"
FORM = "added_approval"
MOST = 10
"""People asked about one task."""
LONGEST = 500
"""Characters of the question."""


class NotAskable(Conflict):
    """Nobody is asked to approve what they are asked to approve."""

    message = _l("Others can be asked about a task of a process only, not about a question to approve too.")


def ask(actor: Actor, task_id: str, logins: Sequence[str], why: str) -> list[str]:
    """Have people answer before the actor decides the task they have; answers the ids of their tasks.

    Raises NotFound, TaskClosed, NotHolder, NotAskable, Invalid (`approvers`: nobody, too many, unknown, asked already,
    or kept out by four eyes; `why`: too long).
    """
    task = open_for(actor, task_id)
    if task.source_kind == SOURCE:
        raise NotAskable(task=task_id)
    question = why.replace("\x00", "").strip()
    if len(question) > LONGEST:
        raise Invalid({"why": [_("Write at most %(most)s characters.", most=LONGEST)]})
    users = _askable(task, logins)
    made = service.open_tasks(actor, [_question(actor, task, user) for user in users])
    extras = [{"task_id": one, "owner_id": actor.id, "description": question, "variables": {}} for one in made]
    session().execute(insert(TaskExtra), extras)
    awaited = [{"task_id": task_id, "kind": AWAITS, "value": one, "open": True} for one in made]
    session().execute(insert(TaskCandidate), awaited)
    let_read(actor, task, users)
    for user, one in zip(users, made, strict=True):
        notify(actor, NoticeKind.ADD, one, [user], question)
    record(actor, "task:ask-too", task.subject, task=task_id, element=task.element_id, people=users, why=question)
    return made


def _askable(task: Task, logins: Sequence[str]) -> list[str]:
    asked = asked_of(task.id)
    found = people_named(logins, "approvers", MOST - len(asked))
    kept_out = {*task.excluded_user_ids, task.initiator_id, task.assignee_id}
    kept_out |= {one.assignee_id for one in asked if one.status == TaskStatus.OPEN}
    barred = [login for login, user in found.items() if user in kept_out]
    if barred:
        words = _("%(logins)s cannot be asked: they have the task, submitted it, did the step before, or are asked.")
        raise Invalid({"approvers": [words % {"logins": ", ".join(barred)[:200]}]})
    return list(found.values())


def _question(actor: Actor, task: Task, user_id: str) -> service.NewTask:
    return service.NewTask(
        source=Subject(SOURCE, task.id),
        source_ref="",
        element_id=task.element_id,
        name={"en": f"Approve too: {task.name['en']}"[:200], "zh": f"加签：{task.name['zh']}"[:200]},
        subject=task.subject,
        subject_version=task.subject_version,
        users=[user_id],
        assignee_id=user_id,
        initiator_id=task.initiator_id,
        form_key=FORM,
        excluded=sorted({*task.excluded_user_ids, actor.id} - {user_id}),
        rank=task.rank,
    )


def asked_of(task_id: str) -> list[Task]:
    """The questions about a task, oldest first; withdrawn ones are closed undone. One statement."""
    which = select(Task).where(Task.source_id == task_id, Task.source_kind == SOURCE)
    return list(session().scalars(which.order_by(Task.id).execution_options(populate_existing=True)))


def withdraw(actor: Actor, question_id: str) -> Task:
    """Ask that person no more, or disregard their rejection; answers the task it was about.

    Raises NotFound (also when it is withdrawn already), TaskClosed, NotHolder.
    """
    question = session().get(Task, question_id, populate_existing=True)
    if question is None or question.source_kind != SOURCE:
        raise NotFound(task=question_id)
    task = managing.open_task_of(question.source_id)
    if task.assignee_id != actor.id and not actor.may(TASK_MANAGE):
        raise NotHolder(task=task.id)
    which = (TaskCandidate.task_id == task.id, TaskCandidate.value == question_id)
    mark = TaskCandidate.kind.in_((AWAITS, REFUSED))
    gone = session().execute(delete(TaskCandidate).where(*which, mark).execution_options(synchronize_session=False))
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise NotFound(task=question_id)
    service.cancel_one(question_id, "withdrawn")
    record(actor, "task:ask-no-more", task.subject, task=task.id, question=question_id, person=question.assignee_id)
    return task


@service.on_completed.register(SOURCE)
def _answered(actor: Actor, question: Task, _variables: Mapping[str, Any]) -> None:
    """Somebody has answered: the task waits for one less, or cannot be approved."""
    which = (
        TaskCandidate.task_id == question.source_id,
        TaskCandidate.kind == AWAITS,
        TaskCandidate.value == question.id,
    )
    approved = (question.answers or {}).get("outcome") == APPROVE
    change = delete(TaskCandidate) if approved else update(TaskCandidate).values(kind=REFUSED)
    session().execute(change.where(*which).execution_options(synchronize_session=False))
    extra = managing.extra_of(question.id)
    if extra is not None and extra.owner_id:
        notify(actor, NoticeKind.ANSWER, question.source_id, [extra.owner_id], (question.answers or {}).get("reason"))


@service.before_completing.register(SOURCE)
def _hold(task_id: str) -> None:
    """Whoever decides the task itself waits, or was first."""
    session().execute(select(Task.id).where(Task.id == task_id).with_for_update())
