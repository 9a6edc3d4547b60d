"""The list of instances: what it is filtered and sorted by, its rows, and how many there are (up to a limit)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select, union

from app.core import clock
from app.core.db import session
from app.core.paging import Page
from app.processes.cockpit import naming, overview, waiting
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessIncident, ProcessInstance

SIZE = 50
KINDS = ("order", "process")
"""Kinds of things that instances are about, to be found by the id of the thing."""
COUNTED = 10_000
"""Counting stops here; a list is at most this long."""
STATES = ("", "suspended", "any", *(status.value for status in InstanceStatus if status != InstanceStatus.RUNNING))
"""What `state` may be; "" means running, suspended ones included."""
INCIDENT = ("", "yes", "no")
SORTS = ("started", "key")


@dataclass(frozen=True)
class Wanted:
    """A filter, as it stands in the address. Days are business dates, inclusive."""

    process: str = ""
    version: str = ""
    key: str = ""
    """Beginning of the business key, or what the subject is called exactly (an id)."""
    state: str = ""
    incident: str = ""
    text: str = ""
    """Part of an incident's message."""
    at: str = ""
    """Id of an element at which a token waits."""
    since: str = ""
    until: str = ""
    sort: str = "-started"

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Wanted:
        """The filter of an address; what does not exist is left out."""
        found = {one.name: given.get(one.name, "").strip()[:100] for one in fields(cls)}
        found["state"] = found["state"] if found["state"] in STATES else ""
        found["incident"] = found["incident"] if found["incident"] in INCIDENT else ""
        found["version"] = found["version"] if found["version"].isascii() and found["version"].isdigit() else ""
        for name in ("since", "until"):
            found[name] = found[name] if _day(found[name]) else ""
        found["sort"] = found["sort"] if found["sort"].removeprefix("-") in SORTS else "-started"
        return cls(**found)

    def address(self) -> dict[str, str]:
        """What of it goes into an address."""
        return {
            one.name: value
            for one in fields(self)
            if (value := getattr(self, one.name)) and not (one.name == "sort" and value == "-started")
        }


@dataclass(frozen=True)
class Row:
    """An instance in a list."""

    instance: ProcessInstance
    name: dict[str, str]
    version: int
    label: str
    """Business key or what the subject is called; empty when it has neither."""
    at: Sequence[naming.ElementName]
    incidents: int
    incident: str
    """Message of its oldest open incident."""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def matching(wanted: Wanted) -> Select[Any]:
    """The instances of a filter, unsorted. One statement at most to look a version up."""
    return select(ProcessInstance).where(*_conditions(wanted))


def _conditions(wanted: Wanted) -> list[Any]:
    found: list[Any] = []
    if wanted.process:
        found.append(ProcessInstance.key == wanted.process)
        if wanted.version:
            number = int(wanted.version[:9])
            found.append(ProcessInstance.definition_id == overview.version_numbers(wanted.process).get(number, "-"))
    if wanted.key:
        found.append(_called(wanted.key))
    found += _in_state(wanted.state)
    found += _with_incident(wanted)
    if wanted.at:
        found.append(ProcessInstance.id.in_(waiting.at_element(wanted.at)))
    since, until = _day(wanted.since), _day(wanted.until)
    if since is not None:
        found.append(ProcessInstance.started_at >= _midnight(since))
    if until is not None and until < date.max:
        found.append(ProcessInstance.started_at < _midnight(until + timedelta(days=1)))
    return found


def _called(text: str) -> Any:
    """Ids of instances whose business key begins so, or that have this id, or are about the thing of this id."""
    starts = ProcessInstance.business_key.startswith(text, autoescape=True)
    if session().get_bind().dialect.name == "sqlite":  # whose LIKE knows no index, but whose letters sort by number
        starts = starts & ProcessInstance.business_key.between(text, text + chr(0x10FFFF))
    ids = (
        select(ProcessInstance.id).where(starts),
        select(ProcessInstance.id).where(ProcessInstance.id == text),
        select(ProcessInstance.id).where(ProcessInstance.subject_kind.in_(KINDS), ProcessInstance.subject_id == text),
    )
    return ProcessInstance.id.in_(union(*ids))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.BUSINESS_ZONE)


def _in_state(state: str) -> list[Any]:
    if state == "any":
        return []
    if state in ("", "suspended"):
        running = [waiting.is_running]
        return [*running, ProcessInstance.suspended.is_(True)] if state else running
    return [ProcessInstance.status == state]


def _with_incident(wanted: Wanted) -> list[Any]:
    unresolved: list[Any] = [ProcessIncident.resolved_at.is_(None)]
    if wanted.text:
        unresolved.append(ProcessIncident.message.icontains(wanted.text, autoescape=True))
    having = ProcessInstance.id.in_(select(ProcessIncident.instance_id).where(*unresolved))
    if wanted.incident == "no":
        return [~having]
    return [having] if wanted.incident == "yes" or wanted.text else []


def page_of(wanted: Wanted, number: int) -> Page[Row]:
    """A page of the list; `total` is COUNTED + 1 when there are more than COUNTED. Six statements at most."""
    statement = matching(wanted)
    some = statement.with_only_columns(ProcessInstance.id).limit(COUNTED + 1).subquery()
    total = session().execute(select(func.count()).select_from(some)).scalar_one()
    number = min(max(number, 1), max(1, -(-min(total, COUNTED) // SIZE)))
    shown = statement.order_by(*_order(wanted)).limit(SIZE).offset((number - 1) * SIZE)
    found = list(session().execute(shown.execution_options(populate_existing=True)).scalars())
    return Page(rows_of(found), number, SIZE, total)


def _order(wanted: Wanted) -> Sequence[Any]:
    """Each way is one of an index; `NULLS LAST` would not be, so it is said only of what may be null."""
    down = wanted.sort.startswith("-")
    if wanted.sort.endswith("key"):
        key = ProcessInstance.business_key
        return (key.desc() if down else key.asc()).nulls_last(), ProcessInstance.id.desc()
    columns = (ProcessInstance.started_at, ProcessInstance.id)
    return [column.desc() if down else column.asc() for column in columns]


def rows_of(found: Sequence[ProcessInstance]) -> list[Row]:
    """The rows of some instances, in their order. Three statements, and one for each definition not yet in memory."""
    ids = [one.id for one in found]
    labels, stuck = naming.labels_of(found), _incidents_of(ids)
    definitions = _definitions(found)
    return [
        Row(
            instance=one,
            name=definitions[one.definition_id][0],
            version=definitions[one.definition_id][1],
            label=labels[one.id],
            at=waiting.places_of(one),
            incidents=stuck.get(one.id, (0, ""))[0],
            incident=stuck.get(one.id, (0, ""))[1],
        )
        for one in found
    ]


def _definitions(found: Sequence[ProcessInstance]) -> dict[str, tuple[dict[str, str], int]]:
    ids = {one.definition_id for one in found}
    columns = (ProcessDefinition.id, ProcessDefinition.name, ProcessDefinition.version)
    rows = session().execute(select(*columns).where(ProcessDefinition.id.in_(ids))) if ids else ()
    return {row.id: (row.name, row.version) for row in rows}


def _incidents_of(ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    if not ids:
        return {}
    rows = session().execute(
        select(ProcessIncident.instance_id, ProcessIncident.message)
        .where(ProcessIncident.instance_id.in_(ids), ProcessIncident.resolved_at.is_(None))
        .order_by(ProcessIncident.created_at.desc(), ProcessIncident.id.desc())
        .limit(1000)
    )
    found: dict[str, tuple[int, str]] = {}
    for row in rows:
        found[row.instance_id] = (found.get(row.instance_id, (0, ""))[0] + 1, row.message)
    return found
