"""POST /external-task/fetchAndLock: the long poll of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, jsonify

from app.core import web
from app.core.permissions import requires
from app.integration.engine_rest.blueprint import bp
from app.integration.engine_rest.definition_ids import brief, inner, outer
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.errors import DialectError, InvalidRequest
from app.integration.engine_rest.external_shape import shape
from app.integration.engine_rest.values import value_in, variables_out
from app.integration.engine_rest.wire import Given, sent
from app.integration.permissions import ENGINE_WORK
from app.processes.definitions import deployed
from app.processes.external import service as external
from app.processes.external.models import ExternalTask
from app.processes.external.parking import Closing, Parking, TooManyWait, Waiting

LONGEST_POLL = 1_800_000
MOST_TOPICS = 1000
parking = Parking(64)
"""Set up for the process by `set_up`."""


@dataclass(frozen=True)
class Wish:
    """What of a task of a topic is sent along."""

    names: Sequence[str] | None
    local: bool
    plain: bool
    properties: bool


@bp.record_once
def set_up(state: Any) -> None:
    """As many may wait as there are threads for them."""
    parking.most = state.app.config["SETTINGS"].parked_polls


@bp.post("/external-task/fetchAndLock")
@web.opens_own_transactions
@requires(ENGINE_WORK)
def fetch_and_lock() -> Response:
    """Tasks for a worker, locked; with `asyncResponseTimeout` the answer waits until there are some."""
    given = sent()
    fetch, wishes = read(given)
    patience = given.number("asyncResponseTimeout", 0, 2**63 - 1)
    if patience is not None and patience > LONGEST_POLL:
        raise InvalidRequest(
            f"The asynchronous response timeout cannot be set to a value greater than {LONGEST_POLL} milliseconds"
        )

    def attempt() -> list[dict[str, Any]]:
        return answer(external.fetch_and_lock(fetch), wishes)

    found: list[dict[str, Any]] = []
    if web.in_transaction(lambda: external.is_anything_for(fetch), write=False):
        found = web.in_transaction(attempt, write=True)
    if not found and patience and fetch.topics and fetch.most:
        found = _wait(Waiting([topic.name for topic in fetch.topics], attempt), patience / 1000)
    return jsonify(found)


def _wait(one: Waiting, seconds: float) -> list[dict[str, Any]]:
    try:
        return parking.wait(one, seconds) or []
    except TooManyWait:  # better an empty answer than a thread fewer for people
        current_app.logger.debug("parking is full")
        return []
    except Closing:
        raise DialectError("Request rejected due to shutdown of application server.", 500) from None


def read(given: Given) -> tuple[external.Fetch, dict[str, Wish]]:
    """The request, checked."""
    worker = given.needed("workerId", 255)
    most = given.number("maxTasks")
    if most is None:
        raise InvalidRequest("maxResults is null", 500, "NullValueException")
    if most < 0:
        raise InvalidRequest("maxResults is not greater than or equal to 0", 500, "NotValidException")
    topics = given.objects("topics")
    if len(topics) > MOST_TOPICS:
        raise InvalidRequest(f"More than {MOST_TOPICS} topics")
    made = [_topic(one) for one in topics]
    wishes: dict[str, Wish] = {}
    for topic, one in zip(made, topics, strict=True):
        wishes.setdefault(
            topic.name,
            Wish(
                names=one.texts("variables"),
                local=one.flag("localVariables"),
                plain=one.flag("deserializeValues"),
                properties=one.flag("includeExtensionProperties"),
            ),
        )
    fetch = external.Fetch(
        worker=worker,
        most=min(most, 1000),
        topics=made,
        by_priority=given.flag("usePriority"),
        created=_created(given.objects("sorting")),
    )
    return fetch, wishes


def _created(sorting: Sequence[Given]) -> str | None:
    for one in sorting:
        if one.text("sortBy") not in (None, "createTime"):
            raise InvalidRequest(f"Cannot set query sortBy parameter to value {str(one.raw('sortBy'))[:60]}")
        order = one.text("sortOrder")
        if order not in ("asc", "desc"):
            raise InvalidRequest(f"Cannot set query sortOrder parameter to value {str(order)[:60]}")
        return order
    return None


def _topic(given: Given) -> external.Topic:
    lock_ms = given.number("lockDuration", -(2**63), 2**63 - 1)
    if lock_ms is None or lock_ms <= 0:
        raise InvalidRequest("lockTime is not greater than 0", 500, "NotValidException")
    ids = given.texts("processDefinitionIdIn")
    single = given.text("processDefinitionId")
    keys, key = given.texts("processDefinitionKeyIn"), given.text("processDefinitionKey")
    wanted = given.mapping("processVariables")
    tenants = given.texts("tenantIdIn")
    return external.Topic(
        name=given.needed("topicName", 255) if not tenants else "",  # nobody's tasks have a tenant
        lock_ms=lock_ms,
        business_key=given.text("businessKey"),
        definition_ids=[inner(one) for one in [*(ids or ()), *([single] if single else [])]] or None,
        definition_keys=[*(keys or ()), *([key] if key else [])] or None,
        version_tag=given.text("processDefinitionVersionTag"),
        equal={name: value_in(name, {"value": value}, _no_bytes)[0] for name, value in wanted.items()} or None,
    )


def _no_bytes(_content: bytes) -> str:
    raise InvalidRequest("Variables of type Bytes and File cannot be compared")


def answer(locked: Sequence[tuple[ExternalTask, external.Topic]], wishes: dict[str, Wish]) -> list[dict[str, Any]]:
    """The tasks as the dialect sends them, each with its variables. Two statements for all."""
    definitions = brief({task.definition_id for task, _topic in locked})
    variables = bulk.of_many({task.instance_id for task, _topic in locked})
    found = []
    for task, topic in locked:
        wish = wishes[topic.name]
        seen = variables.get(task.instance_id, bulk.Seen())
        kept = seen.local(task.token) if wish.local else seen.at(task.token)
        sent_along: dict[str, Any] = {
            "errorDetails": task.error_details,
            "variables": variables_out(kept, plain=wish.plain, only=wish.names),
            "extensionProperties": _properties(task) if wish.properties else {},
        }
        found.append({**shape(task, outer(definitions[task.definition_id]), suspended=False), **sent_along})
    return found


def _properties(task: ExternalTask) -> dict[str, str]:
    element = deployed(task.definition_id).definition.elements.get(task.element_id)
    return dict(getattr(element, "properties", {}) or {})
