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
from app.processes.engine.lint_schema import FREE, is_known, schema_problems
from app.processes.engine.lint_twin import twin_problems
from app.processes.engine.problem import Known, Problem
from app.processes.engine.reading import Reader
from app.processes.engine.xml import BPMN, DIAGRAM, local, nearest_id

__all__ = ["Known", "Problem", "problems_of"]

MOST_NODES = 1000
MOST_FLOWS = 5000
LONGEST_KEY = 64

_NEVER = _l("This kind of element is not supported (%(kind)s).")
_NO_ID = _l("An element has no id (%(kind)s).")
_MISPLACED = _l("This element stands where the engine does not look for it (%(kind)s).")
_ASSIGNED = _l("Data associations with assignments are not run; use input and output parameters.")
_KEYS = _l("Correlation keys are not supported: messages go by name and business key.")
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

UNHEEDED = {"performer", "resourceRole"}
PEOPLE = {"potentialOwner", "humanPerformer"}
"""Heeded at user tasks only."""

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
    "partnerEntity",
    "partnerRole",
}


def problems_of(root: Any, graph: Graph, known: Known | None = None) -> list[Problem]:
    """Everything that is wrong with a process of a parsed document, element by element; empty when it may run."""
    known = known or Known()
    if len(graph.nodes) > MOST_NODES:
        return [Problem(DIAGRAM, _("There are more than %(limit)s elements.", limit=MOST_NODES))]
    if len(graph.flows) > MOST_FLOWS:
        return [Problem(DIAGRAM, _("There are more than %(limit)s sequence flows.", limit=MOST_FLOWS))]
    found = [*_top_level(root), *_contents(graph.process), *schema_problems(root, graph.process)]
    found += extension_problems(graph, root)
    if len(graph.key) > LONGEST_KEY:
        found.append(Problem(graph.key, _("The id of a process has at most %(limit)s letters.", limit=LONGEST_KEY)))
    if graph.process.get("isExecutable", "true") != "true":
        found.append(Problem(graph.key, _("The process is marked as not executable.")))
    found += flow_problems(graph)
    found += twin_problems(graph, root)
    for node in graph.nodes.values():
        found += node_problems(graph, root, node, known)
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
        name, ours = local(node), node.tag.startswith(f"{{{BPMN}}}")
        if (name in TOP_LEVEL or name.endswith("EventDefinition")) != ours:
            yield Problem(node.get("id") or DIAGRAM, str(_NEVER) % {"kind": name})
    for property_ref in root.iter(f"{{{BPMN}}}correlationPropertyRef"):
        yield Problem(nearest_id(property_ref), str(_KEYS))


def _contents(process: Any) -> Iterator[Problem]:
    for node in process.iterdescendants():
        if not node.tag.startswith(f"{{{BPMN}}}"):
            continue
        kind = local(node)
        reason = _reason_against(node, kind, process)
        if reason is not None:
            yield Problem(nearest_id(node), str(reason) % {"kind": kind})
        elif kind in DRAWN:
            yield Problem(nearest_id(node), str(_DRAWN) % {"kind": kind}, warning=True)
        elif kind in UNHEEDED or (kind in PEOPLE and local(node.getparent()) != "userTask"):
            yield Problem(nearest_id(node.getparent()), _("“%(name)s” would be ignored.", name=kind), warning=True)


def _reason_against(node: Any, kind: str, process: Any) -> LazyString | None:
    if kind in RUN:
        if not node.get("id"):
            return _NO_ID
        parent = node.getparent()
        return None if parent is process or local(parent) in SCOPES or not is_known(local(parent)) else _MISPLACED
    if kind in ("assignment", "transformation"):
        return _ASSIGNED
    return None if kind in FREE or is_known(kind) or _in_refused(node, process) else _NEVER


def _in_refused(node: Any, process: Any) -> bool:
    """Inside of what is refused whole."""
    above = node.getparent()
    return above is not process and not is_known(local(above))
