"""/history/task and /history/user-operation: what people did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from sqlalchemy import Select, func, not_, or_, select

from app.audit.models import AuditEntry
from app.core.db import session
from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.history import duration
from app.integration.engine_rest.narrowing import narrow
from app.integration.engine_rest.people import id_of, logins_of
from app.integration.engine_rest.task_query import (
    COLUMNS,
    DEFAULT_PRIORITY,
    DEFINITION_NAME,
    NAME,
    PRIORITY,
    SOURCE,
    WITH_GROUPS,
    at_visits,
    is_candidate,
    joined,
    logins_like,
    same_millisecond,
    variable_conditions,
)
from app.integration.engine_rest.tasks import rows_of
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
from app.processes.models import InstanceStatus, ProcessInstance
from app.processes.permissions import PROCESS_VARIABLES
from app.tasks import standing_in
from app.tasks.models import Task, TaskExtra, TaskStatus

END = func.coalesce(Task.completed_at, Task.changed_at)
OPEN = Task.status == TaskStatus.OPEN.value
SORTS: dict[str, Any] = {
    "taskId": Task.id,
    "activityInstanceId": Task.source_ref,
    "processDefinitionId": ProcessInstance.definition_id,
    "processInstanceId": Task.source_id,
    "executionId": Task.source_ref,
    "duration": END,
    "endTime": END,
    "startTime": Task.created_at,
    "taskName": NAME,
    "taskDescription": TaskExtra.description,
    "assignee": Task.assignee_id,
    "owner": TaskExtra.owner_id,
    "dueDate": Task.due_at,
    "followUpDate": TaskExtra.follow_up_at,
    "deleteReason": Task.closed_reason,
    "taskDefinitionKey": Task.element_id,
    "priority": PRIORITY,
    "tenantId": Task.id,
    "caseDefinitionId": Task.id,
    "caseInstanceId": Task.id,
    "caseExecutionId": Task.id,
}
ELSEWHERE = (*("caseInstanceId", "caseExecutionId", "caseDefinitionId", "caseDefinitionKey", "caseDefinitionName"),)
"""There are no cases."""
STATES = {
    TaskStatus.OPEN.value: "Created",
    TaskStatus.COMPLETED.value: "Completed",
    TaskStatus.SUPERSEDED.value: "Deleted",
    TaskStatus.CANCELLED.value: "Deleted",
}


def _filtered(given: Given, *columns: Any) -> Select[Any]:
    if any(variable_conditions(given).values()):
        current_actor().must(PROCESS_VARIABLES)  # of everybody's tasks: who may ask for values can find them out
    statement = narrow(
        joined(*columns),
        given,
        equal={
            "taskId": Task.id,
            "processInstanceId": ProcessInstance.id,
            "rootProcessInstanceId": ProcessInstance.root_id,
            "processInstanceBusinessKey": ProcessInstance.business_key,
            "processDefinitionKey": ProcessInstance.key,
            "processDefinitionName": DEFINITION_NAME,
            "taskName": NAME,
            "taskDescription": TaskExtra.description,
            "taskDefinitionKey": Task.element_id,
            "taskParentTaskId": TaskExtra.parent_id,
            "taskDeleteReason": Task.closed_reason,
        },
        several={
            "taskDefinitionKeyIn": Task.element_id,
            "processInstanceBusinessKeyIn": ProcessInstance.business_key,
        },
        likes={
            "taskNameLike": NAME,
            "taskDescriptionLike": TaskExtra.description,
            "taskDeleteReasonLike": Task.closed_reason,
            "processInstanceBusinessKeyLike": ProcessInstance.business_key,
        },
    )
    priority = given.number("taskPriority")
    statement = statement.where(PRIORITY.in_([priority])) if priority is not None else statement
    for name, column in (("taskAssignee", Task.assignee_id), ("taskOwner", TaskExtra.owner_id)):
        if name in given:
            statement = statement.where(column == id_of(given.text(name)))
        if f"{name}Like" in given:
            statement = statement.where(column.in_(logins_like(str(given.text(f"{name}Like")))))
    if "processDefinitionId" in given:
        statement = statement.where(ProcessInstance.definition_id == inner(str(given.text("processDefinitionId"))))
    if "executionId" in given:
        instance, token = split_execution(str(given.text("executionId")))
        statement = statement.where(Task.source_id == instance, Task.source_ref == str(token))
    visits = given.texts("activityInstanceIdIn")
    if visits is not None:
        statement = statement.where(at_visits(visits))
    return _by_state(given, _by_people(given, statement))


def _by_people(given: Given, statement: Select[Any]) -> Select[Any]:
    """Who had to do with it: those named for it, who has it or owns it."""
    group = given.text("taskHadCandidateGroup") or given.text("taskInvolvedGroup")
    if group is not None:
        statement = statement.where(is_candidate("group", [group], of_closed=True))
    if "taskHadCandidateUser" in given:
        statement = statement.where(
            is_candidate("user", [str(id_of(given.text("taskHadCandidateUser")))], of_closed=True)
        )
    if "taskInvolvedUser" in given:
        user = str(id_of(given.text("taskInvolvedUser")))
        has = or_(Task.assignee_id == user, TaskExtra.owner_id == user, is_candidate("user", [user], of_closed=True))
        statement = statement.where(has)
    return statement


def _by_state(given: Given, statement: Select[Any]) -> Select[Any]:
    running = ProcessInstance.status == InstanceStatus.RUNNING.value
    flags = {
        "finished": ~OPEN,
        "unfinished": OPEN,
        "processFinished": ~running,
        "processUnfinished": running,
        "assigned": Task.assignee_id.is_not(None),
        "unassigned": Task.assignee_id.is_(None),
        "withCandidateGroups": WITH_GROUPS,
        "withoutCandidateGroups": not_(WITH_GROUPS),
        "withoutTaskDueDate": Task.due_at.is_(None),
        "withoutTaskFollowUpDate": TaskExtra.follow_up_at.is_(None),
    }
    for name, condition in flags.items():
        statement = statement.where(condition) if given.flag(name) else statement
    dates: dict[str, Any] = {"taskDueDate": Task.due_at, "taskFollowUpDate": TaskExtra.follow_up_at}
    for name, column in dates.items():
        exact = given.moment(name)
        statement = statement.where(same_millisecond(column, exact)) if exact is not None else statement
    for what, column in {"started": Task.created_at, "finished": END, **dates}.items():
        after, before = given.moment(f"{what}After"), given.moment(f"{what}Before")
        if what == "finished" and (after is not None or before is not None):
            statement = statement.where(~OPEN)
        statement = statement.where(column >= after) if after is not None else statement
        statement = statement.where(column <= before) if before is not None else statement
    elsewhere = any(name in given for name in ELSEWHERE)
    return statement.where(Task.id.is_(None)) if elsewhere or given.texts("tenantIdIn") else statement


def _shapes(rows: Sequence[Any]) -> list[dict[str, Any]]:
    standing_in.mark([row[0] for row in rows])
    named = (
        one for row in rows for one in (row[0].assignee_id, row[1].owner_id if row[1] else None, row[0].on_behalf_of)
    )
    people = logins_of(named)
    return [_shape(row, people) for row in rows]


def _shape(row: Any, people: dict[str, str]) -> dict[str, Any]:
    task, extra, _suspended, definition_id, key, version = row
    of_process = task.source_kind == SOURCE and task.source_ref.isdecimal()
    token = int(task.source_ref) if of_process else None
    end = None if task.status == TaskStatus.OPEN else task.completed_at or task.changed_at
    return {
        "id": task.id,
        "processDefinitionKey": key,
        "processDefinitionId": f"{key}:{version}:{definition_id}" if definition_id else None,
        "processInstanceId": task.source_id if of_process else None,
        "rootProcessInstanceId": task.source_id if of_process else None,
        "executionId": execution_id(task.source_id, token) if of_process else None,
        "activityInstanceId": activity_instance_id(task.element_id, task.source_id, token) if token else None,
        "caseDefinitionKey": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "name": (task.name or {}).get("en") or None,
        "description": (extra and extra.description) or bulk.documentation_of(definition_id, task.element_id),
        "deleteReason": "completed" if task.status == TaskStatus.COMPLETED else task.closed_reason,
        "owner": people.get(extra.owner_id) if extra and extra.owner_id else None,
        "assignee": people.get(task.assignee_id) if task.assignee_id else None,
        "startTime": moment_out(task.created_at),
        "endTime": moment_out(end),
        "duration": duration(task.created_at, end),
        "taskDefinitionKey": task.element_id or None,
        "priority": extra.priority if extra and extra.priority is not None else DEFAULT_PRIORITY,
        "due": moment_out(task.due_at),
        "followUp": moment_out(extra.follow_up_at) if extra else None,
        "parentTaskId": extra.parent_id if extra else None,
        "tenantId": None,
        "removalTime": None,
        "taskState": STATES[task.status],
        "onBehalfOf": people.get(task.on_behalf_of) if task.on_behalf_of else None,
    }


@bp.route("/history/task", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_past_tasks() -> Response:
    """Tasks, open or not."""
    given = asked()
    first, most = window(given)
    order = order_of(given, SORTS) or [Task.created_at]
    statement = _filtered(given, *COLUMNS).order_by(*order, Task.id).execution_options(populate_existing=True)
    return jsonify(_shapes(refuse_longer(rows_of(given, statement, first, most))))


@bp.route("/history/task/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_past_tasks() -> dict[str, int]:
    """How many they are."""
    given = asked()
    if any(variable_conditions(given).values()):
        return {"count": len(rows_of(given, _filtered(given, *COLUMNS).order_by(Task.id), 0, 10**9))}
    return {"count": session().scalar(select(func.count()).select_from(_filtered(given, Task.id).subquery())) or 0}


ENTITIES = {
    "task": "Task",
    "process": "ProcessInstance",
    "process-definition": "ProcessDefinition",
    "external": "ExternalTask",
    "deployment": "Deployment",
    "job": "Job",
    "incident": "Incident",
}
OPERATIONS = {
    "task:claim": "Claim",
    "task:assign": "Assign",
    "task:release": "Assign",
    "task:complete": "Complete",
    "task:describe": "Update",
    "task:create": "Create",
    "task:delete": "Delete",
    "process:start": "Create",
    "process:cancel": "Delete",
    "process:suspend": "Suspend",
    "process:resume": "Activate",
    "process:move": "ModifyProcessInstance",
    "process:assign": "SetVariables",
    "process:deploy": "Create",
    "deployment:create": "Create",
    "deployment:delete": "Delete",
    "external:retries": "SetJobRetries",
    "external:priority": "SetPriority",
    "external:unlock": "Unlock",
}


NEVER_TOLD = (
    *("processDefinitionKey", "processDefinitionId", "executionId", "caseDefinitionId", "caseInstanceId"),
    *("caseExecutionId", "jobId", "jobDefinitionId", "batchId", "property", "externalTaskId"),
)
"""What no operation shows; a query by it finds none."""


def _operations(given: Given, *columns: Any) -> Select[Any]:
    actions = or_(*(AuditEntry.action.startswith(f"{kind}:") for kind in ENTITIES))
    statement = select(*columns or (AuditEntry,)).where(actions)
    if "processInstanceId" in given:
        instance = str(given.text("processInstanceId"))
        about_tasks = AuditEntry.details["task"].as_string().in_(select(Task.id).where(Task.source_id == instance))
        about_it = (AuditEntry.subject_kind == "process") & (AuditEntry.subject_id == instance)
        statement = statement.where(or_(about_it, about_tasks))
    if "taskId" in given:
        statement = statement.where(AuditEntry.details["task"].as_string() == given.text("taskId"))
    if "deploymentId" in given:
        statement = statement.where(
            AuditEntry.subject_kind == "deployment", AuditEntry.subject_id == given.text("deploymentId")
        )
    if "userId" in given:
        statement = statement.where(AuditEntry.actor_id == id_of(given.text("userId")))
    if "operationId" in given:
        statement = statement.where(AuditEntry.id == given.text("operationId"))
    wanted = given.text("operationType")
    if wanted is not None:
        statement = statement.where(AuditEntry.action.in_([one for one, name in OPERATIONS.items() if name == wanted]))
    entity, several = given.text("entityType"), given.texts("entityTypeIn")
    names = [*([entity] if entity else []), *(several or [])]
    if names:
        kinds = [kind for kind, name in ENTITIES.items() if name in names]
        statement = statement.where(
            or_(AuditEntry.id.is_(None), *(AuditEntry.action.startswith(f"{one}:") for one in kinds))
        )
    if any(name in given for name in NEVER_TOLD):
        statement = statement.where(AuditEntry.id.is_(None))
    after, before = given.moment("afterTimestamp"), given.moment("beforeTimestamp")
    statement = statement.where(AuditEntry.at > after) if after is not None else statement
    return statement.where(AuditEntry.at < before) if before is not None else statement


def _operation(row: AuditEntry, people: dict[str, str]) -> dict[str, Any]:
    kind, _colon, verb = row.action.partition(":")
    of_process = row.subject_kind == "process"
    empty = (*NEVER_TOLD, "orgValue", "newValue", "removalTime", "rootProcessInstanceId", "tenantId")
    return {
        **dict.fromkeys(empty),
        "id": row.id,
        "operationId": row.id,
        "deploymentId": row.subject_id if row.subject_kind == "deployment" else None,
        "processInstanceId": row.subject_id if of_process else None,
        "taskId": row.details.get("task") if kind == "task" else None,
        "userId": people.get(row.actor_id, row.actor_id),
        "timestamp": moment_out(row.at),
        "operationType": OPERATIONS.get(row.action, verb.replace("_", " ").title().replace(" ", "")),
        "entityType": ENTITIES[kind],
        "category": "TaskWorker" if kind == "task" else "Operator",
        "annotation": row.details.get("reason"),
        "onBehalfOf": people.get(row.details.get("on_behalf_of", "")),
    }


@bp.get("/history/user-operation")
@requires(ENGINE_READ)
def list_operations() -> Response:
    """Who did what to processes and tasks, from the audit trail."""
    given = asked()
    first, most = window(given)
    order = order_of(given, {"timestamp": AuditEntry.at}) or [AuditEntry.at]
    rows = refuse_longer(
        list(session().scalars(_operations(given).order_by(*order, AuditEntry.id).limit(most).offset(first)))
    )
    people = logins_of(one for row in rows for one in (row.actor_id, row.details.get("on_behalf_of")))
    return jsonify([_operation(row, people) for row in rows])


@bp.get("/history/user-operation/count")
@requires(ENGINE_READ)
def count_operations() -> dict[str, int]:
    """How many they are."""
    return {
        "count": session().scalar(select(func.count()).select_from(_operations(asked(), AuditEntry.id).subquery())) or 0
    }
