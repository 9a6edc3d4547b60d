"""The facts of a change request for its rule sets; those of other kinds are its order's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.changes.models import CANCEL, ChangeRequest
from app.changes.queries import get_change
from app.changes.stages import stage_of
from app.changes.whatif import FURTHER, URGENT
from app.core.subject import Subject
from app.decisions.facts import about, always_of, fact
from app.documents import queries as documents
from app.fulfilment.documents import CONFIRMATION
from app.orders import queries as orders
from app.orders.models import OrderStatus

always_of("change", "change")


@about.register("change")
def order_of(subject: Subject) -> Subject:
    """The order that is to be changed."""
    return Subject("order", get_change(subject.id).order_id)


@fact.register("change")
def change_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """What was worked out of the change, and how far its order is now."""
    del as_of
    if subject.kind != "change":
        return []
    case = get_change(subject.id)
    order = orders.get_order(case.order_id)
    released = order.status == OrderStatus.RELEASED
    found = case.what_if
    kinds: dict[str, bool] = found.get("kinds", {})
    displaced = found.get("displaced", [])
    return [
        {
            **dict.fromkeys(("cosmetic", "quantity_more", "quantity_less", "date_changed"), False),
            **dict.fromkeys(
                ("date_pulled_in", "product_changed", "ship_to_changed", "price_changed", "cancels"), False
            ),
            **kinds,
            "version_current": order.version == case.base_version and "conflict" not in case.notice,
            "stage": "shipped" if case.hold == "shipped" else stage_of(order, cancels=case.kind == CANCEL),
            "approved": released,
            "confirmed": documents.latest_of(Subject("order", order.id), CONFIRMATION) is not None,
            "value_more_fen": found.get("cost", {}).get("value_more_fen", 0),
            "displaced_orders": len(displaced),
            "displaces_urgent": any(one["band"] in URGENT for one in displaced),
            "promises_moved": _promises(case, displaced),
            "penalty_fen": found.get("cost", {}).get("penalty_fen", 0),
            "changed_meanwhile": bool(case.notice),
            "gate_blocked": bool(found.get("blocks") or found.get("faults")),
            "further_approval": found.get("approval", {}).get("route") in FURTHER,
            "short_quantity": found.get("short", 0),
            "released": released,
            "worse": "worse" in case.notice,
            "hold": case.hold,
        }
    ]


def _promises(case: ChangeRequest, displaced: list[dict[str, Any]]) -> int:
    """Promises that move: of those displaced, and the order's own."""
    before, after = case.what_if.get("before") or {}, case.what_if.get("after") or {}
    own = bool(after) and before.get("arrives") not in (None, after.get("arrives"))
    return own + sum(1 for one in displaced if one["promise_before"])
