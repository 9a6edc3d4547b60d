"""/incident: what waits for a person to put it right."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, select

from app.core.db import session
from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.engine import verbs
from app.integration.engine_rest.errors import missing
from app.integration.engine_rest.wire import (
    Given,
    asked,
    execution_id,
    moment_out,
    order_of,
    refuse_longer,
    split_execution,
    window,
)
from app.integration.permissions import ENGINE_OPERATE, ENGINE_READ
from app.processes.models import ProcessDefinition, ProcessIncident, ProcessInstance

COLUMNS = (ProcessIncident, ProcessInstance.definition_id, ProcessDefinition.key, ProcessDefinition.version)
SORTS = {
    "incidentId": ProcessIncident.id,
    "incidentMessage": ProcessIncident.message,
    "incidentTimestamp": ProcessIncident.created_at,
    "incidentType": ProcessIncident.kind,
    "executionId": ProcessIncident.instance_id,
    "activityId": ProcessIncident.element_id,
    "processInstanceId": ProcessIncident.instance_id,
    "processDefinitionId": ProcessInstance.definition_id,
    "causeIncidentId": ProcessIncident.id,
    "rootCauseIncidentId": ProcessIncident.id,
    "configuration": ProcessIncident.job_id,
    "tenantId": ProcessIncident.id,
    "createTime": ProcessIncident.created_at,
    "endTime": ProcessIncident.resolved_at,
}


def configuration(row: ProcessIncident) -> str | None:
    """What it is about: a job, or an external task."""
    return row.job_id or (row.details or {}).get("external_task")


def shape(found: Any) -> dict[str, Any]:
    """An incident as the dialect writes it."""
    row, definition_id, key, version = found
    return {
        "id": row.id,
        "processDefinitionId": f"{key}:{version}:{definition_id}",
        "processInstanceId": row.instance_id,
        "executionId": execution_id(row.instance_id, row.token),
        "incidentTimestamp": moment_out(row.created_at),
        "incidentType": row.kind,
        "activityId": row.element_id,
        "failedActivityId": row.element_id,
        "causeIncidentId": row.id,
        "rootCauseIncidentId": row.id,
        "configuration": configuration(row),
        "incidentMessage": row.message,
        "tenantId": None,
        "jobDefinitionId": None,
        "annotation": None,
    }


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The incidents that a query means, standing or not."""
    statement = (
        select(*columns or COLUMNS)
        .select_from(ProcessIncident)
        .join(ProcessInstance, ProcessInstance.id == ProcessIncident.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    )
    equal = {
        "incidentId": ProcessIncident.id,
        "incidentType": ProcessIncident.kind,
        "incidentMessage": ProcessIncident.message,
        "processInstanceId": ProcessIncident.instance_id,
        "activityId": ProcessIncident.element_id,
        "failedActivityId": ProcessIncident.element_id,
        "causeIncidentId": ProcessIncident.id,
        "rootCauseIncidentId": ProcessIncident.id,
        "configuration": ProcessIncident.job_id,
        "processDefinitionKey": ProcessInstance.key,
    }
    for name, column in equal.items():
        if name in given:
            statement = statement.where(column == given.text(name))
    keys = given.texts("processDefinitionKeyIn")
    if keys is not None:
        statement = statement.where(ProcessInstance.key.in_(keys))
    if "incidentMessageLike" in given:
        statement = statement.where(ProcessIncident.message.like(str(given.text("incidentMessageLike"))))
    if "processDefinitionId" in given:
        statement = statement.where(ProcessInstance.definition_id == inner(str(given.text("processDefinitionId"))))
    if "executionId" in given:
        instance, token = split_execution(str(given.text("executionId")))
        statement = statement.where(ProcessIncident.instance_id == instance)
        statement = statement.where(ProcessIncident.token == token) if token is not None else statement
    for name in ("incidentTimestampAfter", "createTimeAfter"):
        moment = given.moment(name)
        statement = statement.where(ProcessIncident.created_at > moment) if moment else statement
    for name in ("incidentTimestampBefore", "createTimeBefore"):
        moment = given.moment(name)
        statement = statement.where(ProcessIncident.created_at < moment) if moment else statement
    return statement


def standing(given: Given, *columns: Any) -> Select[Any]:
    """Those that stand."""
    return filtered(given, *columns).where(ProcessIncident.resolved_at.is_(None))


@bp.get("/incident")
@requires(ENGINE_READ)
def list_incidents() -> Response:
    """The incidents that a query means."""
    given = asked()
    first, most = window(given)
    order = order_of(given, SORTS) or [ProcessIncident.created_at]
    rows = session().execute(standing(given).order_by(*order, ProcessIncident.id).limit(most).offset(first))
    return jsonify([shape(row) for row in refuse_longer(list(rows))])


@bp.get("/incident/count")
@requires(ENGINE_READ)
def count_incidents() -> dict[str, int]:
    """How many they are."""
    counted = select(func.count()).select_from(standing(asked(), ProcessIncident.id).subquery())
    return {"count": session().scalar(counted) or 0}


def _one(incident_id: str) -> Any:
    row = session().execute(standing(Given({"incidentId": incident_id}))).first()
    if row is None:
        missing(f"No matching incident with id {incident_id}")
    return row


@bp.get("/incident/<incident_id>")
@requires(ENGINE_READ)
def get_incident(incident_id: str) -> dict[str, Any]:
    """One of them."""
    return shape(_one(incident_id))


@bp.delete("/incident/<incident_id>")
@requires(ENGINE_OPERATE)
def resolve_incident(incident_id: str) -> ResponseReturnValue:
    """It is put right: what failed is tried again."""
    _one(incident_id)
    verbs.retry_incident(current_actor(), incident_id, "resolved by program")
    return done()
