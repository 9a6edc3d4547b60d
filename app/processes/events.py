"""What is told of process instances and incidents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.i18n import LazyString, _l
from app.core.jobs import Job
from app.core.outbox import NUMBER, TEXT, EventType, event_type, maybe, tell
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes.definitions import Deployed, deployed
from app.processes.models import InstanceStatus, ProcessInstance
from app.processes.world import World


def _of_process(name: str, description: LazyString) -> EventType:
    return event_type(
        f"youxu.process.{name}",
        description,
        process=TEXT,
        version=NUMBER,
        about_kind=TEXT,
        about_id=TEXT,
        called_by=maybe(TEXT),
    )


def _of_incident(name: str, description: LazyString) -> EventType:
    fields = {"process": TEXT, "instance": maybe(TEXT), "element": TEXT, "kind": TEXT}
    return event_type(f"youxu.incident.{name}", description, **fields)


STARTED = _of_process("started", _l("A process has been started."))
ENDED: Mapping[str, EventType] = {
    InstanceStatus.COMPLETED: _of_process("ended", _l("A process has come to its end.")),
    InstanceStatus.CANCELLED: _of_process("cancelled", _l("A process has been ended from outside.")),
    InstanceStatus.SUPERSEDED: _of_process(
        "superseded", _l("A process has been replaced by a new one, because what it is about has changed.")
    ),
}
RAISED = _of_incident("raised", _l("A process cannot go on at a place until somebody has looked."))
RESOLVED = _of_incident("resolved", _l("An incident is over."))


def tell_of(kind: EventType, made: Deployed, world: World, called_by: str | None) -> None:
    """That of the instance of that world, a version of a process."""
    data = {
        "process": made.key,
        "version": made.version,
        "about_kind": world.subject.kind,
        "about_id": world.subject.id,
        "called_by": called_by,
    }
    tell(kind, Subject("process", world.instance_id), data, key=world.business_key)


def tell_of_end(one: Any, status: InstanceStatus) -> None:
    """An instance (as it was loaded) was ended from outside."""
    made = deployed(one.definition_id)
    world = World(SYSTEM, one.subject, one.id, clock.now(), business_key=one.business_key)
    tell_of(ENDED[status], made, world, one.super_instance_id)


def tell_of_incidents(kind: EventType, incidents: Sequence[Any]) -> None:
    """That of incidents of instances: their rows, by column."""
    of = _instances({row["instance_id"] for row in incidents})
    for row in incidents:
        one = of[row["instance_id"]]
        data = {"process": one.key, "instance": one.id, "element": row["element_id"], "kind": row["kind"]}
        tell(kind, Subject("incident", row["id"]), data, key=one.business_key)


def tell_of_start(kind: EventType, job: Job) -> None:
    """That of a start at a time (its job), which has no instance."""
    data = {"process": job.source_id, "instance": None, "element": job.element_id or "", "kind": "failedJob"}
    tell(kind, Subject("incident", job.id), data)


def _instances(wanted: Iterable[str]) -> dict[str, Any]:
    columns = (ProcessInstance.id, ProcessInstance.key, ProcessInstance.business_key)
    found = session().execute(select(*columns).where(ProcessInstance.id.in_(sorted(wanted))))
    return {row.id: row for row in found}
