"""Whether an order may come late, and why: pure.

An order must leave so many days before the day it is wanted as its lane takes. It is at risk `warn_hours` before the
end of that day, so that something can still be done; at once when it would arrive too late as things are; and, when
stock is short, as long before as goods take to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.core import clock
from app.risks.settings import Figures


@dataclass(frozen=True)
class Pending:
    """An order that is not released yet. `short`: units it lacks; `coming`: units of these under inspection."""

    wanted_on: date
    expected_on: date | None
    lane_days: int
    blocked: bool
    short: int
    coming: int


@dataclass(frozen=True)
class Moving:
    """The shipment of a released order, by its status."""

    wanted_on: date
    status: str
    leaves_on: date
    arrives_on: date


def cause_of_pending(one: Pending, now: datetime, said: Figures) -> str | None:
    """Why the order may come late; None when there is time enough."""
    leaves_by = _end(one.wanted_on - timedelta(days=one.lane_days))
    near = now + timedelta(hours=said.warn_hours) >= leaves_by
    late = one.expected_on is not None and one.expected_on > one.wanted_on
    lacking = one.short > 0 and now + timedelta(days=said.shortage_days) >= leaves_by
    if not (near or late or lacking):
        return None
    if one.blocked:
        return "blocked"
    if one.short > 0:
        return "in_inspection" if one.coming >= one.short else "short"
    return "too_late" if late else "undecided"


def cause_of_moving(one: Moving, today: date) -> str | None:
    """Why the shipment may come late, or will."""
    if one.status == "returning":
        return "coming_back"
    if one.status == "in_transit":
        return "on_its_way" if one.arrives_on > one.wanted_on or today > one.arrives_on else None
    if today > one.leaves_on:
        return "not_left"
    return "too_late" if one.arrives_on > one.wanted_on else None


def _end(day: date) -> datetime:
    """The end of a business day."""
    return datetime.combine(day + timedelta(days=1), time(), clock.BUSINESS_ZONE)
