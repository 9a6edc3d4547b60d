"""The service steps of bpmn/qc.bpmn, by name, where its tasks stand, and what happens to goods and lots."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.catalog import queries as catalog
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.subject import Subject
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.processes.steps import StepCall, step, task_rank
from app.quality import events, service
from app.quality.demand import rank_of, waiting_for
from app.quality.facts import severity_of
from app.quality.models import SAMPLING, Inspection
from app.quality.queries import get_inspection
from app.tasks.models import Rank

inventory.goods_received.register("inspection")(service.open_inspection)
inventory.lot_judged.register("inspection")(service.follow_lot)
inventory.lot_claimed.register("inspection")(service.refuse_by_hand)


@task_rank.register("inspection")
def inspection_rank(subject: Subject) -> Rank:
    """As the most urgent order that waits for the product."""
    one = get_inspection(subject.id)
    return rank_of(one, waiting_for({one.product_id}))


def _one(call: StepCall) -> Inspection:
    return get_inspection(call.subject.id)


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")


def _decided(call: StepCall, gateway: str) -> dict[str, Any]:
    return dict((call.variables.get("decisions") or {}).get(gateway) or {})


@step.register("begin_inspection")
def begin_inspection(call: StepCall) -> dict[str, Any] | None:
    """The lot is under inspection."""
    one = _one(call)
    service.begin(call.actor, one)
    events.tell_of(events.OPENED, one)
    return None


@step.register("note_receiving_check")
def note_receiving_check(call: StepCall) -> dict[str, Any] | None:
    """What the warehouse found."""
    service.note_check(call.actor, _one(call), call.answer)
    return None


@step.register("open_return_inspection")
def open_return_inspection(call: StepCall) -> dict[str, Any] | None:
    """Goods of a lot came back; the inspection has a process of its own. Raises NothingReturned."""
    service.open_return(call.actor, stock.get_lot(call.subject.id), call.variables)
    return None


@step.register("plan_inspection")
def plan_inspection(call: StepCall) -> dict[str, Any] | None:
    """The sample, as the decision at the gateway `plan` asks for it; or the hold."""
    one, decided = _one(call), _decided(call, "plan")
    service.plan(one, decided)
    if one.state == SAMPLING:
        events.tell_of(events.PLANNED, one)
    return None


@step.register("note_test_results")
def note_test_results(call: StepCall) -> dict[str, Any] | None:
    """Values against limits. Raises Invalid."""
    service.note_results(call.actor, _one(call), call.answer)
    return None


@step.register("raise_nonconformance")
def raise_nonconformance(call: StepCall) -> dict[str, Any] | None:
    """A record of what does not conform."""
    one = _one(call)
    service.raise_nonconformance(call.actor, one, severity_of(one))
    return None


@step.register("note_inspection_review")
def note_inspection_review(call: StepCall) -> dict[str, Any] | None:
    """Reviewed by somebody other than the tester."""
    service.note_review(call.actor, _one(call), str(_decided(call, "disposition").get("route") or ""))
    return None


@step.register("strike_test_results")
def strike_test_results(call: StepCall) -> dict[str, Any] | None:
    """The reviewer does not accept the last results."""
    service.strike_results(call.actor, _one(call), _reason(call))
    return None


@step.register("plan_more_samples")
def plan_more_samples(call: StepCall) -> dict[str, Any] | None:
    """As many units again."""
    one = _one(call)
    service.more_samples(one)
    events.tell_of(events.PLANNED, one)
    return None


@step.register("release_inspected")
def release_inspected(call: StepCall) -> dict[str, Any] | None:
    """Report and release. Raises NotAcceptable, NotAllSampled."""
    acceptable = _decided(call, "result").get("route") == "accepted"
    proposed = str(_decided(call, "disposition").get("route") or "")
    one = _one(call)
    service.release(call.actor, one, _reason(call), proposed, acceptable=acceptable)
    events.tell_of(events.RELEASED, one)
    return None


@step.register("release_inspected_for_some")
def release_inspected_for_some(call: StepCall) -> dict[str, Any] | None:
    """Report and conditional release. Raises NotAcceptable, NotAllSampled, NotInQuarantine, Invalid."""
    acceptable = _decided(call, "result").get("route") == "accepted"
    proposed = str(_decided(call, "disposition").get("route") or "")
    limits: dict[str, Any] = {"only_for": _customers(call), "only_until": _until(call)}
    one = _one(call)
    service.release(call.actor, one, _reason(call), proposed, acceptable=acceptable, **limits)
    events.tell_of(events.RELEASED, one)
    return None


def _customers(call: StepCall) -> list[str]:
    codes = str(call.answer.get("customers") or "").replace(",", " ").replace("，", " ").split()
    if not codes:
        raise Invalid({"customers": [_("Name the customers who may have it.")]})
    found = {code: catalog.find_customer(code) for code in codes}
    for code, customer in found.items():
        if customer is None:
            raise Invalid({"customers": [_("There is no customer %(customer)s.", customer=code[:64])]})
    return [customer.id for customer in found.values() if customer is not None]


def _until(call: StepCall) -> date | None:
    text = str(call.answer.get("until") or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid({"until": [_("Must be a date such as 2026-11-30.")]}) from None


@step.register("reject_inspected")
def reject_inspected(call: StepCall) -> dict[str, Any] | None:
    """The lot is unfit."""
    one = _one(call)
    service.reject(call.actor, one, _reason(call))
    events.tell_of(events.REJECTED, one)
    return None


@step.register("stop_inspection")
def stop_inspection(call: StepCall) -> dict[str, Any] | None:
    """Recalled meanwhile."""
    one = _one(call)
    service.stop(call.actor, one, str(call.variables.get("recalled") or ""))
    events.tell_of(events.STOPPED, one)
    return None
