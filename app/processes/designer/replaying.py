"""What of the past would have gone another way through a draft: instances of the last weeks, played again on it with
the answers, the results of steps, the messages and the times that are on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.decisions.models import Decision
from app.processes.cockpit import naming
from app.processes.definitions import deployed
from app.processes.designer.models import ProcessDraft
from app.processes.designer.sandbox import CannotPlay, Play
from app.processes.designer.scenarios import Known, Script
from app.processes.designer.trying import compiled, first_difference
from app.processes.engine import Definition, Event
from app.processes.models import ProcessEvent, ProcessInstance

DAYS = 30
MOST = 200
SHOWN = 5
"""Examples told of each difference."""


@dataclass
class Difference:
    """Instances that part from their way at the same place: after `after`, to `now` instead of `then`."""

    after: str
    then: str
    now: str
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)
    """(instance id, what people call it)"""


@dataclass(frozen=True)
class Past:
    """What became of the past on a draft."""

    played: int
    same: int
    differences: list[Difference]
    """The most frequent first."""

    @property
    def other(self) -> int:
        """How many would have gone another way."""
        return self.played - self.same


def replay(draft: ProcessDraft, *, again: bool = False, plans: Mapping[str, Any] | None = None) -> Past:
    """Play the instances of the last DAYS on a draft, the latest MOST; with `again` the rule sets in force decide anew
    on the facts of then, else each gateway decides as it did; `plans` (by rule set) decide instead of those in force.
    Four statements. Raises DiagramRefused."""
    definition = compiled(draft)
    instances = _latest(draft.key)
    lines, about = _lines(instances), _decisions(instances)
    labels = naming.labels_of(instances)
    found: dict[tuple[str, str, str], Difference] = {}
    same = 0
    for one in instances:
        told = lines.get(one.id, [])
        made = about.get((one.subject_kind, one.subject_id), [])
        before = deployed(one.definition_id).definition
        script = script_of(one, told, before, made, again=again or bool(plans), plans=plans or {})
        parted = first_difference(_path(told), _played(definition, script, draft.forms), open_end=True)
        if parted is None:
            same += 1
            continue
        difference = found.setdefault(parted, Difference(*parted))
        difference.count += 1
        if len(difference.examples) < SHOWN:
            difference.examples.append((one.id, labels[one.id] or one.id))
    ordered = sorted(found.values(), key=lambda one: (-one.count, one.after, one.now))
    return Past(len(instances), same, ordered)


def _played(definition: Definition, script: Script, forms: Mapping[str, Any]) -> list[str]:
    played = Play(definition, script, forms)
    with suppress(CannotPlay):  # it went another way, where nothing waits for what was done
        played.run()
    return played.path


def _latest(key: str) -> list[ProcessInstance]:
    since = clock.now() - timedelta(days=DAYS)
    statement = select(ProcessInstance).where(ProcessInstance.key == key, ProcessInstance.started_at >= since)
    return list(session().scalars(statement.order_by(ProcessInstance.started_at.desc()).limit(MOST)))


def _lines(instances: Iterable[ProcessInstance]) -> dict[str, list[ProcessEvent]]:
    ids = [one.id for one in instances]
    statement = select(ProcessEvent).where(ProcessEvent.instance_id.in_(ids))
    found: dict[str, list[ProcessEvent]] = {}
    for line in session().scalars(statement.order_by(ProcessEvent.instance_id, ProcessEvent.seq)) if ids else ():
        found.setdefault(line.instance_id, []).append(line)
    return found


def _decisions(instances: Iterable[ProcessInstance]) -> dict[tuple[str, str], list[Any]]:
    """Subject → (id, as_of, facts) of the decisions about it, in order."""
    subjects = {one.subject_id for one in instances}
    columns = (Decision.subject_kind, Decision.subject_id, Decision.id, Decision.as_of, Decision.facts)
    statement = select(*columns).where(Decision.subject_id.in_(subjects)).order_by(Decision.as_of, Decision.id)
    found: dict[tuple[str, str], list[Any]] = {}
    for kind, subject, *made in session().execute(statement) if subjects else ():
        found.setdefault((kind, subject), []).append(made)
    return found


def _path(lines: Iterable[ProcessEvent]) -> list[str]:
    return [line.element_id for line in lines if line.kind == "entered" or line.flow_id is not None]


def script_of(
    instance: ProcessInstance,
    lines: Iterable[ProcessEvent],
    definition: Definition,
    made: Sequence[Any],
    *,
    again: bool = False,
    plans: Mapping[str, Any] = MappingProxyType({}),
) -> Script:
    """What happened to an instance, as a script; `made`: the decisions about its subject (id, as_of, facts)."""
    facts = {decision: found for decision, _at, found in made}
    known = Known([(at, found) for _decision, at, found in made], plans=plans)
    decisions: dict[str, list[Any]] = {}
    steps: dict[str, list[Any]] = {}
    acts: list[dict[str, Any]] = []
    before = instance.started_at
    for line in lines:
        details = line.details
        if line.kind == "decided" and details.get("decision"):
            decisions.setdefault(line.element_id, []).append(details["decision"])
            known.visits.setdefault(line.element_id, []).append(facts.get(line.decision_id, {}))
        if line.kind == "performed" and details.get("step"):
            steps.setdefault(details["step"], []).append(details.get("changed") or {})
        act = _act(line, definition)
        if act is not None:
            acts += [*_pause(before, line.at), act]
            before = line.at
    given: dict[str, Any] = {"at": instance.started_at.isoformat(), "initiator": instance.started_by, "steps": steps}
    if not again:
        given["decisions"] = decisions
    return Script(given, acts, known)


def _act(line: ProcessEvent, definition: Definition) -> dict[str, Any] | None:
    element, details = definition.elements.get(line.element_id), line.details
    if line.kind == "completed":
        return {"answer": line.element_id, "with": details.get("answers") or {}, "by": line.actor_id or line.element_id}
    if line.kind != "fired" or not isinstance(element, Event) or element.ref is None:
        return None  # timers fire by the clock
    kind = "message" if element.trigger == "message" else "signal"
    return {kind: element.ref.text, "with": details.get("variables", {})}


def _pause(before: datetime, at: datetime) -> list[dict[str, Any]]:
    seconds = int((at - before).total_seconds())
    return [{"wait": f"PT{seconds}S"}] if seconds > 0 else []
