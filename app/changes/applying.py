"""Carrying out a change that was decided: order, reservations, papers, shipment and those who lose by it, all in one
transaction."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.changes import service, whatif
from app.changes.models import AMEND, ChangeRequest
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.locks import alone
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment import documents, intake
from app.fulfilment.steps import give_back
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import LedgerEntry, Reservation, Serial
from app.orders import amending
from app.orders import queries as orders
from app.orders import service as order_verbs
from app.orders.models import Order
from app.planning import service as planning
from app.planning.supposing import picked_of
from app.priority import queries as priority
from app.priority import service as ranking
from app.processes import service as processes
from app.shipping import handling, parting

CHANGED, CANCELLED = "order.changed", "order.cancelled"
"""Messages to the shipments of the order that have not left."""


class StillPicked(Conflict):
    """Picked goods are put back before the order is changed."""

    message = _l("Goods of order %(order)s are still picked: they are put back first.")


class OtherwiseNow(Conflict):
    """Stock has moved in this very moment."""

    message = _l("What order %(order)s would get has changed in this moment: the change is worked out again.")


def apply(actor: Actor, case: ChangeRequest) -> None:
    """Change or cancel the order as the request wants. Raises StaleVersion, StillPicked, and what `orders` raises."""
    order = orders.get_order(case.order_id)
    if order.is_open:
        _before_release(actor, case, order)
    elif case.kind == AMEND:
        _amend(actor, case, order)
    else:
        _cancel(actor, case, order)
    session().refresh(order)
    case.applied_version = order.version
    service.close(actor, case, "applied")


def _before_release(actor: Actor, case: ChangeRequest, order: Order) -> None:
    """In approval the order's own verbs do it: its approval begins anew, or ends."""
    if case.given is None:
        intake.cancel(actor, order.id, reason=case.reason, seen_version=case.base_version)
    else:
        intake.change(actor, order.id, case.given, seen_version=case.base_version)


def _cancel(actor: Actor, case: ChangeRequest, order: Order) -> None:
    _refuse_picked(order)
    gone = {line: share.gone for line, share in planning.shares_of([order.id]).items()}
    if any(gone.values()):  # that stays, the rest is not shipped
        amending.cancel_rest(
            actor, order, gone, seen_version=case.base_version, reason=f"{case.number}: {case.reason}"[:1000]
        )
        give_back(actor, order, case.number)
        tell_shipments(actor, order, CANCELLED, case)
        order_verbs.note_reserved(order, planning.reserved_of(order))
        return
    amending.cancel_released(actor, order, seen_version=case.base_version, reason=case.reason)
    give_back(actor, order, case.number)
    _tell(actor, order, intake.CANCELLED, {"reason": case.reason})  # an emergency may still wait for its approval
    tell_shipments(actor, order, CANCELLED, case)


def _amend(actor: Actor, case: ChangeRequest, order: Order) -> None:
    given: dict[str, Any] = case.wanted
    said: dict[str, Any] = {"seen_version": case.base_version, "reason": f"{case.number}: {case.reason}"[:1000]}
    if case.what_if["kinds"].get("cosmetic"):
        reserved = {line.id: line.reserved for line in order.lines}
        amending.amend_order(actor, order, given, reopen=False, **said)
        order_verbs.note_reserved(order, reserved)
        documents.make_confirmation(actor, order, clock.now())
        return
    _refuse_picked(order)
    alone(planning.JOB)
    if case.what_if["short"]:
        _back_to_approval(actor, case, order, said)
        return
    amending.amend_order(actor, order, given, reopen=False, **said)
    parting.reshare(actor, order, case.number)
    _reserve_anew(actor, case, order)
    documents.make_confirmation(actor, order, clock.now())
    tell_shipments(actor, order, CHANGED, case)
    if processes.starts_any(parting.ORDER_RELEASED):
        parting.begin_rest(actor, order)


def _reserve_anew(actor: Actor, case: ChangeRequest, order: Order) -> None:
    """Firmly what it keeps and what it gains by its rank; those that lose go on waiting, and their lines say so."""
    ranking.assess(actor, order.id, trigger="changed")
    found = whatif.plan_of(order, whatif.mark_of(case.what_if), clock.now(), lock=True)
    if found is None or found.short or whatif.worse_for(case.what_if, found):
        raise OtherwiseNow(order=order.number)
    inventory.give_back([row for row in stock.reservations_of(order.id) if row.id in {one.id for one in found.dropped}])
    planning.carry_out(actor, found.plan, found.seen, "changed")
    inventory.firm_up(actor, order.id)
    inventory.arrive_on(order.id, priority.terms_of(order.id, clock.now()).arrives_on)
    order_verbs.note_reserved(order, stock.kept_by_line([order.id]))
    planning.plan_soon("changed")


def _back_to_approval(actor: Actor, case: ChangeRequest, order: Order, said: dict[str, Any]) -> None:
    """There is not enough for it: it gives back what it keeps, is approved anew and waits as every order does."""
    give_back(actor, order, case.number)
    amending.amend_order(actor, order, case.wanted, reopen=True, **said)
    ranking.assess(actor, order.id, trigger="changed")
    tell_shipments(actor, order, CANCELLED, case)
    variables = {"number": order.number, "channel": order.channel, "submitted_by": order.submitted_by}
    subject, by = Subject("order", order.id), order.submitted_by
    try:
        processes.start(actor, intake.PROCESS, subject, variables=variables, started_by=by, business_key=order.number)
    except processes.AlreadyRunning:  # an emergency that is still to be approved after its release
        processes.restart(actor, subject, intake.PROCESS, variables=variables, reason="changed")


def _refuse_picked(order: Order) -> None:
    if picked_of(order.id):
        raise StillPicked(order=order.number)


def put_back(actor: Actor, case: ChangeRequest) -> int:
    """What has been picked for the order is back in its bins; answers the base units. Raises NotReserved, Invalid."""
    picked = picked_of(case.order_id)
    for row in picked:
        inventory.put_back(actor, row.id, serials=_serials_of(row), reason=case.number)
    order = orders.get_order(case.order_id)
    order_verbs.note_reserved(order, stock.kept_by_line([order.id]))
    return sum(row.quantity for row in picked)


def _serials_of(row: Reservation) -> list[str]:
    """Numbers of the units that lie where this reservation has them and were picked last for its order."""
    any_entry = aliased(LedgerEntry)
    last = (
        select(func.max(any_entry.seq))
        .where(any_entry.serial_id == Serial.id, any_entry.lot_id == Serial.lot_id)
        .correlate(Serial)
        .scalar_subquery()
    )
    wanted = (
        select(Serial.serial_no)
        .join(LedgerEntry, (LedgerEntry.serial_id == Serial.id) & (LedgerEntry.lot_id == Serial.lot_id))
        .where(
            Serial.lot_id == row.lot_id,
            Serial.place_id == row.place_id,
            LedgerEntry.seq == last,
            LedgerEntry.order_id == row.order_id,
        )
        .order_by(Serial.serial_no)
        .limit(row.quantity)
    )
    return list(session().scalars(wanted))


def tell_shipments(actor: Actor, order: Order, message: str, case: ChangeRequest) -> None:
    """The shipments of the order that have not left start over or end."""
    if not handling.tell_open(actor, order.id, message, change=case.number) and case.hold == "confirmed":
        handling.lift(actor, order.id, change=case.number, apply=True)
        handling.tell_open(actor, order.id, message, change=case.number)


def lift_hold(actor: Actor, case: ChangeRequest) -> None:
    """The change does not come: what the warehouse holds goes on as it was."""
    if case.hold in ("asked", "confirmed"):
        handling.lift(actor, case.order_id, change=case.number, apply=False)


def _tell(actor: Actor, order: Order, message: str, variables: dict[str, Any]) -> bool:
    with contextlib.suppress(processes.NoMatch):
        processes.correlate(actor, message, business_key=order.number, variables=variables)
        return True
    return False
