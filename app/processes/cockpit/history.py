"""The history of an instance in words: who did what when, what changed, which decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit.models import AuditEntry
from app.audit.queries import entries_of
from app.core import jsontext
from app.core.i18n import LazyString, _, _l
from app.core.subject import Subject
from app.processes.cockpit.naming import element_of, people_of
from app.processes.cockpit.values import RESERVED
from app.processes.models import ProcessEvent

LONG = 300
"""Letters of a value in a line; the variables panel shows the whole."""


@dataclass(frozen=True)
class Told:
    """A kind of line: its sentence (with %(what)s, the element), tone and icon."""

    text: LazyString
    tone: str = "neutral"
    icon: str = "point"


KINDS: dict[str, Told] = {
    "started": Told(_l("Started"), "info", "player-play"),
    "entered": Told(_l("Reached “%(what)s”"), "info", "arrow-right"),
    "left": Told(_l("Left “%(what)s”"), "neutral", "arrow-forward-up"),
    "decided": Told(_l("Decided at “%(what)s”"), "info", "git-branch"),
    "performed": Told(_l("Performed “%(what)s”"), "info", "bolt"),
    "completed": Told(_l("“%(what)s” done"), "success", "circle-check"),
    "closed": Told(_l("“%(what)s” is no longer needed"), "neutral", "circle-minus"),
    "fired": Told(_l("“%(what)s” happened"), "info", "clock"),
    "caught": Told(_l("Caught at “%(what)s”"), "warning", "hand-stop"),
    "thrown": Told(_l("Sent from “%(what)s”"), "info", "send"),
    "uncaught": Told(_l("Nobody caught what “%(what)s” threw"), "warning", "alert-triangle"),
    "fault": Told(_l("Stuck at “%(what)s”"), "danger", "alert-octagon"),
    "assigned": Told(_l("Variables set"), "warning", "variable"),
    "moved": Told(_l("Token taken away from “%(what)s”"), "warning", "switch-horizontal"),
    "migrated": Told(_l("Moved to another version"), "warning", "versions"),
    "suspended": Told(_l("Suspended"), "warning", "player-pause"),
    "resumed": Told(_l("Resumed"), "success", "player-play"),
    "ended": Told(_l("Reached the end “%(what)s”"), "success", "flag"),
    "cancelled": Told(_l("Cancelled"), "danger", "ban"),
    "superseded": Told(_l("Replaced by a newer run"), "neutral", "replace"),
    "failed": Told(_l("Failed"), "danger", "alert-octagon"),
}


UNDONE = Told(_l("Put back to the version before"), "warning", "arrow-back-up")
"""A migration that was undone."""
ACTS: dict[str, Told] = {
    "process:move": Told(_l("An operator moved tokens"), "warning", "switch-horizontal"),
    "process:retry": Told(_l("An operator tried again at “%(what)s”"), "warning", "refresh"),
    "process:skip": Told(_l("An operator skipped “%(what)s”"), "warning", "arrow-forward-up"),
    "process:job": Told(_l("An operator changed a timer or job of “%(what)s”"), "warning", "clock"),
}
"""Acts of operators, told by the audit trail, which keeps their reasons."""


@dataclass(frozen=True)
class Delta:
    """One value before and after; either is empty when there was none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """One line of history for the page; `seq` is None when it is from the audit trail."""

    seq: int | None
    at: datetime
    actor: str
    title: str
    tone: str
    icon: str
    reason: str
    deltas: list[Delta]
    facts: list[tuple[str, str]]
    decision_id: str | None


def told(definition_id: str, events: Sequence[ProcessEvent]) -> list[Line]:
    """The lines in words. One statement for the names of people."""
    others = [(event.details or {}).get("on_behalf_of") for event in events]
    people = people_of([*(event.actor_id for event in events), *others])
    return [_line(definition_id, event, people) for event in events]


def with_acts(definition_id: str, instance_id: str, lines: list[Line], *, newest: bool, oldest: bool) -> list[Line]:
    """The lines and between them what operators did, the latest first. One statement.

    `newest` and `oldest`: the lines reach to now, and back to the beginning; else only acts between them are told.
    """
    if not lines:
        return lines
    acts = [
        _act(definition_id, entry)
        for entry in entries_of(Subject("process", instance_id))
        if entry.action in ACTS and (newest or entry.at <= lines[0].at) and (oldest or entry.at >= lines[-1].at)
    ]
    return sorted([*lines, *acts], key=lambda line: (line.at, line.seq is None, line.seq or 0), reverse=True)


def _act(definition_id: str, entry: AuditEntry) -> Line:
    kind, details = ACTS[entry.action], dict(entry.details)
    reason = details.pop("reason", "") or ""
    element = details.pop("element", None)
    what = element_of(definition_id, element).text if element else ""
    hidden = ("about", "incident", "job")
    return Line(
        seq=None,
        at=entry.at,
        actor=entry.actor_name,
        title=str(kind.text) % {"what": what},
        tone=kind.tone,
        icon=kind.icon,
        reason=str(reason),
        deltas=[],
        facts=[(name, short(value)) for name, value in sorted(details.items()) if value and name not in hidden],
        decision_id=None,
    )


def _line(definition_id: str, event: ProcessEvent, people: Mapping[str, str]) -> Line:
    kind = KINDS.get(event.kind)
    what = element_of(definition_id, event.element_id).text if event.element_id else ""
    details = dict(event.details or {})
    reason = details.pop("reason", None)
    decision = details.pop("decision", None) if event.kind == "decided" else None
    details.pop("flows", None)
    route = decision.get("route") if isinstance(decision, dict) else None
    if isinstance(decision, dict):
        details |= {name: value for name, value in decision.items() if name not in ("id", "route")}
    deltas = _versions(details) if event.kind == "migrated" else _deltas(details)
    if details.pop("undone", None):
        kind = UNDONE
    return Line(
        seq=event.seq,
        at=event.at,
        actor=_who(people, event.actor_id, details.pop("on_behalf_of", None)),
        title=(str(kind.text) % {"what": what} if kind else f"{event.kind} {what}".strip())
        + (f" → {route}" if route else ""),
        tone=kind.tone if kind else "neutral",
        icon=kind.icon if kind else "point",
        reason=str(reason or details.pop("message", "") or ""),
        deltas=deltas,
        facts=[(name, short(value)) for name, value in sorted(details.items()) if value not in (None, "", [], {})],
        decision_id=event.decision_id,
    )


def _who(people: Mapping[str, str], actor_id: str | None, other: str | None) -> str:
    name = people.get(actor_id or "", "")
    return _("%(who)s on behalf of %(other)s", who=name, other=people.get(other, other)) if other else name


def _versions(details: dict[str, Any]) -> list[Delta]:
    """Takes the version before and after out of a migration, and where its elements went."""
    before, after = details.pop("from_version", None), details.pop("to_version", None)
    for name in ("from", "to"):
        details.pop(name, None)
    mapping = details.pop("mapping", None) or {}
    found = [Delta(str(_("Version")), short(before), short(after))] if before and after else []
    return found + [Delta(old, old, short(new)) for old, new in sorted(mapping.items()) if new != old]


def _deltas(details: dict[str, Any]) -> list[Delta]:
    """Takes {"before": {…}, "after": {…}, "removed": […]}, and what was "changed", answered or given out of them."""
    before, after = details.pop("before", None), details.pop("after", None)
    removed = details.pop("removed", None) or []
    given = [details.pop(name, None) for name in ("answers", "variables", "changed")]
    found = []
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        names = sorted({*old, *new} - set(removed))
        found += [Delta(name, short(old[name]) if name in old else "", short(new.get(name))) for name in names]
        found += [Delta(name, short(old[name]) if name in old else "", "") for name in removed]
    for values in given:
        if isinstance(values, dict):
            found += [Delta(name, "", short(value)) for name, value in values.items() if name not in RESERVED]
    return found


def short(value: Any) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) else jsontext.dumps(value)
    return text if len(text) <= LONG else text[:LONG] + "…"
