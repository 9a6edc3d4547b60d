"""A definition: one diagram, read once, known by the hash of its XML, never changed by running it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from app.core import jsontext
from app.processes.engine import specs
from app.processes.engine.elements import Element, Scope
from app.processes.engine.errors import DiagramRefused
from app.processes.engine.graph import executable_keys, names, read_graph
from app.processes.engine.lint import problems_of
from app.processes.engine.persons import REQUESTER
from app.processes.engine.problem import Known, Problem
from app.processes.engine.reading import Reader
from app.processes.engine.xml import camunda, parse_diagram


@dataclass(frozen=True)
class Definition:
    """What instances share. `elements` are those that tokens visit, by BPMN id."""

    key: str
    name: Mapping[str, str]
    hash: str
    """SHA-256 of the XML, in hex."""
    xml: bytes
    process: Scope
    elements: Mapping[str, Element]
    flows: Mapping[tuple[str, str], str]
    """(source, target) → id of the sequence flow."""
    spec: Any
    steps: Mapping[str, tuple[str, ...]]
    """Element → the elements a token can come to next, over boundary events and links too."""
    has_conditions: bool
    """Whether an event waits for a condition: then it is looked at after every change."""
    has_inclusive: bool
    bars_requester: bool = False
    """Whether a user task is not for who started the process."""
    version_tag: str | None = None
    history_time_to_live: str | None = None
    """How long the history of ended instances is wanted, as the diagram says it."""
    warnings: tuple[Problem, ...] = ()
    _ahead: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def flows_ahead(self, element: str, *, without: str) -> frozenset[str]:
        """The flows into `without` that a token at an element can still take before it comes there."""
        key = (element, without)
        found = self._ahead.get(key)
        if found is None:
            reached, todo = {element}, [element]
            while todo:
                for following in self.steps.get(todo.pop(), ()):
                    if following not in reached and following != without:
                        reached.add(following)
                        todo.append(following)
            into = {out.flow for name in reached for out in self.elements[name].outs if out.target == without}
            found = self._ahead[key] = frozenset(into)
        return found

    def fingerprint(self) -> str:
        """A hash of the graph of specs as it is in memory now; running an instance must never change it."""
        return jsontext.digest(
            [
                [name, type(spec).__name__, list(spec._inputs), list(spec._outputs), repr(spec.element), spec.scope]
                for name, spec in sorted(self.spec.task_specs.items())
            ]
        )


def compile_definition(xml: bytes, known: Known | None = None, key: str | None = None) -> Definition:
    """Parse, lint and compile a diagram: the process of that key, else its only one.

    Raises DiagramRefused naming each element with its reasons.
    """
    root = parse_diagram(xml)
    graph = read_graph(root, key)
    problems = problems_of(root, graph, known)
    found: dict[str, list[str]] = {}
    for problem in problems:
        if not problem.warning:
            found.setdefault(problem.element, []).append(problem.reason)
    if found:
        raise DiagramRefused(found)
    reader = Reader(graph, root)
    elements, process = reader.elements(), reader.process()
    return Definition(
        key=graph.key,
        name=names(graph.process),
        hash=hashlib.sha256(xml).hexdigest(),
        xml=xml,
        process=process,
        elements=elements,
        flows={(flow.source, flow.target): flow.id for flow in graph.flows},
        spec=specs.build(graph.key, elements, process),
        steps=graph.steps(),
        has_conditions=any(getattr(one, "trigger", "") == "conditional" for one in elements.values()),
        has_inclusive=any(one.kind == "inclusiveGateway" for one in elements.values()),
        bars_requester=any(REQUESTER in getattr(one, "four_eyes", ()) for one in elements.values()),
        version_tag=graph.process.get(camunda("versionTag")),
        history_time_to_live=graph.process.get(camunda("historyTimeToLive")),
        warnings=tuple(problem for problem in problems if problem.warning),
    )


def as_text(xml: bytes) -> str:
    """The document as text to be kept: as it came if that is UTF-8, else written anew in it. Raises DiagramRefused."""
    try:
        return xml.decode("utf-8-sig")
    except UnicodeDecodeError:
        return etree.tostring(parse_diagram(xml, whole=True), xml_declaration=True, encoding="UTF-8").decode()


def keys_of(xml: bytes) -> list[str]:
    """The keys of the executable processes in a document. Raises DiagramRefused."""
    return executable_keys(parse_diagram(xml))


def key_of(xml: bytes) -> str:
    """The key of the one process in a document. Raises DiagramRefused."""
    return read_graph(parse_diagram(xml)).key


def form_keys_of(xml: bytes) -> list[str]:
    """The forms that user tasks of a document name, each once. Raises DiagramRefused."""
    nodes = read_graph(parse_diagram(xml)).nodes.values()
    return sorted({node.get(camunda("formKey")) for node in nodes if node.get(camunda("formKey"))})
