"""What is told of inspections: enough for the warehouse to check goods, and for a laboratory to test them."""

from __future__ import annotations

from typing import Any

from app.core.i18n import LazyString, _l
from app.core.outbox import NUMBER, TEXT, EventType, event_type, maybe, one_of, tell
from app.quality.characteristics import asked_of
from app.quality.models import STATES, Inspection

_CHARACTERISTICS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"code": TEXT, "unit": TEXT, "lower": maybe(TEXT), "upper": maybe(TEXT)},
        "required": ["code", "lower", "unit", "upper"],
        "additionalProperties": False,
    },
}


def _of_inspection(name: str, description: LazyString, **more: Any) -> EventType:
    return event_type(
        f"youxu.inspection.{name}",
        description,
        number=TEXT,
        product=TEXT,
        lot=TEXT,
        quantity=NUMBER,
        state=one_of(STATES),
        **more,
    )


OPENED = _of_inspection("opened", _l("Goods came in or back: their receiving check is to be made."))
PLANNED = _of_inspection(
    "planned",
    _l("Samples are to be tested: how many units in all (0: documents alone), and what is measured."),
    sample=NUMBER,
    characteristics=_CHARACTERISTICS,
)
RELEASED = _of_inspection("released", _l("An inspected lot has been released, maybe for some customers only."))
REJECTED = _of_inspection("rejected", _l("An inspected lot has been rejected."))
STOPPED = _of_inspection("stopped", _l("An inspection was stopped: its lot is recalled."))


def tell_of(kind: EventType, one: Inspection) -> None:
    """That of the inspection; its number keeps events in turn."""
    data: dict[str, Any] = {
        "number": one.number,
        "product": one.lot.product.sku,
        "lot": one.lot.lot_no,
        "quantity": one.quantity,
        "state": one.state,
    }
    if kind is PLANNED:
        data["sample"] = int(one.plan.get("size", 0))
        data["characteristics"] = [
            {"code": known.code, "unit": known.unit, "lower": _limit(known.lower), "upper": _limit(known.upper)}
            for known in asked_of(one)
        ]
    tell(kind, one.subject, data, key=one.number)


def _limit(value: Any) -> str | None:
    return None if value is None else str(value)
