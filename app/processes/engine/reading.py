"""From the XML to elements: what each node says, its expressions parsed. The lint has found it sound before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.core.expressions import parse_script
from app.processes.engine.decided import mapping_of, pinned_version, rule_set_of
from app.processes.engine.elements import (
    Call,
    Element,
    Event,
    Gateway,
    Loop,
    Out,
    Raised,
    Receive,
    Scope,
    ServiceStep,
    UserWork,
)
from app.processes.engine.graph import GATEWAYS, SCOPES, Graph, names, trigger_of
from app.processes.engine.parameters import business_key_in, extensions, mappings, parameters
from app.processes.engine.persons import named, signed_as
from app.processes.engine.values import Value, read_condition, read_value
from app.processes.engine.xml import camunda, local, ours, tag

FALSE = "false"


class Reader:
    """Reads the nodes of one process; `root` has the messages, signals, errors and escalations they refer to."""

    def __init__(self, graph: Graph, root: Any) -> None:
        self.graph = graph
        self.named = {node.get("id"): node for node in root if node.get("id")}
        self.handlers = handlers_of(graph)

    def elements(self) -> dict[str, Element]:
        """Every element by id."""
        return {name: self.element(node) for name, node in self.graph.nodes.items()}

    def process(self) -> Scope:
        """The process as a scope."""
        graph = self.graph
        starts = [name for name in graph.inside(None) if local(graph.nodes[name]) == "startEvent"]
        plain_ones = [name for name in starts if trigger_of(graph.nodes[name])[0] == "none"]
        return Scope(
            id=graph.key,
            kind="process",
            name=names(graph.process),
            start=plain_ones[0] if plain_ones else None,
            watches=self._watches(None),
        )

    def element(self, node: Any) -> Element:
        """What one node says."""
        kind = local(node)
        if kind.endswith("Event"):
            return self._event(node)
        if kind in SCOPES:
            return self._scope(node)
        if kind in GATEWAYS:
            return Gateway(
                **self._common(node), rule_set=node.get(ours("ruleSet")), rule_set_version=pinned_version(node)
            )
        make = {
            "userTask": self._user,
            "callActivity": self._call,
            "receiveTask": lambda node: Receive(**self._common(node), message=self._message(node)),
            "serviceTask": self._service,
            "sendTask": self._service,
            "scriptTask": self._service,
            "businessRuleTask": self._service,
        }.get(kind)
        return make(node) if make else Element(**self._common(node))

    def _common(self, node: Any) -> dict[str, Any]:
        graph, name = self.graph, node.get("id")
        inputs, outputs = parameters(node)
        return {
            "id": name,
            "kind": local(node),
            "name": names(node),
            "scope": graph.scopes[name],
            "outs": tuple(Out(flow.id, flow.target, read_condition(flow.condition)) for flow in graph.outgoing(name)),
            "default": node.get("default"),
            "comes_by": tuple(flow.id for flow in graph.incoming(name)),
            "boundaries": tuple(graph.attached(name)),
            "before": node.get(camunda("asyncBefore"), node.get(camunda("async"))) == "true",
            "after": node.get(camunda("asyncAfter")) == "true",
            "retries": retry_cycle(node),
            "loop": loop_of(node),
            "inputs": inputs,
            "outputs": outputs,
            "handler": self.handlers.get(name),
            "for_compensation": node.get("isForCompensation") == "true",
            "properties": properties_of(node),
        }

    def _event(self, node: Any) -> Event:
        trigger, definition = trigger_of(node)
        common = self._common(node)
        found: dict[str, Any] = {"trigger": trigger, "attached": node.get("attachedToRef")}
        interrupting = node.get("cancelActivity") if "attachedToRef" in node.attrib else node.get("isInterrupting")
        found["interrupting"] = interrupting != FALSE
        found["initiator"] = node.get(camunda("initiator"))
        if trigger == "timer":
            found |= timer_of(definition)
        elif trigger == "conditional":
            found["condition"] = read_condition(definition.findtext(tag("condition")))
            found["variable"] = definition.get(camunda("variableName"))
            kinds = (definition.get(camunda("variableEvents")) or "").replace(",", " ").split()
            found["variable_events"] = frozenset(kinds)
        elif trigger in ("message", "signal", "error", "escalation"):
            found["ref"] = self._ref(trigger, definition)
            found["message"] = self._told(trigger, definition)
            found["code_variable"] = definition.get(camunda(f"{trigger}CodeVariable"))
            found["message_variable"] = definition.get(camunda("errorMessageVariable"))
            if definition.get(camunda("type")) == "external":
                found["topic"] = read_value(definition.get(camunda("topic")))
                found["priority"] = self._task_priority(definition)
            found["payload"], found["takes_all"] = mappings(definition, "in")
            found["business_key"] = read_value(business_key_in(definition))
        elif trigger == "link":
            found["ref"] = Value(definition.get("name"))
        elif trigger == "compensate":
            found["activity"] = definition.get("activityRef")
        return Event(**common, **found)

    def _task_priority(self, node: Any) -> Value | None:
        name = camunda("taskPriority")
        return read_value(node.get(name) or self.graph.process.get(name))

    def _ref(self, trigger: str, definition: Any) -> Value | None:
        name = definition.get(f"{trigger}Ref")
        node = self.named.get(name)
        if node is None:  # engines of Camunda's family take an error that is declared nowhere for its code
            return Value(name) if name and trigger == "error" else None
        if trigger in ("error", "escalation"):
            code = node.get(f"{trigger}Code")
            return Value(code) if code else None
        return read_value(node.get("name") or node.get("id"))

    def _told(self, trigger: str, definition: Any) -> Value | None:
        node = self.named.get(definition.get("errorRef")) if trigger == "error" else None
        return None if node is None else read_value(node.get(camunda("errorMessage")))

    def _message(self, node: Any) -> Value | None:
        found = self.named.get(node.get("messageRef"))
        return None if found is None else read_value(found.get("name") or found.get("id"))

    def _scope(self, node: Any) -> Scope:
        graph, name = self.graph, node.get("id")
        starts = [one for one in graph.inside(name) if local(graph.nodes[one]) == "startEvent"]
        by_event = node.get("triggeredByEvent") == "true"
        return Scope(
            **self._common(node),
            by_event=by_event,
            transaction=local(node) == "transaction",
            start=starts[0] if starts else None,
            watches=self._watches(name),
        )

    def _watches(self, scope: str | None) -> tuple[str, ...]:
        graph = self.graph
        return tuple(
            start
            for name in graph.inside(scope)
            if local(graph.nodes[name]) in SCOPES and graph.nodes[name].get("triggeredByEvent") == "true"
            for start in graph.inside(name)
            if local(graph.nodes[start]) == "startEvent"
        )

    def _user(self, node: Any) -> UserWork:
        performer = node.findtext(f".//{tag('humanPerformer')}//{tag('formalExpression')}")
        return UserWork(
            **self._common(node),
            form_key=node.get(camunda("formKey")) or node.get(camunda("formRef")),
            groups=(*listed(node.get(camunda("candidateGroups"))), *owners(node, "group")),
            users=(*listed(node.get(camunda("candidateUsers"))), *owners(node, "user")),
            assignee=read_value(node.get(camunda("assignee")) or performer),
            due=read_value(node.get(camunda("dueDate"))),
            follow_up=read_value(node.get(camunda("followUpDate"))),
            priority=read_value(node.get(camunda("priority"))),
            title=titled(node),
            documentation=" ".join((node.findtext(tag("documentation")) or "").split()),
            four_eyes=named(node.get(ours("fourEyes"))),
            assign_from=node.get(ours("assignFrom")),
            assign_step=node.get(ours("assignStep")),
            signature=signed_as(node.get(ours("signature"))),
            sla=node.get(ours("sla")),
            escalate_to=node.get(ours("escalateTo")),
        )

    def _service(self, node: Any) -> ServiceStep:
        kind = local(node)
        script = node.findtext(tag("script")) if kind == "scriptTask" else None
        return ServiceStep(
            **self._common(node),
            step=node.get(ours("step")) or "",
            topic=read_value(node.get(camunda("topic"))) if node.get(camunda("type")) == "external" else None,
            priority=self._task_priority(node),
            expression=read_value(node.get(camunda("expression"))),
            script=None if script is None else parse_script(script),
            rule_set=rule_set_of(node) if kind == "businessRuleTask" else None,
            mapping=mapping_of(node) if kind == "businessRuleTask" else None,
            rule_set_version=pinned_version(node) if kind == "businessRuleTask" else None,
            message=self._message(node) if kind == "sendTask" else None,
            result=node.get(camunda("resultVariable"), node.get(camunda("resultVariableName"))),
            errors=self._errors(node),
        )

    def _errors(self, node: Any) -> tuple[Raised, ...]:
        holder = node.find(tag("extensionElements"))
        drawn = [] if holder is None else holder.findall(camunda("errorEventDefinition"))
        read = [(self._ref("error", one), read_condition(one.get("expression"))) for one in drawn]
        return tuple(Raised(code.text, when) for code, when in read if code is not None and when is not None)

    def _call(self, node: Any) -> Call:
        ins, all_in = mappings(node, "in")
        outs, all_out = mappings(node, "out")
        keys = [business_key_in(node), node.get(camunda("businessKey"))]
        keys.append("${execution.processBusinessKey}" if node.get(camunda("inheritBusinessKey")) == "true" else None)
        of_here = node.get(camunda("sameDeployment")) == "true"
        return Call(
            **self._common(node),
            called=read_value(node.get("calledElement")),
            binding="deployment" if of_here else node.get(camunda("calledElementBinding"), "latest"),
            version=read_value(
                node.get(camunda("calledElementVersion")) or node.get(camunda("calledElementVersionTag"))
            ),
            business_key=read_value(next((key for key in keys if key), None)),
            all_in=all_in or ("all" if node.get(camunda("inheritVariables")) == "true" else ""),
            all_out=all_out,
            ins=ins,
            outs_=outs,
        )


def handlers_of(graph: Graph) -> dict[str, str]:
    """Activity → what compensates it: by the association that leaves its compensation boundary event an activity,
    else the compensation event subprocess in it."""
    by_event = {
        graph.scopes[owner]: owner
        for name, node in graph.nodes.items()
        if local(node) == "startEvent" and trigger_of(node)[0] == "compensate" and (owner := graph.scopes[name])
    }
    ends = {
        node.get("sourceRef"): node.get("targetRef")
        for node in graph.process.getroottree().iter(tag("association"))
        if node.get("targetRef") in graph.nodes
    }
    attached = {
        node.get("attachedToRef"): ends[name]
        for name, node in graph.nodes.items()
        if local(node) == "boundaryEvent" and trigger_of(node)[0] == "compensate" and name in ends
    }
    return {**{scope: owner for scope, owner in by_event.items() if scope is not None}, **attached}


def listed(text: str | None) -> tuple[Value, ...]:
    """Values separated by commas; an expression may itself give a list."""
    parts, depth, start = [], 0, 0
    text = text or ""
    for place, letter in enumerate(text):
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return tuple(value for part in [*parts, text[start:]] if (value := read_value(part)) is not None)


def owners(node: Any, kind: str) -> Iterator[Value]:
    """Potential owners as BPMN writes them: `user(anna), group(qa)`; a bare name is a group."""
    for owner in node.findall(tag("potentialOwner")):
        for value in listed("".join(owner.itertext())):
            found = _OWNER.fullmatch(value.text)
            named, name = (found[1], found[2]) if found else ("group", value.text)
            owned = read_value(name) if named == kind else None
            if owned is not None:
                yield owned


_OWNER = re.compile(r"(user|group)\((.*)\)")


def titled(node: Any) -> Mapping[str, Value] | None:
    """The name of a task by language, if there are expressions in it."""
    found = {language: read_value(text) or Value("") for language, text in names(node).items()}
    return None if all(value.fixed for value in found.values()) else found


def timer_of(definition: Any) -> dict[str, Any]:
    """Kind of a timer and the value that says when."""
    for kind in ("date", "duration", "cycle"):
        node = definition.find(tag(f"time{kind.capitalize()}"))
        if node is not None:
            return {"timer": kind, "when": read_value(node.text)}
    return {"timer": None, "when": None}


def loop_of(node: Any) -> Loop | None:
    """How often an activity is done."""
    many, standard = node.find(tag("multiInstanceLoopCharacteristics")), node.find(tag("standardLoopCharacteristics"))
    if many is not None:
        item, collection = many.find(tag("inputDataItem")), many.findtext(tag("loopDataInputRef"))
        result_item = many.find(tag("outputDataItem"))
        return Loop(
            sequential=many.get("isSequential") == "true",
            cardinality=read_value(many.findtext(tag("loopCardinality"))),
            collection=read_value(many.get(camunda("collection")) or collection),
            item=many.get(camunda("elementVariable")) or (None if item is None else item.get("name") or item.get("id")),
            index=many.get(camunda("elementIndexVariable")),
            until=read_condition(many.findtext(tag("completionCondition"))),
            result=(many.findtext(tag("loopDataOutputRef")) or "").strip() or None,
            result_item=None if result_item is None else result_item.get("name") or result_item.get("id"),
            before=many.get(camunda("asyncBefore")) == "true",
            after=many.get(camunda("asyncAfter")) == "true",
        )
    if standard is not None:
        most = standard.get("loopMaximum")
        return Loop(
            standard=True,
            again=read_condition(standard.findtext(tag("loopCondition"))),
            test_before=standard.get("testBefore") == "true",
            maximum=int(most) if most else None,
        )
    return None


def retry_cycle(node: Any) -> str | None:
    """camunda:failedJobRetryTimeCycle."""
    return next(((one.text or "").strip() or None for one in extensions(node, "failedJobRetryTimeCycle")), None)


def properties_of(node: Any) -> Mapping[str, str]:
    """camunda:properties."""
    return {one.get("name"): one.get("value") or "" for one in extensions(node, "property") if one.get("name")}
