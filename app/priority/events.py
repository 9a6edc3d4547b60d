"""What is told of the standing of orders."""

from __future__ import annotations

from app.core.i18n import LazyString, _l
from app.core.outbox import NUMBER, TEXT, EventType, event_type, tell
from app.core.subject import Subject
from app.priority.models import OrderStanding


def _of_standing(name: str, description: LazyString) -> EventType:
    fields = {"number": TEXT, "version": NUMBER, "decision": TEXT, "gate_decision": TEXT}
    return event_type(f"youxu.order.{name}", description, **fields)


BLOCKED = _of_standing("blocked", _l("A hard constraint is not met: the order is blocked."))
UNBLOCKED = _of_standing("unblocked", _l("The order is no longer blocked."))


def tell_of_block(standing: OrderStanding, *, was: bool) -> None:
    """The order is blocked since now, or no longer; nothing when that has not changed."""
    if standing.blocked == was:
        return
    data = {
        "number": standing.number,
        "version": standing.order_version,
        "decision": standing.decision_id,
        "gate_decision": standing.gate_decision_id,
    }
    kind = BLOCKED if standing.blocked else UNBLOCKED
    tell(kind, Subject("order", standing.order_id), data, key=standing.number)
