"""Who could approve the plan of a CAPA: said when it is opened and while it is planned, before it is too late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.permissions import Actor
from app.identity.queries import users_with_role
from app.tasks.models import Task
from app.vigilance.capas import PLAN_FORM

ROLE = "quality_head"
"""Who approves plans in bpmn/capa.bpmn; there, whoever submits the plan does not approve it."""


@dataclass(frozen=True)
class Approvers:
    """Who could approve the plan, as the one who reads should know it."""

    names: Sequence[str]
    mine: bool
    """It is the reader alone."""
    submitted: bool
    """The plan waits for them now; otherwise one of them may still bar themselves by submitting it."""


def approvers(actor: Actor, tasks: Sequence[Task] = ()) -> Approvers | None:
    """Of a CAPA with these open tasks, of one that is to be opened without; None once its plan is approved. One
    statement."""
    waiting = next((task for task in tasks if task.element_id == "approve_plan"), None)
    if tasks and waiting is None and all(task.form_key != PLAN_FORM for task in tasks):
        return None
    barred = waiting.excluded_user_ids if waiting is not None else ()
    found = [user for user in users_with_role(ROLE) if user.id not in barred]
    alone = len(found) == 1 and found[0].id == actor.id
    return Approvers([user.name for user in found], alone, waiting is not None)
