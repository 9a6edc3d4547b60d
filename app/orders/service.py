"""Verbs on orders: each checks, changes, keeps a version and leaves a line in the trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.audit import service as audit
from app.catalog import service as catalog
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Forbidden, Invalid, StaleVersion
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.core.subject import Subject
from app.orders import queries
from app.orders.checks import CheckedLine, CheckedOrder
from app.orders.checks import check_order as check_order
from app.orders.events import tell_of, tell_of_need
from app.orders.models import STATUS_NAMES, Order, OrderLine, OrderStatus, OrderVersion, snapshot_of
from app.orders.references import References as References
from app.orders.schemas import LARGEST_VERSION as LARGEST_VERSION
from app.orders.schemas import OrderChangeIn as OrderChangeIn
from app.orders.schemas import OrderIn as OrderIn
from app.orders.words import keep_words

MOST_REASON = 1000


class DuplicateReference(Conflict):
    """The customer already has a live order with this reference of its own."""

    message = _l("This customer already has an order with reference %(external_ref)s: %(order)s.")


class OrderReleased(Conflict):
    """The order was released; from here on a change goes by return or recall."""

    message = _l("Order %(order)s is released and can no longer be changed or cancelled.")


class OrderClosed(Conflict):
    """The order is rejected, cancelled or withdrawn."""

    message = _l("Order %(order)s is closed (%(status)s) and can no longer be changed.")


class NotTheSubmitter(Forbidden):
    """Only the person who submitted an order may withdraw it."""

    message = _l("Only the person who submitted order %(order)s may withdraw it.")


def create_order(actor: Actor, given: Any, *, references: References | None = None) -> Order:
    """Store a new order in approval. Raises Invalid with every fault, DuplicateReference."""
    checked = check_order(given, references=references)
    refuse_duplicate(checked, None)
    order = Order(
        id=new_id(),
        number=next_number("SO"),
        status=OrderStatus.IN_APPROVAL,
        version=1,
        submitted_at=clock.now(),
        submitted_by=actor.id,
        **columns_of(checked),
    )
    order.renumber([_new_line(line) for line in checked.lines or ()])
    session().add(order)
    _keep_version(actor, order, "create", {})
    audit.record(
        actor,
        "order:create",
        Subject("order", order.id),
        number=order.number,
        channel=order.channel,
        customer_id=order.customer_id,
        lines=len(order.lines),
        total=order.total,
    )
    tell_of(order, "create")
    return order


def change_order(actor: Actor, order: Order, given: Any, *, seen_version: int) -> Order:
    """Replace the given fields; an order returned for rework goes back to approval.

    Raises StaleVersion, OrderReleased, OrderClosed, Invalid, DuplicateReference.
    """
    _take(order, seen_version)
    before = snapshot_of(order)
    checked = check_order(given, stored=order)
    refuse_duplicate(checked, order)
    for name, value in columns_of(checked).items():
        setattr(order, name, value)
    if checked.lines is not None:
        order.renumber(replaced(order.lines, checked.lines))
    if order.status == OrderStatus.REWORK:
        order.move_to(OrderStatus.IN_APPROVAL)
    mutate(actor, order, "change", before)
    return order


def cancel_order(actor: Actor, order: Order, *, reason: str, seen_version: int) -> None:
    """The customer does not want it any more. Raises StaleVersion, OrderReleased, OrderClosed, Invalid."""
    _take(order, seen_version)
    move(actor, order, OrderStatus.CANCELLED, "cancel", checked_reason(reason))


def withdraw_order(actor: Actor, order: Order, *, reason: str, seen_version: int) -> None:
    """Take one's own order back (撤回). Raises NotTheSubmitter and what `cancel_order` raises."""
    if actor.id != order.submitted_by:
        raise NotTheSubmitter(order=order.number)
    _take(order, seen_version)
    move(actor, order, OrderStatus.WITHDRAWN, "withdraw", checked_reason(reason))


def send_to_rework(actor: Actor, order: Order, *, reason: str) -> None:
    """Return the order to its submitter (退回修改). Raises StatusNotAllowed."""
    move(actor, order, OrderStatus.REWORK, "rework", reason)


def resume_approval(actor: Actor, order: Order, *, reason: str = "") -> None:
    """Put an order returned for rework back into approval as it is. Raises StatusNotAllowed."""
    move(actor, order, OrderStatus.IN_APPROVAL, "resume", reason)


def reject_order(actor: Actor, order: Order, *, reason: str) -> None:
    """Refuse the order for good. Raises StatusNotAllowed."""
    move(actor, order, OrderStatus.REJECTED, "reject", reason)


def release_order(actor: Actor, order: Order) -> None:
    """Approved and reserved: the order may be shipped. Raises StatusNotAllowed."""
    move(actor, order, OrderStatus.RELEASED, "release", "")


def note_afterwards(actor: Actor, order: Order, verb: str, reason: str) -> None:
    """What came of an emergency after its release: `approval-missed`, `approve-afterwards`, `refuse-afterwards`. No new
    version: the order stays as it is.
    """
    audit.record(actor, f"order:{verb}", Subject("order", order.id), reason=reason)
    tell_of(order, verb)


def suggest_purchase(actor: Actor, order: Order, missing: Mapping[str, int]) -> None:
    """The order waits for so many base units by SKU, and nobody expects them: purchasing is to hear of it."""
    audit.record(actor, "order:suggest-purchase", Subject("order", order.id), missing=dict(missing))
    for sku, quantity in missing.items():
        tell_of_need(order, sku, quantity)


def note_reserved(order: Order, reserved: Mapping[str, int]) -> None:
    """Keep how much of each line (by id) is reserved; lines not named have nothing. No new version: stock moved, not
    the order.
    """
    for line in order.lines:
        line.reserved = reserved.get(line.id, 0)
    session().flush()


def refuse_closed(order: Order) -> None:
    """Raises OrderReleased, OrderClosed: it is not in approval any more."""
    if order.status == OrderStatus.RELEASED:
        raise OrderReleased(order=order.number)
    if not order.is_open:
        raise OrderClosed(order=order.number, status=str(STATUS_NAMES[order.status]))


def checked_reason(text: str) -> str:
    """The reason, trimmed. Raises Invalid when it is missing or too long."""
    reason = text.strip()
    if not reason:
        raise Invalid({"reason": [_("Please give a reason.")]})
    if len(reason) > MOST_REASON:
        raise Invalid({"reason": [_("Must have %(least)s to %(most)s characters.", least=1, most=MOST_REASON)]})
    return reason


def _take(order: Order, seen_version: int) -> None:
    """Lock the order for change by somebody who saw that version of it."""
    session().refresh(order, with_for_update=True)
    refuse_closed(order)
    if order.version != seen_version:
        raise StaleVersion(seen=seen_version, current=order.version)


def columns_of(checked: CheckedOrder) -> dict[str, Any]:
    """The columns of an order that the checked head fills."""
    return {
        **{name: value for name, value in checked.head.items() if name != "customer"},
        "customer_id": checked.customer.id,
    }


def refuse_duplicate(checked: CheckedOrder, order: Order | None) -> None:
    """Raises DuplicateReference when another live order of the customer bears the reference."""
    external_ref = checked.head.get("external_ref")
    if external_ref is None:
        return
    twin = queries.find_by_external_ref(checked.customer.id, external_ref)
    if twin is not None and twin is not order:
        raise DuplicateReference(external_ref=external_ref, order=twin.number)


def _new_line(checked: CheckedLine) -> OrderLine:
    return _fill(OrderLine(id=new_id(), reserved=0), checked)


def _fill(line: OrderLine, checked: CheckedLine) -> OrderLine:
    line.product_id = checked.product.id
    line.quantity = checked.quantity
    line.ordered_quantity = checked.ordered_quantity
    line.ordered_uom = checked.ordered_uom
    line.ordered_as = checked.ordered_as
    line.unit_price = checked.unit_price
    line.price_ceiling = checked.price_ceiling
    line.reserved = 0
    return line


def replaced(lines: list[OrderLine], wanted: list[CheckedLine]) -> list[OrderLine]:
    """The wanted lines; one whose product was ordered before keeps its identity. What was reserved is void."""
    left = list(lines)
    made = []
    for checked in wanted:
        line = next((line for line in left if line.product_id == checked.product.id), None)
        if line is not None:
            left.remove(line)
        made.append(_fill(line or OrderLine(id=new_id()), checked))
    return made


def move(actor: Actor, order: Order, status: OrderStatus, verb: str, reason: str) -> None:
    """Give the order the status, with a new version and a line in the trail. Raises StatusNotAllowed."""
    before = snapshot_of(order)
    order.move_to(status)
    mutate(actor, order, verb, before, reason=reason)


def mutate(actor: Actor, order: Order, verb: str, before: dict[str, Any], **details: Any) -> None:
    """Keep a new version of the changed order, with a line in the trail, and tell of it."""
    order.version += 1
    diff = difference(before, snapshot_of(order))
    _keep_version(actor, order, verb, diff)
    if _on_award(order, before, diff):
        draw_on_award(actor, order, {line.id: line.quantity for line in order.lines})
    audit.record(
        actor,
        f"order:{verb}",
        Subject("order", order.id),
        number=order.number,
        version=order.version,
        diff=diff,
        **{name: value for name, value in details.items() if value},
    )
    tell_of(order, verb)


def _on_award(order: Order, before: Mapping[str, Any], diff: Mapping[str, Any]) -> bool:
    """Does the change touch what the order draws on a tender award?"""
    named = before["tender_award_number"] or order.tender_award_number
    return bool(named) and any(path.split(".")[0] in ("status", "tender_award_number", "lines") for path in diff)


def draw_on_award(actor: Actor, order: Order, quantities: Mapping[str, int]) -> None:
    """A released order draws these base units, by line, on its tender award; any other gives back what it drew."""
    wanted: dict[str, int] = {}
    if order.status == OrderStatus.RELEASED and order.tender_award_number:
        for line in order.lines:
            wanted[line.product_id] = wanted.get(line.product_id, 0) + quantities.get(line.id, 0)
    catalog.draw_on_award(actor, order.id, order.tender_award_number, wanted)


def _keep_version(actor: Actor, order: Order, verb: str, diff: dict[str, Any]) -> None:
    session().flush()
    session().add(
        OrderVersion(
            id=new_id(),
            order_id=order.id,
            version=order.version,
            at=clock.now(),
            actor_id=actor.id,
            actor_name=actor.name,
            change=verb,
            diff=diff,
            snapshot=snapshot_of(order),
        )
    )
    session().flush()
    keep_words(order, verb)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """`{dotted path: [before, after]}` of what differs; a line that came or went is one entry."""
    found = {
        name: [before.get(name), value]
        for name, value in after.items()
        if name != "lines" and before.get(name) != value
    }
    old, new = before["lines"], after["lines"]
    for place in range(max(len(old), len(new))):
        was = old[place] if place < len(old) else None
        now = new[place] if place < len(new) else None
        if was is None or now is None:
            found[f"lines.{place}"] = [was, now]
        else:
            found.update({f"lines.{place}.{name}": [was[name], now[name]] for name in now if was[name] != now[name]})
    return found
