"""What may not be deployed: elements that are not run, or that would silently run wrong. Each reason names its element.

A problem stops the diagram; a warning tells of what is kept but not heeded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.errors import DomainError
from app.core.i18n import LazyString, _, _l
from app.processes.engine.graph import RUN, SCOPES, Graph
from app.processes.engine.lint_event import event_problems
from app.processes.engine.lint_extension import extension_problems
from app.processes.engine.lint_flow import flow_problems
from app.processes.engine.lint_node import node_problems
from app.processes.engine.problem import Known, Problem
from app.processes.engine.reading import Reader
from app.processes.engine.xml import BPMN, DIAGRAM, local, tag

__all__ = ["Known", "Problem", "problems_of"]

MOST_NODES = 1000

_NEVER = _l("This kind of element is not supported (%(kind)s).")
_NO_ID = _l("An element has no id (%(kind)s).")
_MISPLACED = _l("This element stands where the engine does not look for it (%(kind)s).")
_ASSIGNED = _l("Data associations with assignments are not run; use input and output parameters.")
_DRAWN = _l("Data is drawn only (%(kind)s); the process keeps its variables itself.")

DRAWN = {
    "dataObject",
    "dataObjectReference",
    "dataStoreReference",
    "dataInputAssociation",
    "dataOutputAssociation",
    "ioSpecification",
    "property",
}
"""Warned of: they move no tokens and no values."""

SILENT = {
    "documentation",
    "extensionElements",
    "incoming",
    "outgoing",
    "laneSet",
    "childLaneSet",
    "lane",
    "flowNodeRef",
    "sequenceFlow",
    "conditionExpression",
    "textAnnotation",
    "text",
    "association",
    "group",
    "categoryValueRef",
    "script",
    "rendering",
    "potentialOwner",
    "humanPerformer",
    "performer",
    "resourceRef",
    "resourceAssignmentExpression",
    "formalExpression",
    "standardLoopCharacteristics",
    "multiInstanceLoopCharacteristics",
    "auditing",
    "monitoring",
    "supportedInterfaceRef",
    "supports",
    "ioBinding",
    "eventDefinitionRef",
}
"""Elements that mean nothing to the engine, or are looked at with their owner."""

OWNED = ("EventDefinition", "LoopCharacteristics")
"""What is inside these is looked at with the event or activity."""

TOP_LEVEL = {
    "process",
    "collaboration",
    "category",
    "documentation",
    "extensionElements",
    "message",
    "signal",
    "error",
    "escalation",
    "itemDefinition",
    "interface",
    "dataStore",
    "resource",
    "import",
    "extension",
    "relationship",
    "endPoint",
    "correlationProperty",
}


def problems_of(root: Any, graph: Graph, known: Known | None = None) -> list[Problem]:
    """Everything that is wrong with a process of a parsed document, element by element; empty when it may run."""
    known = known or Known()
    found = [*_top_level(root), *_contents(graph.process), *extension_problems(graph)]
    if graph.process.get("isExecutable", "true") != "true":
        found.append(Problem(graph.key, _("The process is marked as not executable.")))
    if len(graph.nodes) > MOST_NODES:
        found.append(Problem(DIAGRAM, _("There are more than %(limit)s elements.", limit=MOST_NODES)))
    found += flow_problems(graph)
    for node in graph.nodes.values():
        found += node_problems(graph, node, known)
        if local(node).endswith("Event"):
            found += event_problems(graph, root, node)
    if not any(not problem.warning for problem in found):
        found += _unreadable(graph, root)
    return list(dict.fromkeys(found))


def _unreadable(graph: Graph, root: Any) -> Iterator[Problem]:
    """Expressions and scripts, wherever they stand."""
    reader = Reader(graph, root)
    for name, node in graph.nodes.items():
        try:
            reader.element(node)
        except DomainError as error:
            yield Problem(name, error.sentence())


def _top_level(root: Any) -> Iterator[Problem]:
    for node in root:
        name = local(node)
        if node.tag.startswith(f"{{{BPMN}}}") and name not in TOP_LEVEL and not name.endswith("EventDefinition"):
            yield Problem(node.get("id") or DIAGRAM, str(_NEVER) % {"kind": name})


def _contents(process: Any) -> Iterator[Problem]:
    for node in process.iterdescendants():
        if not node.tag.startswith(f"{{{BPMN}}}"):
            continue
        kind = local(node)
        reason = _reason_against(node, kind, process)
        if reason is not None:
            yield Problem(_nearest_id(node), str(reason) % {"kind": kind})
        elif kind in DRAWN:
            yield Problem(_nearest_id(node), str(_DRAWN) % {"kind": kind}, warning=True)


def _reason_against(node: Any, kind: str, process: Any) -> LazyString | None:
    if kind in RUN:
        if not node.get("id"):
            return _NO_ID
        parent = node.getparent()
        return None if parent is process or local(parent) in SCOPES else _MISPLACED
    if kind in ("dataInputAssociation", "dataOutputAssociation") and node.find(tag("assignment")) is not None:
        return _ASSIGNED
    if kind in SILENT or kind in DRAWN or kind.endswith("EventDefinition") or _inside(node):
        return None
    return _NEVER


def _inside(node: Any) -> bool:
    return any(local(above).endswith(OWNED) or local(above) in DRAWN for above in node.iterancestors())


def _nearest_id(node: Any) -> str:
    """The id of the element, or of the one it belongs to."""
    while node is not None:
        if node.get("id") and not local(node).endswith((*OWNED, "Expression")):
            return str(node.get("id"))
        node = node.getparent()
    return DIAGRAM
