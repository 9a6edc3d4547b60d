"""The shape of the graph: every token must be able to move, and to arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from app.core.errors import DomainError
from app.core.expressions import parse
from app.core.i18n import _
from app.processes.engine.graph import TASKS, Flow, Graph
from app.processes.engine.problem import Problem
from app.processes.engine.xml import DIAGRAM, local

CONDITIONAL = {"exclusiveGateway", "inclusiveGateway"}


def flow_problems(graph: Graph) -> Iterator[Problem]:
    """What is wrong with flows and with how nodes are connected."""
    yield from _ends(graph)
    yield from _flows(graph)
    yield from _connections(graph)
    yield from _reach(graph)


def _of_kind(graph: Graph, kind: str) -> set[str]:
    return {name for name, node in graph.nodes.items() if local(node) == kind}


def _ends(graph: Graph) -> Iterator[Problem]:
    starts = _of_kind(graph, "startEvent")
    if len(starts) != 1:
        yield Problem(DIAGRAM, _("There must be exactly one start event; there are %(count)s.", count=len(starts)))
    if not _of_kind(graph, "endEvent"):
        yield Problem(DIAGRAM, _("There is no end event."))


def _flows(graph: Graph) -> Iterator[Problem]:
    pairs = Counter((flow.source, flow.target) for flow in graph.flows)
    for flow in graph.flows:
        name = flow.id or DIAGRAM
        if not flow.id:
            yield Problem(name, _("A sequence flow has no id."))
        if flow.source not in graph.nodes or flow.target not in graph.nodes:
            yield Problem(name, _("This flow does not connect two elements of the process."))
        elif flow.source == flow.target:
            yield Problem(name, _("This flow leads back to where it starts."))
        elif pairs[flow.source, flow.target] > 1:
            yield Problem(name, _("Several flows connect the same two elements."))
        yield from _condition(graph, flow)


def _condition(graph: Graph, flow: Flow) -> Iterator[Problem]:
    if flow.condition is None or flow.source not in graph.nodes:
        return
    node = graph.nodes[flow.source]
    if local(node) not in CONDITIONAL:
        yield Problem(flow.id, _("A condition is heeded only behind an exclusive or inclusive gateway."))
    elif len(graph.outgoing(flow.source)) == 1:
        yield Problem(flow.id, _("The only way out of a gateway cannot have a condition."))
    elif node.get("default") == flow.id:
        yield Problem(flow.id, _("The default flow cannot have a condition."))
    if flow.language not in (None, "", "juel"):
        yield Problem(flow.id, _("Conditions are written in one language only, as in ${decision.route == 'clear'}."))
    try:
        parse(flow.condition)
    except DomainError as error:
        yield Problem(flow.id, error.sentence())


def _connections(graph: Graph) -> Iterator[Problem]:
    for name, node in graph.nodes.items():
        kind, into, out = local(node), len(graph.incoming(name)), len(graph.outgoing(name))
        if kind == "startEvent" and into:
            yield Problem(name, _("Nothing may lead into a start event."))
        if kind == "endEvent" and out:
            yield Problem(name, _("Nothing may leave an end event."))
        if kind != "endEvent" and not out:
            yield Problem(name, _("Nothing leaves this element; draw an end event."))
        if kind in TASKS | {"startEvent"} and out > 1:
            yield Problem(name, _("Several flows leave this element; draw a gateway."))


def _reach(graph: Graph) -> Iterator[Problem]:
    from_start = graph.reached(_of_kind(graph, "startEvent"))
    to_end = graph.reached(_of_kind(graph, "endEvent"), backwards=True)
    for name in graph.nodes:
        if name not in from_start:
            yield Problem(name, _("This element cannot be reached from the start."))
        if name not in to_end:
            yield Problem(name, _("No way leads from this element to an end."))
