"""The tokens of an instance as the dialect's tree of activities, and the ids by which its nodes are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.integration.engine_rest.element_kinds import BODY, kind_of
from app.integration.engine_rest.wire import activity_instance_id, execution_id
from app.processes.models import ProcessIncident


def tree(instance_id: str, definition_id: str, tokens: Sequence[Any]) -> dict[str, Any]:
    """The tree of the tokens (`engine.TokenView`): one within a subprocess hangs below that, one of a multi-instance
    below its body; one that waits for a job is in transition. What only watches is no activity, nor are the events
    that an event-based gateway waits for."""
    standing = _incidents(instance_id)
    root = _node(instance_id, definition_id, "processDefinition", instance_id, definition_id)
    root["executionIds"] = [instance_id]
    choosing = {one.token for one in tokens if one.element.kind == "eventBasedGateway"}
    shown = [one for one in tokens if not one.watch and (one.parent not in choosing or one.fault)]
    bodies = {one.token for one in shown if one.waits == "loop"}
    nodes: dict[int | None, dict[str, Any]] = {None: root}
    for one in shown:
        nodes[one.token] = _of_token(one, instance_id, definition_id, body=one.token in bodies)
        here = standing.get(one.token, [])
        nodes[one.token]["incidentIds"] = [incident.id for incident in here]
        nodes[one.token]["incidents"] = [{"id": incident.id, "activityId": one.element.id} for incident in here]
    for one in shown:
        above = nodes.get(one.parent if one.parent in bodies else one.scope, root)
        nodes[one.token]["parentActivityInstanceId"] = above["id"]
        in_transition = one.waits == "job" and one.token not in bodies
        above["childTransitionInstances" if in_transition else "childActivityInstances"].append(nodes[one.token])
    return root


def _of_token(one: Any, instance_id: str, definition_id: str, *, body: bool) -> dict[str, Any]:
    element = one.element
    activity = element.id + BODY if body else element.id
    node = _node(
        activity_instance_id(activity, instance_id, one.token),
        activity,
        BODY[1:] if body else kind_of(element),
        instance_id,
        definition_id,
        element.name.get("en") or None,
    )
    node["executionIds"] = [execution_id(instance_id, one.token)]
    if one.waits == "job":
        node |= {"executionId": execution_id(instance_id, one.token), "targetActivityId": element.id}
    return node


def _node(  # noqa: PLR0917 - one line of the tree
    node_id: str, activity: str, kind: str, instance_id: str, definition_id: str, name: str | None = None
) -> dict[str, Any]:
    return {
        "id": node_id,
        "parentActivityInstanceId": None,
        "activityId": activity,
        "activityName": name,
        "name": name,
        "activityType": kind,
        "processInstanceId": instance_id,
        "processDefinitionId": definition_id,
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": [],
        "incidentIds": [],
        "incidents": [],
    }


def _incidents(instance_id: str) -> dict[int | None, list[Any]]:
    rows = session().scalars(
        select(ProcessIncident).where(ProcessIncident.instance_id == instance_id, ProcessIncident.resolved_at.is_(None))
    )
    found: dict[int | None, list[Any]] = {}
    for row in rows:
        found.setdefault(row.token, []).append(row)
    return found
