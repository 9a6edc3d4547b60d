"""The statements of a step: load an instance, write what a step came to. Core, few, version-checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, select, update
from sqlalchemy.orm.exc import StaleDataError

from app.core.db import info, savepoint, session
from app.core.errors import Conflict, NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.core.subject import Subject
from app.processes import keeping
from app.processes.definitions import Deployed
from app.processes.engine import Happening, Step
from app.processes.models import STATUS_NAMES, InstanceStatus, ProcessEvent, ProcessInstance
from app.processes.world import World

_instances: Any = ProcessInstance.__table__
_columns = tuple(
    _instances.c[name]
    for name in (
        "id",
        "definition_id",
        "subject_kind",
        "subject_id",
        "status",
        "state",
        "version",
        "events",
        "business_key",
        "super_instance_id",
        "super_token",
        "root_id",
        "depth",
        "suspended",
    )
)
# Not the strongest lock: rows that only refer to the instance (an incident, say) may be written beside it.
_LOAD = Prepared(select(*_columns).where(_instances.c.id == bindparam("instance")).with_for_update(key_share=True))
_LOAD_RUNNING = (
    select(*_columns)
    .where(
        _instances.c.subject_kind == bindparam("kind"),
        _instances.c.subject_id == bindparam("subject"),
        _instances.c.status == InstanceStatus.RUNNING.value,
    )
    .order_by(_instances.c.id)
    .with_for_update(key_share=True)
)
_THIS = update(_instances).where(_instances.c.id == bindparam("instance"), _instances.c.version == bindparam("seen"))
_STEP: dict[str, Any] = {"state": bindparam("new_state"), "version": bindparam("next"), "events": bindparam("count")}
# SQLite writes every index of a column that an update names, changed or not: so a step that ends nothing names few.
_SAVE = Prepared(_THIS.values(**_STEP))
_SAVE_END = Prepared(
    _THIS.values(**_STEP, status=bindparam("new_status"), ended_at=bindparam("ended"), end_reason=bindparam("why"))
)
_INSERT = Prepared(insert(_instances), *_instances.columns.keys())
_RUNNING = Prepared(
    select(_instances.c.id)
    .where(
        _instances.c.subject_kind == bindparam("kind"),
        _instances.c.subject_id == bindparam("subject"),
        _instances.c.key == bindparam("process"),
        _instances.c.status == literal_column("'running'"),  # the index of running ones knows it by this
    )
    .with_for_update(key_share=True)
)
_HELD = "held process instance"
_events: Any = ProcessEvent.__table__
_INSERT_EVENTS = Prepared(insert(_events), *_events.columns.keys())


class NotRunning(Conflict):
    """The instance has ended."""

    message = _l("This process has ended (%(state)s).")


class Suspended(Conflict):
    """An operator has halted the instance."""

    message = _l("This process has been suspended; an operator must resume it first.")


@dataclass(slots=True)
class Loaded:
    """An instance as it was when the step began."""

    id: str
    definition_id: str
    subject: Subject
    status: str
    state: bytes
    version: int
    events: int
    business_key: str | None
    super_instance_id: str | None
    super_token: int | None
    root_id: str
    depth: int
    suspended: bool

    @property
    def called(self) -> bool:
        """Whether another instance waits for it."""
        return self.super_instance_id is not None


def load(instance_id: str, *, halted: bool = False) -> Loaded:
    """The instance, locked until the transaction ends (PostgreSQL); with `halted` a suspended one too.

    Raises NotFound, NotRunning, Suspended.
    """
    row = _held(instance_id) or _LOAD.one({"instance": instance_id})
    if row is None:
        raise NotFound(instance=instance_id)
    if row["status"] != InstanceStatus.RUNNING:
        raise NotRunning(state=str(STATUS_NAMES[row["status"]]))
    if row["suspended"] and not halted:
        raise Suspended(instance=instance_id)
    return _loaded(row)


def hold(instance_id: str) -> None:
    """Lock the instance; the `load` that follows needs no statement. For who must lock rows of it (a task, say) too:
    everybody locks the instance first and then what belongs to it, so that no two wait for each other."""
    row = _LOAD.one({"instance": instance_id})
    info()[_HELD] = (instance_id, savepoint(), row)


def _held(instance_id: str) -> Any:
    held_id, within, row = info().pop(_HELD, ("", None, None))
    return row if held_id == instance_id and within is savepoint() else None


def hold_with_called(instance_id: str) -> None:
    """Lock what the instance has called, the innermost first, before itself: in the order in which a called instance
    that ends locks its callers."""
    own = select(_instances.c.root_id, _instances.c.depth).where(_instances.c.id == instance_id).subquery()
    below = (
        select(_instances.c.id)
        .join(own, (own.c.root_id == _instances.c.root_id) & (own.c.depth < _instances.c.depth))
        .where(_instances.c.status == InstanceStatus.RUNNING.value)
        .order_by(_instances.c.depth.desc(), _instances.c.id)
        .with_for_update(key_share=True, of=_instances)
    )
    session().execute(below).all()


def subject_of(instance_id: str) -> Subject:
    """What an instance is about. Raises NotFound."""
    columns = (_instances.c.subject_kind, _instances.c.subject_id)
    row = session().execute(select(*columns).where(_instances.c.id == instance_id)).one_or_none()
    if row is None:
        raise NotFound(instance=instance_id)
    return Subject(row.subject_kind, row.subject_id)


def is_running(subject: Subject, key: str) -> bool:
    """Whether an instance of the process runs about the subject; it is locked then."""
    return _RUNNING.one({"kind": subject.kind, "subject": subject.id, "process": key}) is not None


def running_of(subject: Subject, key: str | None = None) -> list[Loaded]:
    """The running instances about the subject, locked; only those of one process if given."""
    statement = _LOAD_RUNNING if key is None else _LOAD_RUNNING.where(_instances.c.key == key)
    rows = session().execute(statement, {"kind": subject.kind, "subject": subject.id})
    return [_loaded(row._mapping) for row in rows]


def _loaded(row: Any) -> Loaded:
    return Loaded(
        id=row["id"],
        definition_id=row["definition_id"],
        subject=Subject(row["subject_kind"], row["subject_id"]),
        status=row["status"],
        state=row["state"],
        version=row["version"],
        events=row["events"],
        business_key=row["business_key"],
        super_instance_id=row["super_instance_id"],
        super_token=row["super_token"],
        root_id=row["root_id"],
        depth=row["depth"],
        suspended=bool(row["suspended"]),
    )


def add(
    row: dict[str, Any], made: Step, world: World, deployed: Deployed, told: Mapping[str, Any] | None = None
) -> None:
    """Store a new instance with its first step; `row` says which, of what, about what, by whom; `told`: with what."""
    lines = [Happening("started", row["key"], None, told or {}), *made.happenings]
    _INSERT.run(
        {
            **row,
            "state": made.state,
            "status": _status(made).value,
            "version": 1,
            "events": len(lines),
            "suspended": False,
            "started_at": world.as_of,
            "ended_at": world.as_of if made.completed else None,
            "end_reason": None,
        }
    )
    keeping.keep(row["id"], made, world, deployed)
    write_history(row["id"], 0, lines, world.actor, world.as_of)


def _status(made: Step) -> InstanceStatus:
    return InstanceStatus.COMPLETED if made.completed else InstanceStatus.RUNNING


def save(before: Loaded, made: Step, world: World, deployed: Deployed, *, dealt_with: int | None = None) -> None:
    """Store what a step came to. `dealt_with`: the token whose task or job the caller has closed itself.

    Raises StaleDataError when another step was stored in between.
    """
    gone = keeping.let_go(before.id, made, dealt_with)
    lines = [*made.happenings, *(Happening("closed", element, None, {}, token) for token, element in gone)]
    values = {"new_state": made.state, "count": before.events + len(lines)}
    if made.completed:
        values |= {"new_status": InstanceStatus.COMPLETED.value, "ended": world.as_of, "why": None}
    _update(_SAVE_END if made.completed else _SAVE, before, values)
    keeping.keep(before.id, made, world, deployed, was_suspended=before.suspended)
    write_history(before.id, before.events, lines, world.actor, world.as_of)


def end(before: Loaded, status: InstanceStatus, actor: Actor, reason: str, at: datetime) -> None:
    """Store that an instance was ended from outside; nothing of it waits any more."""
    keeping.let_all_go(before.id)
    line = Happening(status.value, "", None, {"reason": reason})
    write_history(before.id, before.events, [line], actor, at)
    values = {"new_state": before.state, "count": before.events + 1}
    _update(_SAVE_END, before, {**values, "new_status": status.value, "ended": at, "why": reason[:500]})


def note(before: Loaded, line: Happening, actor: Actor, at: datetime, **columns: Any) -> None:
    """Store one line of history and columns of the instance; its tokens stay where they are."""
    info().pop(_HELD, None)
    write_history(before.id, before.events, [line], actor, at)
    values = {"version": before.version + 1, "events": before.events + 1, **columns}
    statement = update(_instances).where(_instances.c.id == before.id, _instances.c.version == before.version)
    result: Any = session().execute(statement.values(**values))
    _refuse_stale(result.rowcount, before.id, before.version)


def _update(statement: Prepared, before: Loaded, values: dict[str, Any]) -> None:
    info().pop(_HELD, None)
    hit = statement.run({"instance": before.id, "seen": before.version, "next": before.version + 1, **values})
    _refuse_stale(hit, before.id, before.version)


def _refuse_stale(hit: int, instance_id: str, version: int) -> None:
    if hit != 1:
        raise StaleDataError(f"process instance {instance_id} is no longer at version {version}")


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
            "token": line.token,
            "at_once": line.at_once,
            "actor_id": actor.id,
            "decision_id": (line.details.get("decision") or {}).get("id") if line.kind == "decided" else None,
            "details": dict(line.details),
        }
        for number, line in enumerate(lines, count + 1)
    ]
    if rows:
        _INSERT_EVENTS.run(rows)
    return count + len(rows)
