"""Completing tasks and the like: variables become the process's, and the answers of the task's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue

from app.core.errors import Conflict, Invalid
from app.core.permissions import Actor, current_actor, requires
from app.fulfilment import deciding
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.engine import verbs as engine
from app.integration.engine_rest.errors import DialectError, EngineRefused, InvalidRequest
from app.integration.engine_rest.task_query import SOURCE
from app.integration.engine_rest.tasks import found, must_act
from app.integration.engine_rest.values import TYPES, Variables, variables_in, variables_out
from app.integration.engine_rest.variables import to_engine
from app.integration.engine_rest.wire import Given, sent
from app.integration.permissions import ENGINE_OPERATE
from app.processes.queries import form_of
from app.processes.service import SignatureNeeded
from app.tasks import managing
from app.tasks import service as tasks
from app.tasks.models import Task
from app.tasks.permissions import TASK_WORK


class NeedsSignature(DialectError):
    """The diagram asks for a signature, which the dialect cannot carry."""

    status = 403
    kind = "AuthorizationException"


@bp.post("/task/<task_id>/complete")
@requires(TASK_WORK)
def complete_task(task_id: str) -> ResponseReturnValue:
    """The task is done; the process goes on."""
    extra = managing.extra_of(task_id)
    if extra is not None and extra.delegation == "pending":
        raise EngineRefused("A delegated task cannot be completed, but should be resolved instead.")
    return _complete(task_id, f"Cannot complete task {task_id}")


@bp.post("/task/<task_id>/submit-form")
@requires(TASK_WORK)
def submit_task_form(task_id: str) -> ResponseReturnValue:
    """The same by its form."""
    return _complete(task_id, f"Cannot submit task form {task_id}")


def _complete(task_id: str, told: str) -> ResponseReturnValue:
    actor, given = current_actor(), sent()
    try:
        variables = variables_in(given.mapping("variables"), keep)
    except DialectError as error:
        raise InvalidRequest(f"{told}: {error.text}", error.answered) from None
    try:
        with found(task_id):
            task = managing.open_task_of(task_id)
            done_task = finish(actor, task, variables)
    except EngineRefused as error:
        raise DialectError(f"{told}: {error.text}", 500) from None
    except NeedsSignature as error:
        raise NeedsSignature(f"{told}: {error.text}") from None
    except Invalid as error:
        reasons = "; ".join(f"{name}: {' '.join(said)}" for name, said in error.details["fields"].items())
        raise DialectError(f"{told}: {reasons}") from None
    except Conflict as error:
        raise DialectError(f"{told}: {error.sentence()}", 500) from None
    if not given.flag("withVariablesInReturn"):
        return done()
    return variables_out(_variables_of(done_task), plain=False), 200


def _variables_of(task: Task) -> dict[str, Any]:
    if task.source_kind != SOURCE:
        return {}
    return bulk.of_many([task.source_id]).get(task.source_id, bulk.Seen()).whole


def finish(actor: Actor, task: Task, variables: Variables) -> Task:
    """In the name of the caller: as one who is asked, or by the right to act on everybody's. What needs a signature is
    refused: the dialect has none."""
    try:
        return _finish(actor, task, variables)
    except SignatureNeeded:
        raise NeedsSignature(
            f"it needs an electronic signature: sign it in Youxu or by POST /api/v1/tasks/{task.id}/complete"
        ) from None


def _finish(actor: Actor, task: Task, variables: Variables) -> Task:
    for_others = actor.may(ENGINE_OPERATE)
    values: dict[str, Any] = {}
    if task.source_kind == SOURCE:
        own = managing.extra_of(task.id)
        kept = {name: value for name, value in own.variables.items() if name != TYPES} if own is not None else {}
        values = {**kept, **to_engine(task.source_id, variables)}
    answers = _answers(task, variables.values)
    if task.subject_kind == "order":
        if for_others:
            managing.assign(actor, task.id, actor.id)
        return deciding.complete(actor, task.id, answers or {}, seen_version=task.subject_version)
    return tasks.complete(actor, task.id, answers, variables=values, for_others=for_others)


def _answers(task: Task, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those of the values that the task's form asks for; None when no form of ours is asked."""
    form = form_of(task) if task.source_kind == SOURCE and task.form_key else None
    return None if form is None else {key: values[key] for key in _keys_of(form) if key in values}


def _keys_of(part: Mapping[str, Any]) -> list[str]:
    keys = [part["key"]] if isinstance(part.get("key"), str) else []
    for inner in part.get("components", ()):
        keys += _keys_of(inner)
    return keys


@bp.post("/task/<task_id>/resolve")
@requires(TASK_WORK)
def resolve_task(task_id: str) -> ResponseReturnValue:
    """What was delegated is done: back to the owner."""
    actor, given = current_actor(), sent()
    task = must_act(actor, task_id)
    variables = variables_in(given.mapping("variables"), keep)
    if variables.values and task.source_kind == SOURCE:
        engine.set_variables(actor, task.source_id, to_engine(task.source_id, variables))
    with found(task_id):
        managing.resolve(actor, task_id)
    return done()


def _token(task: Task) -> int:
    if task.source_kind != SOURCE or not task.source_ref.isdecimal():
        raise InvalidRequest(f"Task {task.id} belongs to no process", kind="BadUserRequestException")
    return int(task.source_ref)


def _thrown(task_id: str, name: str) -> tuple[Task, int, str, dict[str, Any], Given]:
    task, given = must_act(current_actor(), task_id), sent()
    managing.refuse_excluded(current_actor().id, task_id)
    code = given.text(name, 255)
    if not code:
        raise DialectError(f"{name} is null" if code is None else f"{name} is empty")
    values = to_engine(task.source_id, variables_in(given.mapping("variables"), keep))
    return task, _token(task), code, values, given


@bp.post("/task/<task_id>/bpmnError")
@requires(TASK_WORK)
def task_error(task_id: str) -> ResponseReturnValue:
    """The work came to an error that the diagram catches."""
    task, token, code, values, given = _thrown(task_id, "errorCode")
    message = given.text("errorMessage")
    engine.throw_error(current_actor(), task.source_id, token, code, message=message, variables=values)
    managing.tell_outcome(current_actor(), task, "task:error", code)
    return done()


@bp.post("/task/<task_id>/bpmnEscalation")
@requires(TASK_WORK)
def task_escalation(task_id: str) -> ResponseReturnValue:
    """Somebody should know of it."""
    task, token, code, values, _given = _thrown(task_id, "escalationCode")
    engine.escalate(current_actor(), task.source_id, token, code, variables=values)
    managing.tell_outcome(current_actor(), task, "task:escalate", code)
    return done()
