"""A definition: one diagram, read once, known by the hash of its XML, never changed by running it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core import jsontext
from app.core.expressions import parse
from app.processes.engine.elements import Element, Gateway, ServiceStep, UserWork
from app.processes.engine.errors import DiagramRefused
from app.processes.engine.graph import Graph, names, read_graph
from app.processes.engine.lint import problems_of
from app.processes.engine.lint_node import INITIATOR, groups_of
from app.processes.engine.parser import read_specs
from app.processes.engine.problem import Known
from app.processes.engine.xml import camunda, local, ours, parse_diagram


@dataclass(frozen=True)
class Definition:
    """What instances share. `elements` are those that tokens visit, by BPMN id."""

    key: str
    name: Mapping[str, str]
    hash: str
    """SHA-256 of the XML, in hex."""
    xml: bytes
    elements: Mapping[str, Element]
    flows: Mapping[tuple[str, str], str]
    """(source, target) → id of the sequence flow."""
    spec: Any
    subspecs: Mapping[str, Any]
    graph: Graph
    _ahead: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def ahead(self, element: str, *, without: str) -> frozenset[str]:
        """The elements a token can still visit from one (itself included) without passing another."""
        key = (element, without)
        found = self._ahead.get(key)
        if found is None:
            found = self._ahead[key] = frozenset(self.graph.reached({element}, without=without))
        return found

    def fingerprint(self) -> str:
        """A hash of the graph of specs as it is in memory now; running an instance must never change it."""
        specs = [self.spec, *(self.subspecs[name] for name in sorted(self.subspecs))]
        return jsontext.digest([_shape(spec) for spec in specs])


def _shape(process: Any) -> list[Any]:
    return [
        [name, type(spec).__name__, list(spec._inputs), list(spec._outputs), sorted(getattr(spec, "flows", {}).items())]
        for name, spec in sorted(process.task_specs.items())
    ]


def compile_definition(xml: bytes, known: Known | None = None) -> Definition:
    """Parse, lint and compile a diagram. Raises DiagramRefused naming each element with its reasons."""
    root = parse_diagram(xml)
    found: dict[str, list[str]] = {}
    for problem in problems_of(root, known):
        found.setdefault(problem.element, []).append(problem.reason)
    if found:
        raise DiagramRefused(found)
    graph = read_graph(root)
    spec, subspecs = read_specs(root, graph.key)
    return Definition(
        key=graph.key,
        name=names(graph.process),
        hash=hashlib.sha256(xml).hexdigest(),
        xml=xml,
        elements={name: _element(graph, node) for name, node in graph.nodes.items()},
        flows={(flow.source, flow.target): flow.id for flow in graph.flows},
        spec=spec,
        subspecs=subspecs,
        graph=graph,
    )


def key_of(xml: bytes) -> str:
    """The key of the process in a document. Raises DiagramRefused."""
    return read_graph(parse_diagram(xml)).key


def form_keys_of(xml: bytes) -> list[str]:
    """The forms that user tasks of a document name, each once. Raises DiagramRefused."""
    nodes = read_graph(parse_diagram(xml)).nodes.values()
    return sorted({node.get(camunda("formKey")) for node in nodes if node.get(camunda("formKey"))})


def _element(graph: Graph, node: Any) -> Element:
    kind = local(node)
    if kind == "userTask":
        return UserWork(
            id=node.get("id"),
            kind=kind,
            name=names(node),
            form_key=node.get(camunda("formKey")),
            groups=groups_of(node),
            to_initiator=node.get(camunda("assignee")) == INITIATOR,
            four_eyes=node.get(ours("fourEyes")),
            assign_from=node.get(ours("assignFrom")),
            assign_step=node.get(ours("assignStep")),
        )
    if kind == "serviceTask":
        return ServiceStep(id=node.get("id"), kind=kind, name=names(node), step=node.get(ours("step")))
    if kind.endswith("Gateway"):
        return _gateway(graph, node)
    return Element(id=node.get("id"), kind=kind, name=names(node))


def _gateway(graph: Graph, node: Any) -> Gateway:
    out = graph.outgoing(node.get("id"))
    diverging = len(out) > 1
    choosing = local(node) != "parallelGateway"
    default = (node.get("default") if diverging else out[0].id) if choosing else None
    return Gateway(
        id=node.get("id"),
        kind=local(node),
        name=names(node),
        rule_set=node.get(ours("ruleSet")),
        diverging=diverging,
        default_flow=default,
        conditions=tuple((flow.id, parse(flow.condition)) for flow in out if flow.condition and flow.id != default),
    )
