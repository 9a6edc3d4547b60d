"""The behaviour of each element: SpiffWorkflow's specs without prediction, recursion, clocks and Python scripts.

A spec belongs to a definition and is shared by all its instances, so nothing here may change one. What belongs to a
run is reached through `task.workflow.run`. What happens around the work of an element is in `life`.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from app.core.i18n import _
from app.processes.engine import compensation, life, scopes, throwing, watching
from app.processes.engine.elements import Element, Gateway, Out
from app.processes.engine.errors import BpmnError, EngineFault
from app.processes.engine.keys import FAULT, FLOW, HANDLES, LOOP, PHASE, TODO
from app.processes.engine.values import plain

ROOT = "Start"


class Lean:
    """Mixed into every spec: a token arrives, `do` says whether its work is done at once, `way` where it goes."""

    element: Any = None
    scope: str | None = None
    """Name of the spec of the subprocess it is in."""
    joins = False
    """Tokens that come by different flows become one here."""
    waits = "wait"
    """What its tokens wait for while they are at work."""

    def test(self) -> None:
        """The lint has looked at the structure already."""

    def _predict(self, my_task: Any, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """No task is made before a token needs it."""

    def _run_hook(self, my_task: Any) -> bool | None:
        return life.arrive(my_task)

    def _on_complete(self, my_task: Any) -> None:
        my_task.workflow.run.left(my_task)
        life.leave(my_task)

    def do(self, task: Any) -> bool:
        """The work of the element. True: done; False: it waits."""
        del task
        return True

    def way(self, task: Any) -> tuple[Out, ...]:
        """Flows that leave: all without condition and those whose condition holds, else the default."""
        element = self.element
        if element.default is None and all(out.condition is None for out in element.outs):
            return tuple(element.outs)
        return choose(task, element, {}, several=True)

    def wait_kind(self, task: Any) -> str:
        """What a waiting token waits for."""
        kept = task.internal_data
        if FAULT in kept:
            return "fault"
        if kept.get(PHASE) in ("before", "after"):
            return "job"
        return "loop" if LOOP in kept else self.waits


def choose(task: Any, element: Element, extra: dict[str, Any], *, several: bool) -> tuple[Out, ...]:
    """The flows whose condition holds (only the first unless `several`), else the default.

    Raises EngineFault when there is none, ExpressionFailed.
    """
    scope = {**task.workflow.run.sees(task), **extra}
    chosen = []
    for out in element.outs:
        if out.flow != element.default and (out.condition is None or out.condition.holds(scope)):
            chosen.append(out)
            if not several:
                break
    if not chosen:
        chosen = [out for out in element.outs if out.flow == element.default]
    if not chosen and element.outs:
        raise EngineFault(element.id, _("no condition holds, and there is no default flow"))
    return tuple(chosen)


class Start(Lean, BpmnStartTask):
    """The root of a tree: the process as a scope."""

    waits = "scope"


class ProcessSpec(BpmnProcessSpec):
    """The graph of a process and of all that is nested in it, with our start."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.task_specs.clear()
        self.start = Start(self, ROOT)
        self.end = None


class Automatic(Lean, defaults.NoneTask):
    """An undefined task: a token passes."""


class Manual(Lean, defaults.ManualTask):
    """A manual task: the work is done outside, a token passes."""


class Work(Lean, defaults.UserTask):
    """A user task: waits for a person."""

    waits = "user"

    def do(self, task: Any) -> bool:
        task.wait = task.workflow.run.describe_work(task)
        return False


class Service(Lean, defaults.ServiceTask):
    """A service, script, business rule or send task. A step is done inside the transaction; what it returns is merged.
    One with a topic waits for an external worker."""

    waits = "external"

    def do(self, task: Any) -> bool:
        element, run = self.element, task.workflow.run
        if element.topic is not None:
            seen = run.sees(task)
            task.wait = {"topic": str(element.topic.of(seen)), "priority": _whole(element.priority, seen)}
            return False
        try:
            run.work(task)
        except BpmnError as error:
            if not throwing.throw(task, "error", error.code, error.message, plain(error.variables)):
                raise EngineFault(element.id, _("nobody catches the error “%(code)s”", code=error.code)) from error
            return False
        return True


def _whole(value: Any, seen: Any) -> int:
    found = 0 if value is None else value.of(seen)
    if isinstance(found, str) and found.lstrip("-").isdecimal():
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


class Receive(Lean, defaults.ReceiveTask):
    """Waits for a message, or to be told to go on."""

    def __init__(self, wf_spec: Any, bpmn_id: str) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition=NoneEventDefinition())

    def do(self, task: Any) -> bool:
        message = self.element.message
        task.wait = {"name": str(message.of(task.workflow.run.sees(task)))} if message else {}
        return False

    def wait_kind(self, task: Any) -> str:
        found = Lean.wait_kind(self, task)
        return ("message" if self.element.message else "trigger") if found == "wait" else found


class Calling(Lean, BpmnSpecMixin):
    """A call activity: waits until the called instance has ended."""

    waits = "call"

    def do(self, task: Any) -> bool:
        task.wait = task.workflow.run.describe_call(task)
        return False


class Inside(Lean, BpmnSpecMixin):
    """An embedded or event subprocess, or a transaction."""

    waits = "scope"

    def do(self, task: Any) -> bool:
        scopes.begin(task)
        return False


class Begin(Lean, defaults.StartEvent):
    """A start event: passed at once. That of an event subprocess is watched until it comes."""

    def __init__(self, wf_spec: Any, bpmn_id: str) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition=NoneEventDefinition())

    def do(self, task: Any) -> bool:
        if self.element.initiator:
            task.assign({self.element.initiator: task.data.get("initiator")})
        return True

    def wait_kind(self, task: Any) -> str:
        found = Lean.wait_kind(self, task)
        return self.element.trigger if found == "wait" else found


class Boundary(Lean, defaults.BoundaryEvent):
    """A boundary event: a watched one waits, one that has come passes."""

    def __init__(self, wf_spec: Any, bpmn_id: str) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition=NoneEventDefinition(), cancel_activity=True)

    def wait_kind(self, task: Any) -> str:
        found = Lean.wait_kind(self, task)
        return self.element.trigger if found == "wait" else found


class Catch(Lean, defaults.IntermediateCatchEvent):
    """An intermediate event that is waited for."""

    def __init__(self, wf_spec: Any, bpmn_id: str) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition=NoneEventDefinition())

    def do(self, task: Any) -> bool:
        if self.element.trigger == "link":
            return True
        watching.expect(task)
        return False

    def wait_kind(self, task: Any) -> str:
        found = Lean.wait_kind(self, task)
        return self.element.trigger if found == "wait" else found


class Throw(Lean, defaults.IntermediateThrowEvent):
    """An event that is thrown on the way or at an end. An end leads nowhere."""

    def __init__(self, wf_spec: Any, bpmn_id: str) -> None:
        super().__init__(wf_spec, bpmn_id, event_definition=NoneEventDefinition())

    def do(self, task: Any) -> bool:
        act = getattr(self, f"_{self.element.trigger}", None)
        return True if act is None else act(task)

    def _message(self, task: Any) -> bool:
        run, event = task.workflow.run, self.element
        if event.topic is not None:
            task.wait = {"topic": str(event.topic.of(run.sees(task))), "priority": 0}
            return False
        run.thrown_message(watching.name_of(task), task)
        return True

    def _signal(self, task: Any) -> bool:
        task.workflow.run.thrown_signal(watching.name_of(task), task)
        return True

    def _escalation(self, task: Any) -> bool:
        code = None if self.element.ref is None else self.element.ref.text
        if not throwing.throw(task, "escalation", code, "", {}):
            task.workflow.run.escaped(task, "escalation", code, "")
        return True

    def _error(self, task: Any) -> bool:
        code = None if self.element.ref is None else self.element.ref.text
        return bool(throwing.throw(task, "error", code, "", {})) or task.workflow.run.escaped(task, "error", code, "")

    def _compensate(self, task: Any) -> bool:
        return compensation.begin(task, compensation.place_of(task), self.element.activity)

    def _cancel(self, task: Any) -> bool:
        return compensation.cancel(task)

    def _terminate(self, task: Any) -> bool:
        task._set_state(TaskState.COMPLETED)
        task.workflow.run.left(task)
        scopes.terminate(task)
        return False

    def way(self, task: Any) -> tuple[Out, ...]:
        if self.element.trigger == "link":
            specs = task.workflow.specs
            names = (
                name
                for name, spec in specs.items()
                if spec.scope == self.scope
                and spec.element.kind == "intermediateCatchEvent"
                and spec.element.trigger == "link"
                and spec.element.ref.text == self.element.ref.text
            )
            return tuple(Out("", name) for name in names)
        return Lean.way(self, task)

    def wait_kind(self, task: Any) -> str:
        found = Lean.wait_kind(self, task)
        if found != "wait":
            return found
        return "compensation" if TODO in task.internal_data else "external"


class EventGateway(Lean, BpmnSpecMixin):
    """Waits for whichever of the events behind it comes first."""

    waits = "events"

    def do(self, task: Any) -> bool:
        for out in self.element.outs:
            spec = task.workflow.specs[out.target]
            arm = task._add_child(spec, TaskState.FUTURE)
            arm._inherit_data()
            task.workflow.run.arrived(arm, out.flow)
            arm._set_state(TaskState.STARTED)
            spec.do(arm)
        return False


class Exclusive(Lean, defaults.ExclusiveGateway):
    """One token in, one token out, along the first flow whose condition holds, else the default."""

    several = False

    def connect(self, taskspec: Any) -> None:
        """Conditions are ours, so the library's own are not asked for."""
        BpmnTaskSpec.connect(self, taskspec)

    def way(self, task: Any) -> tuple[Out, ...]:
        gateway: Gateway = self.element
        if not gateway.diverging and not any(out.condition for out in gateway.outs):
            return tuple(gateway.outs)
        return task.workflow.run.decide_way(task, several=self.several)  # type: ignore[no-any-return]


class Joining(Lean):
    """What parallel and inclusive gateways share: tokens wait here, then go on as one with merged data."""

    waits = "join"

    @property
    def joins(self) -> bool:  # type: ignore[override]
        """With one way in there is nothing to wait for."""
        return len(self.element.comes_by) > 1

    def do(self, task: Any) -> bool:
        if not self.joins:
            return True
        here = self.arrived(task)
        return self.may_fire(task, set(here)) and self.join(task, here)

    def join(self, task: Any, here: dict[str, list[Any]]) -> bool:
        """Make one token of those that are here. True: it is the one that was looked at; another is moved on.

        Raises MergeConflict before anything has moved.
        """
        survivor = fire(self.name, [tokens[0] for tokens in here.values()])  # type: ignore[attr-defined]
        if survivor is not task:
            life.go_on(survivor)
        return survivor is task

    def arrived(self, task: Any) -> dict[str, list[Any]]:
        """The tokens that have come here in the same scope, by the flow they came by, oldest first."""
        found: dict[str, list[Any]] = {}
        scope = task.scope
        for one in task.workflow.tasks.values():
            if one.task_spec is self and one.is_live and FLOW in one.internal_data and one.scope is scope:
                found.setdefault(one.internal_data[FLOW], []).append(one)
        return found

    def may_fire(self, task: Any, full: set[str]) -> bool:
        """True when the tokens that are here may go on."""
        raise NotImplementedError


def fire(name: str, tokens: list[Any]) -> Any:
    """Make one of the tokens, the one whose branch split off last: its ancestors include the splits that are still
    open, so that later joins find their base. Raises MergeConflict before anything has moved."""
    workflow = tokens[0].workflow
    lines = {token.id: token.lineage() for token in tokens}
    base = max(set.intersection(*map(set, lines.values())))
    in_order = [token.variables for token in sorted(tokens, key=lambda token: int(token.id))]
    data = workflow.run.merged(name, workflow.tasks[base].variables, in_order)
    elsewhere = {above for one in workflow.live() if one.id not in lines for above in one.lineage()}
    survivor = max(tokens, key=lambda token: (max(elsewhere.intersection(lines[token.id]), default=0), token.id))
    survivor.data = data
    survivor.internal_data = {}
    for token in tokens:
        if token is not survivor:
            token._set_state(TaskState.COMPLETED)
            workflow.run.left(token)
    return survivor


class Parallel(Joining, defaults.ParallelGateway):
    """Waits for one token on every incoming flow; sends one along every outgoing flow."""

    def may_fire(self, task: Any, full: set[str]) -> bool:
        return full.issuperset(self.element.comes_by)


class Inclusive(Joining, BpmnSpecMixin):
    """Sends a token along every flow whose condition holds, else the default; waits for those that can still come."""

    several = True

    def may_fire(self, task: Any, full: set[str]) -> bool:
        """BPMN 2.0, 10.6.3: a token elsewhere is waited for if it can reach an empty flow, but no full one."""
        empty = set(self.element.comes_by) - full
        if not empty:
            return True
        workflow, scope = task.workflow, task.scope
        for other in workflow.tasks.values():
            if other.task_spec is self or not other.is_live or other.watching or other is workflow.task_tree:
                continue
            here = _lifted(other, scope)
            if here is None:
                continue
            ahead = workflow.definition.flows_ahead(here, without=self.element.id)
            if ahead & empty and not ahead & full:
                return False
        return True

    way = Exclusive.way


def _lifted(task: Any, scope: Any) -> str | None:
    """The element of the scope in which the token is, directly or further inside; None: it is elsewhere."""
    while task is not None and task is not scope:
        name = task.task_spec.name
        if task.task_spec.scope == scope.task_spec.name and task.scope is scope:
            return str(name)
        task = task.above
    return None


KINDS: dict[str, Any] = {
    "task": Automatic,
    "manualTask": Manual,
    "userTask": Work,
    "serviceTask": Service,
    "scriptTask": Service,
    "sendTask": Service,
    "businessRuleTask": Service,
    "receiveTask": Receive,
    "callActivity": Calling,
    "subProcess": Inside,
    "transaction": Inside,
    "startEvent": Begin,
    "boundaryEvent": Boundary,
    "intermediateCatchEvent": Catch,
    "intermediateThrowEvent": Throw,
    "endEvent": Throw,
    "exclusiveGateway": Exclusive,
    "inclusiveGateway": Inclusive,
    "parallelGateway": Parallel,
    "eventBasedGateway": EventGateway,
}


def build(key: str, elements: dict[str, Element], process: Element) -> ProcessSpec:
    """The graph of specs of a process, wired once; running it never changes it."""
    spec = ProcessSpec(key)
    spec.start.element = process
    for name, element in elements.items():
        made = KINDS[element.kind](spec, name)
        made.element = element
        made.scope = element.scope or ROOT
    for name, element in elements.items():
        for out in element.outs:
            spec.task_specs[name].connect(spec.task_specs[out.target])
    return spec


__all__ = ["HANDLES", "KINDS", "ROOT", "Lean", "ProcessSpec", "build", "choose"]
