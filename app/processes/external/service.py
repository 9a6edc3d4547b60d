"""Verbs on external tasks, for workers and for those who watch over them. A worker is only believed about a task that
it locked and that nobody else has locked since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import saving
from app.processes import service as processes
from app.processes.definitions import deployed
from app.processes.engine import Report
from app.processes.external import incidents, news
from app.processes.external.fetching import LONGEST_LOCK
from app.processes.external.fetching import Fetch as Fetch
from app.processes.external.fetching import Topic as Topic
from app.processes.external.fetching import fetch_and_lock as fetch_and_lock
from app.processes.external.fetching import is_anything_for as is_anything_for
from app.processes.external.models import LONGEST_MESSAGE, ExternalTask
from app.processes.external.rows import LARGEST_PRIORITY
from app.processes.models import ProcessIncident
from app.processes.service.operating import retry_of

LARGEST_RETRIES = 2**31 - 1
Variables = Mapping[str, Any]


class NoExternalTask(NotFound):
    """It was completed, its instance ended, or it never was."""

    message = _l("There is no external task “%(task)s”.")


class OtherWorker(Conflict):
    """Another worker has (or had last) the task."""

    message = _l("The external task “%(task)s” is locked by the worker “%(owner)s”, not “%(worker)s”.")


class LockExpired(Conflict):
    """Too late to extend it."""

    message = _l("The lock of the external task “%(task)s” has expired.")


def get(task_id: str, *, lock: bool = False) -> ExternalTask:
    """The task; with `lock` nobody else changes it until the transaction ends. Raises NoExternalTask."""
    statement = select(ExternalTask).where(ExternalTask.id == task_id).execution_options(populate_existing=True)
    found = session().scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NoExternalTask(task=task_id)
    return found


def _mine(task_id: str, worker: str) -> ExternalTask:
    saving.hold(get(task_id).instance_id)  # first, as every step does: two that lock the other way round would hang
    task = get(task_id, lock=True)
    if task.worker_id != worker:
        raise OtherWorker(task=task_id, worker=worker, owner=task.worker_id)
    return task


def complete(
    actor: Actor, task_id: str, worker: str, variables: Variables | None = None, local: Variables | None = None
) -> None:
    """The work is done: the instance goes on. Raises NoExternalTask, OtherWorker, and what the engine raises."""
    task = _mine(task_id, worker)
    if _is_error(actor, task, variables, local, failed=False):
        return
    session().expunge(task)  # the step removes the row itself
    record(actor, "external:complete", _subject(task), **_about(task), worker=worker, names=sorted(variables or {}))
    processes.go_on_at(actor, task.instance_id, task.token, variables=variables or {}, local=local or {})


def throw_error(
    actor: Actor,
    task_id: str,
    worker: str,
    code: str,
    *,
    message: str | None = None,
    variables: Variables | None = None,
) -> None:
    """The work came to a BPMN error, which the diagram catches. Raises NoExternalTask, OtherWorker."""
    task = _mine(task_id, worker)
    session().expunge(task)
    record(actor, "external:error", _subject(task), **_about(task), worker=worker, code=code, message=message)
    processes.throw_error(actor, task.instance_id, task.token, code, message=message, variables=variables or {})


def fail(  # noqa: PLR0913 - what a worker tells of a failure
    actor: Actor,
    task_id: str,
    worker: str,
    *,
    message: str | None = None,
    details: str | None = None,
    retries: int = 0,
    retry_ms: int = 0,
    variables: Variables | None = None,
    local: Variables | None = None,
) -> None:
    """The work failed; it can be fetched again after `retry_ms` if `retries` are left, else an incident stands.

    Raises NoExternalTask, OtherWorker, Invalid.
    """
    _refuse_outside("retries", retries, 0, LARGEST_RETRIES)
    _refuse_outside("retryTimeout", retry_ms, 0, LONGEST_LOCK)
    task = _mine(task_id, worker)
    task.error_message = None if message is None else message[:LONGEST_MESSAGE]
    task.error_details = details
    if _is_error(actor, task, variables, local, failed=True):
        return
    task.lock_expires_at = clock.now() + timedelta(milliseconds=retry_ms)
    _set_retries(actor, task, retries)
    told = {**_about(task), "retries": retries, "message": task.error_message}
    record(actor, "external:fail", _subject(task), worker=worker, **told)
    if variables:
        processes.set_variables(actor, task.instance_id, variables)
    if local:
        processes.set_variables(actor, task.instance_id, local, token=task.token)


def _is_error(
    actor: Actor, task: ExternalTask, variables: Variables | None, local: Variables | None, *, failed: bool
) -> bool:
    """Whether the diagram says that what the worker reports is an error; then that is dealt with."""
    element = deployed(task.definition_id).definition.elements[task.element_id]
    if not getattr(element, "errors", ()):
        return False
    told = {
        "id": task.id,
        "workerId": task.worker_id,
        "topicName": task.topic,
        "priority": task.priority,
        "activityId": task.element_id,
        "processInstanceId": task.instance_id,
        "retries": task.retries,
        "errorMessage": task.error_message,
        "errorDetails": task.error_details,
    }
    about, subject = _about(task), _subject(task)
    session().flush()
    processes.report(actor, subject.id, Report(task.token, told, variables or {}, local or {}, failed))
    if session().scalar(select(ExternalTask.id).where(ExternalTask.id == told["id"])) is not None:
        return False
    session().expunge(task)
    record(actor, "external:error", subject, **about, worker=told["workerId"], message=told["errorMessage"])
    return True


def extend_lock(actor: Actor, task_id: str, worker: str, lock_ms: int) -> None:
    """Keep it for `lock_ms` from now. Raises NoExternalTask, OtherWorker, LockExpired, Invalid."""
    del actor
    _refuse_outside("newDuration", lock_ms, 1, LONGEST_LOCK)
    task = _mine(task_id, worker)
    now = clock.now()
    if task.lock_expires_at is None or task.lock_expires_at < now:
        raise LockExpired(task=task_id)
    task.lock_expires_at = now + timedelta(milliseconds=lock_ms)
    session().flush()


def lock(actor: Actor, task_id: str, worker: str, lock_ms: int) -> None:
    """Take this very task. Raises NoExternalTask, OtherWorker (who still has it), Invalid."""
    del actor
    _refuse_outside("lockDuration", lock_ms, 1, LONGEST_LOCK)
    task, now = get(task_id, lock=True), clock.now()
    held = task.lock_expires_at is not None and task.lock_expires_at > now
    if held and task.worker_id not in (None, worker):
        raise OtherWorker(task=task_id, worker=worker, owner=task.worker_id)
    task.worker_id, task.lock_expires_at = worker, now + timedelta(milliseconds=lock_ms)
    session().flush()


def unlock(actor: Actor, task_id: str) -> None:
    """Whoever has it has it no longer. Raises NoExternalTask."""
    task = get(task_id, lock=True)
    if task.worker_id is None:
        return
    record(actor, "external:unlock", _subject(task), task=task_id, worker=task.worker_id)
    task.worker_id, task.lock_expires_at = None, None
    session().flush()
    news.tell()


def set_retries(actor: Actor, task_id: str, retries: int) -> None:
    """How often it may still be tried; above 0 an incident is over. Raises NoExternalTask, Invalid."""
    _refuse_outside("retries", retries, 0, LARGEST_RETRIES)
    task = get(task_id, lock=True)
    _set_retries(actor, task, retries)
    record(actor, "external:retries", _subject(task), task=task_id, element=task.element_id, retries=retries)


def set_priority(actor: Actor, task_id: str, priority: int) -> None:
    """Where it stands among those of its topics. Raises NoExternalTask, Invalid."""
    _refuse_outside("priority", priority, -LARGEST_PRIORITY, LARGEST_PRIORITY)
    task = get(task_id, lock=True)
    task.priority = priority
    session().flush()
    record(actor, "external:priority", _subject(task), task=task_id, element=task.element_id, priority=priority)


def _set_retries(actor: Actor, task: ExternalTask, retries: int) -> None:
    before, task.retries = task.retries, retries
    session().flush()
    if retries == 0 and before != 0:
        incidents.stand(task)
    elif retries > 0:
        if before == 0:
            incidents.resolve(task, actor)
        news.tell()


def _refuse_outside(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Invalid({name: [_("Must lie between %(low)s and %(high)s.", low=low, high=high)]})


def _subject(task: ExternalTask) -> Subject:
    return Subject("process", task.instance_id)


def _about(task: ExternalTask) -> dict[str, Any]:
    return {"task": task.id, "element": task.element_id, "topic": task.topic}


@retry_of.register(incidents.KIND)
def retry(actor: Actor, incident: ProcessIncident) -> None:
    """An operator lets a task without tries be tried once more. Raises NoExternalTask."""
    statement = select(ExternalTask.id).where(
        ExternalTask.instance_id == incident.instance_id, ExternalTask.token == incident.token
    )
    found = session().scalar(statement)
    if found is None:
        raise NoExternalTask(task=incident.details.get("external_task"))
    set_retries(actor, found, 1)
