"""Incidents in plain words: what happened, why that usually is, what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import LazyString, _, _l
from app.processes.models import ProcessIncident


@dataclass(frozen=True)
class Explanation:
    """What a kind of incident means."""

    title: LazyString
    cause: LazyString
    hint: LazyString


KINDS: dict[str, Explanation] = {
    "fault": Explanation(
        _l("The process cannot go on here"),
        _l("What the diagram asks for here could not be done with the values that the process has."),
        _l(
            "Set or correct the variable that the message names and try again, or move the token to where it should be."
        ),
    ),
    "conflict": Explanation(
        _l("Parallel branches disagree"),
        _l("Two branches that meet here changed the same variable in different ways, so neither may win by accident."),
        _l("Decide which value is right, set it, then try again."),
    ),
    "limit": Explanation(
        _l("A limit was exceeded"),
        _l(
            "The process did more in one go than is allowed: an endless loop, very many repetitions or very large data."
        ),
        _l("Correct the variable that the loop depends on, or move the token past it."),
    ),
    "step": Explanation(
        _l("A service step failed"),
        _l("The step ran and reported a fault, every time it was tried."),
        _l(
            "If the other system was away, try again. If the data is wrong, edit it and try again. If somebody did the "
            "work by hand, skip the step with its result."
        ),
    ),
    "external": Explanation(
        _l("A worker gave up"),
        _l("The external worker reported a failure and no attempts are left."),
        _l("Look at the worker's own log. Try again once it is fixed, or skip with the values it would have given."),
    ),
    "call": Explanation(
        _l("The called process could not be used"),
        _l("The process that is called here does not exist, could not start, or ended in an error."),
        _l("Deploy the process that the message names or look at the called instance, then try again."),
    ),
    "timer": Explanation(
        _l("What follows a timer failed"),
        _l("The time came, but the steps after it reported a fault every time they were tried."),
        _l("Read the message, put right what it names, then try again."),
    ),
}


def explained(incident: ProcessIncident, element_kind: str = "") -> Explanation:
    """What the incident means, at an element of that BPMN kind."""
    return KINDS.get(_meaning(incident, element_kind), KINDS["fault"])


def _meaning(incident: ProcessIncident, element_kind: str) -> str:
    if incident.kind == "failedExternalTask":
        return "external"
    if incident.kind == "failedJob":
        return "timer" if incident.details.get("kind") == "timer" else "step"
    if incident.details.get("code") == "MergeConflict":
        return "conflict"
    if incident.details.get("limit"):
        return "limit"
    return "call" if element_kind == "callActivity" else incident.kind


def how(incident: ProcessIncident) -> str:
    """How it was dealt with: the reason given, or what ended it."""
    return incident.how or _("ended with its step")


def get_incident(incident_id: str) -> ProcessIncident:
    """The incident as it is stored. Raises NotFound."""
    wanted = select(ProcessIncident).where(ProcessIncident.id == incident_id)
    found = session().execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise NotFound(incident=incident_id)
    return found


def open_of(instance_ids: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the open incidents of each instance, the oldest first. One statement."""
    rows = session().execute(
        select(ProcessIncident.instance_id, ProcessIncident.id)
        .where(ProcessIncident.instance_id.in_(instance_ids), ProcessIncident.resolved_at.is_(None))
        .order_by(ProcessIncident.created_at, ProcessIncident.id)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.instance_id, []).append(row.id)
    return found
