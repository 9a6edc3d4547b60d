"""Running instances to another version of their diagram: tried on all first, done one by one, undone while nothing has
gone on since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, literal, select, update

from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.processes import engine, events, keeping, saving
from app.processes.definitions import Deployed, deployed
from app.processes.engine import Happening, NoPlace, Outlook, Restate, Step, Watch
from app.processes.models import InstanceStatus, ProcessInstance, ProcessMigration
from app.processes.saving import Loaded
from app.processes.service import following
from app.processes.service.starting import tell
from app.processes.world import World

CHUNK = 500
MOST = 10_000
"""Instances that a preview tries; also how many one batch takes."""
LETTERS = 16_000_000
"""Bytes of states that a preview reads at most: about a second."""
EXAMPLES = 3
"""Instances that are named for each reason at each element."""
_oldest = (ProcessInstance.started_at, ProcessInstance.id)


class CannotMigrate(Conflict):
    """A token of the instance has no place in the other version."""

    message = _l("This cannot go to the other version: at “%(element)s” %(reason)s.")


class CannotUndo(Conflict):
    """The instance has gone on, or the migration was undone before."""

    message = _l("This migration cannot be undone any more: the process has gone on since.")


@dataclass
class Place:
    """What would happen to the tokens at one element. `problems`: reason → how many tokens it holds back."""

    element: str
    to: str | None
    tokens: int = 0
    watch: bool = False
    problems: Counter[str] = field(default_factory=Counter)


@dataclass
class Preview:
    """What a migration would do to the running instances of a version, the oldest first."""

    total: int = 0
    """How many run."""
    instances: int = 0
    """How many were tried: all, unless there are more than MOST or their states are very large."""
    ready: int = 0
    places: dict[str, Place] = field(default_factory=dict)
    """By element of the version they are on."""
    begun: Counter[str] = field(default_factory=Counter)
    """Element of the new version → how many tokens would watch it from now on."""
    held_back: list[tuple[str, str, str]] = field(default_factory=list)
    """(instance, element, reason): the first EXAMPLES of each element and reason."""

    @property
    def whole(self) -> bool:
        """Whether all that run were tried."""
        return self.instances >= self.total


def preview(
    from_id: str, to_id: str, mapping: Mapping[str, str] | None = None, *, instance_id: str | None = None
) -> Preview:
    """Try the migration on the running instances of a version (or on one of them); nothing is stored. Raises NotFound,
    Invalid. Two statements."""
    old, new = _pair(from_id, to_id)
    running = _running(old, instance_id)
    counted = select(func.count()).select_from(running.with_only_columns(ProcessInstance.id).subquery())
    found, read = Preview(total=session().execute(counted).scalar_one()), 0
    columns = running.with_only_columns(ProcessInstance.id, ProcessInstance.state)
    oldest = columns.order_by(*_oldest).limit(MOST).execution_options(yield_per=CHUNK)
    with session().execute(oldest) as rows:
        for row in rows:
            _try(found, row.id, engine.outlook(old.definition, new.definition, row.state, mapping or {}))
            read += len(row.state)
            if read > LETTERS:
                break
    return found


def _try(found: Preview, instance_id: str, seen: Outlook) -> None:
    found.instances += 1
    found.ready += all(fate.problem is None for fate in seen.fates)
    found.begun.update(seen.begun)
    for fate in seen.fates:
        place = found.places.setdefault(fate.element, Place(fate.element, fate.to, watch=fate.watch))
        place.tokens += 1
        if fate.problem is not None:
            reason = str(fate.problem)
            place.problems[reason] += 1
            if place.problems[reason] <= EXAMPLES:
                found.held_back.append((instance_id, fate.element, reason))


def running_ids(definition_id: str, count: int = MOST) -> list[str]:
    """The running instances of a version, the oldest first. Raises NotFound."""
    oldest = _running(deployed(definition_id), None).with_only_columns(ProcessInstance.id)
    return list(session().scalars(oldest.order_by(*_oldest).limit(count)))


def _running(made: Deployed, instance_id: str | None) -> Select[Any]:
    """By key and state, for which there is an index: of most versions nearly everything has ended."""
    runs = ProcessInstance.status == literal(InstanceStatus.RUNNING.value, literal_execute=True)
    wanted = select(ProcessInstance).where(
        ProcessInstance.key == made.key, runs, ProcessInstance.definition_id == made.id
    )
    return wanted if instance_id is None else wanted.where(ProcessInstance.id == instance_id)


def _pair(from_id: str, to_id: str) -> tuple[Deployed, Deployed]:
    old, new = deployed(from_id), deployed(to_id)
    if old.key != new.key:
        raise Invalid({"to": [_("Choose another version of the same process.")]})
    if old.id == new.id:
        raise Invalid({"to": [_("Choose another version than the one they are on.")]})
    return old, new


def migrate(
    actor: Actor, instance_id: str, to_id: str, mapping: Mapping[str, str] | None = None, *, reason: str
) -> str:
    """Take an instance to another version: tokens, tasks, timers with their deadlines, drafts stay. Answers the id of
    the migration. Raises NotFound, NotRunning, Invalid, CannotMigrate."""
    before, given = saving.load(instance_id, halted=True), dict(mapping or {})
    old, new = _pair(before.definition_id, to_id)
    try:
        made = engine.migrated(old.definition, new.definition, before.state, given)
    except NoPlace as fault:
        raise CannotMigrate(element=fault.details["element"], reason=fault.said) from fault
    keeping.remove(instance_id, _by_kind(made.dropped))
    places = {fate.token: fate.to for fate in made.fates if fate.to is not None}
    keeping.readdress(instance_id, new, places)
    told = {"from": old.id, "to": new.id, "from_version": old.version, "to_version": new.version, "reason": reason}
    after = _store(actor, before, new, made.state, Watch(made.begun), {**told, "mapping": given})
    row = ProcessMigration(
        id=ids.new_id(),
        instance_id=instance_id,
        from_definition=old.id,
        to_definition=new.id,
        mapping=given,
        state_before=before.state,
        version_after=before.version + 1,
        reason=reason[:1000],
        at=clock.now(),
        by=actor.id,
    )
    session().add(row)
    session().flush()
    tell(actor, "process:migrate", instance_id, before.subject, **told)
    following.queue(instance_id, after, actor, None)
    following.follow()
    return row.id


def _by_kind(tokens: Mapping[int, str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for token, kind in tokens.items():
        found.setdefault(kind, []).append(token)
    return found


def _store(  # noqa: PLR0917 - what is put in place of what
    actor: Actor, before: Loaded, to: Deployed, state: bytes, command: Any, told: dict[str, Any]
) -> Step:
    """Put a state of another version in place of the stored one, in one step."""
    world = World(actor, before.subject, before.id, clock.now(), business_key=before.business_key, depth=before.depth)
    after = engine.act(to.definition, state, command, world, called=before.called)
    after.happenings = (Happening("migrated", "", None, told), *after.happenings)
    saving.save(before, after, world, to)
    if after.completed:
        events.tell_of(events.ENDED[InstanceStatus.COMPLETED], to, world, before.super_instance_id)
    session().execute(
        update(ProcessInstance)
        .where(ProcessInstance.id == before.id)
        .values(definition_id=to.id)
        .execution_options(synchronize_session=False)
    )
    return after


def undo_migration(actor: Actor, migration_id: str, *, reason: str) -> None:
    """Put the instance back where it was. Raises NotFound, NotRunning, CannotUndo when it has gone on since."""
    row = session().get(ProcessMigration, migration_id, populate_existing=True)
    if row is None:
        raise NotFound(migration=migration_id)
    before = saving.load(row.instance_id, halted=True)
    if row.undone_at is not None or before.version != row.version_after:
        raise CannotUndo
    old, new = deployed(row.from_definition), deployed(row.to_definition)
    now = {one.token: one for one in engine.tokens(new.definition, before.state)}
    then = {one.token: one for one in engine.tokens(old.definition, row.state_before)}
    keeping.remove(before.id, _by_kind({token: one.waits for token, one in now.items() if token not in then}))
    keeping.readdress(before.id, old, {token: one.element.id for token, one in then.items() if token in now})
    told = {"from": new.id, "to": old.id, "from_version": new.version, "to_version": old.version, "reason": reason}
    told["undone"] = migration_id
    command = Restate([token for token in then if token not in now], last_id=max(now, default=0))
    after = _store(actor, before, old, row.state_before, command, told)
    row.undone_at, row.undone_by = clock.now(), actor.id
    session().flush()
    tell(actor, "process:migrate-undo", before.id, before.subject, **told)
    following.queue(before.id, after, actor, None)
    following.follow()


def migrations_of(instance_id: str) -> list[ProcessMigration]:
    """The migrations of an instance, the newest first."""
    statement = select(ProcessMigration).where(ProcessMigration.instance_id == instance_id)
    return list(session().scalars(statement.order_by(ProcessMigration.id.desc())))
