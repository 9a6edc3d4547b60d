"""Verbs of change requests: ask, work out what it comes to, withdraw, refuse. Carrying one out: `applying`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit.service import record
from app.changes import queries, wanted, whatif
from app.changes.events import tell_of
from app.changes.models import AMEND, CANCEL, ChangeRequest
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Forbidden, StaleVersion
from app.core.i18n import _l
from app.core.ids import new_id, next_number
from app.core.locks import alone
from app.core.permissions import Actor
from app.core.subject import Subject
from app.orders import amending
from app.orders import queries as orders
from app.orders.models import STATUS_NAMES, Order, OrderStatus, OrderVersion, snapshot_of
from app.orders.service import OrderClosed, checked_reason, difference
from app.planning import service as planning
from app.processes import queries as instances
from app.processes import service as processes

PROCESS = "change"
WITHDRAWN = "change.withdrawn"
ON_THE_ORDER = ("ask", "refuse", "withdraw")
"""Verbs that stand in the history of the order too; when it is changed or cancelled, that does."""


class ChangeUnderWay(Conflict):
    """One change of an order is decided at a time."""

    message = _l("A change of order %(order)s is under way already (%(number)s).")


class ChangeClosed(Conflict):
    """The request has been carried out, refused or withdrawn."""

    message = _l("Change request %(number)s is closed.")


class NotTheRequester(Forbidden):
    """Only the person who asked for it may withdraw it."""

    message = _l("Only the person who asked for %(number)s may withdraw it.")


class ReturnUnderWay(Conflict):
    """Goods are on their way back already."""

    message = _l("The return %(number)s has been agreed: it can no longer be withdrawn.")


def ask(
    actor: Actor,
    order_id: str,
    given: Mapping[str, Any] | None,
    *,
    seen_version: int,
    reason: str,
    source: str = "page",
) -> ChangeRequest:
    """Ask for a change of the order (None: for its cancellation), and start the process that decides it.

    Raises OrderNotFound, StaleVersion, OrderClosed, ChangeUnderWay, NothingWouldChange, Invalid, DuplicateReference.
    """
    why = checked_reason(reason)
    current = orders.version_of(order_id, lock=True)
    order = orders.get_order(order_id)
    session().refresh(order)
    if not (order.is_open or order.status == OrderStatus.RELEASED):
        raise OrderClosed(order=order.number, status=str(STATUS_NAMES[order.status]))
    if seen_version != current:
        raise StaleVersion(seen=seen_version, current=current)
    _refuse_second(order)
    least, diff = ({}, {}) if given is None else wanted.least(order, given)
    made = ChangeRequest(
        id=new_id(),
        number=next_number("CR"),
        order_id=order.id,
        kind=CANCEL if given is None else AMEND,
        status="open",
        base_version=current,
        wanted=least,
        diff=diff,
        reason=why,
        source=source,
        requested_at=clock.now(),
        requested_by=actor.id,
    )
    session().add(made)
    _flush_alone(order)
    _record(actor, made, "ask", diff=diff, reason=why, source=source)
    variables = {"number": made.number, "order": order.number}
    processes.start(actor, PROCESS, made.subject, variables=variables, business_key=order.number, started_by=actor.id)
    return made


def _refuse_second(order: Order) -> None:
    other = queries.open_of(order.id)
    if other is not None:
        raise ChangeUnderWay(order=order.number, number=other.number)


def _flush_alone(order: Order) -> None:
    """Two at once: the unique index lets one through, where the order's row could not be locked."""
    try:
        session().flush()
    except IntegrityError:
        raise ChangeUnderWay(order=order.number, number="–") from None


def assess(actor: Actor, case: ChangeRequest) -> None:
    """Work out what it comes to as the order is now, and keep that with it. Nothing else is changed."""
    orders.version_of(case.order_id, lock=True)
    order = orders.get_order(case.order_id)
    session().refresh(order)
    if order.version != case.base_version:
        _carry_over(case, order)
    case.what_if = whatif.weigh(case, clock.now())
    case.diff = case.what_if.pop("diff", case.diff)
    case.assessed_at = clock.now()
    session().flush()
    told = {name: case.what_if[name] for name in ("stage", "short", "cost")}
    displaced = [one["number"] for one in case.what_if["displaced"]]
    _record(actor, case, "assess", version=order.version, displaced=displaced, **told)


def _carry_over(case: ChangeRequest, order: Order) -> None:
    """The order was changed meanwhile: what both changed is a conflict, else the request is about it as it is now."""
    seen = (
        session()
        .scalars(
            select(OrderVersion).where(OrderVersion.order_id == order.id, OrderVersion.version == case.base_version)
        )
        .one()
    )
    theirs = difference(seen.snapshot, snapshot_of(order))
    notice: dict[str, Any] = {"was": case.base_version, "now": order.version, "paths": sorted(theirs)}
    alive = order.is_open or order.status == OrderStatus.RELEASED
    both = wanted.conflicts(case.diff, theirs)
    if both or not alive:
        case.notice = {**notice, "conflict": both or ["status"]}
        return
    case.notice, case.base_version = notice, order.version


def check_again(case: ChangeRequest) -> None:
    """Right before it is carried out: does anybody lose by it who did not when it was decided?"""
    orders.version_of(case.order_id, lock=True)
    order = orders.get_order(case.order_id)
    session().refresh(order)
    case.notice = {}
    goods = case.given is not None and case.what_if["after"] and not case.what_if["kinds"].get("cosmetic")
    if goods and order.status == OrderStatus.RELEASED and order.version == case.base_version:
        alone(planning.JOB)  # nobody else deals stock out until the change is carried out
        with amending.supposed(order, case.given):
            found = whatif.plan_of(order, whatif.mark_of(case.what_if), clock.now())
        if found is not None:
            worse = whatif.worse_for(case.what_if, found)
            if worse or found.short > case.what_if["short"]:
                case.notice = {"worse": sorted(orders.numbers_of(worse).values()), "short": found.short}
    session().flush()


def withdraw(actor: Actor, change_id: str) -> ChangeRequest:
    """Take one's own request back; the process ends, and what the warehouse holds goes on.

    Raises ChangeNotFound, ChangeClosed, NotTheRequester, ReturnUnderWay.
    """
    case = queries.get_change(change_id)
    session().refresh(case, with_for_update=True)
    if case.status != "open":
        raise ChangeClosed(number=case.number)
    if case.requested_by != actor.id:
        raise NotTheRequester(number=case.number)
    if case.rma_number is not None:
        raise ReturnUnderWay(number=case.rma_number)
    instance = instances.instance_of(case.subject)
    processes.correlate(actor, WITHDRAWN, instance_id=instance.id if instance else "")
    session().refresh(case)
    return case


def close(actor: Actor, case: ChangeRequest, status: str, reason: str = "") -> None:
    """The request has come to its end."""
    case.status, case.outcome = status, reason[:1000]
    case.closed_at, case.closed_by = clock.now(), actor.id
    session().flush()
    verb = {"refused": "refuse", "withdrawn": "withdraw", "applied": "apply", "returned": "returned"}[status]
    _record(actor, case, verb, reason=reason, version=case.applied_version)


def note_hold(case: ChangeRequest, state: str) -> None:
    """What the warehouse was asked, or has answered: one of `models.HOLDS`."""
    case.hold = state
    session().flush()


def note(actor: Actor, case: ChangeRequest, verb: str, **details: Any) -> None:
    """A line in the trail, of the request and of its order."""
    _record(actor, case, verb, **details)


def _record(actor: Actor, case: ChangeRequest, verb: str, **details: Any) -> None:
    kept = {name: value for name, value in details.items() if value not in (None, "", [])}
    tell_of(case, verb)
    if verb in ON_THE_ORDER:
        told = {"number": case.number, "reason": kept.get("reason", "")}
        record(actor, f"order:{verb}-change", Subject("order", case.order_id), **told)
    record(actor, f"change:{verb}", case.subject, number=case.number, order_id=case.order_id, **kept)
