"""/variable-instance and /history/variable-instance: variables across instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import Select

from app.core.db import session
from app.core.permissions import requires
from app.integration.engine_rest import history
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.contents import download
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.errors import InvalidRequest, not_there
from app.integration.engine_rest.filters import CHUNK, MOST_LOOKED_AT, Condition, conditions, like
from app.integration.engine_rest.instances import filtered
from app.integration.engine_rest.values import RESERVED, TYPES, value_out
from app.integration.engine_rest.wire import Given, asked, moment_out, refuse_longer, window
from app.integration.permissions import ENGINE_READ
from app.processes.models import ProcessInstance

NAMES = ("variableName", "variableNameLike", "variableNameIn")


def _fits(name: str, given: Given) -> bool:
    several = given.texts("variableNameIn")
    pattern = given.text("variableNameLike")
    return (
        given.text("variableName") in (None, name)
        and (pattern is None or like(name, pattern))
        and (several is None or name in several)
    )


def _values(given: Given) -> list[Condition]:
    """`variableValues` of an address compare by the variable's name; `variableValue` the one named."""
    found = conditions(given, "variableValues")
    name = given.text("variableName")
    if "variableValue" in given and name:
        found.append(Condition(name, "eq", given.raw("variableValue"), written=request.method == "GET"))
    return found


def _statement(given: Given, *, past: bool) -> Select[Any]:
    query = Given({key: value for key, value in given.values.items() if key not in ("variableValues", "activityIdIn")})
    several = given.texts("processInstanceIdIn")
    if past:
        statement = history.filtered(query).order_by(ProcessInstance.id)
    else:
        columns = (*history.COLUMNS,)
        statement = filtered(query, *columns).order_by(ProcessInstance.id)
    return statement.where(ProcessInstance.id.in_(several)) if several is not None else statement


def _found(given: Given, *, past: bool) -> Iterator[tuple[Any, str, Any, Any]]:
    """(instance, name, value, type) of each variable that the query means. Two statements for a chunk of instances."""
    statement, wanted = _statement(given, past=past), _values(given)
    types = [one.lower() for one in given.texts("variableTypeIn") or ()]
    for start in range(0, MOST_LOOKED_AT + 1, CHUNK):
        if start >= MOST_LOOKED_AT:
            raise InvalidRequest(f"More than {MOST_LOOKED_AT} instances would have to be looked at: narrow the query")
        rows = list(session().execute(statement.limit(CHUNK).offset(start)))
        seen = bulk.of_many([row.id for row in rows])
        for row in rows:
            kept = seen[row.id].whole
            noted = kept.get(TYPES) or {}
            for name in sorted(kept.keys() - RESERVED):
                if not _fits(name, given) or not all(one.name != name or one.holds(kept) for one in wanted):
                    continue
                if wanted and not any(one.name == name for one in wanted):
                    continue
                if types and value_out(kept[name], noted.get(name))["type"].lower() not in types:
                    continue
                yield row, name, kept[name], noted.get(name)
        if len(rows) < CHUNK:
            return


def _shape(found: tuple[Any, str, Any, Any], *, past: bool, plain: bool) -> dict[str, Any]:
    row, name, value, typed = found
    shown = {
        "id": f"{row.id}:{name}",
        "name": name,
        **value_out(value, typed, plain=plain),
        "processInstanceId": row.id,
        "processDefinitionId": f"{row.key}:{row.version}:{row.definition_id}",
        "executionId": row.id,
        "activityInstanceId": row.id,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": None,
        "errorMessage": None,
        "tenantId": None,
        "batchId": None,
    }
    if past:
        more = {"caseDefinitionKey": None, "caseDefinitionId": None, "removalTime": None, "state": "CREATED"}
        root = {"rootProcessInstanceId": row.root_id or row.id}
        return {**shown, "processDefinitionKey": row.key, "createTime": moment_out(row.started_at), **root, **more}
    return shown


def _list(*, past: bool) -> Response:
    given = asked()
    first, most = window(given)
    plain = str(given.raw("deserializeValues") if "deserializeValues" in given else "true").lower() != "false"
    if "taskIdIn" in given or given.texts("tenantIdIn"):
        return jsonify([])
    found = []
    for number, one in enumerate(_found(given, past=past)):
        if number >= first + most:
            break
        if number >= first:
            found.append(_shape(one, past=past, plain=plain))
    return jsonify(refuse_longer(found))


@bp.route("/variable-instance", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_variables() -> Response:
    """Variables of running instances."""
    return _list(past=False)


@bp.route("/variable-instance/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_variables() -> dict[str, int]:
    """How many they are."""
    return {"count": sum(1 for _one in _found(asked(), past=False))}


@bp.route("/history/variable-instance", methods=["GET", "POST"])
@requires(ENGINE_READ)
def list_past_variables() -> Response:
    """Variables of instances, running or ended, as they are or were last."""
    return _list(past=True)


@bp.route("/history/variable-instance/count", methods=["GET", "POST"])
@requires(ENGINE_READ)
def count_past_variables() -> dict[str, int]:
    """How many they are."""
    return {"count": sum(1 for _one in _found(asked(), past=True))}


def _one(variable_id: str, *, past: bool) -> dict[str, Any]:
    instance, _colon, name = variable_id.partition(":")
    for one in _found(Given({"processInstanceId": instance, "variableName": name}), past=past):
        return _shape(one, past=past, plain=request.args.get("deserializeValue", "true").lower() != "false")
    kind = "Historic variable instance" if past else "Variable instance"
    raise not_there(f"{kind} with Id '{variable_id}' does not exist.")


@bp.get("/variable-instance/<variable_id>")
@requires(ENGINE_READ)
def get_variable(variable_id: str) -> dict[str, Any]:
    """One of them."""
    return _one(variable_id, past=False)


@bp.get("/history/variable-instance/<variable_id>")
@requires(ENGINE_READ)
def get_past_variable(variable_id: str) -> dict[str, Any]:
    """One of them."""
    return _one(variable_id, past=True)


@bp.get("/variable-instance/<variable_id>/data")
@requires(ENGINE_READ)
def get_variable_data(variable_id: str) -> Response:
    """Its bytes."""
    return _data(variable_id)


@bp.get("/history/variable-instance/<variable_id>/data")
@requires(ENGINE_READ)
def get_past_variable_data(variable_id: str) -> Response:
    """Its bytes."""
    return _data(variable_id)


def _data(variable_id: str) -> Response:
    instance, _colon, name = variable_id.partition(":")
    kept = bulk.of_many([instance]).get(instance, bulk.Seen()).whole
    return download(kept, name, lambda: f"Variable instance with Id '{variable_id}' does not exist.")
