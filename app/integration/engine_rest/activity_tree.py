"""The tokens of an instance as the dialect's tree of activities, and the ids by which its nodes are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.integration.engine_rest.wire import activity_instance_id, execution_id
from app.processes.models import ProcessIncident


def tree(instance: Any, definition_id: str, tokens: Sequence[Any]) -> dict[str, Any]:
    """The tree. `tokens` are `TokenView`s; one in a scope hangs below that scope's own token."""
    standing = _incidents(instance.id)
    root = {
        **_node(instance.id, None, definition_id, "processDefinition", instance.id, definition_id),
        "executionIds": [instance.id],
    }
    nodes: dict[int | None, dict[str, Any]] = {None: root}
    for one in tokens:
        node_id = activity_instance_id(one.element_id, instance.id, one.token)
        node = _node(node_id, None, one.element_id, one.kind, instance.id, definition_id, one.name)
        node["executionIds"] = [execution_id(instance.id, one.token)]
        _stand(node, standing.get(one.token, []), one)
        nodes[one.token] = node
    for one in tokens:
        parent = nodes.get(one.parent_scope, root)
        nodes[one.token]["parentActivityInstanceId"] = parent["id"]
        parent["childActivityInstances"].append(nodes[one.token])
    return root


def _node(
    node_id: str, parent: str | None, activity: str, kind: str, instance_id: str, definition_id: str, name: Any = None
) -> dict[str, Any]:
    shown = name.get("en") if isinstance(name, dict) else name
    return {
        "id": node_id,
        "parentActivityInstanceId": parent,
        "activityId": activity,
        "activityName": shown or None,
        "name": shown or None,
        "activityType": kind,
        "processInstanceId": instance_id,
        "processDefinitionId": definition_id,
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": [],
        "incidentIds": [],
        "incidents": [],
    }


def _stand(node: dict[str, Any], incidents: Sequence[Any], token: Any) -> None:
    node["incidentIds"] = [one.id for one in incidents]
    node["incidents"] = [{"id": one.id, "activityId": token.element_id} for one in incidents]


def _incidents(instance_id: str) -> dict[int | None, list[Any]]:
    rows = session().scalars(
        select(ProcessIncident).where(
            ProcessIncident.instance_id == instance_id, ProcessIncident.resolved_at.is_(None)
        )
    )
    found: dict[int | None, list[Any]] = {}
    for row in rows:
        found.setdefault(row.token, []).append(row)
    return found
