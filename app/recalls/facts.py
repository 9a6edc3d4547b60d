"""The facts of a recall for its rule sets, typed by rules/facts.yaml."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from app.core import workdays
from app.core.subject import Subject
from app.decisions.facts import always_of, fact
from app.recalls.counting import progress_of
from app.recalls.queries import get_case, notices_of

HOUR = timedelta(hours=1)
always_of("recall", "recall")
always_of("recall_progress", "recall")


@fact.register("recall")
def recall_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """The hazard as it was assessed (until then the worst), and the clocks. Two statements."""
    if subject.kind != "recall":
        return []
    case = get_case(subject.id)
    untold = 0 if case.mock else sum(1 for one in notices_of(case) if one.sent_at is None)
    decided = case.decided_at
    return [
        {
            "number": case.number,
            "jurisdiction": case.jurisdiction,
            "severity": case.severity or "serious",
            "probability": case.probability or "probable",
            "harm_occurred": case.harm_occurred,
            "hours_since_decision": None if decided is None else math.ceil((as_of - decided) / HOUR),
            "wdays_since_start": workdays.between(case.opened_at, as_of),
            "consignees_open": untold,
            "incident": case.incident,
            "days_since_aware": (as_of - case.opened_at).days,
            "reported": case.reported_at is not None,
        }
    ]


@fact.register("recall_progress")
def progress_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """Who answered, what is unaccounted for, what was checked. As many statements as the scope, and two."""
    if subject.kind != "recall":
        return []
    return [progress_of(get_case(subject.id), as_of)]
