"""What may not be deployed: elements that this version does not run, or that would silently run wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.i18n import LazyString, _, _l
from app.processes.engine.graph import RUN, read_graph
from app.processes.engine.lint_flow import flow_problems
from app.processes.engine.lint_node import node_problems
from app.processes.engine.problem import Known, Problem
from app.processes.engine.xml import BPMN, CAMUNDA, DIAGRAM, YOUXU, local, tag

__all__ = ["Known", "Problem", "problems_of"]

MOST_NODES = 250
RESERVED = {"Start", "End", "Root", "StartEventSplit", "StartEventJoin"}

_DATA = _l("Data objects, stores and mappings are not run by this version.")
_LATER = _l("This version does not run this kind of element yet (%(kind)s).")
_NEVER = _l("This kind of element is not supported (%(kind)s).")
_EVENT = _l("This version does not run this kind of event yet (%(kind)s).")
_NO_ID = _l("An element has no id (%(kind)s).")
_MISPLACED = _l("This element stands where the engine does not look for it (%(kind)s).")
_REPEAT = _l("Loops and multiple instances are not run by this version yet; draw the loop with a gateway.")

REFUSED: dict[str, LazyString] = {
    **dict.fromkeys(
        (
            "subProcess",
            "transaction",
            "callActivity",
            "scriptTask",
            "sendTask",
            "receiveTask",
            "manualTask",
            "businessRuleTask",
            "boundaryEvent",
            "intermediateCatchEvent",
            "intermediateThrowEvent",
            "eventBasedGateway",
        ),
        _LATER,
    ),
    **dict.fromkeys(("complexGateway", "adHocSubProcess", "subChoreography", "callChoreography"), _NEVER),
    **dict.fromkeys(("standardLoopCharacteristics", "multiInstanceLoopCharacteristics"), _REPEAT),
    **dict.fromkeys(
        (
            "dataObject",
            "dataObjectReference",
            "dataStoreReference",
            "dataInputAssociation",
            "dataOutputAssociation",
            "ioSpecification",
            "property",
        ),
        _DATA,
    ),
}
"""Elements of the BPMN namespace inside a process that are refused, with the reason."""

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
    "terminateEventDefinition",
}
"""Elements that mean nothing to the engine, or are looked at with their owner."""

EVENT_ENDING = "EventDefinition"
TOP_LEVEL = {"process", "collaboration", "category", "documentation", "extensionElements"}
INERT_EXTENSIONS = {"properties", "property"}


def problems_of(root: Any, known: Known | None = None) -> list[Problem]:
    """Everything that is wrong with a parsed document, element by element; empty when it may be deployed."""
    known = known or Known()
    found = [*_top_level(root), *_collaboration(root)]
    graph = read_graph(root)
    found += _process(graph.process)
    found += _contents(graph.process)
    found += _extensions(graph.process)
    if len(graph.nodes) > MOST_NODES:
        found.append(Problem(DIAGRAM, _("There are more than %(limit)s elements.", limit=MOST_NODES)))
    reserved = RESERVED | {f"{graph.key}.EndJoin"}
    found += [Problem(name, _("This id is reserved for the engine.")) for name in graph.nodes if name in reserved]
    found += flow_problems(graph)
    for node in graph.nodes.values():
        found += node_problems(graph, node, known)
    return list(dict.fromkeys(found))


def _top_level(root: Any) -> Iterator[Problem]:
    for node in root:
        if node.tag.startswith(f"{{{BPMN}}}") and local(node) not in TOP_LEVEL:
            yield Problem(node.get("id") or DIAGRAM, str(_LATER) % {"kind": local(node)})


def _collaboration(root: Any) -> Iterator[Problem]:
    for node in root.iter(tag("messageFlow"), tag("conversation")):
        yield Problem(node.get("id") or DIAGRAM, str(_LATER) % {"kind": local(node)})
    participants = list(root.iter(tag("participant")))
    if len(participants) > 1:
        yield Problem(DIAGRAM, _("This version runs diagrams with one pool only."))


def _process(process: Any) -> Iterator[Problem]:
    if process.get("isExecutable", "true") != "true":
        yield Problem(process.get("id"), _("The process is marked as not executable."))


def _contents(process: Any) -> Iterator[Problem]:
    for node in process.iterdescendants():
        if node.tag.startswith(f"{{{BPMN}}}"):
            reason = _reason_against(node, process)
            if reason is not None:
                yield Problem(_nearest_id(node), str(reason) % {"kind": local(node)})


def _reason_against(node: Any, process: Any) -> LazyString | None:
    kind = local(node)
    if kind in REFUSED:
        return REFUSED[kind]
    if kind in RUN:
        if not node.get("id"):
            return _NO_ID
        return None if node.getparent() is process else _MISPLACED
    if kind == "terminateEventDefinition":
        return None if local(node.getparent()) == "endEvent" else _EVENT
    if kind.endswith(EVENT_ENDING):
        return _EVENT
    return None if kind in SILENT or _inside_event(node) else _NEVER


def _inside_event(node: Any) -> bool:
    return any(local(above).endswith(EVENT_ENDING) for above in node.iterancestors())


def _extensions(process: Any) -> Iterator[Problem]:
    for holder in process.iter(tag("extensionElements")):
        for node in holder.iterdescendants():
            space = node.tag[1:].partition("}")[0]
            if space in (CAMUNDA, YOUXU, BPMN) and local(node) not in INERT_EXTENSIONS:
                yield Problem(_nearest_id(holder), _("“%(name)s” would be ignored.", name=local(node)))


def _nearest_id(node: Any) -> str:
    """The id of the element, or of the one it belongs to."""
    while node is not None:
        if node.get("id") and not local(node).endswith((EVENT_ENDING, "Characteristics", "Expression")):
            return str(node.get("id"))
        node = node.getparent()
    return DIAGRAM
