"""The drawn process as nodes and flows, read once from the XML: the lint and the compiler look at this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.i18n import _
from app.processes.engine.xml import local, ours, refused, tag

EVENTS = {"startEvent", "endEvent"}
TASKS = {"task", "userTask", "serviceTask"}
GATEWAYS = {"exclusiveGateway", "inclusiveGateway", "parallelGateway"}
RUN = EVENTS | TASKS | GATEWAYS
"""Flow nodes that this version runs."""


@dataclass(frozen=True)
class Flow:
    """A sequence flow; `condition` is the text of its expression."""

    id: str
    source: str
    target: str
    condition: str | None
    language: str | None


@dataclass(frozen=True)
class Graph:
    """One process. `nodes` and `flows` are in the order of the document."""

    key: str
    process: Any
    nodes: Mapping[str, Any]
    flows: tuple[Flow, ...]

    def outgoing(self, node_id: str) -> list[Flow]:
        """The flows that leave the node."""
        return [flow for flow in self.flows if flow.source == node_id]

    def incoming(self, node_id: str) -> list[Flow]:
        """The flows that enter the node."""
        return [flow for flow in self.flows if flow.target == node_id]

    def reached(self, starts: set[str], *, backwards: bool = False, without: str | None = None) -> set[str]:
        """The nodes that can be reached from some, themselves included, never passing `without`."""
        steps: dict[str, list[str]] = {}
        for flow in self.flows:
            source, target = (flow.target, flow.source) if backwards else (flow.source, flow.target)
            steps.setdefault(source, []).append(target)
        found, todo = set(starts), list(starts)
        while todo:
            for following in steps.get(todo.pop(), ()):
                if following not in found and following != without:
                    found.add(following)
                    todo.append(following)
        return found


def read_graph(root: Any) -> Graph:
    """The one process of a document. Raises DiagramRefused when there is none, or several."""
    processes = root.findall(tag("process"))
    if len(processes) != 1:
        raise refused(_("There must be exactly one process; there are %(count)s.", count=len(processes)))
    process = processes[0]
    if not process.get("id"):
        raise refused(_("The process has no id."))
    nodes = {node.get("id"): node for node in process if local(node) in RUN and node.get("id")}
    flows = tuple(_flow(node) for node in process.findall(tag("sequenceFlow")))
    return Graph(process.get("id"), process, nodes, flows)


def _flow(node: Any) -> Flow:
    condition = node.find(tag("conditionExpression"))
    text = None if condition is None else (condition.text or "").strip()
    language = None if condition is None else condition.get("language")
    return Flow(node.get("id") or "", node.get("sourceRef") or "", node.get("targetRef") or "", text, language)


def names(node: Any) -> dict[str, str]:
    """The name of an element in both languages; each falls back to the other, then to the id."""
    english = " ".join((node.get("name") or "").split())
    chinese = " ".join((node.get(ours("nameZh")) or "").split())
    return {"en": english or chinese or node.get("id"), "zh": chinese or english or node.get("id")}
