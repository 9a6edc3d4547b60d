"""/history/activity-instance: each visit of a token at an element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from app.core.db import session
from app.core.permissions import requires
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.element_kinds import BODY, kind_of, repeated, waits_for_choice
from app.integration.engine_rest.errors import InvalidRequest, missing
from app.integration.engine_rest.history import duration
from app.integration.engine_rest.people import id_of, logins_of
from app.integration.engine_rest.visits_around import Around
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
from app.tasks.models import Task, TaskStandIn

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
_earlier = (
    select(func.count())
    .where(
        _later.instance_id == ProcessEvent.instance_id,
        _later.token == ProcessEvent.token,
        _later.seq < ProcessEvent.seq,
        _later.kind.in_(CAME),
    )
    .correlate(ProcessEvent)
    .scalar_subquery()
)
_CAME = or_(
    ProcessEvent.kind == "entered",
    and_(ProcessEvent.kind.in_(CAME), or_(ProcessEvent.at_once.is_(True), _earlier == 0)),
)
"""A token came. What is done later, after a job, is a further line of the same visit."""
_happened = (
    select(func.count())
    .where(
        _later.instance_id == ProcessEvent.instance_id,
        _later.token == ProcessEvent.token,
        _later.seq > ProcessEvent.seq,
        _later.kind.in_(("fired", "caught")),
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
    ProcessEvent.flow_id,
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
        .where(ProcessEvent.token.is_not(None), _CAME)
    )


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The visits that a query means."""
    statement = _statement(*columns)
    equal = {"processInstanceId": ProcessEvent.instance_id, "processDefinitionKey": ProcessInstance.key}
    for name, column in equal.items():
        if name in given:
            statement = statement.where(column == given.text(name))
    instances = given.texts("processInstanceIdIn")
    statement = statement.where(ProcessEvent.instance_id.in_(instances)) if instances is not None else statement
    if given.texts("tenantIdIn"):
        statement = statement.where(false())
    if "processDefinitionId" in given:
        statement = statement.where(ProcessInstance.definition_id == inner(str(given.text("processDefinitionId"))))
    for name in ("executionId", "activityInstanceId"):
        if name in given:
            statement = statement.where(*_place(str(given.text(name)), visit=name == "activityInstanceId"))
    if "taskAssignee" in given:
        done = and_(Task.source_id == ProcessEvent.instance_id, Task.assignee_id == id_of(given.text("taskAssignee")))
        mine = select(Task.element_id).where(done).correlate(ProcessEvent)
        statement = statement.where(ProcessEvent.element_id.in_(mine))
    return _drawn_so(given, _by_time(given, statement))


def _place(told: str, *, visit: bool) -> tuple[ColumnElement[bool], ...]:
    instance, token = split_execution(told.partition(":")[2] if visit else told)
    return ProcessEvent.instance_id == instance, ProcessEvent.token == token


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


def _drawn_so(given: Given, statement: Select[Any]) -> Select[Any]:
    """What only diagrams tell: types and names, which visits are the bodies of multi-instances, and that the events
    after an event-based gateway are visited by what comes first alone. Asked of each diagram that the rest of the
    query means; of too many, only when the query cannot do without."""
    wanted = {*(given.texts("activityIdIn") or ()), *filter(None, [given.text("activityId")])}
    ids = {one.removesuffix(BODY) for one in wanted}
    if wanted or given.texts("activityIdIn") is not None:
        statement = statement.where(ProcessEvent.element_id.in_(ids))
    definitions = _definitions(given)
    kind, name = given.text("activityType"), given.text("activityName")
    if len(definitions) > MOST_DEFINITIONS:
        if kind is None and name is None:
            return statement
        raise InvalidRequest("Too many definitions: narrow the query by processDefinitionKey")
    parts: list[ColumnElement[bool]] = []
    for definition in definitions:
        here = _of_diagram(deployed(definition).definition, wanted, kind, name)
        if here is not None:
            parts.append(or_(ProcessInstance.definition_id != definition, here))
    return statement.where(*parts)


def _definitions(given: Given) -> list[str]:
    """The definitions that the query may mean, at most one more than are looked at. No event is read for it."""
    instances = set(given.texts("processInstanceIdIn") or ())
    instances |= set(filter(None, [given.text("processInstanceId")]))
    instances |= {split_execution(str(given.text("executionId")))[0]} if "executionId" in given else set()
    visit = given.text("activityInstanceId")
    instances |= {split_execution(visit.partition(":")[2])[0]} if visit is not None else set()
    if instances:
        statement = select(ProcessInstance.definition_id).where(ProcessInstance.id.in_(instances)).distinct()
    else:
        statement = select(ProcessDefinition.id)
        if "processDefinitionKey" in given:
            statement = statement.where(ProcessDefinition.key == given.text("processDefinitionKey"))
        if "processDefinitionId" in given:
            statement = statement.where(ProcessDefinition.id == inner(str(given.text("processDefinitionId"))))
    return list(session().scalars(statement.limit(MOST_DEFINITIONS + 1)))


def _of_diagram(definition: Any, wanted: set[str], kind: str | None, name: str | None) -> ColumnElement[bool] | None:
    """What holds for visits of this diagram; None: all of them."""
    loops, choices = repeated(definition), waits_for_choice(definition)
    parts: list[ColumnElement[bool]] = []
    if choices:
        parts.append(or_(ProcessEvent.element_id.not_in(choices), ProcessEvent.flow_id.is_(None), _happened > 0))
    if kind is None and name is None and not (wanted and loops):
        return parts[0] if parts else None
    plain, bodies = [], []
    for element in definition.elements.values():
        if name is not None and name != element.name.get("en"):
            continue
        if (not wanted or element.id in wanted) and kind in (None, element.kind, kind_of(element)):
            plain.append(element.id)
        if element.id in loops and (not wanted or element.id + BODY in wanted) and kind in (None, BODY[1:]):
            bodies.append(element.id)
    body = and_(ProcessEvent.element_id.in_(loops), ProcessEvent.flow_id.is_not(None))
    fits = or_(and_(ProcessEvent.element_id.in_(plain), not_(body)), and_(body, ProcessEvent.element_id.in_(bodies)))
    return and_(*parts, fits)


def shapes(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Visits as the dialect writes them. Four statements."""
    ids = {row.instance_id for row in rows}
    tasks = _tasks(ids)
    people = logins_of(one for task in tasks.values() for one in (task.assignee_id, task.principal_id))
    called = _called(ids)
    around = Around(rows)
    found = []
    for row in rows:
        task = tasks.get((row.instance_id, str(row.token)))
        shown = {**_shape(row), "parentActivityInstanceId": around.of(row)}
        shown["taskId"] = task.id if task is not None else None
        shown["assignee"] = people.get(task.assignee_id) if task is not None and task.assignee_id else None
        shown["onBehalfOf"] = people.get(task.principal_id) if task is not None and task.principal_id else None
        shown["calledProcessInstanceId"] = called.get((row.instance_id, row.token))
        found.append(shown)
    return found


def _tasks(ids: set[str]) -> dict[tuple[str, str], Any]:
    if not ids:
        return {}
    columns = (Task.id, Task.source_id, Task.source_ref, Task.assignee_id, TaskStandIn.principal_id)
    does = func.coalesce(Task.completed_by, Task.assignee_id)
    stands_in = and_(TaskStandIn.task_id == Task.id, TaskStandIn.substitute_id == does)
    rows = session().execute(select(*columns).outerjoin(TaskStandIn, stands_in).where(Task.source_id.in_(ids)))
    return {(row.source_id, row.source_ref): row for row in rows}


def _called(ids: set[str]) -> dict[tuple[str, int], str]:
    columns = (ProcessInstance.id, ProcessInstance.super_instance_id, ProcessInstance.super_token)
    rows = session().execute(select(*columns).where(ProcessInstance.super_instance_id.in_(ids))) if ids else ()
    return {(row.super_instance_id, row.super_token): row.id for row in rows}


def _shape(row: Any) -> dict[str, Any]:
    element = deployed(row.definition_id).definition.elements.get(row.element_id)
    body = element is not None and element.loop is not None and row.flow_id is not None
    activity = row.element_id + (BODY if body else "")
    end = row.at if row.at_once else row.gone or row.ended_at
    cancelled = not row.at_once and (row.closed > 0 or (row.gone is None and row.ended_at is not None))
    return {
        "id": activity_instance_id(activity, row.instance_id, row.token),
        "activityId": activity,
        "activityName": (element.name.get("en") or None) if element is not None else None,
        "activityType": BODY[1:] if body else kind_of(element) if element is not None else None,
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


@bp.get("/history/activity-instance/<visit_id>")
@requires(ENGINE_READ)
def get_activity(visit_id: str) -> dict[str, Any]:
    """One of them."""
    row = session().execute(_statement().where(*_place(visit_id, visit=True)).limit(1)).first()
    if row is None:
        missing(f"Historic activity instance with id '{visit_id}' does not exist")
    return shapes([row])[0]
