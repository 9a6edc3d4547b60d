"""By when it is decided whether a complaint is reported (house rule), and by when it must be (law, where its number is
known: `rules/profiles.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.decisions import profiles
from app.decisions.outcome import Texts
from app.vigilance.models import Complaint
from app.vigilance.settings import figures


@dataclass(frozen=True)
class Deadline:
    """A moment, with the law that sets it."""

    at: datetime
    source: Texts


def decide_by(one: Complaint) -> datetime:
    """By when somebody decides whether it is reported."""
    return one.aware_at + timedelta(days=figures().decide_days)


def report_by(one: Complaint) -> Deadline | None:
    """By when a reportable one must be reported; None where no number of the law is on file."""
    if not one.reportable:
        return None
    found = profiles.shipped().get(one.jurisdiction, {}).get(f"report_{one.harm}")
    if found is None or found.unit != "day":
        return None
    return Deadline(one.aware_at + timedelta(days=int(str(found.value))), found.source)
