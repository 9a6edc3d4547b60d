"""Verbs of processes. Each is one step in the caller's transaction: all of it is stored, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog

from app.audit.service import record
from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity.roles import ROLES
from app.processes import engine, saving
from app.processes.deciding import rule_set_names
from app.processes.definitions import Deployed, deployed, in_force, put_in_force, store
from app.processes.forms import refuse_wrong_answers
from app.processes.metrics import a_step
from app.processes.models import InstanceStatus, ProcessInstance
from app.processes.queries import get_instance, is_in_force
from app.processes.steps import step as step
from app.processes.steps import subject_version as subject_version
from app.processes.steps import task_rank as task_rank
from app.processes.world import INITIATOR, SOURCE, World
from app.tasks import service as tasks
from app.tasks.models import Task

FOLDER = Path(__file__).parents[2] / "bpmn"
log = structlog.get_logger()


class AlreadyRunning(Conflict):
    """There can be one running instance of a process about a subject."""

    message = _l("The process “%(key)s” is running for this already.")


def start(
    actor: Actor,
    process_key: str,
    subject: Subject,
    *,
    variables: Mapping[str, Any] | None = None,
    started_by: str | None = None,
) -> ProcessInstance:
    """Start a process about a subject and run it to where people are needed.

    `started_by` is the user id that `${initiator}` stands for (default: the actor's). Raises ProcessNotFound,
    AlreadyRunning, and whatever a gateway or a service step raises.
    """
    if saving.running_of(subject, process_key):
        raise AlreadyRunning(key=process_key)
    return _start(actor, in_force(process_key), subject, variables or {}, started_by or actor.id)


@a_step()
def _start(
    actor: Actor, made: Deployed, subject: Subject, variables: Mapping[str, Any], started_by: str
) -> ProcessInstance:
    instance_id = ids.new_id()
    world = World(actor, subject, instance_id, clock.now())
    first = engine.begin(made.definition, {**variables, INITIATOR: started_by}, world)
    row = {
        "id": instance_id,
        "definition_id": made.id,
        "key": made.key,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "started_by": started_by,
    }
    saving.add(row, first, world)
    _tell(actor, "process:start", instance_id, subject, process=made.key, version=made.version)
    return get_instance(instance_id)


@tasks.on_completed.register(SOURCE)
@a_step()
def go_on(actor: Actor, task: Task) -> engine.Step:
    """A person completed a task: the instance goes on in the same transaction. Answers what the step came to.

    Raises NotRunning, TokenNotReady, Invalid (the answers do not fit the form), StaleDataError (a lost race; the
    edge serves the request again), and whatever a gateway or a service step raises.
    """
    before = saving.load(task.source_id)
    made = deployed(before.definition_id)
    answers = task.answers or {}
    if task.form_key is not None and task.form_key in made.forms:
        refuse_wrong_answers(made.forms[task.form_key], answers)
    world = World(actor, before.subject, before.id, clock.now())
    after = engine.resume(
        made.definition, before.state, token=int(task.source_ref), answers=answers, by=actor.id, callbacks=world
    )
    saving.save(before, after, world)
    return after


def restart(
    actor: Actor, subject: Subject, process_key: str, variables: Mapping[str, Any] | None = None, *, reason: str
) -> ProcessInstance:
    """The subject changed: its running instance and tasks are superseded, a new one starts with the definition in
    force. The initiator stays who they were, unless `variables` name another."""
    given = dict(variables or {})
    started_by = given.pop(INITIATOR, None)
    for old in saving.running_of(subject, process_key):
        started_by = started_by or get_instance(old.id).started_by
        tasks.supersede_of(old.id, reason)
        saving.end(old, InstanceStatus.SUPERSEDED, actor, reason, clock.now())
        _tell(actor, "process:supersede", old.id, subject, process=process_key, reason=reason)
    return _start(actor, in_force(process_key), subject, given, started_by or actor.id)


def cancel(actor: Actor, subject: Subject, *, reason: str) -> int:
    """End every running instance about the subject and cancel its tasks; answers how many there were."""
    running = saving.running_of(subject)
    for one in running:
        tasks.cancel_of(one.id, reason)
        saving.end(one, InstanceStatus.CANCELLED, actor, reason, clock.now())
        _tell(actor, "process:cancel", one.id, subject, reason=reason)
    return len(running)


def _tell(actor: Actor, action: str, instance_id: str, subject: Subject, **details: Any) -> None:
    record(actor, action, Subject("process", instance_id), about=list(subject), **details)


def deploy(actor: Actor, xml: bytes, *, forms: Mapping[str, Any] | None = None, release: bool = True) -> Deployed:
    """Keep a diagram (with the forms its tasks name) as the next version of its key; with `release` it is in force.

    Deploying the same again changes nothing. Raises DiagramRefused naming each element with its reasons.
    """
    forms = forms or {}
    known = engine.Known(steps=step, rule_sets=rule_set_names(), forms=forms, groups=ROLES)
    made, new = store(actor, xml, forms, known)
    if new:
        record(actor, "process:deploy", Subject("process-definition", made.key), version=made.version, id=made.id)
    if release and not (is_in_force(made.key) and in_force(made.key).id == made.id):
        put_in_force(actor, made)
        record(actor, "process:release", Subject("process-definition", made.key), version=made.version, id=made.id)
    session().flush()
    return made


def seed(actor: Actor, folder: Path = FOLDER) -> list[str]:
    """Deploy the diagrams of a folder; answers the keys that are in force for the first time.

    A key that is in force already is left alone: a changed file is kept as a version that is not in force.
    """
    forms = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.form"))}
    first = []
    for path in sorted(folder.glob("*.bpmn")):
        xml = path.read_bytes()
        key = engine.key_of(xml)
        used = {name: forms[name] for name in engine.form_keys_of(xml) if name in forms}
        new = not is_in_force(key)
        made = deploy(actor, xml, forms=used, release=new)
        if new:
            first.append(key)
        elif in_force(key).id != made.id:
            log.warning("process.file_differs", key=key, version=made.version, file=path.name)
    return first
