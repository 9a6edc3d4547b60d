"""Events: where each kind may stand, and what it must say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from app.core.errors import DomainError
from app.core.expressions import NOW
from app.core.i18n import _
from app.processes.engine import timers
from app.processes.engine.graph import ACTIVITIES, Graph, trigger_of
from app.processes.engine.problem import Problem
from app.processes.engine.reading import handlers_of, timer_of
from app.processes.engine.values import read_value
from app.processes.engine.xml import camunda, local, tag

PROCESS_START = {"none", "message", "timer", "signal", "conditional"}
EVENT_START = {"message", "timer", "signal", "error", "escalation", "conditional", "compensate"}
MAY = {
    "intermediateCatchEvent": {"message", "timer", "signal", "conditional", "link"},
    "intermediateThrowEvent": {"none", "message", "signal", "escalation", "compensate", "link"},
    "endEvent": {"none", "message", "signal", "error", "escalation", "compensate", "cancel", "terminate"},
    "boundaryEvent": {"message", "timer", "signal", "error", "escalation", "conditional", "compensate", "cancel"},
}
ALWAYS_INTERRUPT = {"error", "cancel", "compensate"}
TIMES = ("timeDate", "timeDuration", "timeCycle")
LONGEST_NAME = 255
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def event_problems(graph: Graph, root: Any, node: Any) -> Iterator[Problem]:
    """What is wrong with an event."""
    name, kind = node.get("id"), local(node)
    shared = node.findtext(tag("eventDefinitionRef"))  # those that exist have been put in place by the parser
    if shared is not None:
        yield Problem(name, _("There is no “%(name)s” in this document.", name=shared.strip()))
        return
    definitions = [child for child in node if local(child).endswith("EventDefinition")]
    if len(definitions) > 1 or node.get("parallelMultiple") == "true":
        yield Problem(name, _("An event with several triggers is not supported."))
        return
    trigger, definition = trigger_of(node)
    if trigger not in _allowed(graph, node):
        yield Problem(
            name, _("This kind of event cannot stand here (%(kind)s, %(trigger)s).", kind=kind, trigger=trigger)
        )
        return
    if kind == "boundaryEvent":
        yield from _boundary(graph, node, trigger)
    elif kind == "startEvent" and trigger == "error" and node.get("isInterrupting") == "false":
        yield Problem(name, _("This kind of event always interrupts."))
    elif kind == "startEvent" and graph.scopes[name] is None:
        yield from _process_start(node, trigger, definition)
    check = _CHECKS.get(trigger)
    if check is not None:
        yield from check(graph, root, node, definition)


def _allowed(graph: Graph, node: Any) -> set[str]:
    kind = local(node)
    if kind != "startEvent":
        return MAY[kind]
    scope = graph.scopes[node.get("id")]
    if scope is None:
        return PROCESS_START
    return EVENT_START | {"none"} if graph.nodes[scope].get("triggeredByEvent") == "true" else {"none"} | PROCESS_START


def _boundary(graph: Graph, node: Any, trigger: str) -> Iterator[Problem]:
    name, host = node.get("id"), node.get("attachedToRef")
    if host not in graph.nodes or local(graph.nodes[host]) not in ACTIVITIES:
        yield Problem(name, _("A boundary event must be attached to an activity."))
        return
    if graph.nodes[host].get("triggeredByEvent") == "true":
        yield Problem(name, _("A boundary event cannot be attached to an event subprocess."))
    if graph.nodes[host].get("isForCompensation") == "true":
        yield Problem(name, _("A boundary event cannot be attached to an activity for compensation."))
    if graph.scopes[host] != graph.scopes[name]:
        yield Problem(name, _("A boundary event must stand beside its activity, in the same subprocess."))
    if trigger in ALWAYS_INTERRUPT and node.get("cancelActivity") == "false" and trigger != "compensate":
        yield Problem(name, _("This kind of event always interrupts."))
    if trigger == "cancel" and local(graph.nodes[host]) != "transaction":
        yield Problem(name, _("A cancel event belongs to a transaction."))


def _process_start(node: Any, trigger: str, definition: Any) -> Iterator[Problem]:
    """What starts a process is known before there are variables."""
    name = node.get("id")
    if trigger not in ("timer", "message", "signal"):
        return
    try:
        said = timer_of(definition)["when"] if trigger == "timer" else None
        names = frozenset() if said is None or said.fixed else said.expression.names
        if names:
            yield Problem(name, _("When a process is started there are no variables yet (%(name)s).", name=min(names)))
        elif said is not None and not said.fixed:
            timers.due_of(str(timer_of(definition)["timer"]), said.of({NOW: _ANY_TIME}), _ANY_TIME)
    except DomainError as error:
        yield Problem(name, error.sentence())


def _timer(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    del graph, root
    name = node.get("id")
    if sum(definition.find(tag(one)) is not None for one in TIMES) != 1:
        yield Problem(name, _("A timer must say one of date, duration, cycle."))
        return
    try:
        found = timer_of(definition)
        if found["when"] is None:
            yield Problem(name, _("A timer must say one of date, duration, cycle."))
        elif found["when"].fixed:
            timers.check(found["timer"], found["when"].text)
    except DomainError as error:
        yield Problem(name, error.sentence())


def _named(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    name, trigger = node.get("id"), local(definition).removesuffix("EventDefinition")
    ref = definition.get(f"{trigger}Ref")
    outside = definition.get(camunda("type")) == "external" and read_value(definition.get(camunda("topic")))
    if not ref:
        if not outside:
            yield Problem(name, _("The event must name what it waits for or throws."))
    else:
        yield from named_problems(root, name, trigger, ref, fixed=_starts_process(graph, node))
    if definition.get(camunda("expression")):
        yield Problem(name, _("“%(name)s” would be ignored.", name="expression"))


def _starts_process(graph: Graph, node: Any) -> bool:
    return local(node) == "startEvent" and graph.scopes[node.get("id")] is None


def named_problems(root: Any, owner: str, kind: str, ref: str, *, fixed: bool = False) -> Iterator[Problem]:
    """What is wrong with a reference to a message or signal; `fixed`: its name cannot be an expression."""
    found = next((one for one in root if one.get("id") == ref and local(one) == kind), None)
    if found is None:
        yield Problem(owner, _("There is no “%(name)s” in this document.", name=ref))
        return
    name = found.get("name") or ref
    if len(name) > LONGEST_NAME:
        yield Problem(owner, _("A name has at most %(limit)s letters.", limit=LONGEST_NAME))
    try:
        value = read_value(name)
    except DomainError as error:
        yield Problem(owner, error.sentence())
        return
    if fixed and value is not None and not value.fixed:
        yield Problem(owner, _("What starts a process must have a fixed name."))


def _coded(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    """Errors and escalations: who catches may leave the code out, who throws may not."""
    del graph
    name, trigger = node.get("id"), local(definition).removesuffix("EventDefinition")
    ref = definition.get(f"{trigger}Ref")
    found = next((one for one in root if one.get("id") == ref and local(one) == trigger), None) if ref else None
    throws = local(node) in ("endEvent", "intermediateThrowEvent")
    if ref and found is None and trigger == "error":
        yield Problem(
            name, _("The error “%(name)s” is declared nowhere: its name is its code.", name=ref), warning=True
        )
    elif ref and found is None:
        yield Problem(name, _("There is no “%(name)s” in this document.", name=ref))
    elif throws and (found is None or not found.get(f"{trigger}Code")):
        yield Problem(name, _("Who throws must name the code."))


def _conditional(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    del graph, root
    if not (definition.findtext(tag("condition")) or "").strip():
        yield Problem(node.get("id"), _("A conditional event must say its condition."))


def _link(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    del root
    name, link = node.get("id"), definition.get("name")
    catches = [
        one
        for one, other in graph.nodes.items()
        if local(other) == "intermediateCatchEvent"
        and trigger_of(other)[0] == "link"
        and trigger_of(other)[1].get("name") == link
        and graph.scopes[one] == graph.scopes[name]
    ]
    if not link or len(catches) != 1:
        yield Problem(name, _("A link needs exactly one other end of its name in the same scope."))
    if local(node) == "intermediateCatchEvent" and graph.incoming(name):
        yield Problem(name, _("No flow may lead into the catching end of a link."))
    if local(node) == "intermediateThrowEvent" and graph.outgoing(name):
        yield Problem(name, _("No flow may leave the throwing end of a link."))


def _compensate(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    del root
    name = node.get("id")
    if local(node) == "boundaryEvent":
        handler = handlers_of(graph).get(node.get("attachedToRef"))
        if handler is None or graph.nodes[handler].get("isForCompensation") != "true":
            yield Problem(name, _("A compensation event must be associated with an activity for compensation."))
        elif graph.scopes[handler] != graph.scopes[name]:
            yield Problem(name, _("The activity for compensation must stand beside the event, in the same subprocess."))
        if graph.outgoing(name):
            yield Problem(name, _("No flow may leave a compensation event; associate it with its activity."))
        return
    if local(node) == "startEvent":
        scope = graph.scopes[name]
        if scope is not None and graph.scopes[scope] is None:
            yield Problem(name, _("Compensation can start an event subprocess within a subprocess only."))
        return
    if definition.get("waitForCompletion") == "false":
        yield Problem(name, _("Compensation is always waited for."))
    activity = definition.get("activityRef")
    if activity and (activity not in graph.nodes or local(graph.nodes[activity]) not in ACTIVITIES):
        yield Problem(name, _("There is no activity “%(name)s”.", name=activity))
    elif activity and graph.scopes[activity] not in _around(graph, name):
        yield Problem(
            name, _("From here “%(name)s” cannot be compensated: it stands in another subprocess.", name=activity)
        )


def _around(graph: Graph, name: str) -> set[str | None]:
    """The scopes around an element."""
    found: set[str | None] = {None}
    scope = graph.scopes[name]
    while scope is not None:
        found.add(scope)
        scope = graph.scopes[scope]
    return found


def _cancel(graph: Graph, root: Any, node: Any, definition: Any) -> Iterator[Problem]:
    del root, definition
    scope = graph.scopes[node.get("id")]
    inside = local(node) != "endEvent" or (scope is not None and local(graph.nodes[scope]) == "transaction")
    if not inside:
        yield Problem(node.get("id"), _("A cancel event belongs to a transaction."))


_CHECKS: dict[str, Any] = {
    "timer": _timer,
    "message": _named,
    "signal": _named,
    "error": _coded,
    "escalation": _coded,
    "conditional": _conditional,
    "link": _link,
    "compensate": _compensate,
    "cancel": _cancel,
}
