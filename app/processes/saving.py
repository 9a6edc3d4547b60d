"""The statements of a step: load an instance, write what a step came to. Core, few, version-checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm.exc import StaleDataError

from app.core.db import session
from app.core.errors import Conflict, NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.core.subject import Subject
from app.processes.engine import Happening, Step
from app.processes.models import STATUS_NAMES, InstanceStatus, ProcessEvent, ProcessInstance
from app.processes.world import World
from app.tasks import service as tasks

_instances: Any = ProcessInstance.__table__
_columns = (
    _instances.c.id,
    _instances.c.definition_id,
    _instances.c.subject_kind,
    _instances.c.subject_id,
    _instances.c.status,
    _instances.c.state,
    _instances.c.version,
    _instances.c.events,
)
_LOAD = Prepared(select(*_columns).where(_instances.c.id == bindparam("instance")).with_for_update())
_LOAD_RUNNING = (
    select(*_columns)
    .where(
        _instances.c.subject_kind == bindparam("kind"),
        _instances.c.subject_id == bindparam("subject"),
        _instances.c.status == InstanceStatus.RUNNING.value,
    )
    .order_by(_instances.c.id)
    .with_for_update()
)
_SAVE = Prepared(
    update(_instances)
    .where(_instances.c.id == bindparam("instance"), _instances.c.version == bindparam("seen"))
    .values(
        state=bindparam("new_state"),
        status=bindparam("new_status"),
        version=bindparam("next"),
        events=bindparam("count"),
        ended_at=bindparam("ended"),
        end_reason=bindparam("why"),
    )
)
_INSERT = insert(_instances)
_events: Any = ProcessEvent.__table__
_INSERT_EVENTS = Prepared(insert(_events), *_events.columns.keys())


class NotRunning(Conflict):
    """The instance has ended."""

    message = _l("This process has ended (%(state)s).")


@dataclass(frozen=True)
class Loaded:
    """An instance as it was when the step began."""

    id: str
    definition_id: str
    subject: Subject
    status: str
    state: bytes
    version: int
    events: int


def load(instance_id: str) -> Loaded:
    """The instance, locked until the transaction ends (PostgreSQL). Raises NotFound, NotRunning."""
    row = _LOAD.run({"instance": instance_id}).one_or_none()
    if row is None:
        raise NotFound(instance=instance_id)
    if row.status != InstanceStatus.RUNNING:
        raise NotRunning(state=str(STATUS_NAMES[row.status]))
    return _loaded(row)


def running_of(subject: Subject, key: str | None = None) -> list[Loaded]:
    """The running instances about the subject, locked; only those of one process if given."""
    statement = _LOAD_RUNNING if key is None else _LOAD_RUNNING.where(_instances.c.key == key)
    return [_loaded(row) for row in session().execute(statement, {"kind": subject.kind, "subject": subject.id})]


def _loaded(row: Any) -> Loaded:
    return Loaded(
        id=row.id,
        definition_id=row.definition_id,
        subject=Subject(row.subject_kind, row.subject_id),
        status=row.status,
        state=row.state,
        version=row.version,
        events=row.events,
    )


def add(row: dict[str, Any], made: Step, world: World) -> None:
    """Store a new instance with its first step; `row` says which, of what, about what, by whom."""
    lines = [Happening("started", row["key"]), *made.happenings]
    ended = world.as_of if made.completed else None
    session().execute(
        _INSERT,
        {
            **row,
            "state": made.state,
            "status": _status(made).value,
            "version": 1,
            "events": len(lines),
            "started_at": world.as_of,
            "ended_at": ended,
            "end_reason": None,
        },
    )
    _write_tasks_and_history(row["id"], 0, lines, made, world)


def _status(made: Step) -> InstanceStatus:
    return InstanceStatus.COMPLETED if made.completed else InstanceStatus.RUNNING


def save(before: Loaded, made: Step, world: World) -> None:
    """Store a further step. Raises StaleDataError when somebody else stored one meanwhile."""
    count = _write_tasks_and_history(before.id, before.events, made.happenings, made, world)
    _update(
        before.id,
        before.version,
        new_state=made.state,
        new_status=_status(made).value,
        count=count,
        ended=world.as_of if made.completed else None,
        why=None,
    )


def end(before: Loaded, status: InstanceStatus, actor: Actor, reason: str, at: datetime) -> None:
    """Store that an instance was ended from outside."""
    line = Happening(status.value, "", None, {"reason": reason})
    write_history(before.id, before.events, [line], actor, at)
    _update(
        before.id,
        before.version,
        new_state=before.state,
        new_status=status.value,
        count=before.events + 1,
        ended=at,
        why=reason[:500],
    )


def _update(instance_id: str, version: int, **values: Any) -> None:
    result: Any = _SAVE.run({"instance": instance_id, "seen": version, "next": version + 1, **values})
    if result.rowcount != 1:
        raise StaleDataError(f"process instance {instance_id} is no longer at version {version}")


def _write_tasks_and_history(instance_id: str, count: int, lines: Iterable[Happening], made: Step, world: World) -> int:
    closed = [str(token) for token in made.closed]
    if closed:
        tasks.cancel_of(instance_id, "", source_refs=closed)
    tasks.open_tasks(world.actor, world.tasks_for(made.opened))
    gone = [Happening("closed", "", None, {"token": token}) for token in closed]
    return write_history(instance_id, count, [*lines, *gone], world.actor, world.as_of)


def write_history(instance_id: str, count: int, lines: Sequence[Happening], actor: Actor, at: datetime) -> int:
    """Append lines after the first `count`; answers how many there are now."""
    rows = [
        {
            "instance_id": instance_id,
            "seq": number,
            "at": at,
            "kind": line.kind,
            "element_id": line.element,
            "flow_id": line.flow,
            "actor_id": actor.id,
            "decision_id": line.details.get("decision", {}).get("id") if line.kind == "decided" else None,
            "details": dict(line.details),
        }
        for number, line in enumerate(lines, count + 1)
    ]
    if rows:
        _INSERT_EVENTS.run(rows)
    return count + len(rows)
