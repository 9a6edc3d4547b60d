"""/process-instance: what runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, exists, not_, or_, select

from app.core.db import session
from app.core.jobs import Job
from app.core.permissions import current_actor, requires
from app.integration.engine_rest import activity_tree
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.engine import tokens_of, verbs
from app.integration.engine_rest.errors import InvalidRequest, missing
from app.integration.engine_rest.filters import count_where, instances_where, of_everybody
from app.integration.engine_rest.narrowing import narrow
from app.integration.engine_rest.starting import links
from app.integration.engine_rest.starting import shape as instance_shape
from app.integration.engine_rest.wire import Given, asked, order_of, refuse_longer, sent, window
from app.integration.permissions import ENGINE_OPERATE, ENGINE_READ
from app.processes.external.models import ExternalTask
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessIncident, ProcessInstance, ProcessWait
from app.tasks.models import Task, TaskStatus

_externals: Any = ExternalTask.__table__
RUNNING = ProcessInstance.status == InstanceStatus.RUNNING.value
COLUMNS = (
    ProcessInstance.id,
    ProcessInstance.definition_id,
    ProcessInstance.status,
    ProcessInstance.business_key,
    ProcessInstance.suspended,
    ProcessDefinition.key,
    ProcessDefinition.version,
)
SORTS = {
    "instanceId": ProcessInstance.id,
    "definitionKey": ProcessInstance.key,
    "definitionId": ProcessInstance.definition_id,
    "tenantId": ProcessInstance.id,
    "businessKey": ProcessInstance.business_key,
}


def shape(row: Any) -> dict[str, Any]:
    """An instance as the dialect writes it."""
    return instance_shape(row, f"{row.key}:{row.version}:{row.definition_id}", row.key)


def statement_of(*columns: Any, running_only: bool = True) -> Select[Any]:
    """Running instances with their definitions; also ended ones, if asked."""
    joined = select(*columns or COLUMNS).select_from(ProcessInstance)
    joined = joined.join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    return joined.where(RUNNING) if running_only else joined


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The running instances that a query means, without what it asks of variables."""
    statement = narrowed(given, statement_of(*columns))
    return any_of(given, statement, lambda one: narrowed(one, statement_of(ProcessInstance.id)))


def any_of(given: Given, statement: Select[Any], ids_of: Callable[[Given], Select[Any]]) -> Select[Any]:
    """The statement with the `orQueries`: of each, one condition at least holds."""
    for one in given.objects("orQueries"):
        if "variables" in one:
            raise InvalidRequest("Variables are not supported within orQueries")
        parts = [ids_of(Given({name: value})) for name, value in one.values.items() if value is not None]
        if parts:
            statement = statement.where(or_(*(ProcessInstance.id.in_(part) for part in parts)))
    return statement


def narrowed(given: Given, statement: Select[Any]) -> Select[Any]:
    """The running instances of the statement that a query means, `orQueries` left out."""
    statement = by_instance(given, statement)
    flags = {
        "active": ProcessInstance.suspended.is_(False),
        "suspended": ProcessInstance.suspended.is_(True),
        "withIncident": _standing(),
        "rootProcessInstances": ProcessInstance.super_instance_id.is_(None),
        "leafProcessInstances": not_(_called()),
    }
    for name, condition in flags.items():
        if given.flag(name):
            statement = statement.where(condition)
    if "incidentMessageLike" in given:
        statement = statement.where(_standing(ProcessIncident.message.like(str(given.text("incidentMessageLike")))))
    for name, column in (
        ("incidentId", ProcessIncident.id),
        ("incidentType", ProcessIncident.kind),
        ("incidentMessage", ProcessIncident.message),
    ):
        if name in given:
            statement = statement.where(_standing(column == given.text(name)))
    activities = given.texts("activityIdIn")
    if activities is not None:
        statement = statement.where(waits_at(activities))
    if (
        given.texts("tenantIdIn")
        or "caseInstanceId" in given
        or "subCaseInstance" in given
        or "superCaseInstance" in given
    ):
        statement = statement.where(ProcessInstance.id.is_(None))
    return statement


def _standing(*more: Any) -> Any:
    return exists().where(
        ProcessIncident.instance_id == ProcessInstance.id, ProcessIncident.resolved_at.is_(None), *more
    )


def _called() -> Any:
    called = ProcessInstance.__table__.alias("called")
    return exists().where(
        called.c.super_instance_id == ProcessInstance.id, called.c.status == InstanceStatus.RUNNING.value
    )


def waits_at(activities: list[str]) -> Any:
    """Waiting at an activity: a person's task, a program's, an event, a job. What is done at once is never seen."""
    tasks = exists().where(
        Task.source_id == ProcessInstance.id, Task.status == TaskStatus.OPEN.value, Task.element_id.in_(activities)
    )
    external = exists().where(_externals.c.instance_id == ProcessInstance.id, _externals.c.element_id.in_(activities))
    events = exists().where(ProcessWait.instance_id == ProcessInstance.id, ProcessWait.element_id.in_(activities))
    jobs = exists().where(
        Job.source_kind == "process", Job.source_id == ProcessInstance.id, Job.element_id.in_(activities)
    )
    return tasks | external | events | jobs


def by_instance(given: Given, statement: Select[Any]) -> Select[Any]:
    """What a query asks of columns of the instance; shared with history."""
    statement = narrow(
        statement,
        given,
        equal={
            "processInstanceId": ProcessInstance.id,
            "businessKey": ProcessInstance.business_key,
            "processInstanceBusinessKey": ProcessInstance.business_key,
            "processDefinitionKey": ProcessInstance.key,
            "superProcessInstance": ProcessInstance.super_instance_id,
            "superProcessInstanceId": ProcessInstance.super_instance_id,
            "rootProcessInstanceId": ProcessInstance.root_id,
            "deploymentId": ProcessDefinition.deployment_id,
        },
        several={
            "processInstanceIds": ProcessInstance.id,
            "processDefinitionKeyIn": ProcessInstance.key,
            "processInstanceBusinessKeyIn": ProcessInstance.business_key,
        },
        likes={
            "businessKeyLike": ProcessInstance.business_key,
            "processInstanceBusinessKeyLike": ProcessInstance.business_key,
        },
    )
    none_of = given.texts("processDefinitionKeyNotIn")
    if none_of is not None:
        statement = statement.where(ProcessInstance.key.not_in(none_of))
    if "processDefinitionId" in given:
        statement = statement.where(ProcessInstance.definition_id == inner(str(given.text("processDefinitionId"))))
    for name in ("subProcessInstance", "subProcessInstanceId"):
        if name in given:
            called = ProcessInstance.__table__.alias("called")
            parent = select(called.c.super_instance_id).where(called.c.id == given.text(name)).scalar_subquery()
            statement = statement.where(ProcessInstance.id == parent)
    return statement


@bp.route("/process-instance", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_instances() -> Response:
    """The running instances that a query means."""
    given = asked()
    first, most = window(given)
    wanted = of_everybody(given, "variables")
    statement = filtered(given).order_by(*order_of(given, SORTS), ProcessInstance.id)
    rows = instances_where(wanted, statement, first, most)
    return jsonify([shape(row) for row in refuse_longer(rows)])


@bp.route("/process-instance/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_instances() -> dict[str, int]:
    """How many they are."""
    given = asked()
    statement = filtered(given, ProcessInstance.id).order_by(ProcessInstance.id)
    return {"count": count_where(of_everybody(given, "variables"), statement)}


def running(instance_id: str) -> Any:
    """The row of a running instance. Raises 404 as the dialect does."""
    row = session().execute(statement_of().where(ProcessInstance.id == instance_id)).first()
    if row is None:
        missing(f"Process instance with id {instance_id} does not exist")
    return row


def _runs(instance_id: str) -> bool:
    return (
        session().execute(statement_of(ProcessInstance.id).where(ProcessInstance.id == instance_id)).first() is not None
    )


@bp.get("/process-instance/<instance_id>")
@requires(ENGINE_READ)
def get_instance(instance_id: str) -> dict[str, Any]:
    """One instance, while it runs."""
    return {**shape(running(instance_id)), "links": links(instance_id)}


@bp.delete("/process-instance/<instance_id>")
@requires(ENGINE_OPERATE)
def delete_instance(instance_id: str) -> ResponseReturnValue:
    """End it; it stays in history."""
    if request.args.get("failIfNotExists", "true").lower() == "false" and not _runs(instance_id):
        return done()
    running(instance_id)
    verbs.cancel_instance(current_actor(), instance_id, request.args.get("deleteReason", "") or "deleted by program")
    return done()


@bp.post("/process-instance/delete")
@requires(ENGINE_OPERATE)
def delete_instances() -> dict[str, Any]:
    """End several, answered as a batch that is done."""
    given = sent()
    ids = given.texts("processInstanceIds") or []
    queried = given.mapping("processInstanceQuery")
    if queried:
        ids += session().scalars(filtered(Given(queried), ProcessInstance.id).limit(1001))
    if not ids:
        raise InvalidRequest("processInstanceIds is empty", kind="BadUserRequestException")
    if len(ids) > 1000:
        raise InvalidRequest("More than 1000 instances at once", kind="BadUserRequestException")
    for instance in dict.fromkeys(ids):
        running(instance)
        verbs.cancel_instance(current_actor(), instance, given.text("deleteReason", 500) or "deleted by program")
    return {"id": None, "type": "instance-deletion", "totalJobs": len(ids), "jobsCreated": len(ids), "suspended": False}


@bp.put("/process-instance/<instance_id>/suspended")
@requires(ENGINE_OPERATE)
def suspend_instance(instance_id: str) -> ResponseReturnValue:
    """Stop it for a while, or let it go on."""
    _suspend(instance_id, sent())
    return done()


@bp.put("/process-instance/suspended")
@requires(ENGINE_OPERATE)
def suspend_instances() -> ResponseReturnValue:
    """The same for several, named by id, by definition, or by key."""
    given = sent()
    ids = given.texts("processInstanceIds")
    if ids is None:
        names = ("processDefinitionId", "processDefinitionKey")
        if not any(name in given for name in names):
            raise InvalidRequest(
                "Either processInstanceId, processDefinitionId or processDefinitionKey can be set to update the "
                "suspension state."
            )
        query = Given({name: given.raw(name) for name in names})
        ids = list(session().scalars(filtered(query, ProcessInstance.id).limit(1001)))
    if len(ids) > 1000:
        raise InvalidRequest("More than 1000 instances at once", kind="BadUserRequestException")
    for instance in ids:
        _suspend(instance, given)
    return done()


def _suspend(instance_id: str, given: Given) -> None:
    row = running(instance_id)
    if given.raw("suspended") is None:
        raise InvalidRequest("suspended is null")
    wanted = given.flag("suspended")
    if bool(row.suspended) != wanted:
        (verbs.suspend if wanted else verbs.resume)(current_actor(), instance_id, "by program")


@bp.get("/process-instance/<instance_id>/activity-instances")
@requires(ENGINE_READ)
def activity_instances(instance_id: str) -> dict[str, Any]:
    """Where it is: the tree of its activities, each with the tokens there, those that wait at a join too."""
    row = running(instance_id)
    return activity_tree.tree(instance_id, outer_id(row), tokens_of(instance_id))


def outer_id(row: Any) -> str:
    """The dialect's id of the row's definition."""
    return f"{row.key}:{row.version}:{row.definition_id}"
