"""The history of an instance in words: who did what when, what changed, which decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core import jsontext
from app.core.i18n import LazyString, _l
from app.processes.cockpit.naming import element_of, people_of
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
    "closed": Told(_l("A task is no longer needed"), "neutral", "circle-minus"),
    "fired": Told(_l("The time of “%(what)s” has come"), "info", "clock"),
    "received": Told(_l("A message came to “%(what)s”"), "info", "mail"),
    "thrown": Told(_l("“%(what)s” thrown"), "info", "send"),
    "fault": Told(_l("Stuck at “%(what)s”"), "danger", "alert-octagon"),
    "retried": Told(_l("Tried again at “%(what)s”"), "warning", "refresh"),
    "skipped": Told(_l("Skipped “%(what)s”"), "warning", "arrow-forward-up"),
    "assigned": Told(_l("Variables set"), "warning", "variable"),
    "moved": Told(_l("Tokens moved"), "warning", "switch-horizontal"),
    "migrated": Told(_l("Moved to another version"), "warning", "versions"),
    "suspended": Told(_l("Suspended"), "warning", "player-pause"),
    "resumed": Told(_l("Resumed"), "success", "player-play"),
    "compensated": Told(_l("“%(what)s” undone"), "warning", "arrow-back-up"),
    "ended": Told(_l("Reached the end “%(what)s”"), "success", "flag"),
    "cancelled": Told(_l("Cancelled"), "danger", "ban"),
    "superseded": Told(_l("Replaced by a newer run"), "neutral", "replace"),
    "failed": Told(_l("Failed"), "danger", "alert-octagon"),
}


@dataclass(frozen=True)
class Delta:
    """One value before and after; either is empty when there was none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """One line of history for the page."""

    seq: int
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
    people = people_of(event.actor_id for event in events)
    return [_line(definition_id, event, people) for event in events]


def _line(definition_id: str, event: ProcessEvent, people: Mapping[str, str]) -> Line:
    kind = KINDS.get(event.kind)
    what = element_of(definition_id, event.element_id).text if event.element_id else ""
    details = dict(event.details or {})
    reason = details.pop("reason", None)
    decision = details.pop("decision", None) if event.kind == "decided" else None
    route = decision.get("route") if isinstance(decision, dict) else None
    if isinstance(decision, dict):
        details |= {name: value for name, value in decision.items() if name not in ("id", "route")}
    deltas = _deltas(details)
    return Line(
        seq=event.seq,
        at=event.at,
        actor=people.get(event.actor_id or "", ""),
        title=(str(kind.text) % {"what": what} if kind else f"{event.kind} {what}".strip())
        + (f" → {route}" if route else ""),
        tone=kind.tone if kind else "neutral",
        icon=kind.icon if kind else "point",
        reason=str(reason or details.pop("message", "") or ""),
        deltas=deltas,
        facts=[(name, short(value)) for name, value in sorted(details.items()) if value not in (None, "", [], {})],
        decision_id=event.decision_id,
    )


def _deltas(details: dict[str, Any]) -> list[Delta]:
    """Takes {"before": {…}, "after": {…}, "removed": […]} and {"answers": {…}} out of the details."""
    before, after = details.pop("before", None), details.pop("after", None)
    removed = details.pop("removed", None) or []
    answers = details.pop("answers", None)
    found = []
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        names = sorted({*old, *new} - set(removed))
        found += [Delta(name, short(old[name]) if name in old else "", short(new.get(name))) for name in names]
        found += [Delta(name, short(old[name]) if name in old else "", "") for name in removed]
    if isinstance(answers, dict):
        found += [Delta(name, "", short(value)) for name, value in answers.items()]
    return found


def short(value: Any) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) else jsontext.dumps(value)
    return text if len(text) <= LONG else text[:LONG] + "…"
