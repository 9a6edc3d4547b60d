"""The dialect's names for the types of elements."""

from __future__ import annotations

from typing import Any

BODY = "#multiInstanceBody"
"""Ends the id of what holds the instances of a multi-instance activity together."""
_EVENTS = {
    ("startEvent", "none"): "startEvent",
    ("startEvent", "message"): "messageStartEvent",
    ("startEvent", "timer"): "startTimerEvent",
    ("startEvent", "signal"): "signalStartEvent",
    ("startEvent", "conditional"): "conditionalStartEvent",
    ("startEvent", "error"): "errorStartEvent",
    ("startEvent", "escalation"): "escalationStartEvent",
    ("endEvent", "none"): "noneEndEvent",
    ("endEvent", "error"): "errorEndEvent",
    ("endEvent", "escalation"): "escalationEndEvent",
    ("endEvent", "message"): "messageEndEvent",
    ("endEvent", "signal"): "signalEndEvent",
    ("endEvent", "cancel"): "cancelEndEvent",
    ("endEvent", "compensate"): "compensationEndEvent",
    ("endEvent", "terminate"): "terminateEndEvent",
    ("boundaryEvent", "timer"): "boundaryTimer",
    ("boundaryEvent", "message"): "boundaryMessage",
    ("boundaryEvent", "signal"): "boundarySignal",
    ("boundaryEvent", "error"): "boundaryError",
    ("boundaryEvent", "escalation"): "boundaryEscalation",
    ("boundaryEvent", "conditional"): "boundaryConditional",
    ("boundaryEvent", "compensate"): "compensationBoundaryCatch",
    ("boundaryEvent", "cancel"): "cancelBoundaryCatch",
    ("intermediateCatchEvent", "timer"): "intermediateTimer",
    ("intermediateCatchEvent", "message"): "intermediateMessageCatch",
    ("intermediateCatchEvent", "signal"): "intermediateSignalCatch",
    ("intermediateCatchEvent", "conditional"): "intermediateConditional",
    ("intermediateCatchEvent", "link"): "intermediateLinkCatch",
    ("intermediateThrowEvent", "none"): "intermediateNoneThrowEvent",
    ("intermediateThrowEvent", "message"): "intermediateMessageThrowEvent",
    ("intermediateThrowEvent", "signal"): "intermediateSignalThrow",
    ("intermediateThrowEvent", "escalation"): "intermediateEscalationThrowEvent",
    ("intermediateThrowEvent", "compensate"): "intermediateCompensationThrowEvent",
}


def kind_of(element: Any) -> str:
    """The dialect's name for the type of an element."""
    trigger = getattr(element, "trigger", None)
    return _EVENTS.get((element.kind, trigger), element.kind) if trigger else str(element.kind)


def waits_for_choice(definition: Any) -> frozenset[str]:
    """The events after an event-based gateway: until one of them comes, the gateway is what is active."""
    elements = definition.elements
    return frozenset(
        out.target for element in elements.values() if element.kind == "eventBasedGateway" for out in element.outs
    )


def repeated(definition: Any) -> frozenset[str]:
    """The activities that are done once per item or number."""
    return frozenset(one.id for one in definition.elements.values() if one.loop is not None)
