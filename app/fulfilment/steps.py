"""The service steps of bpmn/approval.bpmn, by name. Each runs inside the transaction of the process step."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from app.catalog import queries as catalog
from app.core import clock
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import afterwards as afterwards
from app.fulfilment import documents
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import Lot
from app.orders import queries as orders
from app.orders import service as order_verbs
from app.orders.models import Order, OrderStatus
from app.planning import service as planning
from app.priority import queries as priority
from app.priority import service as ranking
from app.processes.service import NoMatch, correlate, starts_any
from app.processes.steps import StepCall, kept_years, step, subject_version, task_rank
from app.shipping import covering, parting
from app.tasks import service as tasks
from app.tasks.models import Rank

STOCK_COVERED = "stock.covered"
"""Message to a process that waits for stock: the allocation has covered the order."""


class NotCovered(Conflict):
    """A released order must be reserved in full, from lots that may leave."""

    message = _l("Order %(order)s cannot be released: not all of it is reserved from lots that may leave.")


@subject_version.register("order")
def order_version(subject: Subject) -> int:
    """The version of the order that an opened task is about."""
    return orders.version_of(subject.id)


@task_rank.register("order")
def order_rank(subject: Subject) -> Rank:
    """Where a task about the order stands in the inbox."""
    standing = priority.standing_or_none(subject.id)
    return Rank() if standing is None else ranking.rank_of(standing)


@kept_years.register("order")
def order_kept_years(subject: Subject) -> int | None:
    """Sales records are kept until expiry and two years more, of implants for ever (GSP for medical devices)."""
    products = catalog.products_of(line.product_id for line in orders.lines_of(subject.id)).values()
    if any(product.implantable for product in products):
        return None
    return max((-(-(product.shelf_life_days or 0) // 365) for product in products), default=0) + 2


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


@step.register("note_block")
def note_block(call: StepCall) -> dict[str, Any] | None:
    """What was in order at submission has lapsed: the order is blocked from now on, and listed so."""
    ranking.assess(call.actor, call.subject.id, trigger="recheck")
    return None


@step.register("reserve_stock")
def reserve_stock(call: StepCall) -> dict[str, Any]:
    """Reserve each line first-expired-first-out by usable shelf life at arrival; a part if there is not enough.

    What was kept on an earlier try and would by now arrive too short-dated is given back first.
    """
    order = orders.get_order(call.subject.id)
    wanted = _wanted(order, call.as_of)
    if any(line.reserved for line in order.lines):
        inventory.give_back_unfit(call.actor, order.id, wanted)
    cover(call.actor, order, wanted)
    short = sum(line.quantity - line.reserved for line in order.lines)
    if short:
        planning.wait(order.id)
        planning.plan_soon("short")
    return {"reserved": sum(line.reserved for line in order.lines), "short_quantity": short}


def cover(actor: Actor, order: Order, wanted: list[inventory.Wanted]) -> None:
    """Reserve what is still missing of each line and note on the lines what is kept for them."""
    kept = stock.kept_by_line([order.id])
    missing = [
        line._replace(quantity=line.quantity - kept.get(line.line_id, 0))
        for line in wanted
        if kept.get(line.line_id, 0) < line.quantity
    ]
    found = inventory.reserve_lines(actor, order.id, missing)
    for line in missing:
        kept[line.line_id] = kept.get(line.line_id, 0) + line.quantity - found[line.line_id].short
    order_verbs.note_reserved(order, kept)


def _wanted(order: Order, as_of: datetime) -> list[inventory.Wanted]:
    terms = priority.terms_of(order.id, as_of)
    products = catalog.products_of(line.product_id for line in order.lines)
    return [
        inventory.Wanted(
            line.id,
            products[line.product_id],
            line.quantity,
            terms.arrives_on,
            terms.required_days[line.id],
            order.customer_id,
        )
        for line in order.lines
    ]


@step.register("make_document")
def make_document(call: StepCall) -> dict[str, Any]:
    """The order confirmation, as it will be printed."""
    order = orders.get_order(call.subject.id)
    return {"document": documents.make_confirmation(call.actor, order, call.as_of)}


@step.register("release_order")
def release_order(call: StepCall) -> dict[str, Any] | None:
    """The order goes to fulfilment, and what listens to `order.released` starts about its shipment. The last guard:
    every unit is kept, in lots that may leave.

    Raises NotCovered.
    """
    order = orders.get_order(call.subject.id)
    fit = stock.fit_by_line(order.id, on=priority.terms_of(order.id, call.as_of).arrives_on)
    if any(fit.get(line.id, 0) != line.quantity for line in order.lines):
        raise NotCovered(order=order.number)
    inventory.firm_up(call.actor, order.id)
    planning.stop_waiting(order.id)
    order_verbs.release_order(call.actor, order)
    if starts_any(parting.ORDER_RELEASED):
        parting.begin_rest(call.actor, order)
    return None


@step.register("reject_order")
def reject_order(call: StepCall) -> dict[str, Any] | None:
    """The order is refused, with the reason the approver gave; its reservations are given back."""
    order = orders.get_order(call.subject.id)
    reason = _reason(call)
    give_back(call.actor, order, reason)
    order_verbs.reject_order(call.actor, order, reason=reason)
    return None


@step.register("take_up_change")
def take_up_change(call: StepCall) -> dict[str, Any] | None:
    """The order was changed while it was in approval: what was reserved is free again, open tasks are replaced, and it
    is ranked anew. Raises OrderReleased, OrderClosed."""
    order = orders.get_order(call.subject.id)
    order_verbs.refuse_closed(order)
    tasks.supersede_of(call.instance_id, "changed")
    give_back(call.actor, order, "changed")
    ranking.assess(call.actor, order.id, trigger="changed")
    return None


@step.register("close_cancelled")
def close_cancelled(call: StepCall) -> dict[str, Any] | None:
    """The order is not wanted any more: what was reserved is free again. A message from outside, `reason` in its
    variables, cancels the order too. Raises OrderReleased, OrderClosed, Invalid."""
    order = orders.get_order(call.subject.id)
    reason = str(call.variables.get("reason") or "")
    if order.status not in (OrderStatus.CANCELLED, OrderStatus.WITHDRAWN):
        order_verbs.cancel_order(call.actor, order, reason=reason, seen_version=order.version)
    give_back(call.actor, order, reason)
    return None


def give_back(actor: Actor, order: Order, reason: str) -> None:
    """What was reserved for the order is free again, for those who wait."""
    given_back = inventory.release_reservations(actor, order.id, reason)
    planning.stop_waiting(order.id)
    if given_back:
        planning.plan_soon("given_back")
    order_verbs.note_reserved(order, {})


@inventory.lot_blocked.register("orders")
def take_back(actor: Actor, lot: Lot, order_ids: list[str]) -> None:
    """A lot was held, rejected or recalled: its orders are ranked anew; a released one gets other lots at once."""
    del lot
    for order in orders.locked_orders(order_ids):
        order_verbs.note_reserved(order, planning.reserved_of(order))
        if order.is_open:
            ranking.assess(actor, order.id, trigger="stock_lost")
        elif order.status == OrderStatus.RELEASED:
            as_of = clock.now()
            covering.cover(actor, order, as_of)
            documents.make_confirmation(actor, order, as_of)
    planning.plan_soon("lot_blocked")


@inventory.stock_freed.register("allocation")
def deal_out(product_id: str, why: str) -> None:
    """There is more to sell of a product: orders that wait for stock are served anew."""
    del product_id
    planning.plan_soon(why)


@planning.covered.register("orders")
def go_on_covered(actor: Actor, order: Order) -> None:
    """All that the order wants is kept for it: its process need not wait for a planner."""
    with contextlib.suppress(NoMatch):  # it does not wait there (any more)
        correlate(actor, STOCK_COVERED, business_key=order.number)


def _reason(call: StepCall) -> str:
    return str(call.answer.get("reason") or "")
