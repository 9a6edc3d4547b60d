"""Diagrams written small: elements as functions, flows as arrows.

    diagram("p", start(), user("a"), xor("g", default="b"), user("b c"), end(),
            "s -> a -> g; g -> b; g -> c if ${x > 1}; b -> e; c -> e")

A text with an arrow is flows (`;` separates chains; a condition stands at the end of its chain); the id of a flow is
`source-target`. Messages, signals, errors and escalations that event definitions name are declared by `diagram`.
In ids of attributes `camunda__topic` is camunda:topic and `id_` is id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
HEAD = (
    f'<definitions xmlns="{MODEL}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:youxu="urn:youxu:bpmn:1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)
DECLARED = {
    "message": ("messageRef", "name"),
    "signal": ("signalRef", "name"),
    "error": ("errorRef", "errorCode"),
    "escalation": ("escalationRef", "escalationCode"),
}


def attributes(given: dict[str, str]) -> str:
    return "".join(f" {name.rstrip('_').replace('__', ':')}={quoteattr(value)}" for name, value in given.items())


def node(kind: str, element: str, *inner: str, **given: str) -> str:
    return f'<{kind} id="{element}"{attributes(given)}>{inside(inner)}</{kind}>'


def several(kind: str, names: str, *inner: str, **given: str) -> str:
    return "".join(node(kind, name, *inner, **given) for name in names.split())


def inside(parts: tuple[str, ...]) -> str:
    """Parts as XML; arrows become flows, and extension elements go first, as the schema wants."""
    made = [flows(part) if "->" in part and not part.lstrip().startswith("<") else part for part in parts]
    extensions = [part for part in made if part.startswith("<camunda:")]
    others = [part for part in made if not part.startswith("<camunda:")]
    first = f"<extensionElements>{''.join(extensions)}</extensionElements>" if extensions else ""
    return first + "".join(others)


def flows(text: str) -> str:
    return "".join(flow for chain in text.split(";") if chain.strip() for flow in _chain(chain))


def _chain(text: str) -> Iterator[str]:
    way, _if, condition = text.partition(" if ")
    names = [name.strip() for name in way.split("->")]
    inner = ""
    if condition:
        inner = f'<conditionExpression xsi:type="tFormalExpression">{escape(condition.strip())}</conditionExpression>'
    for one, other in pairwise(names):
        yield f'<sequenceFlow id="{one}-{other}" sourceRef="{one}" targetRef="{other}">{inner}</sequenceFlow>'


def diagram(key: str, *parts: str, beside: str = "", **given: str) -> bytes:
    """A whole file with one process; `beside` holds what stands next to it."""
    return document(f'<process id="{key}" isExecutable="true"{attributes(given)}>{inside(parts)}</process>', beside)


def document(*parts: str) -> bytes:
    body = "".join(parts)
    declared = "".join(_declarations(body))
    return f'<?xml version="1.0" encoding="UTF-8"?>{HEAD}{declared}{body}</definitions>'.encode()


def _declarations(body: str) -> Iterator[str]:
    for kind, (ref, name) in DECLARED.items():
        for found in sorted(set(re.findall(rf'{ref}="([^"]+)"', body))):
            value = found.removeprefix(f"{kind}_")
            more = f' name="{value}"' if name != "name" else ""
            yield f'<{kind} id="{found}"{more} {name}="{value}"/>'


# --- events -----------------------------------------------------------------------------------------------------------


def start(name: str = "s", *inner: str, **given: str) -> str:
    return node("startEvent", name, *inner, **given)


def end(names: str = "e", *inner: str, **given: str) -> str:
    return several("endEvent", names, *inner, **given)


def catch(name: str, *inner: str, **given: str) -> str:
    return node("intermediateCatchEvent", name, *inner, **given)


def throw(name: str, *inner: str, **given: str) -> str:
    return node("intermediateThrowEvent", name, *inner, **given)


def boundary(name: str, host: str, *inner: str, cancel: bool = True, **given: str) -> str:
    return node("boundaryEvent", name, *inner, attachedToRef=host, cancelActivity=str(cancel).lower(), **given)


def message(name: str, *inner: str, **given: str) -> str:
    return f'<messageEventDefinition messageRef="message_{name}"{attributes(given)}>{inside(inner)}</messageEventDefinition>'


def signal(name: str, *inner: str) -> str:
    return f'<signalEventDefinition signalRef="signal_{name}">{inside(inner)}</signalEventDefinition>'


def error(code: str | None = None, **given: str) -> str:
    ref = f' errorRef="error_{code}"' if code else ""
    return f"<errorEventDefinition{ref}{attributes(given)}/>"


def escalation(code: str | None = None, **given: str) -> str:
    ref = f' escalationRef="escalation_{code}"' if code else ""
    return f"<escalationEventDefinition{ref}{attributes(given)}/>"


def timer(kind: str, text: str) -> str:
    """kind: timeDuration, timeDate or timeCycle."""
    return f'<timerEventDefinition><{kind} xsi:type="tFormalExpression">{text}</{kind}></timerEventDefinition>'


def after(duration: str) -> str:
    return timer("timeDuration", duration)


def every(cycle: str) -> str:
    return timer("timeCycle", cycle)


def on(date: str) -> str:
    return timer("timeDate", date)


def when(condition: str) -> str:
    return (
        '<conditionalEventDefinition><condition xsi:type="tFormalExpression">'
        f"{escape(condition)}</condition></conditionalEventDefinition>"
    )


def link(name: str) -> str:
    return f'<linkEventDefinition name="{name}"/>'


def compensate(activity: str | None = None) -> str:
    ref = f' activityRef="{activity}"' if activity else ""
    return f"<compensateEventDefinition{ref}/>"


TERMINATE = "<terminateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"


# --- activities -------------------------------------------------------------------------------------------------------


def user(names: str, *inner: str, **given: str) -> str:
    return several("userTask", names, *inner, **given)


def task(names: str, *inner: str, **given: str) -> str:
    return several("task", names, *inner, **given)


def external(names: str, *inner: str, topic: str = "work", **given: str) -> str:
    return several("serviceTask", names, *inner, camunda__type="external", camunda__topic=topic, **given)


def compute(name: str, expression: str, variable: str, *inner: str, **given: str) -> str:
    """A service task that is an expression, as Camunda has it."""
    return node("serviceTask", name, *inner, camunda__expression=expression, camunda__resultVariable=variable, **given)


def script(name: str, text: str, *inner: str, **given: str) -> str:
    return node("scriptTask", name, *inner, f"<script>{escape(text)}</script>", **given)


def receive(name: str, message_name: str, *inner: str, **given: str) -> str:
    return node("receiveTask", name, *inner, messageRef=f"message_{message_name}", **given)


def undo(name: str, kind: str = "userTask", **given: str) -> str:
    """A compensation handler."""
    return node(kind, name, isForCompensation="true", **given)


def undone_by(host: str, handler: str) -> str:
    """The compensation boundary event of a host and the association to its handler."""
    return boundary(f"u_{host}", host, compensate()) + association(f"u_{host}", handler)


def association(source: str, target: str) -> str:
    return f'<association id="{source}.{target}" associationDirection="One" sourceRef="{source}" targetRef="{target}"/>'


def sub(name: str, *inner: str, **given: str) -> str:
    return node("subProcess", name, *inner, **given)


def event_sub(name: str, *inner: str) -> str:
    return node("subProcess", name, *inner, triggeredByEvent="true")


def transaction(name: str, *inner: str, **given: str) -> str:
    return node("transaction", name, *inner, **given)


def call(name: str, called: str, *inner: str, **given: str) -> str:
    return node("callActivity", name, *inner, calledElement=called, **given)


def passed(**given: str) -> str:
    """camunda:in mappings: target="source" or target="${expression}"; `business_key` passes the business key."""
    return "".join(_mapping("in", target, source) for target, source in given.items())


def returned(**given: str) -> str:
    """camunda:out mappings: target="source" or target="${expression}"."""
    return "".join(_mapping("out", target, source) for target, source in given.items())


def _mapping(way: str, target: str, source: str) -> str:
    if target == "business_key":
        return f"<camunda:in businessKey={quoteattr(source)}/>"
    kind = "sourceExpression" if source.startswith("${") else "source"
    return f"<camunda:{way} {kind}={quoteattr(source)} target={quoteattr(target)}/>"


ALL_IN = '<camunda:in variables="all"/>'
ALL_OUT = '<camunda:out variables="all"/>'


def inputs(**given: str) -> str:
    return _io("inputParameter", given)


def outputs(**given: str) -> str:
    return _io("outputParameter", given)


def _io(kind: str, given: dict[str, str]) -> str:
    inner = "".join(
        f"<camunda:{kind} name={quoteattr(name)}>{_value(value)}</camunda:{kind}>" for name, value in given.items()
    )
    return f"<camunda:inputOutput>{inner}</camunda:inputOutput>"


def _value(text: str) -> str:
    return text if text.startswith("<camunda:") else escape(text)


def many(
    cardinality: str | None = None,
    *,
    over: str | None = None,
    item: str | None = None,
    until: str | None = None,
    one_by_one: bool = False,
) -> str:
    """Multi-instance: by cardinality or over a collection."""
    given = {"isSequential": str(one_by_one).lower()}
    if over is not None:
        given["camunda:collection"] = over
    if item is not None:
        given["camunda:elementVariable"] = item
    inner = f'<loopCardinality xsi:type="tFormalExpression">{cardinality}</loopCardinality>' if cardinality else ""
    if until:
        inner += f'<completionCondition xsi:type="tFormalExpression">{escape(until)}</completionCondition>'
    return f"<multiInstanceLoopCharacteristics{attributes(given)}>{inner}</multiInstanceLoopCharacteristics>"


def loop(condition: str, *, before: bool = False, at_most: int | None = None) -> str:
    """Standard loop."""
    most = f' loopMaximum="{at_most}"' if at_most is not None else ""
    return (
        f'<standardLoopCharacteristics testBefore="{str(before).lower()}"{most}>'
        f'<loopCondition xsi:type="tFormalExpression">{escape(condition)}</loopCondition></standardLoopCharacteristics>'
    )


# --- gateways ---------------------------------------------------------------------------------------------------------


def xor(names: str, default: str | None = None, **given: str) -> str:
    """default: the element to which the default flow goes."""
    return _deciding("exclusiveGateway", names, default, given)


def inc(names: str, default: str | None = None, **given: str) -> str:
    return _deciding("inclusiveGateway", names, default, given)


def _deciding(kind: str, names: str, default: str | None, given: dict[str, str]) -> str:
    more = {"default": f"{names}-{default}"} if default else {}
    return several(kind, names, **more, **given)


def par(names: str, **given: str) -> str:
    return several("parallelGateway", names, **given)


def race(name: str, **given: str) -> str:
    """An event-based gateway."""
    return node("eventBasedGateway", name, **given)
