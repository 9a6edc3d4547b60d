"""The service steps of bpmn/change.bpmn, by name, and where its tasks stand in the inbox."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from app.changes import applying, returning, service, telling
from app.changes.models import ChangeRequest
from app.changes.queries import get_change
from app.core import clock, jobs
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.orders import queries as orders
from app.processes import queries as instances
from app.processes import service as processes
from app.processes.steps import StepCall, kept_years, step, task_rank
from app.shipping import handling
from app.tasks.models import Rank

UNNEEDED = "hold.unneeded"
ANSWERS = ("hold.confirmed", "already.shipped")
JOB = "change_hold"


@task_rank.register("change")
def change_rank(subject: Subject) -> Rank:
    """Where its order stands."""
    return task_rank.get("order")(_order_subject(subject))


@kept_years.register("change")
def change_kept_years(subject: Subject) -> int | None:
    """As long as its order's."""
    return kept_years.get("order")(_order_subject(subject))


def _order_subject(subject: Subject) -> Subject:
    return Subject("order", get_change(subject.id).order_id)


def _case(call: StepCall) -> ChangeRequest:
    return get_change(call.subject.id)


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")


@step.register("take_in_change")
def take_in_change(call: StepCall) -> dict[str, Any] | None:
    """A message asks for a change: {"order", "version", "reason", "wanted": {…} or "cancel": true}.

    Raises OrderNotFound and what `service.ask` raises: the sender is told.
    """
    given = call.variables
    version, wanted = given.get("version"), given.get("wanted")
    if isinstance(version, bool) or not isinstance(version, int):
        raise Invalid({"version": [_("Must be a whole number.")]})
    if given.get("cancel") is True:
        wanted = None
    elif not isinstance(wanted, dict):
        raise Invalid({"wanted": [_("Must be an object.")]})
    order_id = orders.id_of(str(given.get("order") or "")[:64])
    reason = str(given.get("reason") or "")
    made = service.ask(call.actor, order_id, wanted, seen_version=version, reason=reason, source="message")
    return {"change": made.number}


@step.register("assess_change")
def assess_change(call: StepCall) -> dict[str, Any] | None:
    """What it would come to, as everything is now."""
    case = _case(call)
    service.assess(call.actor, case)
    return {"stage": case.what_if["stage"], "displaced": [one["number"] for one in case.what_if["displaced"]]}


@step.register("check_change")
def check_change(call: StepCall) -> dict[str, Any] | None:
    """Is it still what was decided?"""
    service.check_again(_case(call))
    return None


@step.register("ask_hold")
def ask_hold(call: StepCall) -> dict[str, Any] | None:
    """The warehouse is asked right after this, once this process waits for the answer."""
    case = _case(call)
    for answer in ANSWERS:
        processes.forget_kept(answer, orders.get_order(case.order_id).number)  # late ones to an earlier question
    service.note_hold(case, "asked")
    service.note(call.actor, case, "hold")
    jobs.schedule([jobs.NewJob(JOB, clock.now(), "change", case.id)])
    return None


@jobs.handler.register(JOB)
def send_hold(job: jobs.Job) -> datetime | None:
    """Ask the shipment of the order to stop; when none is under way the change need not wait."""
    case = get_change(job.source_id)
    if case.status != "open":
        return None
    try:
        handling.hold(SYSTEM, case.order_id, case.number)
    except processes.NoMatch:
        service.note_hold(case, "nobody")
        instance = instances.instance_of(case.subject)
        with contextlib.suppress(processes.NoMatch):  # somebody called meanwhile
            processes.correlate(SYSTEM, UNNEEDED, instance_id=instance.id if instance else "")
    return None


@step.register("note_held")
def note_held(call: StepCall) -> dict[str, Any] | None:
    """The warehouse holds the goods."""
    service.note_hold(_case(call), "confirmed")
    return None


@step.register("note_gone")
def note_gone(call: StepCall) -> dict[str, Any] | None:
    """The goods have left: the change becomes a return."""
    service.note_hold(_case(call), "shipped")
    return None


@step.register("goods_back")
def goods_back(call: StepCall) -> dict[str, Any] | None:
    """What was picked lies in its bins again."""
    return {"put_back": applying.put_back(call.actor, _case(call))}


@step.register("apply_change")
def apply_change(call: StepCall) -> dict[str, Any] | None:
    """The order is changed or cancelled, and everything that hangs on it."""
    case = _case(call)
    applying.apply(call.actor, case)
    return {"applied_version": case.applied_version}


@step.register("tell_of_change")
def tell_of_change(call: StepCall) -> dict[str, Any] | None:
    """Who looks after the customer, and after each order that lost stock, hears of it."""
    return {"told": len(telling.tell_applied(call.actor, _case(call)))}


@step.register("refuse_change")
def refuse_change(call: StepCall) -> dict[str, Any] | None:
    """The order stays as it is; held goods go on."""
    case = _case(call)
    applying.lift_hold(call.actor, case)
    service.close(call.actor, case, "refused", _reason(call))
    telling.tell_refused(call.actor, case)
    return None


@step.register("withdraw_change")
def withdraw_change(call: StepCall) -> dict[str, Any] | None:
    """The requester does not want it any more."""
    case = _case(call)
    applying.lift_hold(call.actor, case)
    service.close(call.actor, case, "withdrawn")
    return None


@step.register("open_return")
def open_return(call: StepCall) -> dict[str, Any] | None:
    """The return is agreed."""
    case = _case(call)
    returning.open_return(call.actor, case)
    return {"rma": case.rma_number}


@step.register("take_back_goods")
def take_back_goods(call: StepCall) -> dict[str, Any] | None:
    """What came back lies in the return zone and is to be inspected."""
    tags = (call.variables.get("decisions") or {}).get("impact", {}).get("tags", ())
    text = str(call.answer.get("goods") or "")
    return {"returned": returning.receive(call.actor, _case(call), text, rejected="return_as_rejected" in tags)}
