"""/process-definition/…/start, /condition."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, url_for
from flask.typing import ResponseReturnValue

from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.contents import keep
from app.integration.engine_rest.definition_ids import brief, outer
from app.integration.engine_rest.definitions import by_id, by_key
from app.integration.engine_rest.engine import bulk, verbs
from app.integration.engine_rest.errors import EngineRefused, InvalidRequest
from app.integration.engine_rest.values import variables_in, variables_out
from app.integration.engine_rest.wire import sent
from app.integration.permissions import ENGINE_START
from app.processes.models import InstanceStatus, ProcessInstance


@bp.post("/process-definition/<definition_id>/start")
@requires(ENGINE_START)
def start_by_id(definition_id: str) -> ResponseReturnValue:
    """Start an instance of this definition."""
    return _start(by_id(definition_id))


@bp.post("/process-definition/key/<key>/start")
@requires(ENGINE_START)
def start_by_key(key: str) -> ResponseReturnValue:
    """Start an instance of what is in force."""
    return _start(by_key(key))


@bp.post("/process-definition/key/<key>/tenant-id/<tenant_id>/start")
@requires(ENGINE_START)
def start_for_tenant(key: str, tenant_id: str) -> ResponseReturnValue:
    """Some clients always name a tenant; there is one."""
    del tenant_id
    return _start(by_key(key))


@bp.post("/process-definition/<definition_id>/submit-form")
@requires(ENGINE_START)
def start_by_form(definition_id: str) -> ResponseReturnValue:
    """Start with the values of a start form."""
    return _start(by_id(definition_id))


@bp.post("/process-definition/key/<key>/submit-form")
@requires(ENGINE_START)
def start_by_form_of_key(key: str) -> ResponseReturnValue:
    """The same for what is in force."""
    return _start(by_key(key))


@bp.post("/condition")
@requires(ENGINE_START)
def start_by_conditions() -> Response:
    """Start what starts when a condition holds of these variables; with `processDefinitionId` only that definition."""
    given = sent()
    if not given.mapping("variables"):
        raise InvalidRequest("Variables are mandatory to start process instances by condition")
    definition = given.text("processDefinitionId")
    made = verbs.start_by_conditions(
        current_actor(),
        variables_in(given.mapping("variables"), keep).with_types(),
        business_key=given.text("businessKey", 255),
        definition_id=None if definition is None else by_id(definition).id,
    )
    known = brief({one.definition_id for one in made})
    return jsonify([shape(one, outer(known[one.definition_id]), one.key) for one in made])


def _start(definition: Any) -> ResponseReturnValue:
    given = sent()
    if definition.suspended:
        raise EngineRefused(
            f"Cannot start process instance. Process definition {outer(definition)} is suspended",
            kind="SuspendedEntityInteractionException",
        )
    if given.objects("startInstructions"):
        raise InvalidRequest("startInstructions are not supported: start, then modify the instance")
    variables = variables_in(given.mapping("variables"), keep)
    made = verbs.start_definition(
        current_actor(),
        definition.id,
        variables=variables.with_types(),
        business_key=given.text("businessKey", 255),
    )
    answer = {**shape(made, outer(definition), definition.key), "links": links(made.id)}
    if given.flag("withVariablesInReturn"):
        kept = bulk.of_many([made.id])[made.id].whole
        answer["variables"] = variables_out(kept, plain=False)
    return answer, 200


def links(instance_id: str) -> list[dict[str, str]]:
    """Where the instance can be looked at."""
    address = url_for("engine_rest.get_instance", instance_id=instance_id, _external=True)
    return [{"method": "GET", "href": address, "rel": "self"}]


def shape(made: ProcessInstance, definition_id: str, key: str) -> dict[str, Any]:
    """An instance as the dialect writes it."""
    return {
        "links": [],
        "id": made.id,
        "definitionId": definition_id,
        "definitionKey": key,
        "businessKey": made.business_key,
        "caseInstanceId": None,
        "ended": made.status != InstanceStatus.RUNNING.value,
        "suspended": bool(made.suspended),
        "tenantId": None,
    }
