"""/job: timers and steps that wait for their time."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, func, select

from app.core import clock, jobs
from app.core.db import session
from app.core.jobs import Job
from app.core.permissions import requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.definition_ids import brief, inner, outer
from app.integration.engine_rest.errors import InvalidRequest, missing, told
from app.integration.engine_rest.wire import (
    Given,
    asked,
    execution_id,
    moment_out,
    order_of,
    refuse_longer,
    sent,
    split_execution,
    window,
)
from app.integration.permissions import ENGINE_OPERATE, ENGINE_READ

SOURCES = ("process", "process-start")
"""Jobs of instances, and those that start some at a time."""
SORTS = {
    "jobId": Job.id,
    "executionId": Job.source_id,
    "processInstanceId": Job.source_id,
    "processDefinitionId": Job.definition_id,
    "processDefinitionKey": Job.definition_key,
    "jobRetries": Job.retries,
    "jobDueDate": Job.due_at,
    "jobPriority": Job.priority,
    "tenantId": Job.id,
    "createTime": Job.created_at,
}


def is_timer() -> ColumnElement[bool]:
    """Timers, not steps that are done apart from the one before."""
    found: ColumnElement[bool] = Job.payload["kind"].as_string().in_(["timer", "start"])
    return found


def shape(job: Job, definitions: dict[str, Any]) -> dict[str, Any]:
    """A job as the dialect writes it."""
    definition = definitions.get(job.definition_id or "")
    instance = job.source_id if job.source_kind == SOURCES[0] else None
    token = int(job.source_ref) if job.source_ref.isdecimal() else None
    return {
        "id": job.id,
        "jobDefinitionId": None,
        "processInstanceId": instance,
        "executionId": execution_id(instance, token) if instance else None,
        "processDefinitionId": outer(definition) if definition is not None else job.definition_id,
        "processDefinitionKey": job.definition_key,
        "exceptionMessage": job.error,
        "failedActivityId": job.element_id if job.error else None,
        "retries": job.retries,
        "dueDate": moment_out(job.due_at),
        "suspended": job.suspended,
        "priority": job.priority,
        "tenantId": None,
        "createTime": moment_out(job.created_at),
        "batchId": None,
    }


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The jobs of instances that a query means."""
    statement = select(*columns or (Job,)).where(Job.source_kind.in_(SOURCES))
    equal = {"jobId": Job.id, "processInstanceId": Job.source_id, "processDefinitionKey": Job.definition_key}
    for name, column in equal.items():
        if name in given:
            statement = statement.where(column == given.text(name))
    for name, column in (("jobIds", Job.id), ("processInstanceIds", Job.source_id)):
        wanted = given.texts(name)
        if wanted is not None:
            statement = statement.where(column.in_(wanted))
    for name in ("activityId", "failedActivityId"):
        if name in given:
            statement = statement.where(Job.element_id == given.text(name))
    if "failedActivityId" in given:
        statement = statement.where(Job.error.is_not(None))
    if "processDefinitionId" in given:
        statement = statement.where(Job.definition_id == inner(str(given.text("processDefinitionId"))))
    if "executionId" in given:
        instance, token = split_execution(str(given.text("executionId")))
        statement = statement.where(Job.source_id == instance)
        statement = statement.where(Job.source_ref == str(token)) if token is not None else statement
    return _by_state(given, statement)


def _by_state(given: Given, statement: Select[Any]) -> Select[Any]:
    flags: dict[str, ColumnElement[bool]] = {
        "withRetriesLeft": Job.retries > 0,
        "noRetriesLeft": Job.retries == 0,
        "executable": (Job.retries > 0) & (Job.due_at <= clock.now()) & Job.suspended.is_(False),
        "timers": is_timer(),
        "messages": ~func.coalesce(is_timer(), False),
        "withException": Job.error.is_not(None),
        "active": Job.suspended.is_(False),
        "suspended": Job.suspended.is_(True),
    }
    for name, condition in flags.items():
        if given.flag(name):
            statement = statement.where(condition)
    if "exceptionMessage" in given:
        statement = statement.where(Job.error == given.text("exceptionMessage"))
    low, high = given.number("priorityHigherThanOrEquals"), given.number("priorityLowerThanOrEquals")
    statement = statement.where(Job.priority >= low) if low is not None else statement
    statement = statement.where(Job.priority <= high) if high is not None else statement
    for name, column in (("dueDates", Job.due_at), ("createTimes", Job.created_at)):
        for one in _moments(given, name):
            moment, operator = one.moment("value"), one.text("operator")
            if moment is not None and operator in ("gt", "lt"):
                statement = statement.where(column > moment if operator == "gt" else column < moment)
    if given.texts("tenantIdIn"):
        statement = statement.where(Job.id.is_(None))
    return statement


def _moments(given: Given, name: str) -> list[Given]:
    """`dueDates=gt_2026-…,lt_…` of an address, or a list of a body."""
    found = given.raw(name)
    if not isinstance(found, str):
        return given.objects(name)
    parts = [part.partition("_") for part in found.split(",") if part]
    return [Given({"operator": operator, "value": value}) for operator, _line, value in parts]


@bp.route("/job", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_jobs() -> Response:
    """The jobs that a query means."""
    given = asked()
    first, most = window(given)
    order = order_of(given, SORTS) or [Job.due_at]
    found = refuse_longer(list(session().scalars(filtered(given).order_by(*order, Job.id).limit(most).offset(first))))
    definitions = brief({job.definition_id for job in found if job.definition_id})
    return jsonify([shape(job, definitions) for job in found])


@bp.route("/job/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_jobs() -> dict[str, int]:
    """How many they are."""
    return {"count": session().scalar(select(func.count()).select_from(filtered(asked(), Job.id).subquery())) or 0}


def _one(job_id: str) -> Job:
    job = session().scalar(filtered(Given({"jobId": job_id})))
    if job is None:
        missing(f"Job with id {job_id} does not exist")
    return job  # type: ignore[no-any-return]


@bp.get("/job/<job_id>")
@requires(ENGINE_READ)
def get_job(job_id: str) -> dict[str, Any]:
    """One of them."""
    job = _one(job_id)
    return shape(job, brief({job.definition_id} if job.definition_id else set()))


@bp.get("/job/<job_id>/stacktrace")
@requires(ENGINE_READ)
def get_job_trace(job_id: str) -> ResponseReturnValue:
    """Why it failed last."""
    job = _one(job_id)
    return job.error_details or job.error or "", 200, {"Content-Type": "text/plain; charset=utf-8"}


@bp.post("/job/<job_id>/execute")
@requires(ENGINE_OPERATE)
def execute_job(job_id: str) -> ResponseReturnValue:
    """Do it now, whatever its time."""
    _one(job_id)
    _outcome, wrong = jobs.run_now(job_id)
    if wrong is not None:  # answered, not raised: that it failed is to be stored
        return told(500, "ProcessEngineException", wrong)
    return done()


@bp.put("/job/<job_id>/duedate")
@requires(ENGINE_OPERATE)
def set_job_due(job_id: str) -> ResponseReturnValue:
    """Move it to another time; without one it is due now."""
    _one(job_id)
    jobs.set_due(job_id, sent().moment("duedate") or clock.now())
    return done()


@bp.put("/job/<job_id>/retries")
@requires(ENGINE_OPERATE)
def set_job_retries(job_id: str) -> ResponseReturnValue:
    """How often it may still fail."""
    given = sent()
    retries = given.number("retries")
    if retries is None:
        raise InvalidRequest("The number of retries cannot be null.", kind="BadUserRequestException")
    if retries < 0:
        raise InvalidRequest(
            "The number of job retries must be a non-negative Integer.", kind="BadUserRequestException"
        )
    _one(job_id)
    jobs.set_retries(job_id, retries)
    due = given.moment("dueDate")
    if due is not None:
        jobs.set_due(job_id, due)
    return done()
