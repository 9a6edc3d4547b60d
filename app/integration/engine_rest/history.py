"""/history/process-instance and /history/incident: what ran and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, jsonify
from sqlalchemy import Select, and_, exists, func, or_, select

from app.core.db import session
from app.core.permissions import requires
from app.integration.engine_rest import incidents
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.errors import missing
from app.integration.engine_rest.filters import count_where, instances_where, of_everybody
from app.integration.engine_rest.instances import any_of, by_instance, statement_of, waits_at
from app.integration.engine_rest.narrowing import between, narrow
from app.integration.engine_rest.people import id_of, logins_of
from app.integration.engine_rest.wire import Given, asked, moment_out, order_of, refuse_longer, window
from app.integration.permissions import ENGINE_READ
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessEvent, ProcessIncident, ProcessInstance

STATES = {
    InstanceStatus.COMPLETED.value: "COMPLETED",
    InstanceStatus.CANCELLED.value: "EXTERNALLY_TERMINATED",
    InstanceStatus.SUPERSEDED.value: "INTERNALLY_TERMINATED",
    InstanceStatus.FAILED.value: "INTERNALLY_TERMINATED",
}
COLUMNS = (
    ProcessInstance.id,
    ProcessInstance.definition_id,
    ProcessInstance.status,
    ProcessInstance.business_key,
    ProcessInstance.suspended,
    ProcessInstance.super_instance_id,
    ProcessInstance.root_id,
    ProcessInstance.started_by,
    ProcessInstance.started_at,
    ProcessInstance.ended_at,
    ProcessInstance.end_reason,
    ProcessDefinition.key,
    ProcessDefinition.version,
    ProcessDefinition.name,
)
SORTS = {
    "instanceId": ProcessInstance.id,
    "definitionId": ProcessInstance.definition_id,
    "definitionKey": ProcessInstance.key,
    "definitionName": ProcessInstance.key,
    "definitionVersion": ProcessDefinition.version,
    "businessKey": ProcessInstance.business_key,
    "startTime": ProcessInstance.started_at,
    "endTime": ProcessInstance.ended_at,
    "duration": ProcessInstance.ended_at,
    "tenantId": ProcessInstance.id,
}


def duration(start: datetime | None, end: datetime | None) -> int | None:
    """Milliseconds between two moments."""
    return None if start is None or end is None else max(0, round((end - start).total_seconds() * 1000))


def shapes(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Instances of history as the dialect writes them. Two statements."""
    people = logins_of(row.started_by for row in rows)
    starts = _starts([row.id for row in rows])
    return [_shape(row, people, starts) for row in rows]


def _starts(ids: Sequence[str]) -> dict[str, str]:
    """The first element of each."""
    if not ids:
        return {}
    first = (
        select(ProcessEvent.instance_id, func.min(ProcessEvent.seq).label("seq"))
        .where(ProcessEvent.instance_id.in_(ids), ProcessEvent.kind == "entered")
        .group_by(ProcessEvent.instance_id)
        .subquery()
    )
    joined = select(ProcessEvent.instance_id, ProcessEvent.element_id).join(
        first, and_(first.c.instance_id == ProcessEvent.instance_id, first.c.seq == ProcessEvent.seq)
    )
    return {row.instance_id: row.element_id for row in session().execute(joined)}


def _shape(row: Any, people: dict[str, str], starts: dict[str, str]) -> dict[str, Any]:
    name = dict(row.name or {})
    running = row.status == InstanceStatus.RUNNING.value
    state = ("SUSPENDED" if row.suspended else "ACTIVE") if running else STATES[row.status]
    return {
        "id": row.id,
        "businessKey": row.business_key,
        "processDefinitionId": f"{row.key}:{row.version}:{row.definition_id}",
        "processDefinitionKey": row.key,
        "processDefinitionName": name.get("en") or name.get("zh") or None,
        "processDefinitionVersion": row.version,
        "startTime": moment_out(row.started_at),
        "endTime": moment_out(row.ended_at),
        "removalTime": None,
        "durationInMillis": duration(row.started_at, row.ended_at),
        "startUserId": people.get(row.started_by),
        "startActivityId": starts.get(row.id),
        "deleteReason": row.end_reason if state.endswith("TERMINATED") else None,
        "rootProcessInstanceId": row.root_id or row.id,
        "superProcessInstanceId": row.super_instance_id,
        "superCaseInstanceId": None,
        "caseInstanceId": None,
        "tenantId": None,
        "state": state,
        "restartedProcessInstanceId": None,
    }


_status = ProcessInstance.status
_running = _status == InstanceStatus.RUNNING.value
_FLAGS = {
    "finished": _status.in_([status.value for status in InstanceStatus if status != InstanceStatus.RUNNING]),
    "unfinished": _running,
    "active": _running & ProcessInstance.suspended.is_(False),
    "suspended": _running & ProcessInstance.suspended.is_(True),
    "completed": _status == InstanceStatus.COMPLETED.value,
    "externallyTerminated": _status == InstanceStatus.CANCELLED.value,
    "internallyTerminated": _status.in_([InstanceStatus.SUPERSEDED.value, InstanceStatus.FAILED.value]),
    "rootProcessInstances": ProcessInstance.super_instance_id.is_(None),
    "withIncidents": exists().where(ProcessIncident.instance_id == ProcessInstance.id),
    "withRootIncidents": exists().where(ProcessIncident.instance_id == ProcessInstance.id),
}
_STATE_FLAGS = ("active", "suspended", "completed", "externallyTerminated", "internallyTerminated")


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The instances, running or not, that a query means, without what it asks of variables."""
    statement = _narrowed(given, statement_of(*columns or COLUMNS, running_only=False))
    return any_of(given, statement, lambda one: _narrowed(one, statement_of(ProcessInstance.id, running_only=False)))


def _narrowed(given: Given, statement: Select[Any]) -> Select[Any]:
    statement = by_instance(given, statement)
    statement = narrow(
        statement,
        given,
        equal={"processDefinitionName": ProcessDefinition.name["en"].as_string()},
        likes={"processDefinitionNameLike": ProcessDefinition.name["en"].as_string()},
        flags={name: condition for name, condition in _FLAGS.items() if name not in _STATE_FLAGS},
    )
    states = [_FLAGS[name] for name in _STATE_FLAGS if given.flag(name)]
    if states:
        statement = statement.where(or_(*states))
    if "startedBy" in given:
        statement = statement.where(ProcessInstance.started_by == id_of(given.text("startedBy")))
    times = {"started": ProcessInstance.started_at, "finished": ProcessInstance.ended_at}
    statement = between(statement, given, times, inclusive=True)
    if any(name in given for name in _VISITS):
        statement = statement.where(_visited(given))
    active = given.texts("activeActivityIdIn")
    if active is not None:
        statement = statement.where(waits_at(active), _running)
    elsewhere = ("caseInstanceId", "superCaseInstanceId", "subCaseInstanceId", "executedJobAfter", "executedJobBefore")
    if given.texts("tenantIdIn") or any(name in given for name in elsewhere):
        statement = statement.where(ProcessInstance.id.is_(None))
    return _with_incident(given, statement)


_VISITS = ("executedActivityIdIn", "executedActivityIds", "executedActivityAfter", "executedActivityBefore")


def _visited(given: Given) -> Any:
    """It came to one of these elements, in this time."""
    parts = [ProcessEvent.instance_id == ProcessInstance.id, ProcessEvent.token.is_not(None)]
    for name in ("executedActivityIdIn", "executedActivityIds"):
        activities = given.texts(name)
        if activities is not None:
            parts.append(ProcessEvent.element_id.in_(activities))
    after, before = given.moment("executedActivityAfter"), given.moment("executedActivityBefore")
    if after is not None:
        parts.append(ProcessEvent.at >= after)
    if before is not None:
        parts.append(ProcessEvent.at <= before)
    return exists().where(*parts)


def _with_incident(given: Given, statement: Select[Any]) -> Select[Any]:
    names = ("incidentType", "incidentStatus", "incidentMessage", "incidentMessageLike")
    if not any(name in given for name in names):
        return statement
    parts = [ProcessIncident.instance_id == ProcessInstance.id]
    if "incidentMessage" in given:
        parts.append(ProcessIncident.message == given.text("incidentMessage"))
    if "incidentMessageLike" in given:
        parts.append(ProcessIncident.message.like(str(given.text("incidentMessageLike"))))
    if "incidentType" in given:
        parts.append(ProcessIncident.kind == given.text("incidentType"))
    standing = given.text("incidentStatus")
    if standing in ("open", "resolved"):
        none = ProcessIncident.resolved_at.is_(None)
        parts.append(none if standing == "open" else ~none)
    return statement.where(exists().where(*parts))


@bp.route("/history/process-instance", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_past_instances() -> Response:
    """Instances, running or ended."""
    given = asked()
    first, most = window(given)
    wanted = of_everybody(given, "variables")
    order = order_of(given, SORTS) or [ProcessInstance.started_at]
    statement = filtered(given).order_by(*order, ProcessInstance.id)
    rows = instances_where(wanted, statement, first, most)
    return jsonify(shapes(refuse_longer(rows)))


@bp.route("/history/process-instance/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_past_instances() -> dict[str, int]:
    """How many they are."""
    given = asked()
    statement = filtered(given, ProcessInstance.id).order_by(ProcessInstance.id)
    return {"count": count_where(of_everybody(given, "variables"), statement)}


@bp.get("/history/process-instance/<instance_id>")
@requires(ENGINE_READ)
def get_past_instance(instance_id: str) -> dict[str, Any]:
    """One of them."""
    row = session().execute(filtered(Given({"processInstanceId": instance_id}))).first()
    if row is None:
        missing(f"Historic process instance with id {instance_id} does not exist")
    return shapes([row])[0]


def _incident(found: Any) -> dict[str, Any]:
    row = found[0]
    shown = incidents.shape(found)
    for gone in ("incidentTimestamp", "annotation"):
        shown.pop(gone)
    is_open = row.resolved_at is None
    return {
        **shown,
        "rootProcessInstanceId": None,
        "createTime": moment_out(row.created_at),
        "endTime": moment_out(row.resolved_at),
        "removalTime": None,
        "historyConfiguration": None,
        "open": is_open,
        "deleted": False,
        "resolved": not is_open,
        "annotation": None,
    }


def _past_incidents(given: Given, *columns: Any) -> Select[Any]:
    statement = incidents.filtered(given, *columns)
    if given.flag("open"):
        statement = statement.where(ProcessIncident.resolved_at.is_(None))
    if given.flag("resolved"):
        statement = statement.where(ProcessIncident.resolved_at.is_not(None))
    if given.flag("deleted"):
        statement = statement.where(ProcessIncident.id.is_(None))
    return statement


@bp.get("/history/incident")
@requires(ENGINE_READ)
def list_past_incidents() -> Response:
    """Incidents, standing or resolved."""
    given = asked()
    first, most = window(given)
    order = order_of(given, incidents.SORTS) or [ProcessIncident.created_at]
    rows = session().execute(_past_incidents(given).order_by(*order, ProcessIncident.id).limit(most).offset(first))
    return jsonify([_incident(row) for row in refuse_longer(list(rows))])


@bp.get("/history/incident/count")
@requires(ENGINE_READ)
def count_past_incidents() -> dict[str, int]:
    """How many they are."""
    counted = select(func.count()).select_from(_past_incidents(asked(), ProcessIncident.id).subquery())
    return {"count": session().scalar(counted) or 0}
