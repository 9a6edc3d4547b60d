"""The behaviour of each element: SpiffWorkflow's specs without prediction, recursion, clocks and Python scripts.

A spec belongs to a definition and is shared by all its instances, so nothing here may change one. What belongs to a
run is reached through `task.workflow.run`.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask, SimpleBpmnTask
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, ParallelGateway, ServiceTask, StartEvent, UserTask
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition, TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from app.processes.engine.merge import merged

ARRIVED = TaskState.FUTURE | TaskState.WAITING


class Lean:
    """Mixed into every spec: children are made when a task completes, not predicted ahead.

    A tree therefore holds tokens and their path only. Specs of the library that do predict (none are run yet) still
    get their prediction when they are reached.
    """

    def test(self) -> None:
        """The lint has looked at the structure already."""

    def _predict(self, my_task: Any, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """No task is made before a token needs it."""

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()
        return True

    def _on_ready(self, my_task: Any) -> None:
        """Nothing happens on the way to READY."""

    def _run_hook(self, my_task: Any) -> bool:
        return True

    def _on_complete_hook(self, my_task: Any) -> None:
        self.go_on(my_task, self.outputs)  # type: ignore[attr-defined]

    def go_on(self, my_task: Any, outputs: list[Any]) -> None:
        """Move the token to the outputs: all of them exist before the first is looked at."""
        mask = TaskState.FUTURE | TaskState.PREDICTED_MASK
        for spec in outputs:
            child = my_task._add_child(spec, TaskState.FUTURE)
            spec._predict(child, mask=mask)
            my_task.workflow.run.arrived(my_task, child)


class Start(Lean, BpmnStartTask):
    """The root of a tree."""

    def connect_or_add_trigger(self, task_spec: Any, sp_spec: Any) -> None:
        """Wire an event subprocess when the diagram is read, not when it is first triggered.

        The library does the latter and so changes the diagram under every later instance.
        """
        super().connect_or_add_trigger(task_spec, sp_spec)
        if sp_spec.name in self.trigger_specs and self.name not in task_spec._inputs:
            task_spec._inputs.append(self.name)
            task_spec.connect(self._wf_spec.end)


class Passed(Lean, SimpleBpmnTask):
    """The last task of a process."""


class AllGone(Lean, SimpleBpmnTask):
    """Waits until no token is left but those that have ended."""

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()
        others = [task for task in my_task.workflow.tasks.values() if task is not my_task and task.is_live]
        for task in others:
            if task.task_spec is self:
                task._set_state(TaskState.COMPLETED)
        if any(task.is_live for task in others):
            my_task._set_state(TaskState.WAITING)
            return False
        return True


class ProcessSpec(BpmnProcessSpec):
    """The graph of one process with our start and end."""

    def __init__(self, name: str | None = None, description: str | None = None, filename: str | None = None) -> None:
        super().__init__(name=name, description=description, filename=filename)
        self.task_specs.clear()
        self.start = Start(self, "Start")
        self.end = AllGone(self, f"{self.name}.EndJoin")
        self.end.connect(Passed(self, "End"))


class Begin(Lean, StartEvent):
    """A none start event; others behave as the library has them."""

    def _update_hook(self, my_task: Any) -> bool:
        if isinstance(self.event_definition, NoneEventDefinition):
            return Lean._update_hook(self, my_task)
        return bool(StartEvent._update_hook(self, my_task))

    def _run_hook(self, my_task: Any) -> bool:
        if isinstance(self.event_definition, NoneEventDefinition):
            return True
        return bool(StartEvent._run_hook(self, my_task))


class Finish(Lean, EndEvent):
    """A none or terminate end event."""

    def _on_complete_hook(self, my_task: Any) -> None:
        if not isinstance(self.event_definition, TerminateEventDefinition):
            Lean._on_complete_hook(self, my_task)
            return
        for task in my_task.workflow.tasks.values():
            if task.is_live:
                task._set_state(TaskState.CANCELLED)
        my_task.workflow._mark_complete(my_task)


class Automatic(Lean, BpmnSpecMixin):
    """An undefined task: a token passes."""


class Work(Lean, UserTask):
    """A user task: waits for a person."""


class Service(Lean, ServiceTask):
    """A service task: its step is done inside the transaction; what it returns is merged."""

    def _run_hook(self, my_task: Any) -> bool:
        my_task.workflow.run.perform(my_task)
        return True


class Joining(Lean):
    """What parallel and inclusive gateways share: tokens wait here, then go on as one with merged data."""

    def _update_hook(self, my_task: Any) -> bool:
        if len(self._inputs) < 2:  # type: ignore[attr-defined]
            my_task._inherit_data()
            return True
        my_task._inherit_data()
        my_task._set_state(TaskState.WAITING)
        arrived = self.arrived(my_task.workflow)
        if not self.may_fire(my_task.workflow, arrived):
            return False
        self.fire([tokens[0] for tokens in arrived.values()])
        return False

    def arrived(self, workflow: Any) -> dict[str, list[Any]]:
        """The tokens that wait here, by the element they came from, oldest first."""
        found: dict[str, list[Any]] = {}
        for task in workflow.tasks.values():
            if task.task_spec is self and task._state & ARRIVED:
                found.setdefault(task.parent.task_spec.name, []).append(task)
        return found

    def may_fire(self, workflow: Any, arrived: dict[str, list[Any]]) -> bool:
        """True when the tokens that are here may go on."""
        raise NotImplementedError

    def fire(self, tokens: list[Any]) -> None:
        """Consume the tokens and let one of them go on, the one whose branch split off last.

        Its ancestors include the splits that are still open, so that later joins find their base.
        """
        lines = {token.id: token.lineage() for token in tokens}
        base = max(set.intersection(*map(set, lines.values())))
        workflow = tokens[0].workflow
        elsewhere = {name for task in workflow.live() if task.id not in lines for name in task.lineage()}
        survivor = max(tokens, key=lambda token: (max(elsewhere.intersection(lines[token.id]), default=0), token.id))
        in_order = [token.data for token in sorted(tokens, key=lambda token: int(token.id))]
        survivor.data = merged(self.name, workflow.tasks[base].data, in_order)  # type: ignore[attr-defined]
        for token in tokens:
            if token is not survivor:
                token._set_state(TaskState.COMPLETED)
        survivor._ready()


class Parallel(Joining, ParallelGateway):
    """Waits for one token on every incoming flow; sends one along every outgoing flow."""

    def may_fire(self, workflow: Any, arrived: dict[str, list[Any]]) -> bool:
        return len(arrived) == len(self._inputs)


class Choosing(Lean):
    """What exclusive and inclusive gateways share: flows by id, chosen by the run (rule set and conditions)."""

    def add_flow(self, flow_id: str, target: Any) -> None:
        """Connect an outgoing flow; called while the diagram is read."""
        self.flows[flow_id] = target.name  # type: ignore[attr-defined]
        super().connect(target)  # type: ignore[misc]

    def _on_complete_hook(self, my_task: Any) -> None:
        chosen = my_task.workflow.run.choose(my_task, several=self.several)  # type: ignore[attr-defined]
        specs = self._wf_spec.task_specs  # type: ignore[attr-defined]
        self.go_on(my_task, [specs[self.flows[flow]] for flow in chosen])  # type: ignore[attr-defined]


class Exclusive(Choosing, BpmnSpecMixin):
    """One token in, one token out, along the first flow whose condition holds, else the default."""

    several = False

    def __init__(self, wf_spec: Any, bpmn_id: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **kwargs)
        self.flows: dict[str, str] = {}


class Inclusive(Choosing, Joining, BpmnSpecMixin):
    """Sends a token along every flow whose condition holds, else the default; waits for those that can still come."""

    several = True

    def __init__(self, wf_spec: Any, bpmn_id: str, **kwargs: Any) -> None:
        super().__init__(wf_spec, bpmn_id, **kwargs)
        self.flows: dict[str, str] = {}

    def may_fire(self, workflow: Any, arrived: dict[str, list[Any]]) -> bool:
        """BPMN 2.0, 10.6.3: a token elsewhere is waited for if it can reach an empty flow, but no full one."""
        full = set(arrived)
        empty = set(self._inputs) - full
        if not empty:
            return True
        for task in workflow.tasks.values():
            if task.is_live and task.task_spec is not self:
                ahead = workflow.definition.ahead(task.task_spec.name, without=self.name)
                if ahead & empty and not ahead & full:
                    return False
        return True
