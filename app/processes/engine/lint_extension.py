"""Attributes and elements of other namespaces: what is run, what is harmless, what would be missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core import intervals
from app.core.errors import DomainError
from app.core.i18n import _
from app.processes.engine.graph import RUN as FLOW_NODES
from app.processes.engine.graph import Graph
from app.processes.engine.problem import Problem
from app.processes.engine.xml import BPMN, CAMUNDA, CAMUNDA_8, YOUXU, local, nearest_id, tag

NAME = "nameZh"
OURS: dict[str, set[str]] = {
    "userTask": {"fourEyes", "assignFrom", "assignStep", "signature", "sla", "escalateTo"},
    "serviceTask": {"step"},
    "sendTask": {"step"},
    "businessRuleTask": {"ruleSet", "ruleSetVersion"},
    "exclusiveGateway": {"ruleSet", "ruleSetVersion"},
    "inclusiveGateway": {"ruleSet", "ruleSetVersion"},
}
"""Attributes of ours that mean something; others are refused, so that none is silently ignored."""

CODE = {
    *("class", "delegateExpression", "variableMappingClass", "variableMappingDelegateExpression"),
    *("caseRef", "resource"),
}
"""Attributes that name code of another engine."""
CHANGES = {
    *("skipExpression", "terminateAll", "terminateMultiInstance", "triggerable", "scope", "businessCalendarName"),
    *("inheritVariables", "inheritBusinessKey", "businessKey", "sameDeployment", "calledElementType", "endDate"),
    *("elementIndexVariable", "taskIdVariableName", "taskCompleterVariableName", "processInstanceIdVariableName"),
    *("useLocalScopeForResultVariable", "errorVariableName", "errorVariableLocalScope"),
}
"""Attributes of related engines without which an element would do something else."""
NEUTRAL = {"false", "", "global", "key"}
"""What they say where nothing changes."""

_ANY = {"async", "asyncBefore", "asyncAfter"}
_PEOPLE = {"assignee", "candidateUsers", "candidateGroups", "dueDate", "followUpDate", "priority", "formKey", "formRef"}
_WORK = _ANY | {"type", "topic", "taskPriority", "expression", "resultVariable", "resultVariableName"}
WORK = {"serviceTask", "sendTask", "businessRuleTask"}
RUN: dict[str, set[str]] = {
    "process": {"versionTag", "taskPriority"},
    "startEvent": _ANY | {"initiator"},
    "userTask": _ANY | _PEOPLE,
    "serviceTask": _WORK,
    "sendTask": _WORK,
    "businessRuleTask": _WORK | {"decisionRef", "decisionRefBinding", "decisionRefVersion", "mapDecisionResult"},
    "scriptTask": _ANY | {"resultVariable", "resultVariableName"},
    "callActivity": _ANY
    | {"calledElementBinding", "calledElementVersion", "calledElementVersionTag", "sameDeployment"}
    | {"inheritVariables", "inheritBusinessKey", "businessKey"},
    "multiInstanceLoopCharacteristics": {"asyncBefore", "asyncAfter", "collection", "elementVariable"}
    | {"elementIndexVariable"},
    "messageEventDefinition": {"type", "topic", "taskPriority", "expression"},
    "error": {"errorMessage"},
    "errorEventDefinition": {"errorCodeVariable", "errorMessageVariable"},
    "escalationEventDefinition": {"escalationCodeVariable"},
    "conditionalEventDefinition": {"variableName", "variableEvents"},
}
"""Attributes that mean something, by element; flow nodes without a line here can be asynchronous."""
HARMLESS = {
    *("historyTimeToLive", "isStartableInTasklist", "candidateStarterGroups", "candidateStarterUsers", "exclusive"),
    *("jobPriority", "modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "formRefBinding"),
    *("formRefVersion", "diagramRelationId"),
}
REFUSED_ELEMENTS = {
    "executionListener",
    "taskListener",
    "connector",
    "script",
    *("eventListener", "eventType", "mapException", "variableAggregation"),
}
RUN_ELEMENTS = {
    *("inputOutput", "inputParameter", "outputParameter", "list", "map", "entry", "value", "properties", "property"),
    *("failedJobRetryTimeCycle", "in", "out"),
}
NAMED = {"inputParameter": "name", "outputParameter": "name", "entry": "key"}
"""What these must say."""
MAPPED = {"in": {"callActivity", "signalEventDefinition"}, "out": {"callActivity"}}
"""Where variables are passed on."""
OF_CAMUNDA_8 = {
    *("assignmentDefinition", "ioMapping", "taskSchedule", "priorityDefinition", "loopCharacteristics", "script"),
    *("calledElement", "calledDecision", "subscription", "taskDefinition", "executionListeners", "taskListeners"),
}
"""Elements of Camunda 8 without which who is asked, what is done or which values are seen would be something else."""
XML = "http://www.w3.org/"


def extension_problems(graph: Graph, root: Any) -> Iterator[Problem]:
    """What is wrong with extensions anywhere in the process, and at the messages, signals and errors it refers to."""
    beside = [node for node in root if node.tag.startswith(f"{{{BPMN}}}") and local(node) not in APART]
    for top in (graph.process, *beside):
        for node in top.iter():
            if node.tag.startswith(f"{{{BPMN}}}"):
                yield from _attributes(node)
        for holder in top.iter(tag("extensionElements")):
            for node in holder.iterdescendants():
                yield from _element(holder, node)


APART = {"process", "collaboration", "import", "extension", "relationship"}


def _attributes(node: Any) -> Iterator[Problem]:
    for full in node.attrib:
        space, _brace, name = full[1:].partition("}") if full.startswith("{") else ("", "", full)
        if space == YOUXU and name not in OURS.get(local(node), set()) | {NAME}:
            yield Problem(nearest_id(node), _("“%(name)s” would be ignored.", name=name))
        elif space == CAMUNDA:
            yield from _camunda(node, name, node.get(full))
        elif space not in ("", YOUXU, BPMN) and not space.startswith(XML):
            yield Problem(nearest_id(node), _("“%(name)s” would be ignored.", name=_short(node, full)), warning=True)


def _camunda(node: Any, name: str, value: str) -> Iterator[Problem]:
    owner, kind = nearest_id(node), local(node)
    if name in CODE:
        yield Problem(owner, _("“%(name)s” names code of another engine, which cannot run here.", name=name))
    elif name in RUN.get(kind, _ANY if kind in FLOW_NODES else set()):
        text = value.strip()
        if name in ("taskPriority", "priority") and "{" not in text and text and not text.lstrip("-").isdecimal():
            yield Problem(owner, _("“%(name)s” must be a whole number.", name=name))
    elif name in CHANGES and value not in NEUTRAL:
        yield Problem(owner, _("“%(name)s” would be ignored.", name=name))
    elif name not in HARMLESS | CHANGES:
        yield Problem(owner, _("“%(name)s” would be ignored.", name=name), warning=True)


def _element(holder: Any, node: Any) -> Iterator[Problem]:
    space, name, owner = node.tag[1:].partition("}")[0], local(node), nearest_id(holder)
    of, top = local(holder.getparent()), node.getparent() is holder
    if space == BPMN and not top and local(_top(holder, node)) not in RUN_ELEMENTS:
        return  # part of what has been told of as a whole
    if space in (BPMN, YOUXU) or (space == CAMUNDA_8 and name in OF_CAMUNDA_8):
        yield Problem(owner, _("“%(name)s” would be ignored.", name=name))
    elif space != CAMUNDA:
        if top:
            yield Problem(owner, _("“%(name)s” would be ignored.", name=_short(node, node.tag)), warning=True)
    elif name in REFUSED_ELEMENTS:
        yield Problem(owner, _("“%(name)s” names code of another engine, which cannot run here.", name=name))
    elif name == "errorEventDefinition":
        yield from _raised(holder, node, owner)
    elif of == "dataObject" and name == "value":  # related engines set a variable by it
        yield Problem(owner, _("“%(name)s” would be ignored.", name=name))
    elif name not in RUN_ELEMENTS or of not in MAPPED.get(name, {of}):
        yield Problem(owner, _("“%(name)s” would be ignored.", name=name), warning=True)
    else:
        yield from _said(owner, node, name)


def _raised(holder: Any, node: Any, owner: str) -> Iterator[Problem]:
    """An error that an external task comes to when an expression holds."""
    declared = {one.get("id"): one for one in holder.getroottree().getroot().iterchildren(tag("error"))}
    ref = node.get("errorRef")
    if local(holder.getparent()) not in WORK or holder.getparent().get(f"{{{CAMUNDA}}}type") != "external":
        yield Problem(owner, _("“%(name)s” would be ignored.", name=local(node)))
    elif not ref or (ref in declared and not declared[ref].get("errorCode")):
        yield Problem(owner, _("Who throws must name the code."))
    elif not (node.get("expression") or "").strip():
        yield Problem(owner, _("The condition is empty."))


def _top(holder: Any, node: Any) -> Any:
    """The extension that the node is part of."""
    while node.getparent() is not holder:
        node = node.getparent()
    return node


def _said(owner: str, node: Any, name: str) -> Iterator[Problem]:
    if name in NAMED and not node.get(NAMED[name]):
        yield Problem(owner, _("“%(name)s” must have a name.", name=name))
    if name in MAPPED:
        source = node.get("source") or node.get("sourceExpression")
        everything = node.get("variables") == "all"
        if not everything and not (source and node.get("target")) and not (name == "in" and node.get("businessKey")):
            yield Problem(owner, _("“%(name)s” must say which variable goes where.", name=name))
    if name == "failedJobRetryTimeCycle" and not _is_retry_plan((node.text or "").strip()):
        yield Problem(owner, _("“%(name)s” would be ignored.", name=name), warning=True)


def _is_retry_plan(text: str) -> bool:
    try:
        if text.startswith("R"):
            intervals.parse_cycle(text)
        else:
            for part in text.split(","):
                intervals.parse_duration(part.strip())
    except DomainError:
        return False
    return True


def _short(node: Any, full: str) -> str:
    """`zeebe:taskDefinition`."""
    space, _brace, name = full[1:].partition("}") if full.startswith("{") else ("", "", full)
    prefix = next((prefix for prefix, known in node.nsmap.items() if known == space and prefix), None)
    return f"{prefix}:{name}" if prefix else name
