"""What is told of change requests."""

from __future__ import annotations

from typing import Any

from app.changes.models import KINDS, ChangeRequest
from app.core.i18n import LazyString, _l
from app.core.outbox import NUMBER, TEXT, EventType, event_type, one_of, tell
from app.orders import queries as orders


def _of_change(name: str, description: LazyString) -> EventType:
    return event_type(
        f"youxu.change.{name}",
        description,
        number=TEXT,
        order=TEXT,
        kind=one_of(KINDS),
        version=NUMBER,
        rma=TEXT,
    )


BY_VERB = {
    "ask": _of_change("requested", _l("A change of an order has been requested.")),
    "apply": _of_change("applied", _l("A change of an order has been carried out.")),
    "refuse": _of_change("refused", _l("A change of an order has been refused.")),
    "withdraw": _of_change("withdrawn", _l("A change of an order has been withdrawn.")),
    "returned": _of_change("returned", _l("Goods of an order have come back.")),
}
"""By the verb of the audit trail; what it has not, nobody outside is told."""


def tell_of(case: ChangeRequest, verb: str) -> None:
    """The verb has been done to the request; `version` is that of the order which it is about, or has made."""
    if verb in BY_VERB:
        order = orders.get_order(case.order_id)
        data: dict[str, Any] = {
            "number": case.number,
            "order": order.number,
            "kind": case.kind,
            "version": case.applied_version or case.base_version,
            "rma": case.rma_number or "",
        }
        tell(BY_VERB[verb], case.subject, data, key=order.number)
