"""How long the law of a case gives: to tell everybody, and to report to the authority."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.core import clock, workdays
from app.decisions import profiles
from app.recalls.models import RecallCase

QUARTERS = 4
_NUMBERS = {"class_i": "recall_notice_i", "class_ii": "recall_notice_ii", "class_iii": "recall_notice_iii"}


def hours_of(jurisdiction: str, level: str) -> int:
    """Hours to notify; China's where the law of the case names none ("without delay")."""
    known = profiles.shipped()
    found = known.get(jurisdiction, {}).get(_NUMBERS[level]) or known["cn"][_NUMBERS[level]]
    return int(str(found.value))


def due_at(start: datetime, hours: int) -> datetime:
    """The end of the time to notify."""
    return start + timedelta(hours=hours)


def report_due_at(case: RecallCase) -> datetime | None:
    """By when the authority must have the report: working days in the United States, days after we knew in the European
    Union, with the notices elsewhere."""
    known = profiles.shipped().get(case.jurisdiction, {})
    if case.jurisdiction == "us":
        wanted = workdays.until(clock.local_date(case.opened_at)) + int(str(known["report_correction"].value))
        day = workdays.nth(wanted)
        return case.opened_at + (day - clock.local_date(case.opened_at))
    if case.jurisdiction == "eu":
        days = int(str(known[f"report_{case.incident or 'serious'}"].value))
        return case.opened_at + timedelta(days=days)
    return case.due_at


def quarters_gone(start: datetime, due: datetime, now: datetime) -> int:
    """How many quarters of the time have passed: 0 to 4."""
    if now >= due:
        return QUARTERS
    return max(0, int((now - start) / ((due - start) / QUARTERS)))
