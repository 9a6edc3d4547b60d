"""What is told of orders that may come late."""

from __future__ import annotations

from app.core.i18n import LazyString, _l
from app.core.outbox import TEXT, EventType, event_type, one_of, tell
from app.core.subject import Subject
from app.risks.models import CAUSES, OrderRisk


def _of_risk(name: str, description: LazyString) -> EventType:
    return event_type(f"youxu.order.{name}", description, number=TEXT, cause=one_of(CAUSES), wanted_on=TEXT)


AT_RISK = _of_risk("at_risk", _l("The order may come late."))
IN_TIME = _of_risk("in_time", _l("The order that might have come late is in time again, or has ended."))


def tell_of_risk(kind: EventType, risk: OrderRisk, number: str) -> None:
    """Its order's number keeps events in turn."""
    data = {"number": number, "cause": risk.cause, "wanted_on": risk.limit_on.isoformat()}
    tell(kind, Subject("order", risk.order_id), data, key=number)
