"""What may stand where: elements of BPMN and of nobody, attributes that no element of that kind has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.core.i18n import _
from app.processes.engine.graph import ACTIVITIES, EVENTS, GATEWAYS, RUN, SCOPES
from app.processes.engine.problem import Problem
from app.processes.engine.xml import BPMN, nearest_id
from app.processes.engine.xml import local as name_of

MANY = "multiInstanceLoopCharacteristics"
STANDARD = "standardLoopCharacteristics"
FREE = {"extensionElements", "documentation", "text", "rendering", "auditing", "monitoring"}
"""What is inside these is anybody's."""

_CONTAINERS = SCOPES | {"process"}
_ARTIFACTS = _CONTAINERS | {"collaboration"}
_DATA = {"ioSpecification"} | EVENTS
_SETS = {"inputSet", "outputSet"}

PARENTS: dict[str, set[str]] = {
    "sequenceFlow": _CONTAINERS,
    "conditionExpression": {"sequenceFlow"},
    "incoming": RUN,
    "outgoing": RUN,
    "script": {"scriptTask"},
    MANY: ACTIVITIES,
    STANDARD: ACTIVITIES,
    "loopCardinality": {MANY},
    "loopDataInputRef": {MANY},
    "loopDataOutputRef": {MANY},
    "inputDataItem": {MANY},
    "outputDataItem": {MANY},
    "completionCondition": {MANY},
    "complexBehaviorDefinition": {MANY},
    "loopCondition": {STANDARD},
    "condition": {"conditionalEventDefinition", "complexBehaviorDefinition"},
    "event": {"complexBehaviorDefinition"},
    "timeDate": {"timerEventDefinition"},
    "timeDuration": {"timerEventDefinition"},
    "timeCycle": {"timerEventDefinition"},
    "source": {"linkEventDefinition"},
    "target": {"linkEventDefinition"},
    "operationRef": {"messageEventDefinition"},
    "eventDefinitionRef": EVENTS,
    "laneSet": _CONTAINERS,
    "childLaneSet": {"lane"},
    "lane": {"laneSet", "childLaneSet"},
    "flowNodeRef": {"lane"},
    "textAnnotation": _ARTIFACTS,
    "association": _ARTIFACTS,
    "group": _ARTIFACTS,
    "text": {"textAnnotation"},
    "ioSpecification": ACTIVITIES | {"process"},
    "ioBinding": ACTIVITIES | {"process"},
    "dataInput": _DATA,
    "dataOutput": _DATA,
    "inputSet": _DATA,
    "outputSet": _DATA,
    "dataInputRefs": _SETS,
    "optionalInputRefs": _SETS,
    "whileExecutingInputRefs": _SETS,
    "outputSetRefs": _SETS,
    "dataOutputRefs": _SETS,
    "optionalOutputRefs": _SETS,
    "whileExecutingOutputRefs": _SETS,
    "inputSetRefs": _SETS,
    "dataObject": _CONTAINERS,
    "dataObjectReference": _CONTAINERS,
    "dataStoreReference": _CONTAINERS,
    "dataState": {"dataObject", "dataObjectReference", "dataStoreReference", "property", "dataInput", "dataOutput"}
    | {"inputDataItem", "outputDataItem", "dataStore"},
    "property": ACTIVITIES | EVENTS | {"process"},
    "dataInputAssociation": ACTIVITIES | EVENTS,
    "dataOutputAssociation": ACTIVITIES | EVENTS,
    "sourceRef": {"dataInputAssociation", "dataOutputAssociation"},
    "targetRef": {"dataInputAssociation", "dataOutputAssociation"},
    "assignment": {"dataInputAssociation", "dataOutputAssociation"},
    "transformation": {"dataInputAssociation", "dataOutputAssociation"},
    "from": {"assignment"},
    "to": {"assignment"},
    "potentialOwner": ACTIVITIES | {"process"},
    "humanPerformer": ACTIVITIES | {"process"},
    "performer": ACTIVITIES | {"process"},
    "resourceRole": ACTIVITIES | {"process"},
    "resourceRef": {"potentialOwner", "humanPerformer", "performer", "resourceRole"},
    "resourceAssignmentExpression": {"potentialOwner", "humanPerformer", "performer", "resourceRole"},
    "formalExpression": {"resourceAssignmentExpression"},
    "expression": {"resourceAssignmentExpression"},
    "rendering": {"userTask"},
    "supportedInterfaceRef": {"process"},
    "supports": {"process"},
    "categoryValueRef": ACTIVITIES | EVENTS | GATEWAYS | {"sequenceFlow", "dataObject", "group"},
}
"""Where each element that is not run by itself belongs; others may stand anywhere."""

ANYWHERE = {"documentation", "extensionElements", "auditing", "monitoring"}
ONCE = {
    *(MANY, STANDARD, "extensionElements", "conditionExpression", "script", "loopCardinality", "loopDataInputRef"),
    *("loopDataOutputRef", "inputDataItem", "outputDataItem", "completionCondition", "loopCondition", "condition"),
    *("timeDate", "timeDuration", "timeCycle", "ioSpecification"),
}
"""Of several of these in one element only the first would be heeded."""

BESIDE: dict[str, set[str]] = {
    "collaboration": {
        *("participant", "messageFlow", "conversation", "subConversation", "callConversation", "conversationNode"),
        *("conversationLink", "conversationAssociation", "participantAssociation", "messageFlowAssociation"),
        *("correlationKey", "choreographyRef", "textAnnotation", "association", "group"),
    },
    "participant": {"interfaceRef", "endPointRef", "participantMultiplicity"},
    "category": {"categoryValue"},
    "interface": {"operation"},
    "operation": {"inMessageRef", "outMessageRef", "errorRef"},
    "correlationProperty": {"correlationPropertyRetrievalExpression"},
    "resource": {"resourceParameter"},
    "dataStore": {"dataState"},
    "message": set(),
    "signal": set(),
    "error": set(),
    "escalation": set(),
    "itemDefinition": set(),
}
"""What stands beside the processes, and what may be in it."""

_TASK = {"isForCompensation", "startQuantity", "completionQuantity", "default"}
_SUB = _TASK | {"triggeredByEvent"}
ATTRIBUTES: dict[str, set[str]] = {
    "process": {"processType", "isClosed", "isExecutable", "definitionalCollaborationRef"},
    "sequenceFlow": {"sourceRef", "targetRef", "isImmediate"},
    "task": _TASK,
    "manualTask": _TASK,
    "userTask": _TASK | {"implementation"},
    "serviceTask": _TASK | {"implementation", "operationRef"},
    "sendTask": _TASK | {"implementation", "operationRef", "messageRef"},
    "receiveTask": _TASK | {"implementation", "operationRef", "messageRef", "instantiate"},
    "scriptTask": _TASK | {"scriptFormat"},
    "businessRuleTask": _TASK | {"implementation"},
    "callActivity": _TASK | {"calledElement"},
    "subProcess": _SUB,
    "transaction": _SUB | {"method"},
    "exclusiveGateway": {"gatewayDirection", "default"},
    "inclusiveGateway": {"gatewayDirection", "default"},
    "parallelGateway": {"gatewayDirection", "default"},
    "eventBasedGateway": {"gatewayDirection", "instantiate", "eventGatewayType", "default"},
    "startEvent": {"parallelMultiple", "isInterrupting", "default"},
    "intermediateCatchEvent": {"parallelMultiple", "default"},
    "intermediateThrowEvent": {"default"},
    "endEvent": {"default"},
    "boundaryEvent": {"parallelMultiple", "cancelActivity", "attachedToRef", "default"},
    "messageEventDefinition": {"messageRef"},
    "signalEventDefinition": {"signalRef"},
    "errorEventDefinition": {"errorRef"},
    "escalationEventDefinition": {"escalationRef"},
    "linkEventDefinition": {"name"},
    "compensateEventDefinition": {"activityRef", "waitForCompletion"},
    "timerEventDefinition": set(),
    "conditionalEventDefinition": set(),
    "terminateEventDefinition": set(),
    "cancelEventDefinition": set(),
    MANY: {"isSequential", "behavior", "oneBehaviorEventRef", "noneBehaviorEventRef"},
    STANDARD: {"testBefore", "loopMaximum"},
}
"""Attributes of BPMN by element, beside id and name; `default` is looked at with the element."""
LANGUAGES = (None, "", "juel", "youxu", "http://www.java.com/javatypes", "http://www.w3.org/1999/xpath")
"""What modelers write for `${…}`; the last is what the standard says when nothing is said."""


def schema_problems(root: Any, process: Any) -> Iterator[Problem]:
    """Elements out of place or of other namespaces, attributes that mean nothing, more of what there can be one of."""
    yield from _in_process(process)
    for node in root:
        kind = name_of(node)
        if node.tag.startswith(f"{{{BPMN}}}") and kind in BESIDE:
            yield from _beside(node, kind)


def _in_process(node: Any) -> Iterator[Problem]:
    """The element and all that is in it, free text and extensions apart."""
    kind, owner = name_of(node), nearest_id(node)
    yield from _attributes(node, kind, owner)
    times = Counter(name_of(child) for child in node)
    for name in sorted(name for name, count in times.items() if name in ONCE and count > 1):
        yield Problem(owner, _("There is more than one “%(name)s”.", name=name))
    if times[MANY] and times[STANDARD]:
        yield Problem(owner, _("An activity can loop in one way only."))
    for child in node:
        inner = name_of(child)
        if not child.tag.startswith(f"{{{BPMN}}}"):
            yield Problem(
                owner, _("“%(name)s” is not of BPMN; extensions stand in extension elements only.", name=inner)
            )
        elif is_known(inner):  # what others hold is not looked at: they are refused whole
            if not _may_stand(inner, kind):
                yield Problem(nearest_id(child), _("“%(name)s” cannot stand in “%(kind)s”.", name=inner, kind=kind))
            yield from _in_process(child)


def is_known(kind: str) -> bool:
    """Whether elements of that name are looked at at all."""
    return kind in RUN or kind in PARENTS or kind.endswith("EventDefinition")


def _may_stand(inner: str, kind: str) -> bool:
    if inner.endswith("EventDefinition"):
        return kind in EVENTS
    return inner not in PARENTS or kind in PARENTS[inner]


def _attributes(node: Any, kind: str, owner: str) -> Iterator[Problem]:
    language = node.get("language")
    if language is not None and kind != "sequenceFlow" and language.lower() not in LANGUAGES:
        yield Problem(owner, _("Conditions are written in one language only, as in ${decision.route == 'clear'}."))
    known = ATTRIBUTES.get(kind)
    if known is None:
        return
    for name in node.attrib:
        if name not in ("id", "name") and name not in known and (not name.startswith("{") or name[1:].startswith(BPMN)):
            plain = name.rpartition("}")[2]
            yield Problem(owner, _("“%(name)s” would be ignored.", name=plain), warning=True)


def _beside(node: Any, kind: str) -> Iterator[Problem]:
    owner = nearest_id(node)
    if kind == "messageFlow":
        yield Problem(owner, _("Message flows are drawn only; a message goes by its name."), warning=True)
    for child in node:
        inner = name_of(child)
        if not child.tag.startswith(f"{{{BPMN}}}") or inner in ANYWHERE:
            continue
        if kind in BESIDE and inner not in BESIDE[kind]:
            yield Problem(nearest_id(child), _("“%(name)s” cannot stand in “%(kind)s”.", name=inner, kind=kind))
        yield from _beside(child, inner)
