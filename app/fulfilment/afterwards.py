"""What bpmn/approval.bpmn does beside the straight way: a purchase is suggested; an emergency is approved, or is not,
after its release. By name, as in `steps`."""

from __future__ import annotations

from typing import Any

from app.catalog import queries as catalog
from app.identity.queries import users_with_role
from app.orders import queries as orders
from app.orders import service as order_verbs
from app.orders.models import Order
from app.processes.steps import StepCall, step
from app.tasks import queries as tasks
from app.tasks.models import Task
from app.tasks.notices import notify
from app.tasks.records import NoticeKind
from app.tasks.teamwork import let_read

ANSWER_FOR_IT = ("manager", "quality_head")
"""Who hears of an emergency that was released without an approval."""


@step.register("ask_purchasing")
def ask_purchasing(call: StepCall) -> dict[str, Any] | None:
    """Nothing has come for two days: purchasing hears what is missing, and so do other systems."""
    order = orders.get_order(call.subject.id)
    products = catalog.products_of(line.product_id for line in order.lines)
    missing: dict[str, int] = {}
    for line in order.lines:
        if line.quantity > line.reserved:
            sku = products[line.product_id].sku
            missing[sku] = missing.get(sku, 0) + line.quantity - line.reserved
    order_verbs.suggest_purchase(call.actor, order, missing)
    wanted = ", ".join(f"{quantity} × {sku}" for sku, quantity in missing.items())
    for task in _open(call, "resolve_shortage"):
        _tell(call, task, ("purchasing",), NoticeKind.COPY, wanted)
    return None


@step.register("report_missed_approval")
def report_missed_approval(call: StepCall) -> dict[str, Any] | None:
    """Nobody has taken responsibility in time: those who answer for it hear of it, and it stays on record."""
    _note(call, "approval-missed")
    for task in _open(call, "approve_afterwards"):
        _tell(call, task, ANSWER_FOR_IT, NoticeKind.ESCALATE, None)
    return None


@step.register("note_approved_afterwards")
def note_approved_afterwards(call: StepCall) -> dict[str, Any] | None:
    """A person has taken responsibility for the release."""
    _note(call, "approve-afterwards")
    return None


@step.register("note_refused_afterwards")
def note_refused_afterwards(call: StepCall) -> dict[str, Any] | None:
    """The goods have gone, and should not have: those who answer for it hear why."""
    order = _note(call, "refuse-afterwards")
    for task in tasks.tasks_of(call.subject):
        if task.element_id == "approve_afterwards":
            _tell(call, task, ANSWER_FOR_IT, NoticeKind.COPY, f"{order.number}: {_reason(call)}")
    return None


def _note(call: StepCall, verb: str) -> Order:
    order = orders.get_order(call.subject.id)
    order_verbs.note_afterwards(call.actor, order, verb, _reason(call))
    return order


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")


def _open(call: StepCall, element: str) -> list[Task]:
    return [task for task in tasks.open_tasks_of(call.subject) if task.element_id == element]


def _tell(call: StepCall, task: Task, roles: tuple[str, ...], kind: NoticeKind, text: str | None) -> None:
    people = [user.id for role in roles for user in users_with_role(role)]
    let_read(call.actor, task, people)
    notify(call.actor, kind, task.id, people, text)
