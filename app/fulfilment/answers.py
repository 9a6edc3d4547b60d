"""Orders as the API shows them."""

from __future__ import annotations

from typing import Any

from app.orders.models import Order
from app.priority.models import OrderStanding

COLUMNS = (
    "id",
    "number",
    "version",
    "status",
    "channel",
    "order_type",
    "delivery",
    "customer_id",
    "external_ref",
    "requested_date",
    "hospital_po",
    "contract_number",
    "authorisation_number",
    "tender_award_number",
    "surgery_at",
    "surgery_number",
    "note",
    "currency",
    "submitted_at",
    "submitted_by",
)
LINE_COLUMNS = ("id", "line_no", "product_id", "quantity", "ordered_quantity", "ordered_uom", "ordered_as", "reserved")


def order_answer(order: Order, standing: OrderStanding | None) -> dict[str, Any]:
    """The order with its lines and where it stands; shape: `api.orders.OrderOut`."""
    return {
        **{name: _plain(getattr(order, name)) for name in COLUMNS},
        "total": format(order.total, "f"),
        "lines": [
            {
                **{name: getattr(line, name) for name in LINE_COLUMNS},
                "unit_price": format(line.unit_price, "f"),
                "price_ceiling": None if line.price_ceiling is None else format(line.price_ceiling, "f"),
                "amount": format(line.amount, "f"),
            }
            for line in order.lines
        ],
        "priority": None if standing is None else standing_answer(order, standing),
    }


def standing_answer(order: Order, standing: OrderStanding) -> dict[str, Any]:
    """Where the order stands; the reasons are at `/orders/{id}/priority`."""
    return {
        "blocked": standing.blocked,
        "band": standing.band,
        "score": standing.score,
        "ranked_score": standing.ranked_score,
        "promise_date": _plain(standing.promise_date) if order.is_open else None,
        "assessed_at": _plain(standing.assessed_at),
        "decision_id": standing.decision_id,
        "gate_decision_id": standing.gate_decision_id,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
