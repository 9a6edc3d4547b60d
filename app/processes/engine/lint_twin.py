"""Events that wait for the same thing at the same place: who of them would hear it is not said by the diagram."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.i18n import _
from app.processes.engine.graph import Graph, trigger_of
from app.processes.engine.problem import Problem
from app.processes.engine.xml import local

Place = tuple[str, str | None]
Heard = tuple[Place, str, str]


def twin_problems(graph: Graph, root: Any) -> Iterator[Problem]:
    """A message reaches one receiver, so no two may stand together; signals reach all, unless the first ends the
    wait of the second."""
    names = {one.get("id"): one.get("name") or one.get("id") for one in root if local(one) in ("message", "signal")}
    first: dict[Heard, str] = {}
    for name, node in graph.nodes.items():
        for place, kind, ref in _waits(graph, node):
            other = first.setdefault((place, kind, names.get(ref, ref)), name)
            if other != name:
                yield Problem(name, _("“%(other)s” waits for the same at the same place.", other=other))


def _waits(graph: Graph, node: Any) -> Iterator[tuple[Place, str, str]]:
    """Where an element waits, and for which message or signal."""
    if local(node) == "receiveTask" and node.get("messageRef"):
        for gateway in _gateways(graph, node.get("id")):
            yield ("behind", gateway), "message", node.get("messageRef")
        if not any(local(child) == "multiInstanceLoopCharacteristics" for child in node):
            yield ("at", node.get("id")), "message", node.get("messageRef")
        return
    trigger, definition = trigger_of(node)
    if trigger not in ("message", "signal") or definition is None or not definition.get(f"{trigger}Ref"):
        return
    for place in _places(graph, node, trigger):
        yield place, trigger, definition.get(f"{trigger}Ref")


def _places(graph: Graph, node: Any, trigger: str) -> Iterator[Place]:
    kind, name = local(node), node.get("id")
    scope = graph.scopes[name]
    if kind == "boundaryEvent" and (trigger == "message" or node.get("cancelActivity") != "false"):
        yield "at", node.get("attachedToRef")
    elif kind == "intermediateCatchEvent":
        for gateway in _gateways(graph, name):
            yield "behind", gateway
    elif kind == "startEvent" and scope is None and trigger == "message":
        yield "start", None
    elif kind == "startEvent" and scope is not None and (trigger == "message" or node.get("isInterrupting") != "false"):
        yield "within", graph.scopes[scope]


def _gateways(graph: Graph, name: str) -> list[str]:
    sources = [flow.source for flow in graph.incoming(name)]
    return [one for one in sources if one in graph.nodes and local(graph.nodes[one]) == "eventBasedGateway"]
