"""Attributes and elements of other namespaces: what is run, what is harmless, what would be missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.i18n import _
from app.processes.engine.graph import Graph
from app.processes.engine.problem import Problem
from app.processes.engine.xml import BPMN, CAMUNDA, DIAGRAM, YOUXU, local, tag

NAME = "nameZh"
OURS: dict[str, set[str]] = {
    "userTask": {"fourEyes", "assignFrom", "assignStep"},
    "serviceTask": {"step"},
    "sendTask": {"step"},
    "businessRuleTask": {"ruleSet"},
    "exclusiveGateway": {"ruleSet"},
    "inclusiveGateway": {"ruleSet"},
}
"""Attributes of ours that mean something; others are refused, so that none is silently ignored."""

CODE = {"class", "delegateExpression", "variableMappingClass", "variableMappingDelegateExpression", "caseRef"}
"""Attributes that name code of another engine."""
RUN = {
    "assignee",
    "candidateUsers",
    "candidateGroups",
    "dueDate",
    "followUpDate",
    "formKey",
    "formRef",
    "priority",
    "async",
    "asyncBefore",
    "asyncAfter",
    "type",
    "topic",
    "taskPriority",
    "expression",
    "resultVariable",
    "initiator",
    "versionTag",
    "collection",
    "elementVariable",
    "calledElementBinding",
    "calledElementVersion",
    "calledElementVersionTag",
    "errorCodeVariable",
    "errorMessageVariable",
    "escalationCodeVariable",
    "variableName",
    "variableEvents",
}
HARMLESS = {
    "historyTimeToLive",
    "isStartableInTasklist",
    "candidateStarterGroups",
    "candidateStarterUsers",
    "exclusive",
    "jobPriority",
    "modelerTemplate",
    "modelerTemplateVersion",
    "modelerTemplateIcon",
    "formRefBinding",
    "formRefVersion",
    "diagramRelationId",
    "mapDecisionResult",
    "followUpDate",
}
REFUSED_ELEMENTS = {
    "executionListener",
    "taskListener",
    "connector",
    "script",
    "errorEventDefinition",
}
RUN_ELEMENTS = {
    "inputOutput",
    "inputParameter",
    "outputParameter",
    "list",
    "map",
    "entry",
    "value",
    "properties",
    "property",
    "failedJobRetryTimeCycle",
    "in",
    "out",
    "nameZh",
}


def extension_problems(graph: Graph) -> Iterator[Problem]:
    """What is wrong with extensions anywhere in the process."""
    for node in graph.process.iter():
        if isinstance(node.tag, str) and node.tag.startswith(f"{{{BPMN}}}"):
            yield from _attributes(node)
    for holder in graph.process.iter(tag("extensionElements")):
        for node in holder.iterdescendants():
            yield from _element(holder, node)


def _owner(node: Any) -> str:
    while node is not None and (not node.get("id") or local(node).endswith("EventDefinition")):
        node = node.getparent()
    return DIAGRAM if node is None else str(node.get("id"))


def _attributes(node: Any) -> Iterator[Problem]:
    for full in node.attrib:
        space, _brace, name = full[1:].partition("}") if full.startswith("{") else ("", "", full)
        if space == YOUXU and name not in OURS.get(local(node), set()) | {NAME}:
            yield Problem(_owner(node), _("“%(name)s” would be ignored.", name=name))
        elif space == CAMUNDA and name in CODE:
            yield Problem(_owner(node), _("“%(name)s” names code of another engine, which cannot run here.", name=name))
        elif space == CAMUNDA and name not in RUN | HARMLESS:
            yield Problem(_owner(node), _("“%(name)s” would be ignored.", name=name), warning=True)


def _element(holder: Any, node: Any) -> Iterator[Problem]:
    space, name = node.tag[1:].partition("}")[0], local(node)
    if space == BPMN or (space == YOUXU and name not in RUN_ELEMENTS):
        yield Problem(_owner(holder), _("“%(name)s” would be ignored.", name=name))
    elif space == CAMUNDA and name in REFUSED_ELEMENTS:
        yield Problem(_owner(holder), _("“%(name)s” names code of another engine, which cannot run here.", name=name))
    elif space == CAMUNDA and name not in RUN_ELEMENTS:
        yield Problem(_owner(holder), _("“%(name)s” would be ignored.", name=name), warning=True)
