"""Instances and executions as places that have variables; /execution; /variable-instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.audit.service import record
from app.core.db import session
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.engine import bulk, tokens_of, verbs
from app.integration.engine_rest.errors import EngineRefused, missing
from app.integration.engine_rest.filters import CHUNK, instances_where, of_everybody
from app.integration.engine_rest.instances import SORTS, filtered
from app.integration.engine_rest.task_doing import finish
from app.integration.engine_rest.task_query import SOURCE
from app.integration.engine_rest.values import TYPES, Variables, variables_in
from app.integration.engine_rest.variable_routes import serve
from app.integration.engine_rest.variables import to_engine
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
from app.processes.models import InstanceStatus, ProcessDefinition, ProcessInstance, ProcessWait
from app.processes.permissions import PROCESS_VARIABLES
from app.tasks.models import Task, TaskStatus


@dataclass(frozen=True)
class OfInstance:
    """The variables of an instance, or those that only a token of it sees."""

    instance_id: str
    token: int | None
    what: str

    def kept(self) -> dict[str, Any]:
        """As they are kept."""
        seen = bulk.of_many([self.instance_id]).get(self.instance_id, bulk.Seen())
        return seen.local(self.token)

    def change(self, given: Variables, removed: list[str]) -> None:
        """Through the engine, so that conditions are looked at again."""
        values = to_engine(self.instance_id, given, self.token)
        types = self.kept().get(TYPES)
        if removed and isinstance(types, dict) and set(removed) & set(types):
            left = values.get(TYPES, types)
            values = {**values, TYPES: {name: one for name, one in left.items() if name not in removed}}
        verbs.set_variables(
            current_actor(), self.instance_id, values, removed=removed, token=self.token, reason="by program"
        )


def is_running(instance_id: str) -> bool:
    """Whether the instance runs."""
    found = session().scalar(select(ProcessInstance.status).where(ProcessInstance.id == instance_id))
    return found == InstanceStatus.RUNNING.value


def _execution_missing(execution: str) -> EngineRefused:
    return EngineRefused(f"execution {execution} doesn't exist: execution is null", kind="NullValueException")


def of_instance(place_id: str) -> OfInstance:
    """An instance that runs."""
    if not is_running(place_id):
        raise _execution_missing(place_id)
    return OfInstance(place_id, None, "process instance")


def of_execution(place_id: str) -> OfInstance:
    """A token of one; the instance's own id means its outermost scope."""
    instance, token = split_execution(place_id)
    if not is_running(instance) or (token is not None and not _has(instance, token)):
        raise _execution_missing(place_id)
    return OfInstance(instance, token, "execution")


def _has(instance_id: str, token: int) -> bool:
    return any(one.token == token for one in tokens_of(instance_id))


_RIGHTS = {"read": PROCESS_VARIABLES, "write": ENGINE_OPERATE}
serve("/process-instance/<place_id>/variables", "instance_variables", of_instance, **_RIGHTS)
serve("/execution/<place_id>/localVariables", "execution_variables", of_execution, **_RIGHTS)


def _execution(instance_id: str, token: int | None) -> dict[str, Any]:
    return {"id": execution_id(instance_id, token), "processInstanceId": instance_id, "ended": False, "tenantId": None}


@bp.route("/execution", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_executions() -> Response:
    """Instances and where something waits in them: tasks of people and programs, events, jobs.

    With `processInstanceId` (or `activityId`) every token; without, the instances alone, so that no state is read.
    """
    given = asked()
    first, most = window(given)
    return jsonify(refuse_longer(_executions(given))[first : first + most])


@bp.route("/execution/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_executions() -> dict[str, int]:
    """How many they are."""
    return {"count": len(refuse_longer(_executions(asked())))}


def _executions(given: Given) -> list[dict[str, Any]]:
    subscribed = given.text("messageEventSubscriptionName") or given.text("signalEventSubscriptionName")
    if subscribed:
        return _subscribed(given, subscribed)
    activity = given.text("activityId")
    wanted = of_everybody(given, "processVariables") + of_everybody(given, "variables")
    chosen = filtered(given, ProcessInstance.id)
    if activity is not None:  # what waits without a row of its own is known to the state only
        drawn = select(ProcessDefinition.id).where(ProcessDefinition.xml.contains(activity, autoescape=True))
        chosen = chosen.where(ProcessInstance.definition_id.in_(drawn))
    chosen = chosen.order_by(*order_of(given, SORTS), ProcessInstance.id)
    rows = instances_where(wanted, chosen, 0, 10_001)
    inside = activity is not None or "processInstanceId" in given
    found: list[dict[str, Any]] = []
    for start in range(0, len(rows), CHUNK):
        ids = [str(row.id) for row in rows[start : start + CHUNK]]
        found += [_execution(one, None) for one in ids] if activity is None else []
        seen = bulk.of_many(ids) if inside else {}
        for one in ids:
            tokens = seen[one].tokens() if inside else []
            found += [
                _execution(one, each.token) for each in tokens if not each.watch and activity in (None, each.element.id)
            ]
    return found


def _subscribed(given: Given, name: str) -> list[dict[str, Any]]:
    kind = "message" if "messageEventSubscriptionName" in given else "signal"
    chosen = filtered(
        Given({key: value for key, value in given.values.items() if key != "activityId"}), ProcessInstance.id
    )
    statement = (
        select(ProcessWait)
        .where(ProcessWait.kind == kind, ProcessWait.name == name, ProcessWait.instance_id.in_(chosen))
        .order_by(ProcessWait.instance_id, ProcessWait.token)
        .limit(10_001)
    )
    if "activityId" in given:
        statement = statement.where(ProcessWait.element_id == given.text("activityId"))
    return [_execution(row.instance_id, row.token) for row in session().scalars(statement)]


@bp.get("/execution/<place_id>")
@requires(ENGINE_READ)
def get_execution(place_id: str) -> dict[str, Any]:
    """One of them."""
    instance, token = split_execution(place_id)
    if not is_running(instance) or (token is not None and not _has(instance, token)):
        missing(f"Execution with id {place_id} does not exist")
    return _execution(instance, token)


@bp.post("/execution/<place_id>/signal")
@requires(ENGINE_OPERATE)
def signal_execution(place_id: str) -> ResponseReturnValue:
    """Whatever waits there goes on."""
    instance, token = split_execution(place_id)
    given = sent()
    if not is_running(instance):
        raise EngineRefused(f"Cannot signal execution {place_id}: execution is null", kind="RestException")
    if token is None:
        waiting = [one for one in tokens_of(instance) if one.waits not in ("scope", "loop")]
        if len(waiting) != 1:
            raise EngineRefused(
                f"Cannot signal execution {place_id}: {len(waiting)} activities wait", kind="RestException"
            )
        token = waiting[0].token
    variables = variables_in(given.mapping("variables"), keep)
    task = _task_at(instance, token)
    if task is not None:  # a person's work: done as such, so that who may not do it cannot do it this way either
        finish(current_actor(), task, variables)
    else:
        verbs.go_on_at(current_actor(), instance, token, variables=to_engine(instance, variables))
        _record(instance, token, sorted(variables.values))
    return done()


def _record(instance: str, token: int, names: list[str]) -> None:
    """After the step, which locks the instance: everybody locks it before the chain of its audit trail."""
    record(current_actor(), "process:trigger", Subject("process", instance), token=token, names=names)


def _task_at(instance: str, token: int) -> Task | None:
    of_token = (Task.source_kind == SOURCE, Task.source_id == instance, Task.source_ref == str(token))
    statement = select(Task).where(*of_token, Task.status == TaskStatus.OPEN.value)
    return session().scalar(statement.execution_options(populate_existing=True))


@bp.get("/execution/<place_id>/messageSubscriptions/<name>")
@requires(ENGINE_READ)
def get_subscription(place_id: str, name: str) -> dict[str, Any]:
    """Its waiting for a message."""
    row = _subscription(place_id, name)
    return event_shape(row)


def event_shape(row: ProcessWait) -> dict[str, Any]:
    """A subscription as the dialect writes it."""
    return {
        "id": execution_id(row.instance_id, row.token),
        "eventType": "conditional" if row.kind == "condition" else row.kind,
        "eventName": row.name,
        "executionId": execution_id(row.instance_id, row.token),
        "processInstanceId": row.instance_id,
        "activityId": row.element_id,
        "createdDate": moment_out(row.created_at),
        "tenantId": None,
    }


def _subscription(place_id: str, name: str) -> ProcessWait:
    instance, token = split_execution(place_id)
    statement = select(ProcessWait).where(
        ProcessWait.instance_id == instance, ProcessWait.kind == "message", ProcessWait.name == name
    )
    if token is not None:
        statement = statement.where(ProcessWait.token == token)
    row = session().scalars(statement.limit(1)).first()
    if row is None:
        missing(f"Message event subscription for execution {place_id} named {name} does not exist")
    return row


@bp.post("/execution/<place_id>/messageSubscriptions/<name>/trigger")
@requires(ENGINE_OPERATE)
def trigger_subscription(place_id: str, name: str) -> ResponseReturnValue:
    """The message comes to this very execution."""
    row = _subscription(place_id, name)
    values = to_engine(row.instance_id, variables_in(sent().mapping("variables"), keep))
    instance, token = row.instance_id, row.token
    verbs.deliver_to(current_actor(), instance, token, variables=values)
    _record(instance, token, sorted(values))
    return done()
