"""/message, /signal, /event-subscription."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.core.db import session
from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.engine import bulk, verbs
from app.integration.engine_rest.errors import DialectError, InvalidRequest
from app.integration.engine_rest.instances import shape, statement_of
from app.integration.engine_rest.places import event_shape
from app.integration.engine_rest.values import Variables, variables_in, variables_out
from app.integration.engine_rest.wire import (
    LARGEST,
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
from app.integration.permissions import ENGINE_READ, ENGINE_START
from app.processes.models import ProcessDefinition, ProcessInstance, ProcessStart, ProcessWait

SORTS = {"created": ProcessWait.created_at, "tenantId": ProcessWait.instance_id}


@bp.post("/message")
@requires(ENGINE_START)
def correlate_message() -> ResponseReturnValue:
    """Deliver a message to the one who waits for it, or (with `all`) to everybody who does."""
    given = sent()
    if not given.text("messageName"):
        raise InvalidRequest("No message name supplied")
    if "tenantId" in given and given.flag("withoutTenantId"):
        raise InvalidRequest("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    if given.flag("variablesInResultEnabled") and not given.flag("resultEnabled"):
        raise InvalidRequest("Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true.")
    found = _correlate(given)
    if not given.flag("resultEnabled"):
        return done()
    return jsonify(_results(found, with_variables=given.flag("variablesInResultEnabled")))


def _read(given: Given, *names: str) -> Variables:
    merged: dict[str, Any] = {}
    for name in names:
        merged |= given.mapping(name)
    try:
        return variables_in(merged, keep)
    except DialectError as error:
        raise InvalidRequest(f"Cannot deliver message: {error.text}") from None


def _correlate(given: Given) -> Sequence[Any]:
    name, instance = str(given.text("messageName", 255)), given.text("processInstanceId")
    keys, local_keys = _read(given, "correlationKeys"), _read(given, "localCorrelationKeys")
    variables = _read(given, "processVariables")
    local = _read(given, "processVariablesLocal", "processVariablesToTriggeredScope")
    told = {"businessKey": given.text("businessKey"), "correlationKeys": keys.values, "processInstanceId": instance}
    asked_for = ", ".join(f"{key}={value}" for key, value in told.items() if value)
    try:
        return verbs.correlate(
            current_actor(),
            name,
            business_key=given.text("businessKey", 255),
            instance_id=instance,
            correlation=keys.values or None,
            local_correlation=local_keys.values or None,
            variables=variables.with_types() or None,
            local_variables=local.with_types() or None,
            all_=given.flag("all"),
        )
    except verbs.NoMatch:
        if given.flag("all"):
            return []
        raise _mismatch(name, asked_for, "No process definition or execution matches the parameters") from None
    except verbs.ManyMatches:
        raise _mismatch(
            name, asked_for, "2 or more executions match the correlation keys. Should be one or zero."
        ) from None


def _mismatch(name: str, asked_for: str, why: str) -> DialectError:
    return DialectError(
        f"org.camunda.bpm.engine.MismatchingMessageCorrelationException: Cannot correlate message '{name}': {why}"
        f"{f' ({asked_for})' if asked_for else ''}"
    )


def _results(found: Sequence[Any], *, with_variables: bool) -> list[dict[str, Any]]:
    ids = [one.instance_id for one in found]
    rows = session().execute(statement_of(running_only=False).where(ProcessInstance.id.in_(ids)))
    instances = {row.id: row for row in rows}
    variables = bulk.of_many(ids) if with_variables else {}
    results = []
    for one in found:
        row = instances[one.instance_id]
        result: dict[str, Any] = {
            "resultType": "ProcessDefinition" if one.started else "Execution",
            "processInstance": shape(row) if one.started else None,
            "execution": None
            if one.started
            else {
                "id": execution_id(one.instance_id, one.token),
                "processInstanceId": one.instance_id,
                "ended": False,
                "tenantId": None,
            },
        }
        if with_variables:
            result["variables"] = variables_out(variables[one.instance_id].whole, plain=False)
        results.append(result)
    return results


@bp.post("/signal")
@requires(ENGINE_START)
def throw_signal() -> ResponseReturnValue:
    """Everybody who waits for the signal goes on (with `executionId` only that one), and processes start by it."""
    given = sent()
    name = given.text("name", 255)
    if not name:
        raise InvalidRequest("No signal name given")
    variables = _read(given, "variables").with_types() or None
    execution = given.text("executionId")
    if execution is None:
        verbs.signal(current_actor(), name, variables=variables)
        return done()
    instance, token = split_execution(execution)
    reached = verbs.signal(current_actor(), name, variables=variables, instance_id=instance, token=token)
    if not reached:
        raise DialectError(
            f"Execution '{execution}' has not subscribed to a signal event with name '{name}'.",
            500,
            "NotFoundException",
        )
    return done()


@bp.get("/event-subscription")
@requires(ENGINE_READ)
def list_subscriptions() -> Response:
    """Who waits for which message, signal or condition: instances, then definitions that are started by one."""
    given = asked()
    first, most = window(given)
    statement = _filtered(given, ProcessWait).order_by(
        *order_of(given, SORTS), ProcessWait.created_at, ProcessWait.instance_id, ProcessWait.token
    )
    found = [event_shape(row) for row in session().scalars(statement.limit(LARGEST + 1))]
    found += [_start_shape(row) for row in session().execute(_starts(given))]
    return jsonify(refuse_longer(found)[first : first + most])


@bp.get("/event-subscription/count")
@requires(ENGINE_READ)
def count_subscriptions() -> dict[str, int]:
    """How many they are."""
    given = asked()
    counted = (_filtered(given, ProcessWait.instance_id), _starts(given))
    return {"count": sum(session().scalar(select(func.count()).select_from(one.subquery())) or 0 for one in counted)}


KINDS = {"conditional": "condition"}
"""The dialect names this kind of event in another way."""


def _filtered(given: Given, *columns: Any) -> Any:
    statement = select(*columns)
    equal = {
        "eventType": ProcessWait.kind,
        "eventName": ProcessWait.name,
        "processInstanceId": ProcessWait.instance_id,
        "activityId": ProcessWait.element_id,
    }
    for name, column in equal.items():
        if name in given:
            told = str(given.text(name))
            statement = statement.where(column == (KINDS.get(told, told) if name == "eventType" else told))
    for name in ("executionId", "eventSubscriptionId"):
        if name in given:
            instance, token = split_execution(str(given.text(name)))
            statement = statement.where(ProcessWait.instance_id == instance, ProcessWait.token == token)
    return statement.where(ProcessWait.instance_id.is_(None)) if given.texts("tenantIdIn") else statement


def _starts(given: Given) -> Any:
    columns = (ProcessStart.definition_id, ProcessStart.element_id, ProcessStart.kind, ProcessStart.name)
    statement = (
        select(*columns, ProcessDefinition.deployed_at)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessStart.definition_id)
        .where(ProcessStart.kind.in_(("message", "signal", "conditional")))
        .order_by(ProcessDefinition.deployed_at, ProcessStart.definition_id, ProcessStart.element_id)
    )
    for name, column in (("eventName", ProcessStart.name), ("activityId", ProcessStart.element_id)):
        if name in given:
            statement = statement.where(column == given.text(name))
    if "eventType" in given:
        statement = statement.where(ProcessStart.kind == given.text("eventType"))
    if "eventSubscriptionId" in given:
        definition, _colon, element = str(given.text("eventSubscriptionId")).partition(":")
        statement = statement.where(ProcessStart.definition_id == definition, ProcessStart.element_id == element)
    if "processInstanceId" in given or "executionId" in given or given.texts("tenantIdIn"):
        statement = statement.where(ProcessStart.definition_id.is_(None))
    return statement


def _start_shape(row: Any) -> dict[str, Any]:
    return {
        "id": f"{row.definition_id}:{row.element_id}",
        "eventType": row.kind,
        "eventName": row.name,
        "executionId": None,
        "processInstanceId": None,
        "activityId": row.element_id,
        "createdDate": moment_out(row.deployed_at),
        "tenantId": None,
    }
