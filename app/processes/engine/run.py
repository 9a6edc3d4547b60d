"""One step of an instance: load, do, run to where people are needed, save. Nothing here touches the database.

A run is used once. If it raises, it is thrown away; what was stored before is then still the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from SpiffWorkflow.util.task import TaskState

from app.core import jsontext
from app.core.expressions import ExpressionFailed
from app.core.i18n import _
from app.processes.engine.codec import pack, unpack
from app.processes.engine.definition import Definition
from app.processes.engine.elements import Gateway, ServiceStep, UserWork
from app.processes.engine.errors import EngineFault, TokenNotReady
from app.processes.engine.workflow import Token, Tokens

CHUNK = 50
"""Elements run between two prunings."""
STEP_LIMIT = 10_000
"""Elements run in one step; more means a loop that never needs a person."""


class Callbacks(Protocol):
    """What a run asks of the world."""

    def decide(self, gateway: Gateway, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The outcome of the gateway's rule set, kept as `decisions.<gateway>` (so keep it small). Only reads."""

    def perform(self, element: ServiceStep, variables: dict[str, Any]) -> dict[str, Any] | None:
        """Do the service step with a copy of the variables; what it answers is merged into the variables."""


@dataclass(frozen=True)
class Happening:
    """One line of history: `entered`; instead of it `decided` (gateway) and `performed` (service step) when that was
    at once; `completed` (a person's task), `ended`. `flow` is the way a token came, so it is set once per visit."""

    kind: str
    element: str
    flow: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """A user task that a token has reached. `excluded`: who may not do it (four eyes)."""

    token: int
    element: UserWork
    variables: Mapping[str, Any]
    excluded: str | None = None


@dataclass(frozen=True)
class Step:
    """What a step came to."""

    state: bytes
    completed: bool
    opened: tuple[Opened, ...]
    closed: tuple[int, ...]
    """Tokens whose user tasks are gone without having been completed."""
    happenings: tuple[Happening, ...]


class Run:
    """The step while it is made; specs reach it as `workflow.run`."""

    def __init__(self, definition: Definition, callbacks: Callbacks) -> None:
        self.definition = definition
        self.callbacks = callbacks
        self.happenings: list[Happening] = []
        self.done_by: dict[str, str] = {}
        self.workflow: Tokens
        self._arrivals: dict[int, int] = {}
        """Token → index of the line that tells of its arrival in this step."""

    def begin(self, variables: Mapping[str, Any]) -> Step:
        """Make the tree and run it."""
        self.workflow = Tokens(self.definition, self)
        self.workflow.plant(jsontext.plain(dict(variables)))
        return self._to_next_wait(before=set())

    def load(self, state: bytes) -> None:
        """Take up a stored instance."""
        self.workflow, self.done_by = unpack(
            state, lambda last_id, ticks: Tokens(self.definition, self, last_id=last_id, ticks=ticks)
        )

    def complete(self, token: int, answers: Mapping[str, Any], by: str) -> Step:
        """A person has done a user task. Raises TokenNotReady."""
        task = self.workflow.tasks.get(token)
        if task is None or task._state != TaskState.READY or not task.task_spec.manual:
            raise TokenNotReady(token=token)
        before = {one.id for one in self.workflow.ready(manual=True)} - {token}
        name = task.task_spec.name
        given = jsontext.plain(dict(answers))
        task.data["answers"] = {**task.data.get("answers", {}), name: given}
        task.data["answered"] = name
        self.done_by[name] = by
        self.happenings.append(Happening("completed", name, None, {"answers": given}))
        task.run()
        return self._to_next_wait(before)

    def _to_next_wait(self, before: set[int]) -> Step:
        done = 0
        while not self.workflow.completed and (ready := self.workflow.ready(manual=False)):
            for task in ready:
                if task._state == TaskState.READY:
                    task.run()
                    done += 1
            if done > STEP_LIMIT:
                reason = _("more than %(limit)s elements ran without a person", limit=STEP_LIMIT)
                raise EngineFault(ready[0].task_spec.name, reason)
            if len(self.workflow.tasks) > CHUNK:
                self.workflow.prune()
        return self._result(before)

    def _result(self, before: set[int]) -> Step:
        workflow = self.workflow
        waiting = {} if workflow.completed else {task.id: task for task in workflow.ready(manual=True)}
        if not workflow.completed and not waiting:
            self._refuse_standstill()
        if workflow.completed:
            self.happenings.append(Happening("ended", self.definition.key))
        workflow.prune()
        made = Step(
            state=pack(workflow, self.done_by),
            completed=workflow.completed,
            opened=tuple(self._opened(task) for name, task in waiting.items() if name not in before),
            closed=tuple(sorted(before - waiting.keys())),
            happenings=tuple(self.happenings),
        )
        workflow.take_apart()
        return made

    def _refuse_standstill(self) -> None:
        stuck = [
            task.task_spec.name for task in self.workflow.live() if task.task_spec.name in self.definition.elements
        ]
        where = ", ".join(sorted(set(stuck))) or self.definition.key
        raise EngineFault(where, _("it waits for something that can never come"))

    def _opened(self, task: Token) -> Opened:
        element = self.definition.elements[task.task_spec.name]
        assert isinstance(element, UserWork)  # noqa: S101 - only user tasks wait for people
        excluded = self.done_by.get(element.four_eyes) if element.four_eyes else None
        return Opened(task.id, element, task.data, excluded)

    # What specs ask for

    def arrived(self, source: Token, target: Token) -> None:
        """A token has moved."""
        name = target.task_spec.name
        if name in self.definition.elements:
            flow = self.definition.flows.get((source.task_spec.name, name))
            self._arrivals[target.id] = len(self.happenings)
            self.happenings.append(Happening("entered", name, flow))

    def _tell(self, task: Token, kind: str, details: Mapping[str, Any]) -> None:
        """What a token did: said in the line of its arrival, if that was in this step."""
        index = self._arrivals.get(task.id)
        if index is None:
            self.happenings.append(Happening(kind, task.task_spec.name, None, details))
        else:
            self.happenings[index] = Happening(kind, task.task_spec.name, self.happenings[index].flow, details)

    def perform(self, task: Token) -> None:
        """Do the step of a service task."""
        element = self.definition.elements[task.task_spec.name]
        assert isinstance(element, ServiceStep)  # noqa: S101 - the parser makes Service of service tasks only
        answer = jsontext.plain(self.callbacks.perform(element, jsontext.plain(task.data)) or {})
        task.data.update(answer)
        self._tell(task, "performed", {"step": element.step, "changed": answer})

    def choose(self, task: Token, *, several: bool) -> list[str]:
        """The flows along which tokens leave a gateway."""
        gateway = self.definition.elements[task.task_spec.name]
        assert isinstance(gateway, Gateway)  # noqa: S101 - the parser makes Choosing of gateways only
        if not gateway.diverging:
            return [str(gateway.default_flow)]
        outcome = self._decided(gateway, task)
        answers = task.data.get("answers", {})
        scope = {**task.data, "decision": outcome, "answer": answers.get(task.data.get("answered"), {})}
        chosen = []
        for flow, condition in gateway.conditions:
            if self._holds(gateway, condition, scope):
                chosen.append(flow)
                if not several:
                    break
        chosen = chosen or [str(gateway.default_flow)]
        self._tell(task, "decided", {"flows": chosen, "decision": outcome})
        return chosen

    def _decided(self, gateway: Gateway, task: Token) -> dict[str, Any]:
        if gateway.rule_set is None:
            return {}
        outcome: dict[str, Any] = jsontext.plain(self.callbacks.decide(gateway, task.data))
        task.data["decisions"] = {**task.data.get("decisions", {}), gateway.id: outcome}
        return outcome

    def _holds(self, gateway: Gateway, condition: Any, scope: Mapping[str, Any]) -> bool:
        try:
            return bool(condition.holds(scope))
        except ExpressionFailed as error:
            raise EngineFault(gateway.id, error.sentence()) from error


def begin(definition: Definition, variables: Mapping[str, Any], callbacks: Callbacks) -> Step:
    """Start an instance and run it to where people are needed. `variables` are JSON values."""
    return Run(definition, callbacks).begin(variables)


def resume(
    definition: Definition,
    state: bytes,
    *,
    token: int,
    answers: Mapping[str, Any],
    by: str,
    callbacks: Callbacks,
) -> Step:
    """Complete a user task and run on. Raises TokenNotReady, EngineFault, and whatever the callbacks raise."""
    run = Run(definition, callbacks)
    run.load(state)
    return run.complete(token, answers, by)


class _Silent:
    """For reading a state: nothing is asked of the world."""

    def decide(self, gateway: Gateway, variables: Mapping[str, Any]) -> dict[str, Any]:
        raise EngineFault(gateway.id, _("a stored instance is only read here"))

    def perform(self, element: ServiceStep, variables: dict[str, Any]) -> dict[str, Any] | None:
        raise EngineFault(element.id, _("a stored instance is only read here"))


def open_tokens(definition: Definition, state: bytes) -> dict[int, str]:
    """Where the tokens of a stored instance are: token → element, user tasks and waiting joins alike."""
    run = Run(definition, _Silent())
    run.load(state)
    if run.workflow.completed:
        return {}
    names = {task.id: task.task_spec.name for task in run.workflow.live()}
    return {token: name for token, name in names.items() if name in definition.elements}
