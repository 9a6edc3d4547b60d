"""/variable-instance and /history/variable-instance: variables across instances."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
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
from app.integration.engine_rest.wire import (
    LARGEST,
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
from app.processes.models import ProcessInstance
from app.processes.permissions import PROCESS_VARIABLES

NOT_OF_INSTANCES = ("variableValues", "activityIdIn", "sorting", "sortBy", "sortOrder")


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
    query = Given({key: value for key, value in given.values.items() if key not in NOT_OF_INSTANCES})
    several, inside = given.texts("processInstanceIdIn"), _instances_of(given)
    if past:
        statement = history.filtered(query).order_by(ProcessInstance.id)
    else:
        columns = (*history.COLUMNS,)
        statement = filtered(query, *columns).order_by(ProcessInstance.id)
    statement = statement.where(ProcessInstance.id.in_(inside)) if inside is not None else statement
    return statement.where(ProcessInstance.id.in_(several)) if several is not None else statement


@dataclass(frozen=True)
class Variable:
    """One variable: of an instance, or (`token`) of one place in it alone."""

    row: Any
    name: str
    value: Any
    typed: Any
    token: Any = None

    @property
    def place(self) -> str:
        """The execution it belongs to."""
        return execution_id(self.row.id, None if self.token is None else self.token.token)

    @property
    def visit(self) -> str:
        """The visit it belongs to."""
        if self.token is None:
            return str(self.row.id)
        return activity_instance_id(self.token.element.id, self.row.id, self.token.token)

    @property
    def id(self) -> str:
        """How it is named."""
        return f"{self.place}:{self.name}"


def _places(given: Given) -> tuple[set[str] | None, set[str] | None]:
    """The executions and the visits that are asked for. None: all."""
    executions, visits = given.texts("executionIdIn"), given.texts("activityInstanceIdIn")
    scopes = given.texts("variableScopeIdIn")
    visits = visits if scopes is None else [one for one in scopes if visits is None or one in visits]
    return None if executions is None else set(executions), None if visits is None else set(visits)


def _instances_of(given: Given) -> list[str] | None:
    """The instances that the places asked for are in. None: any."""
    executions, visits = _places(given)
    if executions is None and visits is None:
        return None
    named = {split_execution(one)[0] for one in executions or ()}
    for one in visits or ():
        named.add(one.split(":")[1] if ":" in one else one)
    return sorted(named)


ELSEWHERE = (
    *("tenantIdIn", "caseInstanceIdIn", "caseInstanceId", "caseExecutionIdIn", "caseActivityIdIn"),
    *("batchIdIn", "taskIdIn"),
)
"""What no variable of an instance has."""


def _test(given: Given) -> Callable[[Variable, dict[str, Any]], bool]:
    """Whether a variable, seen among those beside it, is meant."""
    wanted = _values(given)
    types = [one.lower() for one in given.texts("variableTypeIn") or ()]
    executions, visits = _places(given)

    def means(one: Variable, kept: dict[str, Any]) -> bool:
        comparing = [each for each in wanted if each.name == one.name]
        return (
            (executions is None or one.place in executions)
            and (visits is None or one.visit in visits)
            and _fits(one.name, given)
            and bool(comparing) is bool(wanted)
            and all(each.holds(kept) for each in comparing)
            and (not types or value_out(one.value, one.typed)["type"].lower() in types)
        )

    return means


def _found(given: Given, *, past: bool) -> Iterator[Variable]:
    """The variables that the query means. Two statements for a chunk of instances."""
    if any(name in given for name in ELSEWHERE):
        return
    statement, means = _statement(given, past=past), _test(given)
    for start in range(0, MOST_LOOKED_AT + 1, CHUNK):
        if start >= MOST_LOOKED_AT:
            raise InvalidRequest(f"More than {MOST_LOOKED_AT} instances would have to be looked at: narrow the query")
        rows = list(session().execute(statement.limit(CHUNK).offset(start)))
        seen = bulk.of_many([row.id for row in rows])
        for row in rows:
            for token, kept in _of_instance(seen[row.id]):
                noted = kept.get(TYPES) or {}
                made = (
                    Variable(row, name, kept[name], noted.get(name), token) for name in sorted(kept.keys() - RESERVED)
                )
                yield from (one for one in made if means(one, kept))
        if len(rows) < CHUNK:
            return


def _of_instance(seen: bulk.Seen) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The variables of an instance, then those that only one place in it sees, while it runs."""
    yield None, seen.whole
    for token in seen.tokens():
        local = {} if token.watch else seen.local(token.token)
        if local:
            yield token, local


SORTS: dict[str, Callable[[Variable], str]] = {
    "instanceId": lambda one: str(one.row.id),
    "variableName": lambda one: one.name,
    "variableType": lambda one: str(value_out(one.value, one.typed)["type"]),
    "activityInstanceId": lambda one: one.visit,
    "tenantId": lambda _one: "",
}


class _Ordered:
    """Something to sort by that is asked for as a column would be."""

    def __init__(self, key: Callable[[Variable], str]) -> None:
        self.key = key

    def asc(self) -> tuple[Any, bool]:
        """Upwards."""
        return self.key, False

    def desc(self) -> tuple[Any, bool]:
        """Downwards."""
        return self.key, True


def _shape(found: Variable, *, past: bool, plain: bool) -> dict[str, Any]:
    row = found.row
    shown = {
        "id": found.id,
        "name": found.name,
        **value_out(found.value, found.typed, plain=plain),
        "processInstanceId": row.id,
        "processDefinitionId": f"{row.key}:{row.version}:{row.definition_id}",
        "executionId": found.place,
        "activityInstanceId": found.visit,
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
    order = order_of(given, {name: _Ordered(key) for name, key in SORTS.items()})
    found: list[dict[str, Any]] = []
    if order:
        every = refuse_longer(list(islice(_found(given, past=past), LARGEST + 1)))
        for key, backwards in reversed(order):
            every.sort(key=key, reverse=backwards)
        return jsonify([_shape(one, past=past, plain=plain) for one in every[first : first + most]])
    for number, one in enumerate(_found(given, past=past)):
        if number >= first + most:
            break
        if number >= first:
            found.append(_shape(one, past=past, plain=plain))
    return jsonify(refuse_longer(found))


@bp.route("/variable-instance", methods=["GET", "POST"])
@requires(PROCESS_VARIABLES)
def list_variables() -> Response:
    """Variables of running instances."""
    return _list(past=False)


@bp.route("/variable-instance/count", methods=["GET", "POST"])
@requires(PROCESS_VARIABLES)
def count_variables() -> dict[str, int]:
    """How many they are."""
    return {"count": sum(1 for _one in _found(asked(), past=False))}


@bp.route("/history/variable-instance", methods=["GET", "POST"])
@requires(PROCESS_VARIABLES)
def list_past_variables() -> Response:
    """Variables of instances, running or ended, as they are or were last."""
    return _list(past=True)


@bp.route("/history/variable-instance/count", methods=["GET", "POST"])
@requires(PROCESS_VARIABLES)
def count_past_variables() -> dict[str, int]:
    """How many they are."""
    return {"count": sum(1 for _one in _found(asked(), past=True))}


def _one(variable_id: str, *, past: bool) -> dict[str, Any]:
    place, name = _parts(variable_id)
    for one in _found(Given({"executionIdIn": [place], "variableName": name}), past=past):
        return _shape(one, past=past, plain=request.args.get("deserializeValue", "true").lower() != "false")
    kind = "Historic variable instance" if past else "Variable instance"
    raise not_there(f"{kind} with Id '{variable_id}' does not exist.")


@bp.get("/variable-instance/<variable_id>")
@requires(PROCESS_VARIABLES)
def get_variable(variable_id: str) -> dict[str, Any]:
    """One of them."""
    return _one(variable_id, past=False)


@bp.get("/history/variable-instance/<variable_id>")
@requires(PROCESS_VARIABLES)
def get_past_variable(variable_id: str) -> dict[str, Any]:
    """One of them."""
    return _one(variable_id, past=True)


@bp.get("/variable-instance/<variable_id>/data")
@requires(PROCESS_VARIABLES)
def get_variable_data(variable_id: str) -> Response:
    """Its bytes."""
    return _data(variable_id)


@bp.get("/history/variable-instance/<variable_id>/data")
@requires(PROCESS_VARIABLES)
def get_past_variable_data(variable_id: str) -> Response:
    """Its bytes."""
    return _data(variable_id)


def _parts(variable_id: str) -> tuple[str, str]:
    """Place and name that the id of a variable is made of."""
    found = re.fullmatch(r"([^:]*(?::\d{1,9})?):(.*)", variable_id, re.DOTALL)
    return (found[1], found[2]) if found else (variable_id, "")


def _data(variable_id: str) -> Response:
    place, name = _parts(variable_id)
    instance, token = split_execution(place)
    seen = bulk.of_many([instance]).get(instance, bulk.Seen())
    kept = seen.whole if token is None else seen.local(token)
    return download(kept, name, lambda: f"Variable instance with Id '{variable_id}' does not exist.")
