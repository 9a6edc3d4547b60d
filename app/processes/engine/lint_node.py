"""Each activity and gateway by itself: what it must say, and standard attributes that would be ignored."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from app.core.i18n import _
from app.processes.engine.decided import MAPPINGS, pin_of, pinned_version, rule_set_of
from app.processes.engine.graph import ACTIVITIES, CHOOSING, Graph, trigger_of
from app.processes.engine.lint_event import named_problems
from app.processes.engine.lint_persons import person_problems
from app.processes.engine.lint_time import time_problems
from app.processes.engine.problem import Known, Problem
from app.processes.engine.reading import listed
from app.processes.engine.xml import camunda, local, ours, tag

LONGEST_FORM = 100
SCRIPTS = (None, "", "juel", "youxu")
BINDINGS = ("latest", "deployment", "version", "versionTag")
BEHIND_EVENT_GATEWAY = {"message", "timer", "signal", "conditional"}


def node_problems(graph: Graph, root: Any, node: Any, known: Known) -> Iterator[Problem]:
    """What is wrong with one element."""
    kind, name = local(node), node.get("id")
    if kind in ("sendTask", "receiveTask") and node.get("messageRef"):
        yield from named_problems(root, name, "message", node.get("messageRef"))
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(graph, node, known)
    default = node.get("default")
    if default is not None and default not in {flow.id for flow in graph.outgoing(name)}:
        yield Problem(name, _("The default flow must be one that leaves the element."))
    if default is not None and kind not in ACTIVITIES | CHOOSING:
        yield Problem(name, _("A default flow is not heeded here."))
    if kind in ACTIVITIES:
        yield from _loop(node)
        if node.get("messageRef") and kind not in ("sendTask", "receiveTask"):
            yield Problem(name, _("“%(name)s” would be ignored.", name="messageRef"))
        for attribute in ("startQuantity", "completionQuantity"):
            if node.get(attribute, "1") != "1":
                yield Problem(name, _("“%(name)s” would be ignored.", name=attribute))


def is_known(names: Container[Any] | None, name: object) -> bool:
    """True when nothing is known, or the name is."""
    return names is None or name in names


def _user_task(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    name = node.get("id")
    groups = listed(node.get(camunda("candidateGroups")))
    asked = [node.get(camunda(one)) for one in ("assignee", "candidateUsers", "candidateGroups")]
    performer = node.find(tag("humanPerformer")) is not None
    owners = node.find(tag("potentialOwner")) is not None or performer
    if performer and asked[0]:
        yield Problem(name, _("“%(name)s” would be ignored.", name="humanPerformer"))
    if not any(asked) and not owners and node.get(ours("assignFrom")) is None:
        reason = _("Nobody is asked to do this task: name candidate groups or the assignee.")
        yield Problem(name, reason, warning=True)
    for group in groups:
        if group.fixed and not is_known(known.groups, group.text):
            yield Problem(name, _("There is no group “%(name)s”.", name=group.text), warning=True)
    yield from _form(node, known)
    yield from person_problems(graph, node, known)
    yield from time_problems(node, known)
    source = node.get(ours("assignFrom"))
    if source is not None and (source not in graph.nodes or not graph.nodes[source].get(ours("ruleSet"))):
        yield Problem(name, _("Groups can only come from a gateway with a rule set."))
    if node.get(ours("assignStep")) is not None and source is None:
        yield Problem(name, _("“%(name)s” would be ignored.", name="assignStep"))


def _form(node: Any, known: Known) -> Iterator[Problem]:
    name, key, ref = node.get("id"), node.get(camunda("formKey")), node.get(camunda("formRef"))
    form = key or ref
    if key and ref:
        yield Problem(name, _("A task names its form once: formKey or formRef."))
    elif form and ("${" in form or "#{" in form):
        yield Problem(name, _("The form of a task must have a fixed name."))
    elif form is not None and len(form) > LONGEST_FORM:
        yield Problem(name, _("A name has at most %(limit)s letters.", limit=LONGEST_FORM))
    elif form is not None and not is_known(known.forms, form):
        yield Problem(name, _("There is no form “%(name)s”.", name=form), warning=True)


def _service(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del graph
    name, step = node.get("id"), node.get(ours("step"))
    kind = node.get(camunda("type"))
    message = local(node) == "sendTask" and node.get("messageRef")
    ways = [step, kind == "external", node.get(camunda("expression")), message]
    if kind not in (None, "external"):
        yield Problem(name, _("“%(name)s” names code of another engine, which cannot run here.", name=kind))
    elif sum(bool(way) for way in ways) != 1:
        yield Problem(name, _("Say in exactly one way what is done: youxu:step, an external topic, an expression."))
    if kind == "external" and not node.get(camunda("topic")):
        yield Problem(name, _("An external task must name its topic."))
    if step and not is_known(known.steps, step):
        yield Problem(name, _("There is no step “%(name)s”.", name=step))
    for attribute in ("implementation", "operationRef"):
        if node.get(attribute, "##WebService") not in ("##WebService", "webService", "##unspecified"):
            yield Problem(name, _("“%(name)s” would be ignored.", name=attribute))


def _script(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del graph, known
    name = node.get("id")
    if node.get("scriptFormat") not in SCRIPTS or node.get(camunda("resource")):
        yield Problem(name, _("Scripts are assignments in our expression language, as in total = price * quantity."))
    elif not (node.findtext(tag("script")) or "").strip():
        yield Problem(name, _("The script is empty."))


def _rule(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del graph
    name, rule_set = node.get("id"), rule_set_of(node)
    named = [node.get(ours("ruleSet")), node.get(camunda("decisionRef"))]
    ways = [*named, node.get(camunda("type")) == "external", node.get(camunda("expression"))]
    if sum(bool(way) for way in ways) != 1:
        yield Problem(name, _("A business rule task must name its rule set (youxu:ruleSet, camunda:decisionRef)."))
    elif rule_set and not is_known(known.rule_sets, rule_set):
        yield Problem(name, _("There is no rule set “%(name)s”.", name=rule_set))
    yield from _pinned(node, known)
    binding, how = node.get(camunda("decisionRefBinding"), "latest"), node.get(camunda("mapDecisionResult"))
    if binding not in ("latest", "version"):
        yield Problem(name, _("“%(name)s” cannot be “%(value)s” here.", value=binding[:40], name="decisionRefBinding"))
    if how is not None and how not in MAPPINGS:
        yield Problem(name, _("“%(name)s” cannot be “%(value)s” here.", value=how[:40], name="mapDecisionResult"))


def _call(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del graph, known
    binding = node.get(camunda("calledElementBinding"), "latest")
    if not (node.get("calledElement") or "").strip():
        yield Problem(node.get("id"), _("A call activity must name the process it calls."))
    if binding not in BINDINGS:
        yield Problem(node.get("id"), _("“%(name)s” would be ignored.", name="calledElementBinding"))
    version = {"version": "calledElementVersion", "versionTag": "calledElementVersionTag"}.get(binding)
    if version is not None and not node.get(camunda(version)):
        yield Problem(node.get("id"), _("A call activity must name the version it calls (%(name)s).", name=version))


def _receive(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del graph, known
    if node.get("instantiate") == "true":
        yield Problem(node.get("id"), _("A receive task cannot start a process; draw a start event with the message."))


def _scope(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del graph, known
    name, by_event = node.get("id"), node.get("triggeredByEvent") == "true"
    loops = any(local(child).endswith("LoopCharacteristics") for child in node)
    if by_event and loops:
        yield Problem(name, _("An event subprocess cannot be a loop."))
    if by_event and local(node) == "transaction":
        yield Problem(name, _("An event subprocess cannot be a transaction."))
    if node.get("method", "##Compensate") not in ("##Compensate", "compensate"):
        yield Problem(name, _("“%(name)s” would be ignored.", name="method"))


def _pinned(node: Any, known: Known) -> Iterator[Problem]:
    """A version that is named must be there, and be one of a rule set."""
    name, rule_set, wanted = node.get("id"), rule_set_of(node), pin_of(node)
    if wanted is None:
        return
    number = pinned_version(node)
    if not rule_set:
        yield Problem(name, _("“%(name)s” would be ignored.", name="ruleSetVersion"))
    elif number is None or not is_known(known.rule_set_versions, (rule_set, number)):
        sentence = _("There is no version %(version)s of rule set “%(name)s”.", version=wanted[:20], name=rule_set)
        yield Problem(name, sentence)


def _choosing(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    name = node.get("id")
    out = graph.outgoing(name)
    rule_set, default = node.get(ours("ruleSet")), node.get("default")
    if rule_set and len(out) < 2:
        yield Problem(name, _("A gateway with one way out decides nothing, so its rule set would be ignored."))
    elif rule_set and not is_known(known.rule_sets, rule_set):
        yield Problem(name, _("There is no rule set “%(name)s”.", name=rule_set))
    yield from _pinned(node, known)
    if rule_set and len(out) > 1 and default is None:
        yield Problem(name, _("A diverging gateway needs a default flow that leaves it."))
    bare = [flow for flow in out if flow.id != default and not flow.condition]
    if local(node) == "exclusiveGateway" and len(out) > 1 and (rule_set or default or len(bare) > 1):
        for flow in bare:
            yield Problem(flow.id, _("A flow that is not the default needs a condition."))


def _event_gateway(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    del known
    name = node.get("id")
    if node.get("instantiate") == "true" or node.get("eventGatewayType", "Exclusive") != "Exclusive":
        yield Problem(name, _("This kind of event-based gateway is not supported."))
    for flow in graph.outgoing(name):
        target = graph.nodes.get(flow.target)
        if target is None:
            continue
        waits = local(target) == "intermediateCatchEvent" and trigger_of(target)[0] in BEHIND_EVENT_GATEWAY
        if not waits and not (local(target) == "receiveTask" and not graph.attached(flow.target)):
            yield Problem(flow.target, _("Behind an event-based gateway only events can stand that are waited for."))
        elif any(local(child).endswith("LoopCharacteristics") for child in target):
            yield Problem(flow.target, _("Behind an event-based gateway nothing can loop."))
        elif _is_wrapped(target):
            yield Problem(flow.target, _("Behind an event-based gateway input parameters and jobs before are not run."))
        elif len(graph.incoming(flow.target)) > 1:
            yield Problem(flow.target, _("Behind an event-based gateway no other flow may lead to the event."))


def _is_wrapped(node: Any) -> bool:
    before = node.get(camunda("asyncBefore"), node.get(camunda("async"))) == "true"
    return before or next(node.iter(camunda("inputParameter")), None) is not None


def _loop(node: Any) -> Iterator[Problem]:
    name = node.get("id")
    many, standard = node.find(tag("multiInstanceLoopCharacteristics")), node.find(tag("standardLoopCharacteristics"))
    if many is not None:
        number, collection = many.findtext(tag("loopCardinality")), many.findtext(tag("loopDataInputRef"))
        if bool((number or "").strip()) == bool((collection or "").strip() or many.get(camunda("collection"))):
            yield Problem(name, _("Multiple instances need either a number or a collection."))
        elif (number or "").strip() and "{" not in str(number) and not str(number).strip().isdecimal():
            yield Problem(name, _("“%(name)s” must be a whole number.", name="loopCardinality"))
        results = (many.findtext(tag("loopDataOutputRef")) or "").strip()
        if bool(results) != (many.find(tag("outputDataItem")) is not None):
            yield Problem(name, _("Results of instances need the collection and the item that goes into it."))
        if many.get("behavior", "All") != "All" or many.find(tag("complexBehaviorDefinition")) is not None:
            yield Problem(name, _("“%(name)s” would be ignored.", name="behavior"))
    if standard is not None:
        most = standard.get("loopMaximum")
        if most is not None and not (most.isdecimal() and 0 < int(most) <= 10**6):
            yield Problem(name, _("“%(name)s” must be a whole number.", name="loopMaximum"))
        if most is None and not (standard.findtext(tag("loopCondition")) or "").strip():
            yield Problem(name, _("A loop needs a condition or a maximum."))


_CHECKS: dict[str, Any] = {
    "userTask": _user_task,
    "serviceTask": _service,
    "sendTask": _service,
    "scriptTask": _script,
    "businessRuleTask": _rule,
    "callActivity": _call,
    "receiveTask": _receive,
    "subProcess": _scope,
    "transaction": _scope,
    "exclusiveGateway": _choosing,
    "inclusiveGateway": _choosing,
    "eventBasedGateway": _event_gateway,
}
