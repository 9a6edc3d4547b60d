"""Facts with which people and planning steer the ranking: overrides, quotas, margins, the mode of operation.

What nothing in Youxu records yet is answered with "there is none" (such a kind may have no fact), never guessed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.core.subject import Subject
from app.decisions.facts import fact
from app.priority import profile
from app.priority.picture import picture_of

Facts = list[dict[str, Any]]


@fact.register("override")
def override_facts(subject: Subject, as_of: datetime) -> Facts:
    """The manual override in force at the moment. One that ended is no fact."""
    if subject.kind != "order":
        return []
    found = next((one for one in picture_of(subject.id).overrides if one.holds(as_of)), None)
    if found is None:
        return []
    return [override_fact(found.points, found.band, found.reason, found.set_by_name, found.until - as_of)]


def override_fact(points: int, band: str | None, reason: str, by: str, left: timedelta) -> dict[str, Any]:
    """An override as the rules see it."""
    hours = int(left.total_seconds() // 3600)
    return {"points": points, "band": band, "reason": reason, "by": by, "hours_left": hours}


@fact.register("quota")
def quota_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """What the customer took beyond its share of constrained products: none until allocation periods exist."""
    return []


@fact.register("commercial")
def commercial_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """The rank of the order's margin: none until margins are recorded."""
    return []


@fact.register("mode")
def mode_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """The mode of operation that holds for every order."""
    return [{"emergency": profile.current().emergency_mode}]
