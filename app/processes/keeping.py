"""The rows by which the world finds what an instance waits for: tasks, subscriptions, jobs, incidents, called
instances. Every waiting token has its row, and no other has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, update

from app.core import clock, ids, intervals, jobs
from app.core.db import session
from app.core.errors import DomainError
from app.core.jobs import Job, NewJob
from app.core.prepared import Prepared
from app.core.registry import Registry
from app.processes import events
from app.processes.definitions import Deployed
from app.processes.engine import Step, UserWork, Wait
from app.processes.external.models import ExternalTask
from app.processes.external.rows import NewExternal, close_external, open_external
from app.processes.models import ProcessIncident, ProcessWait
from app.processes.world import SOURCE, World
from app.tasks import service as tasks

SUBSCRIPTIONS = {"message": "message", "signal": "signal", "conditional": "condition"}
IN_JOBS = {"timer", "job"}
INNER = {"scope", "loop", "events", "compensation"}
"""Waits for what goes on inside."""

_waits: Any = ProcessWait.__table__
_INSERT_WAITS = Prepared(insert(_waits), *_waits.columns.keys())
_incidents: Any = ProcessIncident.__table__
_TOLD = [_incidents.c[name] for name in ("id", "instance_id", "element_id", "kind")]
_external: Any = ExternalTask.__table__

on_called_gone: Registry[Callable[[str, Sequence[int]], None]] = Registry("end of called instances")
"""Filled by the service: what is called by tokens that wait no more is cancelled."""


def let_go(instance_id: str, made: Step, dealt_with: int | None) -> list[tuple[int, str]]:
    """Remove the rows of tokens that wait no more; answers those that were not done but ended: [(token, element)]."""
    by_kind: dict[str, list[int]] = {}
    for token, gone in made.gone.items():
        if token != dealt_with:
            by_kind.setdefault(gone.kind, []).append(token)
    if not by_kind:
        return []
    remove(instance_id, by_kind)
    told = {line.token for line in made.happenings if line.kind in ("left", "completed", "fired")}
    return [
        (token, gone.element)
        for token, gone in made.gone.items()
        if not gone.alive and gone.kind not in INNER and token not in told and token != dealt_with
    ]


def remove(instance_id: str, by_kind: Mapping[str, Sequence[int]]) -> None:
    """Remove the rows of tokens, by what they waited for."""
    if user := by_kind.get("user"):
        tasks.cancel_of(instance_id, "", source_refs=[str(token) for token in user])
    subscribed = [token for kind in SUBSCRIPTIONS for token in by_kind.get(kind, ())]
    if subscribed:
        session().execute(delete(_waits).where(_waits.c.instance_id == instance_id, _waits.c.token.in_(subscribed)))
    scheduled = [token for kind in IN_JOBS for token in by_kind.get(kind, ())]
    if scheduled:
        jobs.cancel_of(SOURCE, instance_id, [str(token) for token in scheduled])
    if external := by_kind.get("external"):
        close_external(instance_id, external)
    if called := by_kind.get("call"):
        on_called_gone.get(SOURCE)(instance_id, called)
    parked = [token for kind in ("fault", "external", *IN_JOBS) for token in by_kind.get(kind, ())]
    if parked:
        resolve_incidents(instance_id, parked)


def readdress(instance_id: str, definition: Deployed, places: Mapping[int, str]) -> None:
    """The instance has come to another version: its rows name the elements of that one. `places`: token → element."""
    elements = definition.definition.elements
    for table in (_waits, _incidents, _external):
        for token, element in places.items():
            which = (table.c.instance_id == instance_id) & (table.c.token == token) & (table.c.element_id != element)
            session().execute(update(table).where(which).values(element_id=element))
    session().execute(
        update(_external)
        .where(_external.c.instance_id == instance_id)
        .values(definition_id=definition.id, version_tag=definition.definition.version_tag)
    )
    session().execute(
        update(Job)
        .where(Job.source_kind == SOURCE, Job.source_id == instance_id)
        .values(definition_id=definition.id)
        .execution_options(synchronize_session=False)
    )
    for token, element in places.items():
        of_token = (Job.source_kind == SOURCE) & (Job.source_id == instance_id) & (Job.source_ref == str(token))
        named = {"element_id": element, "name": dict(elements[element].name)}
        session().execute(update(Job).where(of_token).values(named).execution_options(synchronize_session=False))
        work = elements[element]
        if isinstance(work, UserWork):
            tasks.move_to(instance_id, str(token), element, dict(work.name), work.form_key)


def let_all_go(instance_id: str) -> None:
    """The instance ends: nothing of it waits any more."""
    session().execute(delete(_waits).where(_waits.c.instance_id == instance_id))
    jobs.cancel_of(SOURCE, instance_id)
    close_external(instance_id)
    on_called_gone.get(SOURCE)(instance_id, ())
    resolve_incidents(instance_id)


def keep(instance_id: str, made: Step, world: World, deployed: Deployed, *, was_suspended: bool = False) -> None:
    """Write the rows of tokens that wait since this step."""
    if made.opened:
        tasks.open_tasks(world.actor, world.tasks_for(made.opened))
    if made.faults:  # also one that failed again: its token waits as before
        stand([_incident(instance_id, fault) for fault in made.faults])
    if not made.waits:
        return
    waits: dict[str, list[Wait]] = {}
    for wait in made.waits:
        waits.setdefault(wait.kind, []).append(wait)
    subscribed = [_subscription(instance_id, wait, world) for kind in SUBSCRIPTIONS for wait in waits.get(kind, ())]
    if subscribed:
        _INSERT_WAITS.run(subscribed)
    scheduled = [
        _job(instance_id, wait, world, deployed, suspended=was_suspended)
        for kind in IN_JOBS
        for wait in waits.get(kind, ())
    ]
    if scheduled:
        jobs.schedule(scheduled)
    if external := waits.get("external"):
        open_external([_external_work(instance_id, wait, world, deployed) for wait in external], world.as_of)


def _subscription(instance_id: str, wait: Wait, world: World) -> dict[str, Any]:
    return {
        "instance_id": instance_id,
        "token": wait.token,
        "element_id": wait.element.id,
        "kind": SUBSCRIPTIONS[wait.kind],
        "name": str(wait.details.get("name", ""))[:255],
        "business_key": world.business_key,
        "created_at": world.as_of,
    }


def _job(instance_id: str, wait: Wait, world: World, deployed: Deployed, *, suspended: bool) -> NewJob:
    retries, backoff = retry_plan(wait.details.get("retries"))
    return NewJob(
        kind=SOURCE,
        due_at=wait.details.get("due", world.as_of),
        source_kind=SOURCE,
        source_id=instance_id,
        source_ref=str(wait.token),
        element_id=wait.element.id,
        name=dict(wait.element.name),
        payload={"kind": wait.kind, **({"phase": wait.details["phase"]} if "phase" in wait.details else {})},
        retries=retries,
        backoff=backoff,
        suspended=suspended,
        definition_id=deployed.id,
        definition_key=deployed.key,
    )


def retry_plan(text: str | None) -> tuple[int, Sequence[float]]:
    """Tries and seconds between them, of `R3/PT10M` or `PT1M,PT10M,PT1H`; the usual ones for what is neither."""
    if not text:
        return jobs.RETRIES, jobs.BACKOFF
    try:
        if text.startswith("R"):
            cycle = intervals.parse_cycle(text)
            if isinstance(cycle, intervals.Cycle):
                return cycle.repetitions or jobs.RETRIES, (float(cycle.duration.mean) / intervals.SECOND,)
        steps = [float(intervals.parse_duration(part.strip()).mean) / intervals.SECOND for part in text.split(",")]
    except DomainError:
        return jobs.RETRIES, jobs.BACKOFF
    return len(steps) + 1, steps


def _external_work(instance_id: str, wait: Wait, world: World, deployed: Deployed) -> NewExternal:
    return NewExternal(
        instance_id=instance_id,
        token=wait.token,
        element_id=wait.element.id,
        definition_id=deployed.id,
        definition_key=deployed.key,
        topic=wait.details["topic"],
        version_tag=deployed.definition.version_tag,
        business_key=world.business_key,
        priority=wait.details.get("priority", 0),
    )


def _incident(instance_id: str, fault: Any) -> dict[str, Any]:
    return {
        "instance_id": instance_id,
        "token": fault.token,
        "element_id": fault.element,
        "kind": "fault",
        "message": fault.reason,
        "details": {"code": fault.code, **_plain(fault.details)},
    }


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | str | bool) else str(value) for name, value in details.items()}


def stand(rows: Sequence[dict[str, Any]]) -> None:
    """Record incidents."""
    now = clock.now()
    filled = [{"job_id": None, **row, "id": ids.new_id(), "created_at": now} for row in rows]
    session().execute(insert(_incidents), filled)
    events.tell_of_incidents(events.RAISED, filled)


def resolve_incidents(
    instance_id: str, tokens: Sequence[int] | None = None, *, how: str = "", by: str | None = None
) -> int:
    """They are over; answers how many stood."""
    statement = update(_incidents).where(_incidents.c.instance_id == instance_id, _incidents.c.resolved_at.is_(None))
    if tokens is not None:
        statement = statement.where(_incidents.c.token.in_(tokens))
    over = statement.values(resolved_at=clock.now(), resolved_by=by, how=how[:500] or None)
    rows = session().execute(over.returning(*_TOLD)).mappings().all()
    if rows:
        events.tell_of_incidents(events.RESOLVED, rows)
    return len(rows)
