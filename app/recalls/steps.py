"""The service steps of bpmn/recall.bpmn, by name, and where its tasks stand in the inbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.identity.queries import users_with_role
from app.processes.steps import StepCall, step, task_rank
from app.recalls import clocks, papers, service, telling
from app.recalls.models import RecallCase
from app.recalls.queries import get_case
from app.tasks.models import Rank
from app.tasks.notices import notify, people_of, tell_of_page
from app.tasks.queries import open_tasks_of
from app.tasks.records import NoticeKind

SUPERIORS = ("quality_head", "manager")
"""Who hears of it when a time is over."""


@task_rank.register("recall")
def recall_rank(subject: Subject) -> Rank:
    """By its number: what waits longest comes first."""
    case = get_case(subject.id)
    return Rank(number=case.number, submitted_at=case.opened_at)


def _case(call: StepCall) -> RecallCase:
    return get_case(call.subject.id)


def _said(call: StepCall, element: str, name: str) -> str:
    """What was last answered in that task."""
    answers = call.variables.get("answers")
    answer = answers.get(element) if isinstance(answers, dict) else None
    return str(answer.get(name) or "") if isinstance(answer, dict) else ""


@step.register("note_recall_intake")
def note_recall_intake(call: StepCall) -> dict[str, Any] | None:
    """The hazard, as it was assessed."""
    service.note_intake(call.actor, _case(call), call.answer)
    return None


@step.register("set_recall_level")
def set_recall_level(call: StepCall) -> dict[str, Any] | None:
    """The decision: level and clocks, which the timers of the diagram read."""
    case = _case(call)
    service.set_level(call.actor, case, str(call.answer.get("level") or ""))
    assert case.decided_at is not None  # noqa: S101 - set by the line above
    assert case.hours is not None  # noqa: S101
    assert case.due_at is not None  # noqa: S101
    quarter = f"PT{case.hours * 15}M"
    first = case.decided_at + timedelta(hours=case.hours) / clocks.QUARTERS
    report_due = case.report_due_at or case.due_at
    return {
        "level": case.level,
        "reminders": f"R/{first.isoformat()}/{quarter}",
        "due_at": case.due_at.isoformat(),
        "report_due": report_due.isoformat(),
        "later_reminders": f"R4/{quarter}",
    }


@step.register("tell_consignees")
def tell_consignees(call: StepCall) -> dict[str, Any] | None:
    """A notice for each consignee that has none yet."""
    return {"told": telling.tell(call.actor, _case(call))}


@step.register("tell_new_consignees")
def tell_new_consignees(call: StepCall) -> dict[str, Any] | None:
    """After a widening: those that come in by it. Before the plan is approved nobody is told; then all are at once."""
    case = _case(call)
    return {"told_more": telling.tell(call.actor, case) if case.notified_at else 0}


@step.register("remind_consignees")
def remind_consignees(call: StepCall) -> dict[str, Any] | None:
    """Those who have not answered, each once at a quarter, half and three quarters of its time, and at its end."""
    case = _case(call)
    if telling.remind(SYSTEM, case):
        _urge(call.subject, NoticeKind.URGE)
    return None


@step.register("escalate_recall")
def escalate_recall(call: StepCall) -> dict[str, Any] | None:
    """The time is over: who does not answer is marked; whoever leads the recall is told, and those above them."""
    case = _case(call)
    telling.remind(SYSTEM, case)
    _escalate(case, {"en": "consignees have not answered", "zh": "有收货单位未回执"})
    return None


@step.register("urge_recall_report")
def urge_recall_report(call: StepCall) -> dict[str, Any] | None:
    """The time to report is over."""
    _escalate(_case(call), {"en": "the report is late", "zh": "报告逾期"})
    return None


def _urge(subject: Subject, kind: NoticeKind) -> None:
    for task in open_tasks_of(subject):
        notify(SYSTEM, kind, task.id, people_of(task))


def _escalate(case: RecallCase, what: dict[str, str]) -> None:
    _urge(case.subject, NoticeKind.ESCALATE)
    title = {"en": f"{case.number}, {what['en']}", "zh": f"{case.number}，{what['zh']}"}
    above = [user.id for role in SUPERIORS for user in users_with_role(role)]
    tell_of_page(SYSTEM, f"/recalls/{case.id}", title, above, kind=NoticeKind.ESCALATE)


@step.register("make_recall_report")
def make_recall_report(call: StepCall) -> dict[str, Any] | None:
    """The report to the authority as a paper; none in a drill."""
    case = _case(call)
    return None if case.mock else {"report": papers.issue_report(call.actor, case, "event").number}


@step.register("note_recall_report")
def note_recall_report(call: StepCall) -> dict[str, Any] | None:
    """It was handed in."""
    service.note_report(call.actor, _case(call), str(call.answer.get("reference") or ""))
    return None


@step.register("dispose_recalled")
def dispose_recalled(call: StepCall) -> dict[str, Any] | None:
    """What lies here is destroyed or sent to the supplier, as two people have witnessed."""
    return {"disposed": service.dispose(call.actor, _case(call), _said(call, "first_witness", "way"))}


@step.register("close_recall")
def close_recall(call: StepCall) -> dict[str, Any] | None:
    """Closed, with a summary for the authority. Raises StillAnswering, Invalid."""
    case = _case(call)
    service.close(call.actor, case, str(call.answer.get("reason") or ""), str(call.answer.get("no_capa") or ""))
    if not case.mock:
        papers.issue_report(call.actor, case, "summary")
    return None
