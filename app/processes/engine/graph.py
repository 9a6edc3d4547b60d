"""The drawn process as nodes and flows, read once from the XML: the lint and the compiler look at this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.i18n import _
from app.processes.engine.xml import local, ours, refused, tag

EVENTS = {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
SCOPES = {"subProcess", "transaction"}
TASKS = {
    "task",
    "userTask",
    "serviceTask",
    "manualTask",
    "scriptTask",
    "sendTask",
    "receiveTask",
    "businessRuleTask",
    "callActivity",
}
ACTIVITIES = TASKS | SCOPES
GATEWAYS = {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway"}
CHOOSING = {"exclusiveGateway", "inclusiveGateway"}
RUN = EVENTS | ACTIVITIES | GATEWAYS
"""Flow nodes that are run."""


@dataclass(frozen=True)
class Flow:
    """A sequence flow; `condition` is the text of its expression."""

    id: str
    source: str
    target: str
    condition: str | None
    language: str | None
    empty: bool = False
    """A condition is drawn, but says nothing."""


@dataclass(frozen=True)
class Graph:
    """One process with all that is nested in it. `nodes` and `flows` are in the order of the document."""

    key: str
    process: Any
    nodes: Mapping[str, Any]
    flows: tuple[Flow, ...]
    scopes: Mapping[str, str | None]
    """Node → id of the subprocess it is in; None: directly in the process."""
    _out: dict[str, list[Flow]] = field(default_factory=dict)
    _in: dict[str, list[Flow]] = field(default_factory=dict)
    _attached: dict[str, list[str]] = field(default_factory=dict)

    def outgoing(self, node_id: str) -> list[Flow]:
        """The flows that leave the node."""
        return self._out.get(node_id, [])

    def incoming(self, node_id: str) -> list[Flow]:
        """The flows that enter the node."""
        return self._in.get(node_id, [])

    def inside(self, scope: str | None) -> Iterator[str]:
        """The nodes directly in a scope, in the order of the document."""
        return (name for name, owner in self.scopes.items() if owner == scope)

    def attached(self, node_id: str) -> list[str]:
        """The boundary events of an activity."""
        return self._attached.get(node_id, [])

    def reached(self, starts: set[str], *, backwards: bool = False, without: str | None = None) -> set[str]:
        """The nodes that can be reached from some, themselves included, never passing `without`. From an activity its
        boundary events can be reached, from a link its other end."""
        steps = self.steps(backwards=backwards)
        found, todo = set(starts), list(starts)
        while todo:
            for following in steps.get(todo.pop(), ()):
                if following not in found and following != without:
                    found.add(following)
                    todo.append(following)
        return found

    def steps(self, *, backwards: bool = False) -> dict[str, tuple[str, ...]]:
        """Element → those a token can come to next (or from, backwards)."""
        pairs = [(flow.source, flow.target) for flow in self.flows]
        pairs += [
            (node.get("attachedToRef"), name)
            for name, node in self.nodes.items()
            if local(node) == "boundaryEvent" and trigger_of(node)[0] != "compensate"
        ]
        pairs += self.links()
        steps: dict[str, list[str]] = {}
        for source, target in pairs:
            one, other = (target, source) if backwards else (source, target)
            steps.setdefault(one, []).append(other)
        return {name: tuple(found) for name, found in steps.items()}

    def links(self) -> list[tuple[str, str]]:
        """Link throws with the catch of the same name in the same scope."""
        ends: dict[tuple[str | None, str], str] = {}
        throws = []
        for name, node in self.nodes.items():
            trigger, definition = trigger_of(node)
            if trigger == "link" and definition.get("name"):
                key = (self.scopes[name], definition.get("name"))
                if local(node) == "intermediateCatchEvent":
                    ends[key] = name
                else:
                    throws.append((name, key))
        return [(name, ends[key]) for name, key in throws if key in ends]


def trigger_of(node: Any) -> tuple[str, Any]:
    """What triggers (or is thrown by) an event, and its definition element; ("none", None) for a plain one."""
    for child in node:
        name = local(child)
        if name.endswith("EventDefinition"):
            return name.removesuffix("EventDefinition"), child
    return "none", None


def executable_keys(root: Any) -> list[str]:
    """The keys of the processes of a document that are meant to run. Raises DiagramRefused when there is none."""
    processes = root.findall(tag("process"))
    if not processes:
        raise refused(_("There is no process in this document."))
    meant = [node for node in processes if node.get("isExecutable", "true") == "true" and len(node)]
    if not meant:
        raise refused(_("The process is marked as not executable."), processes[0].get("id") or "diagram")
    if any(not node.get("id") for node in meant):
        raise refused(_("The process has no id."))
    return [node.get("id") for node in meant]


def read_graph(root: Any, key: str | None = None) -> Graph:
    """A process of a document: the one of that key, else the only one. Raises DiagramRefused."""
    keys = executable_keys(root)
    if key is None:
        if len(keys) != 1:
            raise refused(_("There must be exactly one process; there are %(count)s.", count=len(keys)))
        key = keys[0]
    process = next((node for node in root.findall(tag("process")) if node.get("id") == key), None)
    if process is None:
        raise refused(_("There is no process in this document."))
    nodes: dict[str, Any] = {}
    scopes: dict[str, str | None] = {}
    flows: list[Flow] = []
    _collect(process, None, nodes, scopes, flows)
    out: dict[str, list[Flow]] = {}
    into: dict[str, list[Flow]] = {}
    for flow in flows:
        out.setdefault(flow.source, []).append(flow)
        into.setdefault(flow.target, []).append(flow)
    attached: dict[str, list[str]] = {}
    for name, node in nodes.items():
        if local(node) == "boundaryEvent":
            attached.setdefault(node.get("attachedToRef"), []).append(name)
    return Graph(key, process, nodes, tuple(flows), scopes, out, into, attached)


def _collect(
    parent: Any, scope: str | None, nodes: dict[str, Any], scopes: dict[str, str | None], flows: list[Flow]
) -> None:
    for node in parent:
        kind = local(node)
        if kind == "sequenceFlow":
            flows.append(_flow(node, len(flows)))
        elif kind in RUN and node.get("id"):
            nodes[node.get("id")] = node
            scopes[node.get("id")] = scope
            if kind in SCOPES:
                _collect(node, node.get("id"), nodes, scopes, flows)


def _flow(node: Any, number: int) -> Flow:
    """Modelers leave ids of flows out; such a flow is called by what it connects."""
    condition = node.find(tag("conditionExpression"))
    text = None if condition is None else (condition.text or "").strip() or None
    language = None if condition is None else condition.get("language")
    source, target = node.get("sourceRef") or "", node.get("targetRef") or ""
    name = node.get("id") or f"{source}>{target}"[:90] + f"#{number}"
    return Flow(name, source, target, text, language, empty=condition is not None and text is None)


def names(node: Any) -> dict[str, str]:
    """The name of an element in both languages; each falls back to the other, then to the id."""
    english = " ".join((node.get("name") or "").split())
    chinese = " ".join((node.get(ours("nameZh")) or "").split())
    return {"en": english or chinese or node.get("id"), "zh": chinese or english or node.get("id")}
