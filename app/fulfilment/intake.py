"""Orders come in, are changed, cancelled, withdrawn: one verb each over order, stock, priority and process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core import idempotency
from app.core.permissions import Actor
from app.core.subject import Subject
from app.fulfilment.answers import order_answer
from app.fulfilment.steps import give_back
from app.orders import queries as orders
from app.orders import service as order_verbs
from app.orders.models import Order
from app.orders.service import References
from app.priority import service as priority
from app.priority.models import OrderStanding
from app.processes import service as processes

PROCESS = "approval"
CHANGED = "approval.changed"
CANCELLED = "approval.cancelled"


@dataclass(frozen=True)
class TakenIn:
    """What came of a request to take an order in. `replayed`: it had been served before; `answer` is the first one."""

    order: Order
    answer: dict[str, Any]
    replayed: bool = False


def take_in(
    actor: Actor, given: Any, idempotency_key: str | None = None, *, references: References | None = None
) -> TakenIn:
    """Create the order, assess its priority and start its approval.

    The same request with the same key again gets the first answer. Raises what `orders.create_order` raises, and
    `idempotency.KeyReused` for another body with the same key.
    """
    if idempotency_key is not None:
        kept = idempotency.take(actor, idempotency_key, given)
        if kept is not None:
            return TakenIn(orders.get_order(kept.subject_id), kept.answer, replayed=True)
    order, standing = _take_in(actor, given, references)
    answer = order_answer(order, standing)
    if idempotency_key is not None:
        idempotency.keep(actor, idempotency_key, order.id, answer)
    return TakenIn(order, answer)


def _take_in(actor: Actor, given: Any, references: References | None) -> tuple[Order, OrderStanding]:
    order = order_verbs.create_order(actor, given, references=references)
    standing = priority.assess(actor, order.id, trigger="submitted")
    processes.start(
        actor,
        PROCESS,
        Subject("order", order.id),
        variables=_variables(order),
        started_by=order.submitted_by,
        business_key=order.number,
    )
    return order, standing


def change(actor: Actor, order_id: str, given: Any, *, seen_version: int) -> Order:
    """Change the order: what was reserved is given back, its open tasks are superseded, the gates are asked anew.

    Raises what `orders.change_order` raises.
    """
    order = orders.get_order(order_id)
    order_verbs.change_order(actor, order, given, seen_version=seen_version)
    if not _tell_approval(actor, order, CHANGED, _variables(order)):
        give_back(actor, order, "changed")
        priority.assess(actor, order.id, trigger="changed")
        processes.restart(actor, Subject("order", order.id), PROCESS, variables=_variables(order), reason="changed")
    return order


def cancel(actor: Actor, order_id: str, *, reason: str, seen_version: int) -> Order:
    """Cancel the order, free its stock and end its process. Raises what `orders.cancel_order` raises."""
    order = orders.get_order(order_id)
    order_verbs.cancel_order(actor, order, reason=reason, seen_version=seen_version)
    return _end(actor, order, reason)


def withdraw(actor: Actor, order_id: str, *, reason: str, seen_version: int) -> Order:
    """Take one's own order back (撤回). Raises what `orders.withdraw_order` raises."""
    order = orders.get_order(order_id)
    order_verbs.withdraw_order(actor, order, reason=reason, seen_version=seen_version)
    return _end(actor, order, reason)


def _end(actor: Actor, order: Order, reason: str) -> Order:
    if not _tell_approval(actor, order, CANCELLED, {"reason": reason}):
        give_back(actor, order, reason)
        processes.cancel(actor, Subject("order", order.id), reason=reason)
    return order


def _tell_approval(actor: Actor, order: Order, message: str, variables: dict[str, Any]) -> bool:
    """Whether the order's approval waits for the message, and has got it: one begun with an older diagram does not."""
    try:
        processes.correlate(actor, message, business_key=order.number, variables=variables)
    except processes.NoMatch:
        return False
    return True


def _variables(order: Order) -> dict[str, Any]:
    return {"number": order.number, "channel": order.channel, "submitted_by": order.submitted_by}
