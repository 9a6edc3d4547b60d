"""Moving instances to another version of their process: what would become of them, and what can still be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import load_only

from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.core.permissions import Actor
from app.processes import service
from app.processes.cockpit import batches, naming
from app.processes.cockpit.models import BatchStatus, ItemStatus, ProcessBatch, ProcessBatchItem
from app.processes.cockpit.naming import ElementName, element_of
from app.processes.cockpit.overview import version_numbers
from app.processes.cockpit.waiting import is_running
from app.processes.definitions import Deployed, ProcessNotFound, deployed
from app.processes.engine import Element, UserWork
from app.processes.models import InstanceStatus, ProcessInstance, ProcessMigration
from app.processes.service import Preview

SOME = (1, 10, 100, 1000)
"""How many instances can be moved to try it out, where there are more."""
NEVER_WAIT = ("startEvent", "endEvent", "exclusiveGateway", "intermediateThrowEvent")
"""Kinds of elements at which usually nothing waits; where something does, it is shown all the same."""


@dataclass(frozen=True)
class Versions:
    """The versions of a process to choose from: number → definition id, newest first; `running` by number."""

    numbers: dict[int, str]
    running: dict[int, int]


@dataclass(frozen=True)
class Held:
    """A reason why tokens cannot go, how many there are, and some of their instances: (id, what it is called)."""

    reason: str
    tokens: int
    some: list[tuple[str, str]]


@dataclass(frozen=True)
class Way:
    """Where the tokens at an element go. `to` None: it has no place, or is watched no more."""

    element: ElementName
    to: ElementName | None
    tokens: int
    watch: bool
    chosen: str
    """The element that was chosen; empty when it goes by its own id."""
    choices: list[ElementName]
    held: list[Held] = field(default_factory=list)
    other_time: bool = False
    """Tasks wait there, and the new version lets them take another time: theirs stays as it is."""

    @property
    def ends(self) -> bool:
        """It is watched now and would not be any more."""
        return self.watch and self.to is None


@dataclass(frozen=True)
class Plan:
    """What a migration would do, as its page tells it."""

    old: Deployed
    new: Deployed
    mapping: dict[str, str]
    preview: Preview
    ways: list[Way]
    """Elements where something waits now; what is held back first."""
    others: list[Way]
    """Elements where nothing waits now and that the new version does not have under that id."""
    begun: list[tuple[ElementName, int]]
    """What is watched from then on, by how many tokens."""

    @property
    def ended(self) -> list[Way]:
        """What is watched no more."""
        return [way for way in self.ways if way.ends]

    @property
    def keeping_time(self) -> list[Way]:
        """Where tasks keep a due time that new ones would not get."""
        return [way for way in self.ways if way.other_time]

    @property
    def stuck(self) -> int:
        """How many of those tried are held back."""
        return self.preview.instances - self.preview.ready

    @property
    def marks(self) -> dict[str, Any]:
        """For the two drawings: {"old": {tokens, failed, ending}, "new": {tokens, coming}, "ways": {old: new}}."""
        standing = [way for way in self.ways if not way.watch]
        arriving: dict[str, int] = {}
        for way in standing:
            if way.to is not None and not way.held:
                arriving[way.to.id] = arriving.get(way.to.id, 0) + way.tokens
        return {
            "old": {
                "tokens": {way.element.id: way.tokens for way in standing},
                "failed": {way.element.id: way.held[0].reason for way in standing if way.held},
                "ending": [way.element.id for way in self.ended],
            },
            "new": {"tokens": arriving, "coming": [element.id for element, _count in self.begun]},
            "ways": {way.element.id: way.to.id for way in (*self.ways, *self.others) if way.to is not None},
        }


def versions_of(key: str) -> Versions:
    """Every version of a process, and what runs on each. Two statements. Raises ProcessNotFound."""
    numbers = version_numbers(key)
    if not numbers:
        raise ProcessNotFound(key=key)
    counted = (
        select(ProcessInstance.definition_id, func.count())
        .where(ProcessInstance.key == key, is_running)
        .group_by(ProcessInstance.definition_id)
    )
    counts = {definition: count for definition, count in session().execute(counted)}  # noqa: C416 - rows, not pairs
    return Versions(numbers, {number: counts[one] for number, one in numbers.items() if one in counts})


def known(from_id: str, to_id: str, mapping: Mapping[str, str]) -> dict[str, str]:
    """Of a mapping what both versions know. Raises NotFound."""
    old, new = deployed(from_id).definition.elements, deployed(to_id).definition.elements
    return {element: to for element, to in mapping.items() if element in old and to in new}


def plan_of(from_id: str, to_id: str, mapping: Mapping[str, str], instance_id: str | None = None) -> Plan:
    """Try the move on what runs (or on one instance). Raises NotFound, Invalid. Three statements, and one for each kind
    of subject that has names."""
    old, new = deployed(from_id), deployed(to_id)
    chosen = known(from_id, to_id, mapping)
    found = service.preview(from_id, to_id, chosen, instance_id=instance_id)
    labels = _labels({instance for instance, _element, _reason in found.held_back})
    ways = [_way(old, new, chosen, found, labels, element) for element in found.places]
    missing = [
        name
        for name, element in old.definition.elements.items()
        if name not in found.places and name not in new.definition.elements and element.kind not in NEVER_WAIT
    ]
    return Plan(
        old=old,
        new=new,
        mapping=chosen,
        preview=found,
        ways=sorted(ways, key=lambda way: (not way.held, way.watch, not way.ends, -way.tokens, way.element.text)),
        others=[_way(old, new, chosen, found, labels, element) for element in missing],
        begun=[(element_of(new.id, element), count) for element, count in found.begun.most_common()],
    )


def _way(  # noqa: PLR0917 - both versions and what was found
    old: Deployed, new: Deployed, mapping: Mapping[str, str], found: Preview, labels: Mapping[str, str], element: str
) -> Way:
    place = found.places.get(element)
    to = place.to if place is not None else mapping.get(element)
    problems = place.problems if place is not None else {}
    return Way(
        element=element_of(old.id, element),
        to=element_of(new.id, to) if to is not None and to in new.definition.elements else None,
        tokens=place.tokens if place is not None else 0,
        watch=place is not None and place.watch,
        chosen=mapping.get(element, ""),
        choices=_choices(old.definition.elements[element], new),
        held=[
            Held(
                reason,
                count,
                [(one, labels.get(one, "")) for one, at, why in found.held_back if (at, why) == (element, reason)],
            )
            for reason, count in problems.items()
        ],
        other_time=place is not None and not problems and _other_time(old, new, element, to),
    )


def _other_time(old: Deployed, new: Deployed, element: str, to: str | None) -> bool:
    one, other = old.definition.elements[element], new.definition.elements.get(to or "")
    return isinstance(one, UserWork) and isinstance(other, UserWork) and _time_of(one) != _time_of(other)


def _time_of(work: UserWork) -> tuple[Any, ...]:
    moments = (one.text if one is not None else None for one in (work.due, work.follow_up))
    return (work.sla, work.escalate_to, *moments)


def _choices(element: Element, new: Deployed) -> list[ElementName]:
    """The elements of the new version that are of the same kind, by name."""
    trigger = getattr(element, "trigger", "")
    alike = [
        element_of(new.id, name)
        for name, other in new.definition.elements.items()
        if other.kind == element.kind and getattr(other, "trigger", "") == trigger and name != element.id
    ]
    return sorted(alike, key=lambda one: (one.text, one.id))


def _labels(ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    columns = (ProcessInstance.business_key, ProcessInstance.subject_kind, ProcessInstance.subject_id)
    wanted = select(ProcessInstance).where(ProcessInstance.id.in_(ids)).options(load_only(*columns))
    return naming.labels_of(session().scalars(wanted))


def begin(  # noqa: PLR0917 - from where to where, and why
    actor: Actor, from_id: str, to_id: str, mapping: Mapping[str, str], reason: str, count: int | None = None
) -> ProcessBatch:
    """Move what runs on a version (only the oldest `count`, if given) as a batch. Raises NotFound, Invalid."""
    old, new = deployed(from_id), deployed(to_id)
    if old.key != new.key or old.id == new.id:
        raise Invalid({"to": [_("Choose another version of the same process.")]})
    chosen = service.running_ids(from_id, min(count or batches.MOST, batches.MOST))
    params = {"from": from_id, "to": to_id, "mapping": known(from_id, to_id, mapping)}
    return batches.begin(actor, "migrate", chosen, reason, params)


# --- undoing


def why_not_undone(row: ProcessMigration, instance: ProcessInstance) -> str:
    """Why a migration cannot be undone any more; empty when it can."""
    if row.undone_at is not None:
        return _("It was undone already.")
    if instance.status != InstanceStatus.RUNNING:
        return _("The process has ended since.")
    if instance.version != row.version_after:
        return _("The process has gone on since.")
    return ""


def moves_of(instance: ProcessInstance) -> list[tuple[ProcessMigration, str]]:
    """The migrations of an instance, the newest first, each with why it cannot be undone. One statement."""
    return [(row, why_not_undone(row, instance)) for row in service.migrations_of(instance.id)]


def move_of(instance_id: str, migration_id: str) -> ProcessMigration:
    """One migration of an instance. Raises NotFound."""
    found = [one for one in service.migrations_of(instance_id) if one.id == migration_id]
    if not found:
        raise NotFound(migration=migration_id[:26])
    return found[0]


def undoable(batch: ProcessBatch) -> list[tuple[str, str]]:
    """(instance, migration) of everything that a batch moved and that has not gone on since. One statement."""
    if batch.verb != "migrate" or batch.status == BatchStatus.RUNNING:
        return []
    moved = ProcessBatchItem.message["migration"].as_string() == ProcessMigration.id
    rows = session().execute(
        select(ProcessMigration.instance_id, ProcessMigration.id)
        .select_from(ProcessBatchItem)
        .join(ProcessMigration, moved)
        .join(ProcessInstance, ProcessInstance.id == ProcessMigration.instance_id)
        .where(
            ProcessBatchItem.batch_id == batch.id,
            ProcessBatchItem.status == ItemStatus.DONE.value,
            ProcessMigration.undone_at.is_(None),
            ProcessInstance.version == ProcessMigration.version_after,
            is_running,
        )
        .order_by(ProcessBatchItem.seq)
    )
    return [(row.instance_id, row.id) for row in rows]


def begin_undo(actor: Actor, batch_id: str, reason: str) -> ProcessBatch:
    """Undo what a batch moved and what has not gone on since, as a batch. Raises NotFound, Invalid."""
    left: Sequence[tuple[str, str]] = undoable(batches.get_batch(batch_id))
    notes = {instance: {"migration": migration} for instance, migration in left}
    return batches.begin(actor, "undo", list(notes), reason, {"batch": batch_id}, notes)
