"""Gateways: which flows are taken, and how tokens that meet become one."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.util.task import TaskState

from app.core.expressions import ExpressionFailed
from app.core.i18n import _
from app.processes.engine import life
from app.processes.engine.elements import Gateway, Out
from app.processes.engine.errors import EngineFault
from app.processes.engine.keys import ANY_FLOW, FAULT, FLOW, PHASE
from app.processes.engine.spec_base import Lean
from app.processes.engine.workflow import LIVE


class EventGateway(Lean, BpmnSpecMixin):
    """Waits for whichever of the events behind it comes first."""

    waits = "events"

    def do(self, task: Any) -> bool:
        try:
            for out in self.element.outs:
                spec = task.workflow.specs[out.target]
                arm = task._add_child(spec, TaskState.FUTURE)
                arm._inherit_data()
                task.workflow.run.arrived(arm, out.flow)
                arm._set_state(TaskState.STARTED)
                spec.do(arm)
        except (EngineFault, ExpressionFailed):
            task.end_below()  # all of them wait, or none
            raise
        return False

    def way(self, task: Any) -> tuple[Out, ...]:
        """It is left by what comes, so it cannot be skipped; a retry waits anew."""
        task.internal_data.pop(PHASE, None)
        raise EngineFault(self.element.id, _("one of the events behind it must come"))


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
            task.workflow.run.try_to(survivor, life.go_on)
        return survivor is task

    def arrived(self, task: Any) -> dict[str, list[Any]]:
        """The tokens that have come here in the same scope, by the flow they came by, oldest first; not those that a
        job has yet to bring in or out, or that are parked."""
        found: dict[str, list[Any]] = {}
        scope = task.scope
        for one in task.workflow.tasks.values():
            if one.task_spec is not self or not one.is_live or one.scope is not scope:
                continue
            kept = one.internal_data
            if FLOW in kept and PHASE not in kept and FAULT not in kept:
                found.setdefault(kept[FLOW], []).append(one)
        if ANY_FLOW in found:
            put = found.pop(ANY_FLOW)
            missing = [flow for flow in self.element.comes_by if flow not in found]
            found |= {flow: [one] for flow, one in zip(missing, put, strict=False)}
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
    elsewhere = _ancestors(workflow, [one for one in workflow.live() if one.id not in lines])
    survivor = max(tokens, key=lambda token: (max(elsewhere.intersection(lines[token.id]), default=0), token.id))
    survivor.data = data
    survivor.internal_data = {}
    for token in tokens:
        if token is not survivor:
            token._set_state(TaskState.COMPLETED)
            workflow.run.left(token)
    return survivor


def _ancestors(workflow: Any, tokens: list[Any]) -> set[int]:
    """The ids of all that these descend from."""
    tasks, found = workflow.tasks, set[int]()
    for token in tokens:
        above = token._parent
        while above is not None and above not in found:
            found.add(above)
            above = tasks[above]._parent
    return found


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
        if empty & self._held_up(task):
            return False
        return not any(self._may_still_come(task, name, empty, full) for name in _places(task, task.scope))

    def _held_up(self, task: Any) -> set[str]:
        """The flows by which tokens have come that are parked here, or that a job has yet to bring in."""
        here = (one for one in task.workflow.tasks.values() if one.task_spec is self and one.is_live)
        kept = (one.internal_data for one in here if one.scope is task.scope)
        return {one[FLOW] for one in kept if FLOW in one and (FAULT in one or PHASE in one)}

    def _may_still_come(self, task: Any, name: str, empty: set[str], full: set[str]) -> bool:
        ahead = task.workflow.definition.flows_ahead(name, without=self.element.id)
        return bool(ahead & empty) and not ahead & full

    way = Exclusive.way


def _places(task: Any, scope: Any) -> set[str]:
    """The elements of the scope at which, or inside which, there are tokens that are not at this join and do not
    only watch; there may be thousands of tokens, and a few elements."""
    workflow, mine, name = task.workflow, task.task_spec, scope.task_spec.name
    root, found, deeper = workflow.task_tree, set[str](), []
    for other in workflow.tasks.values():
        spec, state = other.task_spec, other._state
        if spec is mine or not state & LIVE or state == TaskState.WAITING or other is root:
            continue
        if spec.scope != name:
            deeper.append(other)
        elif spec.name not in found and other.scope is scope:
            found.add(spec.name)
    found.update(place for other in deeper if (place := _lifted(other, scope)) is not None)
    return found


def _lifted(task: Any, scope: Any) -> str | None:
    """The element of the scope in which the token is, directly or further inside; None: it is elsewhere."""
    while task is not None and task is not scope:
        name = task.task_spec.name
        if task.task_spec.scope == scope.task_spec.name and task.scope is scope:
            return str(name)
        task = task.above
    return None
