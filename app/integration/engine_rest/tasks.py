"""/task: the lists, and what people and programs do with a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.core.db import session
from app.core.errors import NotFound
from app.core.permissions import Actor, current_actor, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.errors import EngineRefused, InvalidRequest, missing
from app.integration.engine_rest.filters import all_hold, scan
from app.integration.engine_rest.people import NOBODY, id_of, logins_of
from app.integration.engine_rest.task_query import (
    COLUMNS,
    DEFAULT_PRIORITY,
    SORTS,
    SOURCE,
    filtered,
    joined,
    variable_conditions,
)
from app.integration.engine_rest.wire import (
    Given,
    asked,
    execution_id,
    moment_out,
    order_of,
    refuse_longer,
    sent,
    window,
)
from app.integration.permissions import ENGINE_OPERATE
from app.tasks import managing
from app.tasks import service as verbs
from app.tasks.models import Task, TaskStatus
from app.tasks.permissions import TASK_READ, TASK_WORK
from app.tasks.queries import may_see

LONGEST_TEXT = 4000


def shapes(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Tasks as the dialect writes them. One statement, for the logins."""
    people = logins_of({one for row in rows for one in (row[0].assignee_id, row[1].owner_id if row[1] else None)})
    return [_shape(row, people) for row in rows]


def _shape(row: Any, people: dict[str, str]) -> dict[str, Any]:
    task, extra, suspended, definition_id, key, version = row
    of_process = task.source_kind == SOURCE
    token = int(task.source_ref) if of_process and task.source_ref.isdecimal() else None
    return {
        "id": task.id,
        "name": (task.name or {}).get("en") or None,
        "assignee": people.get(task.assignee_id) if task.assignee_id else None,
        "owner": people.get(extra.owner_id) if extra and extra.owner_id else None,
        "created": moment_out(task.created_at),
        "lastUpdated": moment_out(task.changed_at),
        "due": moment_out(task.due_at),
        "followUp": moment_out(extra.follow_up_at) if extra else None,
        "delegationState": extra.delegation.upper() if extra and extra.delegation else None,
        "description": (extra and extra.description) or bulk.documentation_of(definition_id, task.element_id),
        "executionId": execution_id(task.source_id, token) if of_process else None,
        "parentTaskId": extra.parent_id if extra else None,
        "priority": extra.priority if extra and extra.priority is not None else DEFAULT_PRIORITY,
        "processDefinitionId": f"{key}:{version}:{definition_id}" if definition_id else None,
        "processInstanceId": task.source_id if of_process else None,
        "caseExecutionId": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "taskDefinitionKey": task.element_id or None,
        "suspended": bool(suspended),
        "formKey": task.form_key,
        "camundaFormRef": None,
        "tenantId": None,
        "taskState": "Created" if task.status == TaskStatus.OPEN else "Completed",
    }


BY_AGE = (Task.created_at, Task.id)


@bp.route("/task", methods=["GET", "POST"])
@requires(TASK_READ)
def list_tasks() -> Response:
    """The open tasks that a query means, of those the caller may see."""
    given = asked()
    first, most = window(given)
    statement = filtered(current_actor(), given).order_by(*order_of(given, SORTS), *BY_AGE)
    rows = refuse_longer(rows_of(given, statement.execution_options(populate_existing=True), first, most))
    return jsonify(shapes(rows))


def rows_of(given: Given, statement: Any, first: int, most: int) -> list[Any]:
    """The rows of the statement, task and extra first, whose variables are as the query asks."""
    wanted = variable_conditions(given)
    if not any(wanted.values()):
        return list(session().execute(statement.limit(most).offset(first)))

    def looks(row: Any, seen: Any) -> bool:
        token = int(row[0].source_ref) if row[0].source_ref.isdecimal() else None
        own = {**seen.local(token), **(row[1].variables if row[1] else {})} if token is not None else {}
        return all_hold(wanted["processVariables"], seen.whole) and all_hold(wanted["taskVariables"], own)

    return scan(statement, lambda row: row[0].source_id if row[0].source_kind == SOURCE else None, looks, first, most)


@bp.route("/task/count", methods=["GET", "POST"])
@requires(TASK_READ)
def count_tasks() -> dict[str, int]:
    """How many they are."""
    given, actor = asked(), current_actor()
    if any(variable_conditions(given).values()):
        return {"count": len(rows_of(given, filtered(actor, given, *COLUMNS).order_by(*BY_AGE), 0, 10**9))}
    open_ones = filtered(actor, given, Task.id).where(Task.rank_key > "")  # true of each: SQLite counts by their index
    counted = select(func.count()).select_from(open_ones.subquery())
    return {"count": session().scalar(counted) or 0}


def open_task(task_id: str, actor: Actor) -> Task:
    """The task, which must be open and the caller's to see; else as the dialect answers on reading."""
    task = session().scalar(select(Task).where(Task.id == task_id).execution_options(populate_existing=True))
    if task is None or task.status != TaskStatus.OPEN:
        missing(f"No matching task with id {task_id}")
    if not actor.may(ENGINE_OPERATE) and not may_see(actor, task):
        raise verbs.NotCandidate(task=task_id, candidates="")
    return task


@contextmanager
def found(task_id: str) -> Iterator[None]:
    """A verb on a task that is not there (any more) is answered as the dialect does: 500."""
    try:
        yield
    except (NotFound, verbs.TaskClosed):
        raise EngineRefused(f"Cannot find task with id {task_id}: task is null", kind="NullValueException") from None
    except verbs.AlreadyClaimed:
        raise EngineRefused(
            f"Task '{task_id}' is already claimed by someone else.", kind="TaskAlreadyClaimedException"
        ) from None


@bp.get("/task/<task_id>")
@requires(TASK_READ)
def get_task(task_id: str) -> dict[str, Any]:
    """One task."""
    open_task(task_id, current_actor())
    row = session().execute(joined().where(Task.id == task_id)).one()
    return shapes([row])[0]


def user_named(login: str | None) -> str | None:
    """The id of a login. Raises as the dialect does for one that is not there."""
    user = id_of(login)
    if user == NOBODY:
        raise EngineRefused(f"Cannot find user with id {login}: user is null", kind="NullValueException")
    return user


@bp.post("/task/<task_id>/claim")
@requires(TASK_WORK)
def claim_task(task_id: str) -> ResponseReturnValue:
    """Take it, for oneself or (who may) for somebody else."""
    actor, user = current_actor(), user_named(sent().text("userId", 64))
    with found(task_id):
        if user is None:
            _give_back(actor, task_id)
        elif user == actor.id and not actor.may(ENGINE_OPERATE):
            verbs.claim(actor, task_id)
        else:
            actor.must(ENGINE_OPERATE)
            managing.assign(actor, task_id, user, only_free=True)
    return done()


@bp.post("/task/<task_id>/unclaim")
@requires(TASK_WORK)
def unclaim_task(task_id: str) -> ResponseReturnValue:
    """Give it back."""
    with found(task_id):
        _give_back(current_actor(), task_id)
    return done()


def _give_back(actor: Actor, task_id: str) -> None:
    if actor.may(ENGINE_OPERATE):
        managing.assign(actor, task_id, None)
    else:
        verbs.release(actor, task_id)


@bp.post("/task/<task_id>/assignee")
@requires(TASK_WORK)
def assign_task(task_id: str) -> ResponseReturnValue:
    """Give it to somebody, whoever has it."""
    actor, user = current_actor(), user_named(sent().text("userId", 64))
    with found(task_id):
        if user == actor.id and not actor.may(ENGINE_OPERATE):
            verbs.claim(actor, task_id)
        elif user is None:
            _give_back(actor, task_id)
        else:
            actor.must(ENGINE_OPERATE)
            managing.assign(actor, task_id, user)
    return done()


def must_act(actor: Actor, task_id: str) -> Task:
    """The open task, when the caller has it or may act on everybody's. Raises as the dialect does."""
    with found(task_id):
        task = managing.open_task_of(task_id)
    if task.assignee_id != actor.id:
        actor.must(ENGINE_OPERATE)
    return task


@bp.post("/task/<task_id>/delegate")
@requires(TASK_WORK)
def delegate_task(task_id: str) -> ResponseReturnValue:
    """Let somebody else do it for its owner."""
    actor, user = current_actor(), user_named(sent().text("userId", 64))
    if user is None:
        raise EngineRefused("userId is null", kind="NullValueException")
    must_act(actor, task_id)
    with found(task_id):
        managing.delegate(actor, task_id, user)
    return done()


@bp.put("/task/<task_id>")
@requires(TASK_WORK)
def update_task(task_id: str) -> ResponseReturnValue:
    """Set what the dialect lets set: texts, people, times, priority."""
    actor, given = current_actor(), sent()
    open_task(task_id, actor)
    must_act(actor, task_id)
    with found(task_id):
        managing.describe(
            actor, task_id, _described(given), due_at=given.moment("due"), name=given.text("name", 200) or None
        )
        if "assignee" in given.values:
            managing.assign(actor, task_id, user_named(given.text("assignee", 64)))
    return done()


def _described(given: Given) -> dict[str, Any]:
    delegation = given.text("delegationState")
    if delegation is not None and delegation.lower() not in ("pending", "resolved"):
        raise InvalidRequest(
            f"Valid values for property 'delegationState' are 'PENDING' or 'RESOLVED', but was '{delegation[:40]}'"
        )
    values: dict[str, Any] = {
        "description": given.text("description", LONGEST_TEXT),
        "owner_id": user_named(given.text("owner", 64)),
        "delegation": delegation.lower() if delegation else None,
        "priority": given.number("priority"),
        "follow_up_at": given.moment("followUp"),
        "parent_id": given.text("parentTaskId", 26),
    }
    names = {"description": "description", "owner": "owner_id", "delegationState": "delegation", "priority": "priority"}
    names |= {"followUp": "follow_up_at", "parentTaskId": "parent_id"}
    return {column: values[column] for name, column in names.items() if name in given.values}


@bp.post("/task/create")
@requires(ENGINE_OPERATE)
def create_task() -> ResponseReturnValue:
    """A task of its own, about no process."""
    actor, given = current_actor(), sent()
    task_id = given.text("id", 26)
    assignee = user_named(given.text("assignee", 64))
    try:
        made = managing.open_standalone(actor, given.text("name", 200) or "", assignee_id=assignee, task_id=task_id)
    except managing.IdTaken:
        raise EngineRefused(f"Cannot create task with id {task_id}: it is there already") from None
    managing.describe(actor, made, _described(given), due_at=given.moment("due"), name=None)
    return done()


@bp.delete("/task/<task_id>")
@requires(ENGINE_OPERATE)
def delete_task(task_id: str) -> ResponseReturnValue:
    """Remove a task of its own."""
    with found(task_id):
        try:
            managing.delete_standalone(current_actor(), task_id)
        except managing.OwnedByProcess:
            raise EngineRefused("The task cannot be deleted because is part of a running process") from None
    return done()
