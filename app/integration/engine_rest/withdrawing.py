"""Deleting a deployment, which here is taking it back: nothing that ran is erased."""

from __future__ import annotations

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.core.subject import Subject
from app.integration.engine_rest.definitions import SHOWN
from app.integration.engine_rest.engine import verbs
from app.integration.models import DeployedDefinition, DeploymentWithdrawal
from app.processes.definitions import deployed
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessInstance, ProcessRelease

_running = ProcessInstance.status == InstanceStatus.RUNNING.value


def keys_of(deployment_id: str) -> list[str]:
    """The processes that a deployment brought versions of, in order of their keys."""
    keys = select(ProcessDefinition.key).join(
        DeployedDefinition, DeployedDefinition.definition_id == ProcessDefinition.id
    )
    return list(
        session().scalars(
            keys.where(DeployedDefinition.deployment_id == deployment_id).distinct().order_by(ProcessDefinition.key)
        )
    )


def withdraw(actor: Actor, deployment_id: str, *, cascade: bool) -> int:
    """Take a deployment back; with `cascade` what runs of what only it brought is ended. Without, answers how many run:
    then nothing was done."""
    taken_back = DeploymentWithdrawal(deployment_id=deployment_id, at=clock.now(), by=actor.id)
    session().add(taken_back)
    session().flush()
    brought = select(DeployedDefinition.definition_id).where(DeployedDefinition.deployment_id == deployment_id)
    gone = list(session().scalars(select(ProcessDefinition.id).where(ProcessDefinition.id.in_(brought), ~SHOWN)))
    of_them = select(ProcessInstance.id).where(ProcessInstance.definition_id.in_(gone), _running)
    running = list(session().scalars(of_them.order_by(ProcessInstance.id)))
    if running and not cascade:
        session().delete(taken_back)
        session().flush()
        return len(running)
    for instance in running:
        if session().scalar(select(ProcessInstance.id).where(ProcessInstance.id == instance, _running)):
            verbs.cancel_instance(actor, instance, "deployment deleted")  # it may have called the next one
    for definition in gone:
        _out_of_force(actor, definition)
    record(actor, "deployment:delete", Subject("deployment", deployment_id), cascade=cascade, ended=len(running))
    return 0


def _out_of_force(actor: Actor, definition_id: str) -> None:
    made = deployed(definition_id)
    if session().scalar(select(ProcessRelease.definition_id).where(ProcessRelease.key == made.key)) != definition_id:
        return
    of_key = select(ProcessDefinition.id).where(ProcessDefinition.key == made.key, SHOWN)
    before = session().scalar(of_key.order_by(ProcessDefinition.version.desc()).limit(1))
    verbs.take_out_of_force(actor, made, instead=None if before is None else deployed(before))
