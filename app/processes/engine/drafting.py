"""What can be said of a diagram that is still drawn: it may be far from whole."""

from __future__ import annotations

from collections.abc import Callable

from app.processes.engine.errors import DiagramRefused
from app.processes.engine.graph import executable_keys, names, read_graph
from app.processes.engine.lint import problems_of
from app.processes.engine.problem import Known, Problem
from app.processes.engine.xml import parse_diagram, tag


def processes_in(xml: bytes) -> list[str]:
    """Ids of the processes of a document that are meant to run, none if there is none yet. Raises DiagramRefused when
    it cannot be read at all."""
    found = parse_diagram(xml).findall(tag("process"))
    return [node.get("id") for node in found if node.get("id") and node.get("isExecutable", "true") == "true"]


def findings(xml: bytes, known: Callable[[str], Known]) -> list[Problem]:
    """Everything that a deployment would refuse or warn of, each once; `known` tells by key what may be named."""
    try:
        root = parse_diagram(xml)
        found = [one for key in executable_keys(root) for one in problems_of(root, read_graph(root, key), known(key))]
    except DiagramRefused as error:
        fields = error.details["fields"]
        found = [Problem(element, reason) for element, reasons in fields.items() for reason in reasons]
    return list(dict.fromkeys(found))


def graph_names(xml: bytes) -> dict[str, dict[str, str]]:
    """Element → its name in both languages, of everything in the document that has one. Raises DiagramRefused."""
    root = parse_diagram(xml)
    named = (node for node in root.iter() if isinstance(node.tag, str) and node.get("id") and node.get("name"))
    return {node.get("id"): names(node) for node in named}
