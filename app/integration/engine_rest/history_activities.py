"""/history/activity-instance: each visit of a token at an element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from app.core.db import session
from app.core.permissions import requires
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.errors import InvalidRequest
from app.integration.engine_rest.history import duration
from app.integration.engine_rest.people import id_of, logins_of
from app.integration.engine_rest.wire import (
    Given,
    activity_instance_id,
    asked,
    execution_id,
    moment_out,
    order_of,
    refuse_longer,
    split_execution,
    window,
)
from app.integration.permissions import ENGINE_READ
from app.processes.definitions import deployed
from app.processes.models import ProcessDefinition, ProcessEvent, ProcessInstance
from app.tasks.models import Task

CAME = ("entered", "decided", "performed")
LEFT = ("left", "completed", "fired", "caught", "closed")
MOST_DEFINITIONS = 200
_later = aliased(ProcessEvent)
_gone = (
    select(func.min(_later.at))
    .where(
        _later.instance_id == ProcessEvent.instance_id,
        _later.token == ProcessEvent.token,
        _later.seq > ProcessEvent.seq,
        _later.kind.in_(LEFT),
    )
    .correlate(ProcessEvent)
    .scalar_subquery()
)
_closed = (
    select(func.count())
    .where(
        _later.instance_id == ProcessEvent.instance_id,
        _later.token == ProcessEvent.token,
        _later.seq > ProcessEvent.seq,
        _later.kind == "closed",
    )
    .correlate(ProcessEvent)
    .scalar_subquery()
)
END = func.coalesce(_gone, ProcessInstance.ended_at)
COLUMNS = (
    ProcessEvent.instance_id,
    ProcessEvent.seq,
    ProcessEvent.at,
    ProcessEvent.element_id,
    ProcessEvent.token,
    ProcessEvent.at_once,
    _gone.label("gone"),
    _closed.label("closed"),
    ProcessInstance.ended_at,
    ProcessInstance.definition_id,
    ProcessInstance.root_id,
    ProcessInstance.key,
    ProcessDefinition.version,
)
SORTS = {
    "activityInstanceId": ProcessEvent.token,
    "instanceId": ProcessEvent.instance_id,
    "executionId": ProcessEvent.token,
    "activityId": ProcessEvent.element_id,
    "activityName": ProcessEvent.element_id,
    "activityType": ProcessEvent.element_id,
    "startTime": ProcessEvent.at,
    "endTime": END,
    "duration": END,
    "definitionId": ProcessInstance.definition_id,
    "occurrence": ProcessEvent.seq,
    "tenantId": ProcessEvent.instance_id,
}


def _statement(*columns: Any) -> Select[Any]:
    return (
        select(*columns or COLUMNS)
        .select_from(ProcessEvent)
        .join(ProcessInstance, ProcessInstance.id == ProcessEvent.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(ProcessEvent.kind.in_(CAME), ProcessEvent.token.is_not(None))
    )


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The visits that a query means."""
    statement = _statement(*columns)
    equal = {
        "processInstanceId": ProcessEvent.instance_id,
        "activityId": ProcessEvent.element_id,
        "processDefinitionKey": ProcessInstance.key,
    }
    for name, column in equal.items():
        if name in given:
            statement = statement.where(column == given.text(name))
    several = {"activityIdIn": ProcessEvent.element_id, "processInstanceIdIn": ProcessEvent.instance_id}
    for name, column in several.items():
        wanted = given.texts(name)
        statement = statement.where(column.in_(wanted)) if wanted is not None else statement
    if "processDefinitionId" in given:
        statement = statement.where(ProcessInstance.definition_id == inner(str(given.text("processDefinitionId"))))
    for name in ("executionId", "activityInstanceId"):
        if name in given:
            told = str(given.text(name))
            instance, token = split_execution(told.partition(":")[2] if name == "activityInstanceId" else told)
            statement = statement.where(ProcessEvent.instance_id == instance, ProcessEvent.token == token)
    if "taskAssignee" in given:
        done = and_(Task.source_id == ProcessEvent.instance_id, Task.assignee_id == id_of(given.text("taskAssignee")))
        mine = select(Task.element_id).where(done).correlate(ProcessEvent)
        statement = statement.where(ProcessEvent.element_id.in_(mine))
    if "activityType" in given or "activityName" in given:
        statement = statement.where(_drawn_so(given, statement))
    return _by_time(given, statement)


def _by_time(given: Given, statement: Select[Any]) -> Select[Any]:
    ended = or_(ProcessEvent.at_once.is_(True), END.is_not(None))
    flags = {
        "finished": ended,
        "unfinished": ~ended,
        "canceled": and_(ProcessEvent.at_once.is_(False), or_(_closed > 0, and_(_gone.is_(None), END.is_not(None)))),
        "completeScope": false(),
    }
    for name, condition in flags.items():
        statement = statement.where(condition) if given.flag(name) else statement
    finish = func.coalesce(END, ProcessEvent.at)
    for what, column in (("started", ProcessEvent.at), ("finished", finish)):
        after, before = given.moment(f"{what}After"), given.moment(f"{what}Before")
        if what == "finished" and (after is not None or before is not None):
            statement = statement.where(ended)
        statement = statement.where(column > after) if after is not None else statement
        statement = statement.where(column < before) if before is not None else statement
    return statement


def _drawn_so(given: Given, statement: Select[Any]) -> Any:
    """The element has this type and name in its diagram: asked of each diagram that the rest of the query means."""
    asked_for = statement.with_only_columns(ProcessInstance.definition_id).order_by(None).distinct()
    ids = list(session().scalars(asked_for.limit(MOST_DEFINITIONS + 1)))
    if len(ids) > MOST_DEFINITIONS:
        raise InvalidRequest("Too many definitions: narrow the query by processDefinitionKey")
    kind, name = given.text("activityType"), given.text("activityName")
    parts: list[ColumnElement[bool]] = [false()]
    for definition in ids:
        fitting = [
            element.id
            for element in deployed(definition).definition.elements.values()
            if kind in (None, element.kind, kind_of(element)) and name in (None, element.name.get("en"))
        ]
        parts.append(and_(ProcessInstance.definition_id == definition, ProcessEvent.element_id.in_(fitting)))
    return or_(*parts)


_EVENTS = {
    ("startEvent", "none"): "startEvent",
    ("startEvent", "message"): "messageStartEvent",
    ("startEvent", "timer"): "startTimerEvent",
    ("startEvent", "signal"): "signalStartEvent",
    ("startEvent", "conditional"): "conditionalStartEvent",
    ("startEvent", "error"): "errorStartEvent",
    ("startEvent", "escalation"): "escalationStartEvent",
    ("endEvent", "none"): "noneEndEvent",
    ("endEvent", "error"): "errorEndEvent",
    ("endEvent", "escalation"): "escalationEndEvent",
    ("endEvent", "message"): "messageEndEvent",
    ("endEvent", "signal"): "signalEndEvent",
    ("endEvent", "cancel"): "cancelEndEvent",
    ("endEvent", "compensate"): "compensationEndEvent",
    ("endEvent", "terminate"): "terminateEndEvent",
    ("boundaryEvent", "timer"): "boundaryTimer",
    ("boundaryEvent", "message"): "boundaryMessage",
    ("boundaryEvent", "signal"): "boundarySignal",
    ("boundaryEvent", "error"): "boundaryError",
    ("boundaryEvent", "escalation"): "boundaryEscalation",
    ("boundaryEvent", "conditional"): "boundaryConditional",
    ("boundaryEvent", "compensate"): "compensationBoundaryCatch",
    ("boundaryEvent", "cancel"): "cancelBoundaryCatch",
    ("intermediateCatchEvent", "timer"): "intermediateTimer",
    ("intermediateCatchEvent", "message"): "intermediateMessageCatch",
    ("intermediateCatchEvent", "signal"): "intermediateSignalCatch",
    ("intermediateCatchEvent", "conditional"): "intermediateConditional",
    ("intermediateCatchEvent", "link"): "intermediateLinkCatch",
    ("intermediateThrowEvent", "none"): "intermediateNoneThrowEvent",
    ("intermediateThrowEvent", "message"): "intermediateMessageThrowEvent",
    ("intermediateThrowEvent", "signal"): "intermediateSignalThrow",
    ("intermediateThrowEvent", "escalation"): "intermediateEscalationThrowEvent",
    ("intermediateThrowEvent", "compensate"): "intermediateCompensationThrowEvent",
}


def kind_of(element: Any) -> str:
    """The dialect's name for the type of an element."""
    trigger = getattr(element, "trigger", None)
    return _EVENTS.get((element.kind, trigger), element.kind) if trigger else str(element.kind)


def shapes(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Visits as the dialect writes them. Three statements."""
    ids = {row.instance_id for row in rows}
    tasks = _tasks(ids)
    people = logins_of(task.assignee_id for task in tasks.values())
    called = _called(ids)
    found = []
    for row in rows:
        task = tasks.get((row.instance_id, str(row.token)))
        shown = _shape(row)
        shown["taskId"] = task.id if task is not None else None
        shown["assignee"] = people.get(task.assignee_id) if task is not None and task.assignee_id else None
        shown["calledProcessInstanceId"] = called.get((row.instance_id, row.token))
        found.append(shown)
    return found


def _tasks(ids: set[str]) -> dict[tuple[str, str], Any]:
    if not ids:
        return {}
    columns = (Task.id, Task.source_id, Task.source_ref, Task.assignee_id)
    rows = session().execute(select(*columns).where(Task.source_id.in_(ids)))
    return {(row.source_id, row.source_ref): row for row in rows}


def _called(ids: set[str]) -> dict[tuple[str, int], str]:
    columns = (ProcessInstance.id, ProcessInstance.super_instance_id, ProcessInstance.super_token)
    rows = session().execute(select(*columns).where(ProcessInstance.super_instance_id.in_(ids))) if ids else ()
    return {(row.super_instance_id, row.super_token): row.id for row in rows}


def _shape(row: Any) -> dict[str, Any]:
    element = deployed(row.definition_id).definition.elements.get(row.element_id)
    end = row.at if row.at_once else row.gone or row.ended_at
    cancelled = not row.at_once and (row.closed > 0 or (row.gone is None and row.ended_at is not None))
    return {
        "id": activity_instance_id(row.element_id, row.instance_id, row.token),
        "parentActivityInstanceId": row.instance_id,
        "activityId": row.element_id,
        "activityName": (element.name.get("en") or None) if element is not None else None,
        "activityType": kind_of(element) if element is not None else None,
        "processDefinitionKey": row.key,
        "processDefinitionId": f"{row.key}:{row.version}:{row.definition_id}",
        "processInstanceId": row.instance_id,
        "rootProcessInstanceId": row.root_id,
        "executionId": execution_id(row.instance_id, row.token),
        "calledCaseInstanceId": None,
        "startTime": moment_out(row.at),
        "endTime": moment_out(end),
        "durationInMillis": duration(row.at, end),
        "canceled": cancelled,
        "completeScope": False,
        "tenantId": None,
        "removalTime": None,
    }


@bp.route("/history/activity-instance", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_activities() -> Response:
    """The visits that a query means."""
    given = asked()
    first, most = window(given)
    order = order_of(given, SORTS) or [ProcessEvent.at]
    statement = filtered(given).order_by(*order, ProcessEvent.instance_id, ProcessEvent.seq)
    return jsonify(shapes(refuse_longer(list(session().execute(statement.limit(most).offset(first))))))


@bp.route("/history/activity-instance/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_activities() -> dict[str, int]:
    """How many they are."""
    counted = select(func.count()).select_from(filtered(asked(), ProcessEvent.seq).subquery())
    return {"count": session().scalar(counted) or 0}
