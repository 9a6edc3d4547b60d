"""/external-task: what workers report, and what operators see and change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, func, not_, or_, select

from app.core import clock, ids
from app.core.db import session
from app.core.errors import Invalid
from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.definition_ids import inner
from app.integration.engine_rest.errors import DialectError, InvalidRequest, missing
from app.integration.engine_rest.external_shape import shape
from app.integration.engine_rest.values import variables_in
from app.integration.engine_rest.variables import to_engine
from app.integration.engine_rest.wire import Given, asked, order_of, refuse_longer, sent, split_execution, window
from app.integration.permissions import ENGINE_OPERATE, ENGINE_READ, ENGINE_WORK
from app.processes.external import queries
from app.processes.external import service as external
from app.processes.external.models import ExternalTask
from app.processes.models import ProcessDefinition, ProcessInstance

SORTS = {
    "id": ExternalTask.id,
    "lockExpirationTime": ExternalTask.lock_expires_at,
    "processInstanceId": ExternalTask.instance_id,
    "processDefinitionId": ExternalTask.definition_id,
    "processDefinitionKey": ExternalTask.definition_key,
    "taskPriority": ExternalTask.priority,
    "createTime": ExternalTask.created_at,
    "tenantId": ExternalTask.id,
}
WRONG_WORKER = {
    "complete": "External Task {task} cannot be completed by worker '{worker}'",
    "failure": "Failure of External Task {task} cannot be reported by worker '{worker}'",
    "bpmnError": "Bpmn error of External Task {task} cannot be reported by worker '{worker}'",
    "extendLock": "The lock of the External Task {task} cannot be extended by worker '{worker}'",
    "lock": "External Task {task} cannot be locked by worker '{worker}'",
}


@contextmanager
def said_as_usual(verb: str) -> Iterator[None]:
    """Refusals of our verbs in the words that clients of the dialect know."""
    try:
        yield
    except external.NoExternalTask as error:
        missing(f"External task with id {error.details['task']} does not exist", "RestException")
    except external.OtherWorker as error:
        told = WRONG_WORKER[verb].format(**error.details)
        owner = "null" if error.details["owner"] is None else error.details["owner"]
        raise DialectError(f"{told}. It is locked by worker '{owner}'.") from None
    except external.LockExpired:
        raise DialectError("Cannot extend a lock that expired") from None
    except Invalid as error:
        raise DialectError(
            "; ".join(f"{name}: {' '.join(said)}" for name, said in error.details["fields"].items())
        ) from None


@bp.post("/external-task/<external_id>/complete")
@requires(ENGINE_WORK)
def complete_external(external_id: str) -> ResponseReturnValue:
    """The work is done; its variables go to the process."""
    given = sent()
    worker = given.needed("workerId", 255)
    with said_as_usual("complete"):
        task = external.get(external_id)
        external.complete(
            current_actor(),
            external_id,
            worker,
            to_engine(task.instance_id, variables_in(given.mapping("variables"), keep)),
            to_engine(task.instance_id, variables_in(given.mapping("localVariables"), keep), task.token),
        )
    return done()


@bp.post("/external-task/<external_id>/failure")
@requires(ENGINE_WORK)
def fail_external(external_id: str) -> ResponseReturnValue:
    """The work failed; without retries left an incident stands."""
    given = sent()
    with said_as_usual("failure"):
        task = external.get(external_id)
        external.fail(
            current_actor(),
            external_id,
            given.needed("workerId", 255),
            message=given.text("errorMessage", 100_000),
            details=given.text("errorDetails", 500_000),
            retries=given.number("retries") or 0,
            retry_ms=given.number("retryTimeout", -(2**63), 2**63 - 1) or 0,
            variables=to_engine(task.instance_id, variables_in(given.mapping("variables"), keep)),
            local=to_engine(task.instance_id, variables_in(given.mapping("localVariables"), keep), task.token),
        )
    return done()


@bp.post("/external-task/<external_id>/bpmnError")
@requires(ENGINE_WORK)
def external_error(external_id: str) -> ResponseReturnValue:
    """The work came to an error that the diagram catches."""
    given = sent()
    with said_as_usual("bpmnError"):
        task = external.get(external_id)
        external.throw_error(
            current_actor(),
            external_id,
            given.needed("workerId", 255),
            given.needed("errorCode", 255),
            message=given.text("errorMessage"),
            variables=to_engine(task.instance_id, variables_in(given.mapping("variables"), keep)),
        )
    return done()


@bp.post("/external-task/<external_id>/extendLock")
@requires(ENGINE_WORK)
def extend_lock(external_id: str) -> ResponseReturnValue:
    """Keep the task for a while from now."""
    given = sent()
    duration = given.number("newDuration", -(2**63), 2**63 - 1) or 0
    with said_as_usual("extendLock"):
        external.extend_lock(current_actor(), external_id, given.needed("workerId", 255), duration)
    return done()


@bp.post("/external-task/<external_id>/lock")
@requires(ENGINE_WORK)
def lock_external(external_id: str) -> ResponseReturnValue:
    """Take this task."""
    given = sent()
    duration = given.number("lockDuration", -(2**63), 2**63 - 1) or 0
    with said_as_usual("lock"):
        external.lock(current_actor(), external_id, given.needed("workerId", 255), duration)
    return done()


@bp.post("/external-task/<external_id>/unlock")
@requires(ENGINE_WORK)
def unlock_external(external_id: str) -> ResponseReturnValue:
    """Give it free, whoever has it."""
    with said_as_usual("lock"):
        external.unlock(current_actor(), external_id)
    return done()


@bp.put("/external-task/<external_id>/retries")
@requires(ENGINE_WORK)
def set_external_retries(external_id: str) -> ResponseReturnValue:
    """How often it may still be tried."""
    retries = sent().number("retries")
    if retries is None:
        raise DialectError("The number of retries cannot be null.")
    with said_as_usual("lock"):
        external.set_retries(current_actor(), external_id, retries)
    return done()


@bp.put("/external-task/<external_id>/priority")
@requires(ENGINE_OPERATE)
def set_external_priority(external_id: str) -> ResponseReturnValue:
    """Where it stands."""
    priority = sent().number("priority", -(2**63) + 1, 2**63 - 1)
    if priority is None:
        raise DialectError("The priority cannot be null.")
    with said_as_usual("lock"):
        external.set_priority(current_actor(), external_id, priority)
    return done()


def _set_many(given: Given) -> int:
    retries = given.number("retries")
    if retries is None:
        raise DialectError("The number of retries cannot be null.")
    wanted = list(given.texts("externalTaskIds") or ())
    queried = given.mapping("externalTaskQuery")
    if queried:
        wanted += session().scalars(filtered(Given(queried), ExternalTask.id).limit(10_001))
    instances = given.texts("processInstanceIds")
    if instances:
        wanted += session().scalars(
            select(ExternalTask.id).where(ExternalTask.instance_id.in_(instances)).limit(10_001)
        )
    if not wanted:
        raise InvalidRequest("externalTaskIds is empty", kind="BadUserRequestException")
    wanted = refuse_longer(list(dict.fromkeys(wanted)))
    with said_as_usual("lock"):
        for one in wanted:
            external.set_retries(current_actor(), one, retries)
    return len(wanted)


@bp.put("/external-task/retries")
@requires(ENGINE_OPERATE)
def set_many_retries() -> ResponseReturnValue:
    """The same for many."""
    _set_many(sent())
    return done()


@bp.post("/external-task/retries-async")
@requires(ENGINE_OPERATE)
def set_many_retries_later() -> dict[str, Any]:
    """The same, answered as a batch; it is done when the answer comes."""
    count = _set_many(sent())
    return {
        "id": ids.new_id(),
        "type": "set-external-task-retries",
        "totalJobs": count,
        "jobsCreated": count,
        "batchJobsPerSeed": count,
        "invocationsPerBatchJob": 1,
        "seedJobDefinitionId": None,
        "monitorJobDefinitionId": None,
        "batchJobDefinitionId": None,
        "suspended": False,
        "tenantId": None,
        "createUserId": current_actor().login,
    }


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The external tasks that a query means."""
    statement = queries.joined(*columns)
    statement = statement.join(ProcessDefinition, ProcessDefinition.id == ExternalTask.definition_id)
    equal = {
        "externalTaskId": ExternalTask.id,
        "topicName": ExternalTask.topic,
        "workerId": ExternalTask.worker_id,
        "activityId": ExternalTask.element_id,
        "processInstanceId": ExternalTask.instance_id,
        "processDefinitionKey": ExternalTask.definition_key,
    }
    for name, column in equal.items():
        if name in given:
            statement = statement.where(column == given.text(name))
    several = {
        "externalTaskIdIn": ExternalTask.id,
        "activityIdIn": ExternalTask.element_id,
        "processInstanceIdIn": ExternalTask.instance_id,
    }
    for name, column in several.items():
        wanted = given.texts(name)
        if wanted is not None:
            statement = statement.where(column.in_(wanted))
    if "processDefinitionId" in given:
        statement = statement.where(ExternalTask.definition_id == inner(str(given.text("processDefinitionId"))))
    if "executionId" in given:
        instance, token = split_execution(str(given.text("executionId")))
        statement = statement.where(ExternalTask.instance_id == instance, ExternalTask.token == token)
    if given.texts("tenantIdIn"):
        statement = statement.where(ExternalTask.id.is_(None))
    return _by_state(given, statement)


def _by_state(given: Given, statement: Select[Any]) -> Select[Any]:
    locked = ExternalTask.lock_expires_at > clock.now()
    free = or_(ExternalTask.lock_expires_at.is_(None), not_(locked))
    left = or_(ExternalTask.retries.is_(None), ExternalTask.retries > 0)
    flags = {
        "locked": locked,
        "notLocked": free,
        "withRetriesLeft": left,
        "noRetriesLeft": ExternalTask.retries == 0,
        "active": ProcessInstance.suspended.is_(False),
        "suspended": ProcessInstance.suspended.is_(True),
    }
    for name, condition in flags.items():
        if given.flag(name):
            statement = statement.where(condition)
    after, before = given.moment("lockExpirationAfter"), given.moment("lockExpirationBefore")
    if after is not None:
        statement = statement.where(ExternalTask.lock_expires_at > after)
    if before is not None:
        statement = statement.where(ExternalTask.lock_expires_at < before)
    low = given.number("priorityHigherThanOrEquals", -(2**63), 2**63 - 1)
    high = given.number("priorityLowerThanOrEquals", -(2**63), 2**63 - 1)
    if low is not None:
        statement = statement.where(ExternalTask.priority >= low)
    if high is not None:
        statement = statement.where(ExternalTask.priority <= high)
    return statement


@bp.route("/external-task", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_external() -> Response:
    """The external tasks that a query means."""
    given = asked()
    first, most = window(given)
    columns = (ExternalTask, ProcessInstance.suspended, ProcessDefinition.key, ProcessDefinition.version)
    statement = filtered(given, *columns).order_by(*order_of(given, SORTS), ExternalTask.created_at, ExternalTask.id)
    rows = refuse_longer(list(session().execute(statement.limit(most).offset(first))))
    return jsonify([_shape(row) for row in rows])


def _shape(row: Any) -> dict[str, Any]:
    task, suspended, key, version = row
    return shape(task, f"{key}:{version}:{task.definition_id}", suspended=bool(suspended))


@bp.route("/external-task/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_external() -> dict[str, int]:
    """How many they are."""
    return {
        "count": session().scalar(select(func.count()).select_from(filtered(asked(), ExternalTask.id).subquery())) or 0
    }


@bp.get("/external-task/topic-names")
@requires(ENGINE_READ)
def topic_names() -> Response:
    """Topics that have tasks."""
    given = asked()
    statement = queries.joined(ExternalTask.topic).distinct().order_by(ExternalTask.topic)
    locked = ExternalTask.lock_expires_at > clock.now()
    if given.flag("withLockedTasks"):
        statement = statement.where(locked)
    if given.flag("withUnlockedTasks"):
        statement = statement.where(or_(ExternalTask.lock_expires_at.is_(None), not_(locked)))
    if given.flag("withRetriesLeft"):
        statement = statement.where(or_(ExternalTask.retries.is_(None), ExternalTask.retries > 0))
    return jsonify(list(session().scalars(statement)))


@bp.get("/external-task/<external_id>")
@requires(ENGINE_READ)
def get_external(external_id: str) -> dict[str, Any]:
    """One of them."""
    columns = (ExternalTask, ProcessInstance.suspended, ProcessDefinition.key, ProcessDefinition.version)
    row = session().execute(filtered(Given({"externalTaskId": external_id}), *columns)).first()
    if row is None:
        missing(f"External task with id {external_id} does not exist", "RestException")
    return _shape(row)


@bp.get("/external-task/<external_id>/errorDetails")
@requires(ENGINE_READ)
def external_error_details(external_id: str) -> ResponseReturnValue:
    """What the worker told of its last failure."""
    with said_as_usual("lock"):
        found = queries.error_details(external_id)
    return (found, 200, {"Content-Type": "text/plain; charset=utf-8"}) if found else done()
