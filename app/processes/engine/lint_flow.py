"""The shape of the graph: where scopes start, what flows connect, what cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.errors import DomainError
from app.core.expressions import parse
from app.core.i18n import _
from app.processes.engine.graph import ACTIVITIES, CHOOSING, EVENTS, SCOPES, Flow, Graph, trigger_of
from app.processes.engine.lint_schema import FREE, LANGUAGES, is_known
from app.processes.engine.problem import Problem
from app.processes.engine.reading import handlers_of
from app.processes.engine.xml import local, tag


def flow_problems(graph: Graph) -> Iterator[Problem]:
    """What is wrong with flows and with how nodes are connected."""
    yield from _starts(graph)
    refused = {
        node.get("id") for node in graph.process.iterdescendants() if not (is_known(local(node)) or _is_free(node))
    }
    for flow in graph.flows:
        if not refused.intersection((flow.source, flow.target)):
            yield from _flow(graph, flow)
    yield from _connections(graph)
    yield from _said_twice(graph)
    yield from _catchers(graph)
    yield from _reach(graph)


def _is_free(node: Any) -> bool:
    """Documentation, extensions, and what is in them."""
    return any(local(one) in FREE for one in (node, *node.iterancestors()))


def _starts(graph: Graph) -> Iterator[Problem]:
    scopes: list[str | None] = [None, *(name for name, node in graph.nodes.items() if local(node) in SCOPES)]
    for scope in scopes:
        starts = [name for name in graph.inside(scope) if local(graph.nodes[name]) == "startEvent"]
        plain = [name for name in starts if trigger_of(graph.nodes[name])[0] == "none"]
        by_event = scope is not None and graph.nodes[scope].get("triggeredByEvent") == "true"
        where = scope or graph.key
        if not starts:
            yield Problem(where, _("There is no start event."))
        elif scope is None and len(plain) > 1:
            yield Problem(plain[1], _("There is more than one start event without a trigger."))
        elif scope is not None and len(starts) > 1:
            yield Problem(where, _("There must be exactly one start event; there are %(count)s.", count=len(starts)))
        elif by_event and plain:
            yield Problem(plain[0], _("The start of an event subprocess must say what triggers it."))
        elif scope is not None and not by_event and not plain:
            yield Problem(starts[0], _("The start of a subprocess cannot have a trigger."))


def _flow(graph: Graph, flow: Flow) -> Iterator[Problem]:
    name = flow.id
    if flow.source not in graph.nodes or flow.target not in graph.nodes:
        yield Problem(name, _("This flow does not connect two elements of the process."))
        return
    if graph.scopes[flow.source] != graph.scopes[flow.target]:
        yield Problem(name, _("A flow cannot lead into a subprocess or out of it."))
    if flow.source == flow.target and local(graph.nodes[flow.source]) not in ACTIVITIES:
        yield Problem(name, _("This flow leads back to where it starts."))
    if flow.condition is not None:
        yield from _condition(graph, flow)
    elif flow.empty:  # some modelers leave it behind; where it decides nothing it does no harm
        yield Problem(name, _("The condition is empty."), warning=len(graph.outgoing(flow.source)) == 1)


def _condition(graph: Graph, flow: Flow) -> Iterator[Problem]:
    node = graph.nodes[flow.source]
    if local(node) not in CHOOSING | ACTIVITIES | EVENTS:
        yield Problem(flow.id, _("A condition is not heeded behind this kind of gateway."))
    elif node.get("default") == flow.id:
        yield Problem(flow.id, _("The default flow cannot have a condition."))
    if flow.language is not None and flow.language.lower() not in LANGUAGES:
        yield Problem(flow.id, _("Conditions are written in one language only, as in ${decision.route == 'clear'}."))
    try:
        parse(flow.condition or "")
    except DomainError as error:
        yield Problem(flow.id, error.sentence())


def _connections(graph: Graph) -> Iterator[Problem]:
    handlers = set(handlers_of(graph).values())
    for name, node in graph.nodes.items():
        kind, into, out = local(node), len(graph.incoming(name)), len(graph.outgoing(name))
        handles = node.get("isForCompensation") == "true" or node.get("triggeredByEvent") == "true"
        if kind in ("startEvent", "boundaryEvent") and into:
            yield Problem(name, _("Nothing may lead into a start event."))
        if kind == "endEvent" and out:
            yield Problem(name, _("Nothing may leave an end event."))
        if kind in ("startEvent", "exclusiveGateway", "inclusiveGateway", "eventBasedGateway") and not out:
            ends = kind == "startEvent"
            yield Problem(name, _("Nothing leaves this element; draw an end event."), warning=ends)
        if node.get("isForCompensation") == "true" and node.get("triggeredByEvent") == "true":
            if name not in handlers:  # started by a compensation event it says the same twice
                yield Problem(name, _("An event subprocess cannot be an activity for compensation."))
        elif node.get("isForCompensation") == "true" and name not in handlers:
            yield Problem(name, _("No compensation event brings this activity about."), warning=True)
        if handles and (into or out):
            yield Problem(name, _("No flow may lead to this activity or leave it: an event brings it about."))


def _said_twice(graph: Graph) -> Iterator[Problem]:
    """What an element says of its flows, and the flows say otherwise."""
    for name, node in graph.nodes.items():
        there = {
            "incoming": {flow.id for flow in graph.incoming(name)},
            "outgoing": {flow.id for flow in graph.outgoing(name)},
        }
        for kind, known in there.items():
            for said in node.findall(tag(kind)):
                flow = (said.text or "").strip()
                if flow not in known and flow.rpartition(":")[2] not in known:
                    yield Problem(
                        name, _("It names a flow that does not lead here (%(name)s).", name=flow), warning=True
                    )


def _catchers(graph: Graph) -> Iterator[Problem]:
    """Two that would catch the same: only one ever would."""
    seen: set[tuple[Any, ...]] = set()
    for name, node in graph.nodes.items():
        trigger, definition = trigger_of(node)
        if trigger not in ("error", "escalation", "cancel", "compensate"):
            continue
        scope = graph.scopes[name]
        if local(node) == "boundaryEvent":
            place = node.get("attachedToRef")
        elif local(node) == "startEvent" and scope is not None:
            place = f"in {graph.scopes[scope]}"
        else:
            continue
        key = (place, trigger, _code(graph, trigger, definition))
        if key in seen:
            yield Problem(name, _("Another event catches the same already."))
        seen.add(key)


def _code(graph: Graph, trigger: str, definition: Any) -> str | None:
    root = graph.process.getparent()
    ref = definition.get(f"{trigger}Ref")
    found = next((one for one in root if one.get("id") == ref), None) if ref else None
    return None if found is None else found.get(f"{trigger}Code")


def _reach(graph: Graph) -> Iterator[Problem]:
    starts = {name for name, node in graph.nodes.items() if local(node) == "startEvent"}
    reached = graph.reached(starts)
    for name, node in graph.nodes.items():
        apart = node.get("isForCompensation") == "true" or node.get("triggeredByEvent") == "true"
        apart = apart or (local(node) == "boundaryEvent" and node.get("attachedToRef") in graph.nodes)
        if name not in reached and not apart:
            yield Problem(name, _("This element cannot be reached from the start."), warning=True)
