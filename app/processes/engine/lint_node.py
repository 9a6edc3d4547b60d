"""Each element by itself: what it must say, and attributes that would be ignored."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from app.core.i18n import _
from app.processes.engine.graph import GATEWAYS, TASKS, Graph
from app.processes.engine.problem import Known, Problem
from app.processes.engine.xml import CAMUNDA, YOUXU, camunda, local, ours

INITIATOR = "${initiator}"
NAME = "nameZh"
ATTRIBUTES: dict[str, dict[str, set[str]]] = {
    "userTask": {CAMUNDA: {"assignee", "candidateGroups", "formKey"}, YOUXU: {"fourEyes", "assignFrom", "assignStep"}},
    "serviceTask": {CAMUNDA: set(), YOUXU: {"step"}},
    "exclusiveGateway": {CAMUNDA: set(), YOUXU: {"ruleSet"}},
    "inclusiveGateway": {CAMUNDA: set(), YOUXU: {"ruleSet"}},
    "startEvent": {CAMUNDA: {"initiator"}, YOUXU: set()},
}
"""Attributes of each kind of element that mean something; others are refused, so that none is silently ignored."""


def node_problems(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    """What is wrong with one element."""
    yield from _attributes(node)
    kind = local(node)
    if kind == "userTask":
        yield from _user_task(graph, node, known)
    elif kind == "serviceTask":
        yield from _service_task(node, known)
    elif kind in GATEWAYS:
        yield from _gateway(graph, node, known)
    elif kind == "startEvent" and node.get(camunda("initiator"), "initiator") != "initiator":
        yield Problem(node.get("id"), _("Who started the process is always called “initiator”."))


def _attributes(node: Any) -> Iterator[Problem]:
    allowed = ATTRIBUTES.get(local(node), {})
    for full in node.attrib:
        space, _brace, name = full[1:].partition("}") if full.startswith("{") else ("", "", full)
        if space in (CAMUNDA, YOUXU) and name not in allowed.get(space, set()) | {NAME}:
            yield Problem(node.get("id"), _("“%(name)s” would be ignored.", name=name))
    if local(node) in TASKS and node.get("isForCompensation") == "true":
        yield Problem(node.get("id"), _("Compensation is not run by this version yet."))
    if node.get("default") and local(node) not in ("exclusiveGateway", "inclusiveGateway"):
        yield Problem(node.get("id"), _("A default flow is heeded only behind an exclusive or inclusive gateway."))


def is_known(names: Container[str] | None, name: str) -> bool:
    """True when nothing is known, or the name is."""
    return names is None or name in names


def _user_task(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    name = node.get("id")
    groups = groups_of(node)
    assignee = node.get(camunda("assignee"))
    if assignee not in (None, INITIATOR):
        yield Problem(name, _("The assignee can only be ${initiator}; name others by candidate groups."))
    if not groups and assignee is None:
        yield Problem(name, _("Nobody could do this task: name candidate groups or the assignee."))
    for group in groups:
        if not is_known(known.groups, group):
            yield Problem(name, _("There is no group “%(name)s”.", name=group))
    form = node.get(camunda("formKey"))
    if form is not None and not is_known(known.forms, form):
        yield Problem(name, _("There is no form “%(name)s”.", name=form))
    other = node.get(ours("fourEyes"))
    if other is not None and (other == name or local_of(graph, other) != "userTask"):
        yield Problem(name, _("Four eyes must name another user task."))
    source = node.get(ours("assignFrom"))
    if source is not None and (source not in graph.nodes or not graph.nodes[source].get(ours("ruleSet"))):
        yield Problem(name, _("Groups can only come from a gateway with a rule set."))
    if node.get(ours("assignStep")) is not None and source is None:
        yield Problem(name, _("“%(name)s” would be ignored.", name="assignStep"))


def local_of(graph: Graph, name: str) -> str:
    """The kind of a node; empty when there is none of that id."""
    return local(graph.nodes[name]) if name in graph.nodes else ""


def groups_of(node: Any) -> tuple[str, ...]:
    """The candidate groups written at a user task."""
    return tuple(part.strip() for part in (node.get(camunda("candidateGroups")) or "").split(",") if part.strip())


def _service_task(node: Any, known: Known) -> Iterator[Problem]:
    step = node.get(ours("step"))
    if not step:
        yield Problem(node.get("id"), _("A service task must name its step (youxu:step)."))
    elif not is_known(known.steps, step):
        yield Problem(node.get("id"), _("There is no step “%(name)s”.", name=step))
    for attribute in ("implementation", "operationRef"):
        if node.get(attribute):
            yield Problem(node.get("id"), _("“%(name)s” would be ignored.", name=attribute))


def _gateway(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    name, kind = node.get("id"), local(node)
    out = graph.outgoing(name)
    if kind == "parallelGateway":
        return
    rule_set, default = node.get(ours("ruleSet")), node.get("default")
    if len(out) < 2:
        if rule_set:
            yield Problem(name, _("A gateway with one way out decides nothing, so its rule set would be ignored."))
        return
    if not rule_set:
        yield Problem(name, _("A diverging gateway must name its rule set (youxu:ruleSet)."))
    elif not is_known(known.rule_sets, rule_set):
        yield Problem(name, _("There is no rule set “%(name)s”.", name=rule_set))
    if default is None or default not in {flow.id for flow in out}:
        yield Problem(name, _("A diverging gateway needs a default flow that leaves it."))
    for flow in out:
        if flow.id != default and not flow.condition:
            yield Problem(flow.id, _("A flow that is not the default needs a condition."))
