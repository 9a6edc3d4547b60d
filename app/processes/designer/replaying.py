"""What of the past would have gone another way through a draft: instances of the last weeks, played again on it with
what they were given, the answers, the results of steps and of programs, the messages and the times that are on record.
What cannot be played so is told with the reason, never counted as another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.i18n import _
from app.decisions.models import Decision
from app.processes.cockpit import naming
from app.processes.definitions import deployed
from app.processes.designer.models import ProcessDraft
from app.processes.designer.retelling import Retold, path_of, retold
from app.processes.designer.sandbox import CannotPlay, Play
from app.processes.designer.trying import compiled, first_difference
from app.processes.engine import Call, Definition, UnreadableState, variables
from app.processes.models import InstanceStatus, ProcessEvent, ProcessInstance

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


@dataclass
class Unplayed:
    """Instances that could not be played, for the same reason."""

    reason: str
    count: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Past:
    """What became of the past on a draft."""

    played: int
    same: int
    differences: list[Difference]
    """The most frequent first."""
    unplayed: list[Unplayed] = field(default_factory=list)
    """The most frequent reason first."""

    @property
    def other(self) -> int:
        """How many would have gone another way."""
        return self.played - self.same


def replay(draft: ProcessDraft, *, again: bool = False, plans: Mapping[str, Any] | None = None) -> Past:
    """Play the instances of the last DAYS on a draft, the latest MOST; with `again` the rule sets in force decide anew
    on the facts of then, else each gateway decides as it did; `plans` (by rule set) decide instead of those in force.
    Five statements. Raises DiagramRefused."""
    definition = compiled(draft)
    instances = _latest(draft.key)
    lines, about, called = _lines(instances), _decisions(instances), _called(instances)
    labels = naming.labels_of(instances)
    found: dict[tuple[str, str, str], Difference] = {}
    gaps: dict[str, Unplayed] = {}
    same = 0
    for one in instances:
        told = lines.get(one.id, [])
        made = about.get((one.subject_kind, one.subject_id), [])
        before = deployed(one.definition_id).definition
        back = called.get(one.id, {})
        tale = retold(one, told, before, made, called=back, again=again or bool(plans), plans=plans or {})
        came = _calls_otherwise(before, definition, tale) or _on_draft(definition, tale, draft.forms, path_of(told))
        if came is None:
            same += 1
            continue
        kept: Unplayed | Difference
        if isinstance(came, str):
            kept = gaps.setdefault(came, Unplayed(came))
        else:
            kept = found.setdefault(came, Difference(*came))
        kept.count += 1
        if len(kept.examples) < SHOWN:
            kept.examples.append((one.id, labels[one.id] or one.id))
    ordered = sorted(found.values(), key=lambda one: (-one.count, one.after, one.now))
    unplayed = sorted(gaps.values(), key=lambda one: (-one.count, one.reason))
    return Past(len(instances) - sum(one.count for one in unplayed), same, ordered, unplayed)


def _on_draft(
    definition: Definition, tale: Retold, forms: Mapping[str, Any], path: list[str]
) -> tuple[str, str, str] | str | None:
    """Where the way parts from the one it was (see `first_difference`); why that cannot be said; None: the same."""
    if tale.gap:
        return tale.gap
    played, halted = Play(definition, tale.script, forms), ""
    try:
        played.run()
    except CannotPlay as error:
        halted = error.sentence()
    parted = first_difference(path, played.path, open_end=True)
    if played.faults and (parted is None or not parted[2]):
        element, reason = played.faults[0]
        return _("“%(element)s” fails: %(reason)s", element=played.called(element), reason=reason)
    if parted is not None and not parted[2] and not played.ended:
        return halted or _("What it waited for at “%(element)s” is not on record.", element=played.called(parted[0]))
    return parted


def _calls_otherwise(before: Definition, draft: Definition, tale: Retold) -> str:
    """Why what the called processes brought back is no answer to the draft; empty when it is."""
    for name, known in tale.calls.items():
        was, now = before.elements.get(name), draft.elements.get(name)
        if not isinstance(was, Call) or not isinstance(now, Call):
            continue
        if _text(was.called) != _text(now.called):
            return _("“%(element)s” calls another process now: what it would bring back is not known.", element=name)
        if not known and (now.all_out or now.outs_):
            return _("What a called process brought back is not on record.")
    return ""


def _text(value: Any) -> str:
    return str(value.text) if value is not None else ""


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


def _called(instances: Iterable[ProcessInstance]) -> dict[str, dict[int, Mapping[str, Any]]]:
    """Instance → token → the variables with which the process that it called has ended. One that is not kept any more,
    or was ended from outside, is not known."""
    ids = [one.id for one in instances]
    columns = (
        ProcessInstance.super_instance_id,
        ProcessInstance.super_token,
        ProcessInstance.definition_id,
        ProcessInstance.state,
    )
    ended = select(*columns).where(
        ProcessInstance.super_instance_id.in_(ids), ProcessInstance.status == InstanceStatus.COMPLETED.value
    )
    found: dict[Any, dict[Any, Mapping[str, Any]]] = {}
    for caller, token, definition_id, state in session().execute(ended.order_by(ProcessInstance.id)) if ids else ():
        with suppress(UnreadableState):
            found.setdefault(caller, {})[token] = variables(deployed(definition_id).definition, state)
    return found
