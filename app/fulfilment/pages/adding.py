"""Asking others to approve a task too, and withdrawing the question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response as BaseResponse

from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.fulfilment.pages.inbox_blueprint import bp
from app.fulfilment.pages.teamwork import back_to
from app.fulfilment.queries import name_of
from app.identity.queries import names_of
from app.tasks import adding, managing
from app.tasks.models import Task, TaskStatus
from app.tasks.permissions import TASK_WORK


@dataclass(frozen=True)
class Question:
    """What a task's page says of a person who was asked to approve it too."""

    task: Task
    who: str

    @property
    def state(self) -> str:
        """`open`, `approved`, `rejected`, `withdrawn`."""
        if self.task.status == TaskStatus.OPEN:
            return "open"
        outcome = (self.task.answers or {}).get("outcome")
        return {"approve": "approved", None: "withdrawn"}.get(outcome, "rejected")


@bp.app_template_global()
def asked_too(task: Task) -> list[Question]:
    """Who was asked to approve a task too."""
    found = adding.asked_of(task.id)
    names = names_of(one.completed_by or one.assignee_id or "" for one in found)
    return [Question(one, names.get(one.completed_by or one.assignee_id or "", "–")) for one in found]


@bp.app_template_global()
def asked_by(task: Task) -> tuple[str, str] | None:
    """Who asks this, and what they wrote, for a task that is such a question; else None."""
    extra = managing.extra_of(task.id) if task.source_kind == adding.SOURCE else None
    return (name_of(extra.owner_id), extra.description or "") if extra else None


@bp.post("/tasks/<task_id>/approvers")
@requires(TASK_WORK)
def ask_too(task_id: str) -> BaseResponse:
    """Have people (`approvers`: logins) answer first."""

    def act() -> str:
        logins = re.split(r"[\s,;，；、]+", request.form.get("approvers", ""))
        made = adding.ask(current_actor(), task_id, logins, request.form.get("why", ""))
        return _n("%(num)s person was asked to approve too.", "%(num)s people were asked to approve too.", len(made))

    return back_to(task_id, act)


@bp.post("/tasks/<task_id>/withdraw")
@requires(TASK_WORK)
def ask_no_more(task_id: str) -> BaseResponse:
    """Withdraw one question (its task), or disregard its answer."""
    task = adding.withdraw(current_actor(), task_id)
    return back_to(task.id, lambda: _("The question is withdrawn."))
