"""The service steps of bpmn/approval.bpmn, by name. Each runs inside the transaction of the process step."""

from __future__ import annotations

from typing import Any

from app.catalog import queries as catalog
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import documents
from app.inventory import service as inventory
from app.orders import queries as orders
from app.orders import service as order_verbs
from app.orders.models import Order, OrderStatus
from app.priority import queries as priority
from app.priority import service as ranking
from app.processes.steps import StepCall, step, subject_version, task_rank
from app.tasks.models import Rank


@subject_version.register("order")
def order_version(subject: Subject) -> int:
    """The version of the order that an opened task is about."""
    return orders.version_of(subject.id)


@task_rank.register("order")
def order_rank(subject: Subject) -> Rank:
    """Where a task about the order stands in the inbox."""
    standing = priority.standing_or_none(subject.id)
    return Rank() if standing is None else ranking.rank_of(standing)


@step.register("mark_in_approval")
def mark_in_approval(call: StepCall) -> dict[str, Any] | None:
    """The order is (again) on its way to a decision."""
    order = orders.get_order(call.subject.id)
    if order.status == OrderStatus.REWORK:
        order_verbs.resume_approval(call.actor, order)
    return None


@step.register("mark_rework")
def mark_rework(call: StepCall) -> dict[str, Any] | None:
    """Back to the submitter, with the reason the approver gave. What was reserved is given back."""
    order = orders.get_order(call.subject.id)
    reason = _reason(call)
    give_back(call.actor, order, reason)
    order_verbs.send_to_rework(call.actor, order, reason=reason)
    return None


@step.register("reserve_stock")
def reserve_stock(call: StepCall) -> dict[str, Any]:
    """Reserve each line first-expired-first-out by usable shelf life at arrival; a part if there is not enough."""
    order = orders.get_order(call.subject.id)
    terms = priority.terms_of(order.id, call.as_of)
    products = catalog.products_of(line.product_id for line in order.lines)
    open_lines = [line for line in order.lines if line.reserved < line.quantity]
    found = inventory.reserve_lines(
        call.actor,
        order.id,
        [
            inventory.Wanted(
                line.id,
                products[line.product_id],
                line.quantity - line.reserved,
                terms.arrives_on,
                terms.required_days[line.id],
            )
            for line in open_lines
        ],
    )
    kept = {line.id: line.reserved for line in order.lines}
    kept.update({line.id: line.quantity - found[line.id].short for line in open_lines})
    order_verbs.note_reserved(order, kept)
    short = sum(line.quantity - line.reserved for line in order.lines)
    return {"reserved": sum(kept.values()), "short_quantity": short}


@step.register("make_document")
def make_document(call: StepCall) -> dict[str, Any]:
    """The order confirmation, as it will be printed."""
    order = orders.get_order(call.subject.id)
    return {"document": documents.make_confirmation(call.actor, order, call.as_of)}


@step.register("release_order")
def release_order(call: StepCall) -> dict[str, Any] | None:
    """The order goes to fulfilment."""
    order_verbs.release_order(call.actor, orders.get_order(call.subject.id))
    return None


@step.register("reject_order")
def reject_order(call: StepCall) -> dict[str, Any] | None:
    """The order is refused, with the reason the approver gave; its reservations are given back."""
    order = orders.get_order(call.subject.id)
    reason = _reason(call)
    give_back(call.actor, order, reason)
    order_verbs.reject_order(call.actor, order, reason=reason)
    return None


def give_back(actor: Actor, order: Order, reason: str) -> None:
    """What was reserved for the order is free again."""
    inventory.release_reservations(actor, order.id, reason)
    order_verbs.note_reserved(order, {})


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")
