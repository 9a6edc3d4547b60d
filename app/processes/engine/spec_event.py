"""Events: started with, waited for, attached, thrown."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.util.task import TaskState

from app.processes.engine import compensation, scopes, throwing, watching
from app.processes.engine.elements import Out
from app.processes.engine.keys import UNDO
from app.processes.engine.spec_base import Lean
from app.processes.engine.values import whole


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
            seen = run.sees(task)
            task.wait = {"topic": str(event.topic.of(seen)), "priority": whole(event.priority, seen)}
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
        run, event = task.workflow.run, self.element
        code = None if event.ref is None else event.ref.text
        said = "" if event.message is None else str(event.message.of(run.sees(task)))
        return bool(throwing.throw(task, "error", code, said, {})) or run.escaped(task, "error", code, said)

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
        return "compensation" if UNDO in task.internal_data else "external"
