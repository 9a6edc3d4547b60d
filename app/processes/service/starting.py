"""New instances: by people, programs, messages, timers, and by other instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from app.audit.service import record
from app.core import clock, ids, jsontext
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.core.subject import Subject
from app.processes import engine, events, saving
from app.processes.definitions import Deployed, deployed, in_force
from app.processes.metrics import a_step
from app.processes.models import InstanceStatus, ProcessDefinitionFlags, ProcessInstance
from app.processes.queries import get_instance
from app.processes.saving import Loaded
from app.processes.service import following
from app.processes.world import INITIATOR, World
from app.tasks import service as tasks

LARGEST_ON_RECORD = 20_000
"""Letters of the variables of a start that history keeps; of more it only says that there were some."""
_FLAGS = Prepared(
    select(ProcessDefinitionFlags.suspended).where(ProcessDefinitionFlags.definition_id == bindparam("definition"))
)


class AlreadyRunning(Conflict):
    """There can be one running instance of a process about a subject."""

    message = _l("The process “%(key)s” is running for this already.")


class DefinitionSuspended(Conflict):
    """An operator has halted new starts."""

    message = _l("The process “%(key)s” has been suspended: nothing new is started.")


def start(
    actor: Actor,
    process_key: str,
    subject: Subject,
    *,
    variables: Mapping[str, Any] | None = None,
    started_by: str | None = None,
    business_key: str | None = None,
) -> ProcessInstance:
    """Start a process about a subject and run it to where people or events are needed.

    `started_by` is the user id that `${initiator}` stands for (default: the actor's). Raises ProcessNotFound,
    AlreadyRunning, DefinitionSuspended, and whatever a gateway or a service step raises.
    """
    if saving.is_running(subject, process_key):
        raise AlreadyRunning(key=process_key)
    made = begin(
        actor, in_force(process_key), subject, variables or {}, started_by or actor.id, business_key=business_key
    )
    following.follow()
    return get_instance(made)


def start_definition(
    actor: Actor,
    definition_id: str,
    *,
    variables: Mapping[str, Any] | None = None,
    business_key: str | None = None,
    at: str | None = None,
) -> ProcessInstance:
    """Start a version of a process about nothing but itself, at its start event or the one named.

    Raises NotFound, DefinitionSuspended, and whatever a gateway or a service step raises.
    """
    made = begin(actor, deployed(definition_id), None, variables or {}, actor.id, business_key=business_key, at=at)
    following.follow()
    return get_instance(made)


@a_step
def begin(  # noqa: PLR0913 - what an instance is told at its birth
    actor: Actor,
    made: Deployed,
    subject: Subject | None,
    variables: Mapping[str, Any],
    started_by: str,
    *,
    business_key: str | None = None,
    at: str | None = None,
    caller: Loaded | None = None,
    token: int | None = None,
) -> str:
    """Run a new instance to its first wait and store it; what follows from that is queued. Answers its id."""
    _refuse_suspended(made)
    instance_id = ids.new_id()
    subject = subject or Subject("process", instance_id)
    depth = 0 if caller is None else caller.depth + 1
    world = World(actor, subject, instance_id, clock.now(), business_key=business_key, depth=depth)
    called_by = None if caller is None else caller.id
    events.tell_of(events.STARTED, made, world, called_by)  # before what its first steps tell of
    given = {**engine.from_outside(variables), INITIATOR: started_by}
    first = engine.begin(made.definition, given, world, at=at, called=caller is not None)
    row = {
        "id": instance_id,
        "definition_id": made.id,
        "key": made.key,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "business_key": business_key,
        "super_instance_id": called_by,
        "super_token": token,
        "root_id": instance_id if caller is None else caller.root_id,
        "depth": depth,
        "started_by": started_by,
    }
    saving.add(row, first, world, made, _on_record(variables, at))
    tell(actor, "process:start", instance_id, subject, process=made.key, version=made.version)
    if first.completed:
        events.tell_of(events.ENDED[InstanceStatus.COMPLETED], made, world, called_by)
    following.queue(instance_id, first, actor, caller=None if caller is None else (caller.id, token or 0))
    return instance_id


def _on_record(variables: Mapping[str, Any], at: str | None) -> dict[str, Any]:
    """What the first line of history says of how it was begun."""
    told: dict[str, Any] = {} if at is None else {"at": at}
    if variables:
        plain = engine.from_outside(variables)
        large = len(jsontext.dumps(plain)) > LARGEST_ON_RECORD
        told |= {"left_out": True} if large else {"variables": plain}
    return told


def _refuse_suspended(made: Deployed) -> None:
    flags = _FLAGS.one({"definition": made.id})
    if flags is not None and flags["suspended"]:
        raise DefinitionSuspended(key=made.key)


def restart(
    actor: Actor, subject: Subject, process_key: str, variables: Mapping[str, Any] | None = None, *, reason: str
) -> ProcessInstance:
    """The subject changed: its running instance and tasks are superseded, a new one starts with the definition in
    force. The initiator stays who they were, unless `variables` name another."""
    given = dict(variables or {})
    started_by, business_key = given.pop(INITIATOR, None), None
    for old in saving.running_of(subject, process_key):
        started_by = started_by or get_instance(old.id).started_by
        business_key = old.business_key
        tasks.supersede_of(old.id, reason)
        saving.end(old, InstanceStatus.SUPERSEDED, actor, reason, clock.now())
        events.tell_of_end(old, InstanceStatus.SUPERSEDED)
        tell(actor, "process:supersede", old.id, subject, process=process_key, reason=reason)
    made = begin(actor, in_force(process_key), subject, given, started_by or actor.id, business_key=business_key)
    following.follow()
    return get_instance(made)


def tell(actor: Actor, action: str, instance_id: str, subject: Subject, **details: Any) -> None:
    """An entry of the audit trail about an instance."""
    record(actor, action, Subject("process", instance_id), about=list(subject), **details)
