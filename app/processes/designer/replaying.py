"""What of the past would have gone another way through a draft: instances of the last weeks, played again on it with
what they were given, the answers, the results of steps and of programs, the messages and the times that are on record;
and on the version in force with the same, so that what the past alone does is not taken for the draft's doing.
What cannot be played so is told with the reason, never counted as another way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
from app.processes.definitions import ProcessNotFound, deployed, in_force
from app.processes.designer.models import ProcessDraft
from app.processes.designer.retelling import Retold, path_of, retold
from app.processes.designer.sandbox import CannotPlay, Play, Waiting
from app.processes.designer.scenarios import Script
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


@dataclass(frozen=True)
class _Version:
    """A diagram, with its forms."""

    definition: Definition
    forms: Mapping[str, Any]


@dataclass(frozen=True)
class _Versions:
    """What the past is played on."""

    running: _Version | None
    """The one in force; None: nothing is started any more."""
    draft: _Version


def replay(draft: ProcessDraft, *, again: bool = False, plans: Mapping[str, Any] | None = None) -> Past:
    """Play the instances of the last DAYS on a draft and on the version in force, the latest MOST: what parts them is
    the draft's. With `again` the rule sets in force decide anew on the facts of then, else each gateway decides as it
    did; on the draft, `plans` (by rule set) decide instead of those in force. Six statements. Raises DiagramRefused."""
    versions = _Versions(_in_force(draft.key), _Version(compiled(draft), draft.forms))
    instances = _latest(draft.key)
    lines, about, called = _lines(instances), _decisions(instances), _called(instances)
    labels = naming.labels_of(instances)
    found: dict[tuple[str, str, str], Difference] = {}
    gaps: dict[str, Unplayed] = {}
    same = 0
    for one in instances:
        told, before = lines.get(one.id, []), deployed(one.definition_id)
        own = _Version(before.definition, before.forms)
        made = about.get((one.subject_kind, one.subject_id), [])
        tale = retold(one, told, own.definition, made, called=called.get(one.id, {}))
        came = _calls_otherwise(own.definition, versions.draft.definition, tale) or _parted(
            *(own, versions, tale, path_of(told)), again=again, plans=plans or {}
        )
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


def _in_force(key: str) -> _Version | None:
    with suppress(ProcessNotFound):
        found = in_force(key)
        return _Version(found.definition, found.forms)
    return None


def _parted(
    own: _Version, versions: _Versions, tale: Retold, path: list[str], *, again: bool, plans: Mapping[str, Any]
) -> tuple[str, str, str] | str | None:
    """Where the draft parts from the version in force (see `first_difference`); why that cannot be said; None: nowhere.
    On both a timer that is due when it was due then fires when it fired then, which may have been late, or not at all;
    every other fires when it is due."""
    if tale.gap:
        return tale.gap
    was, _halted = _played(own, tale.script, held=lambda _timer: True)
    if Counter(path) - Counter(was.path):
        return _("What is on record does not lead there again.")

    def held(timer: Waiting) -> bool:
        return (timer.element.id, timer.details["due"]) in was.timers

    anew = again or bool(plans)
    running, stopped = _played(versions.running or own, tale.anew() if anew else tale.script, held)
    would, halted = _played(versions.draft, tale.anew(plans) if anew else tale.script, held, running.path)
    parted = first_difference(running.path, would.path)
    if parted is None:
        return _("The version in force already goes another way: %(reason)s", reason=stopped) if stopped else None
    return parted if parted[2] or would.ended else _stays(would, parted, halted)


def _stays(would: Play, parted: tuple[str, str, str], halted: str) -> tuple[str, str, str] | str:
    """Of a way that goes on no more: a timer makes it wait, or what would follow is not known, for a reason."""
    if would.faults:
        element, reason = would.faults[0]
        return _("“%(element)s” fails: %(reason)s", element=would.called(element), reason=reason)
    if not halted and {parted[0], parted[1]} & {one.element.id for one in would.open.values() if one.kind == "timer"}:
        return parted
    return halted or _("What it waited for at “%(element)s” is not on record.", element=would.called(parted[0]))


def _played(
    version: _Version, script: Script, held: Callable[[Waiting], bool], beside: list[str] | None = None
) -> tuple[Play, str]:
    """A play and where it had to stop, with the reason, or empty."""
    played = Play(version.definition, script, version.forms, held, beside)
    try:
        played.run()
    except CannotPlay as error:
        return played, error.sentence()
    return played, ""


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
