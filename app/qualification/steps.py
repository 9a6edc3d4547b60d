"""The service steps of bpmn/qualification.bpmn, by name, and where its tasks stand in the inbox."""

from __future__ import annotations

from typing import Any

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes.steps import StepCall, step, task_rank
from app.qualification import service
from app.qualification.models import Qualification
from app.qualification.queries import get_qualification
from app.tasks.models import Rank
from app.tasks.notices import notify, people_of
from app.tasks.queries import open_tasks_of
from app.tasks.records import NoticeKind


@task_rank.register("qualification")
def qualification_rank(subject: Subject) -> Rank:
    """By its number: what waits longest comes first."""
    case = get_qualification(subject.id)
    return Rank(number=case.number, submitted_at=case.started_at)


def _case(call: StepCall) -> Qualification:
    return get_qualification(call.subject.id)


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")


@step.register("take_up_qualification")
def take_up_qualification(call: StepCall) -> dict[str, Any] | None:
    """What is new is under qualification from now on."""
    service.take_up(call.actor, _case(call))
    return None


@step.register("note_site_audit")
def note_site_audit(call: StepCall) -> dict[str, Any] | None:
    """The day of the site audit that was passed."""
    service.note_audit(_case(call), call.answer)
    return None


@step.register("approve_qualification")
def approve_qualification(call: StepCall) -> dict[str, Any] | None:
    """Qualified. Raises PapersIncomplete when a paper has lapsed meanwhile."""
    service.approve(call.actor, _case(call), _reason(call))
    return None


@step.register("reject_qualification")
def reject_qualification(call: StepCall) -> dict[str, Any] | None:
    """Refused, with the reason that was given."""
    service.reject(call.actor, _case(call), _reason(call))
    return None


@step.register("withdraw_qualification")
def withdraw_qualification(call: StepCall) -> dict[str, Any] | None:
    """Given up by the applicant."""
    service.withdraw(call.actor, _case(call), _reason(call))
    return None


@step.register("remind_of_qualification")
def remind_of_qualification(call: StepCall) -> dict[str, Any] | None:
    """Whoever should do what waits is asked to hurry."""
    for task in open_tasks_of(call.subject):
        notify(SYSTEM, NoticeKind.URGE, task.id, people_of(task))
    return None
