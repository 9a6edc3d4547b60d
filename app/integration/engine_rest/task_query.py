"""The queries of /task: the dialect's parameters as conditions on our tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, false, func, literal, not_, or_, select, true

from app.core.permissions import Actor
from app.identity.models import User
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.errors import InvalidRequest
from app.integration.engine_rest.filters import Condition, conditions
from app.integration.engine_rest.people import id_of, ids_of
from app.integration.engine_rest.wire import Given, split_execution
from app.integration.permissions import ENGINE_OPERATE
from app.processes.models import ProcessDefinition, ProcessInstance
from app.tasks import standing_in
from app.tasks.models import Task, TaskCandidate, TaskComment, TaskExtra, TaskStatus
from app.tasks.permissions import TASK_READ_ALL
from app.tasks.queries import visible

_users: Any = User.__table__
SOURCE = "process"
DEFAULT_PRIORITY = 50
PRIORITY = func.coalesce(TaskExtra.priority, DEFAULT_PRIORITY)
NAME = Task.name["en"].as_string()
DEFINITION_NAME = ProcessDefinition.name["en"].as_string()
OPEN = Task.status == TaskStatus.OPEN.value
COLUMNS = (
    Task,
    TaskExtra,
    ProcessInstance.suspended,
    ProcessInstance.definition_id,
    ProcessDefinition.key,
    ProcessDefinition.version,
)
SORTS: dict[str, Any] = {
    "instanceId": Task.source_id,
    "caseInstanceId": Task.id,
    "dueDate": Task.due_at,
    "executionId": Task.source_id,
    "caseExecutionId": Task.id,
    "assignee": Task.assignee_id,
    "created": Task.created_at,
    "lastUpdated": Task.changed_at,
    "followUpDate": TaskExtra.follow_up_at,
    "description": TaskExtra.description,
    "id": Task.id,
    "name": NAME,
    "nameCaseInsensitive": func.lower(NAME),
    "priority": PRIORITY,
    "tenantId": Task.id,
}
ELSEWHERE = (
    *("caseInstanceId", "caseDefinitionKey", "caseExecutionId", "caseDefinitionId", "tenantIdIn"),
    *("caseInstanceBusinessKey", "caseInstanceBusinessKeyLike", "caseDefinitionName", "caseDefinitionNameLike"),
    "caseInstanceVariables",
)
"""What no task here has."""
VARIABLES = ("processVariables", "taskVariables")
Value = Callable[[Given, str], ColumnElement[bool] | None]


def joined(*columns: Any) -> Select[Any]:
    """Tasks with what they have beside their row, their instance and its definition."""
    return (
        select(*columns or COLUMNS)
        .select_from(Task)
        .outerjoin(TaskExtra, TaskExtra.task_id == Task.id)
        .outerjoin(ProcessInstance, and_(ProcessInstance.id == Task.source_id, Task.source_kind == SOURCE))
        .outerjoin(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    )


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The open tasks that somebody may see: everybody's, or theirs, their groups' and of whom they stand in for."""
    if actor.may(ENGINE_OPERATE) or actor.may(TASK_READ_ALL):
        return OPEN
    condition: ColumnElement[bool] = or_(visible(actor, "all"), standing_in.visible(actor, standing_in.whom_for(actor)))
    return condition


def filtered(actor: Actor, given: Given, *columns: Any) -> Select[Any]:
    """The open tasks that a query means and the actor may see, without what it asks of variables."""
    # That they are open is said once more before any OR, for the index of open ones.
    statement = joined(*columns).where(OPEN, seen_by(actor), *_conditions(given))
    for one in given.objects("orQueries"):
        parts = _conditions(one)
        if any(name in one for name in VARIABLES):
            raise InvalidRequest("Variables are not supported within orQueries")
        statement = statement.where(or_(*parts)) if parts else statement
    return statement


def variable_conditions(given: Given) -> dict[str, list[Condition]]:
    """What the query asks of variables of the process, of the task."""
    return {name: conditions(given, name) for name in VARIABLES}


def _conditions(given: Given) -> list[ColumnElement[bool]]:
    if any(name.endswith("Expression") for name in given.values if name in given):
        raise InvalidRequest(
            "Expressions are forbidden in adhoc queries.",
            kind="BadUserRequestException",
        )
    found = [_texts(given, name, column) for name, column in _TEXTS.items()]
    found += [
        _people(given, name, column) for name, column in (("assignee", Task.assignee_id), ("owner", TaskExtra.owner_id))
    ]
    found += [condition for name, condition in _FLAGS.items() if given.flag(name)]
    found += [_moments(given, name, column) for name, column in _MOMENTS.items()]
    found += [*_special(given), *_candidates(given), *_priority(given)]
    return [one for one in found if one is not None]


_TEXTS: dict[str, Any] = {
    "taskId": Task.id,
    "processInstanceId": ProcessInstance.id,
    "processInstanceBusinessKey": ProcessInstance.business_key,
    "processDefinitionKey": ProcessInstance.key,
    "processDefinitionName": DEFINITION_NAME,
    "taskDefinitionKey": Task.element_id,
    "name": NAME,
    "description": TaskExtra.description,
    "parentTaskId": TaskExtra.parent_id,
}


def _texts(given: Given, name: str, column: Any) -> ColumnElement[bool] | None:
    """`x`, `xIn`, `xNotIn`, `xLike`, `xNotLike`, `xNotEqual` of a column of text."""
    parts: list[ColumnElement[bool]] = []
    if name in given:
        parts.append(column.in_(given.texts(name)) if name == "taskId" else column == given.text(name))
    if name == "name" and name in given:
        parts = [func.lower(column) == str(given.text(name)).lower()]
    for suffix, build in (("In", column.in_), ("NotIn", column.not_in)):
        several = given.texts(name + suffix)
        if several is not None:
            parts.append(build(several))
    like, unlike = given.text(f"{name}Like"), given.text(f"{name}NotLike")
    if like is not None:
        parts.append(func.lower(column).like(like.lower()))
    if unlike is not None:
        parts.append(not_(func.lower(column).like(unlike.lower())))
    if f"{name}NotEqual" in given:
        parts.append(column != given.text(f"{name}NotEqual"))
    return and_(*parts) if parts else None


def _people(given: Given, name: str, column: Any) -> ColumnElement[bool] | None:
    parts: list[ColumnElement[bool]] = []
    if name in given:
        parts.append(column == id_of(given.text(name)))
    for suffix, negative in (("In", False), ("NotIn", True)):
        several = given.texts(name + suffix)
        if several is not None:
            known = list(ids_of(several).values())
            parts.append(or_(column.is_(None), column.not_in(known)) if negative else column.in_(known))
    if f"{name}Like" in given:
        parts.append(column.in_(logins_like(str(given.text(f"{name}Like")))))
    return and_(*parts) if parts else None


def logins_like(pattern: str) -> Any:
    """The ids of those whose login is like this."""
    return select(_users.c.id).where(_users.c.login.like(pattern.lower()))


def at_visits(visits: list[str]) -> ColumnElement[bool]:
    """The task is that of one of these visits."""
    places = [split_execution(one.partition(":")[2]) for one in visits]
    return or_(
        false(), *(and_(Task.source_id == instance, Task.source_ref == str(token)) for instance, token in places)
    )


WITH_GROUPS = exists().where(TaskCandidate.task_id == Task.id, TaskCandidate.kind == "group")
_FLAGS: dict[str, ColumnElement[bool]] = {
    "assigned": Task.assignee_id.is_not(None),
    "unassigned": Task.assignee_id.is_(None),
    "active": func.coalesce(ProcessInstance.suspended, false()).is_(False),
    "suspended": func.coalesce(ProcessInstance.suspended, false()).is_(True),
    "withoutDueDate": false(),
    "withoutTenantId": true(),
    "withCandidateGroups": WITH_GROUPS,
    "withoutCandidateGroups": not_(WITH_GROUPS),
    "withCandidateUsers": exists().where(TaskCandidate.task_id == Task.id, TaskCandidate.kind == "user"),
    "withoutCandidateUsers": not_(exists().where(TaskCandidate.task_id == Task.id, TaskCandidate.kind == "user")),
}
_MOMENTS: dict[str, Any] = {
    "due": Task.due_at,
    "followUp": TaskExtra.follow_up_at,
    "created": Task.created_at,
    "updated": Task.changed_at,
}


def _moments(given: Given, name: str, column: Any) -> ColumnElement[bool] | None:
    parts: list[ColumnElement[bool]] = []
    exact = given.moment("created" if name == "created" else f"{name}Date")
    after, before = given.moment(f"{name}After"), given.moment(f"{name}Before")
    on = given.moment(f"{name}On")
    missing_too = given.moment("followUpBeforeOrNotExistent") if name == "followUp" else None
    parts += [same_millisecond(column, moment) for moment in (exact, on) if moment is not None]
    if after is not None:
        parts.append(column > after)
    if before is not None:
        parts.append(column < before)
    if missing_too is not None:
        parts.append(or_(column.is_(None), column < missing_too))
    return and_(*parts) if parts else None


def same_millisecond(column: Any, moment: datetime) -> ColumnElement[bool]:
    """The column is in the millisecond of the moment, which is all that the dialect writes."""
    start = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    return and_(column >= start, column <= start.replace(microsecond=start.microsecond + 999))


def _special(given: Given) -> list[ColumnElement[bool] | None]:
    found: list[ColumnElement[bool] | None] = []
    if "processDefinitionId" in given:
        found.append(ProcessInstance.definition_id == inner(str(given.text("processDefinitionId"))))
    if "executionId" in given:
        instance, token = split_execution(str(given.text("executionId")))
        found.append(Task.source_id == instance)
        found.append(Task.source_ref == str(token) if token is not None else None)
    if "delegationState" in given:
        found.append(TaskExtra.delegation == str(given.text("delegationState")).lower())
    visits = given.texts("activityInstanceIdIn")
    if visits is not None:
        found.append(at_visits(visits))
    if any(name in given for name in ELSEWHERE):
        found.append(false())
    if "involvedUser" in given:
        user = id_of(given.text("involvedUser"))
        found.append(
            or_(
                Task.assignee_id == user,
                TaskExtra.owner_id == user,
                is_candidate("user", [str(user)]),
                exists().where(TaskComment.task_id == Task.id, TaskComment.user_id == user),
            )
        )
    return found


def _roles_contain(role: Any) -> ColumnElement[bool]:
    """The user's roles, a JSON list of short codes, have this one."""
    return cast(_users.c.roles, String).contains(literal('"').concat(role).concat('"'))


def is_candidate(kind: str, values: list[str], *, of_closed: bool = False) -> ColumnElement[bool]:
    """One of these is named for the task; `of_closed` also looks at tasks that are done."""
    of_task = [TaskCandidate.task_id == Task.id, TaskCandidate.kind == kind, TaskCandidate.value.in_(values)]
    return exists().where(*of_task, *(() if of_closed else (TaskCandidate.open,)))


def _candidates(given: Given) -> list[ColumnElement[bool] | None]:
    found: list[ColumnElement[bool]] = []
    if "candidateUser" in given:
        user = str(id_of(given.text("candidateUser")))
        groups = exists().where(
            TaskCandidate.task_id == Task.id,
            TaskCandidate.open,
            TaskCandidate.kind == "group",
            _users.c.id == user,
            _roles_contain(TaskCandidate.value),
        )
        found.append(and_(or_(is_candidate("user", [user]), groups), not_(standing_in.is_excluded(user))))
    groups_given = [*(given.texts("candidateGroups") or ()), *filter(None, [given.text("candidateGroup")])]
    if groups_given:
        found.append(is_candidate("group", groups_given))
    if "candidateGroupLike" in given:
        like = TaskCandidate.value.like(str(given.text("candidateGroupLike")))
        of_task = (TaskCandidate.task_id == Task.id, TaskCandidate.open, TaskCandidate.kind == "group")
        found.append(exists().where(*of_task, like))
    if found and not given.flag("includeAssignedTasks"):
        found.append(Task.assignee_id.is_(None))
    return list(found)


def _priority(given: Given) -> list[ColumnElement[bool] | None]:
    exact, low, high = given.number("priority"), given.number("minPriority"), given.number("maxPriority")
    return [
        None if exact is None else PRIORITY.in_([exact]),
        None if low is None else low <= PRIORITY,
        None if high is None else high >= PRIORITY,
    ]
