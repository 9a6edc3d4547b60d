"""Deleting a deployment, which here is taking it back: nothing that ran is erased."""

from __future__ import annotations

from sqlalchemy import delete, select

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.core.subject import Subject
from app.integration.engine_rest.definitions import SHOWN
from app.integration.engine_rest.engine import verbs
from app.integration.models import DeploymentResource, DeploymentWithdrawal
from app.processes.definitions import deployed, put_in_force
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessInstance, ProcessRelease


def withdraw(actor: Actor, deployment_id: str, *, cascade: bool) -> int:
    """Take a deployment back. Answers how many instances run of what only it brought; then nothing was done, unless
    with `cascade`, which ends them."""
    session().add(DeploymentWithdrawal(deployment_id=deployment_id, at=clock.now(), by=actor.id))
    session().flush()
    brought = select(DeploymentResource.definition_id).where(
        DeploymentResource.deployment_id == deployment_id, DeploymentResource.definition_id.is_not(None)
    )
    gone = list(
        session().execute(
            select(ProcessDefinition.id, ProcessDefinition.key).where(ProcessDefinition.id.in_(brought), ~SHOWN)
        )
    )
    running = list(
        session().scalars(
            select(ProcessInstance.id)
            .where(
                ProcessInstance.definition_id.in_([row.id for row in gone]),
                ProcessInstance.status == InstanceStatus.RUNNING.value,
            )
            .order_by(ProcessInstance.id)
        )
    )
    if running and not cascade:
        return len(running)
    for instance in running:
        verbs.cancel_instance(actor, instance, "deployment deleted")
    for row in gone:
        _out_of_force(actor, row.id, row.key)
    record(actor, "deployment:delete", Subject("deployment", deployment_id), cascade=cascade, ended=len(running))
    return 0


def _out_of_force(actor: Actor, definition_id: str, key: str) -> None:
    release = session().get(ProcessRelease, key, populate_existing=True)
    if release is None or release.definition_id != definition_id:
        return
    before = session().scalar(
        select(ProcessDefinition.id)
        .where(ProcessDefinition.key == key, SHOWN)
        .order_by(ProcessDefinition.version.desc())
        .limit(1)
    )
    if before is None:
        session().expunge(release)
        session().execute(delete(ProcessRelease).where(ProcessRelease.key == key))
    else:
        put_in_force(actor, deployed(before))
