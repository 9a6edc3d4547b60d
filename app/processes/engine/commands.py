"""What can be done to a running instance from outside. Each is one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.core.expressions import NOW, ExpressionFailed
from app.core.i18n import _
from app.processes.engine import conditions, life, loops, persons, scopes, sharing, throwing, watching
from app.processes.engine.errors import EngineFault, TokenNotReady
from app.processes.engine.keys import ANY_FLOW, CHANGES, FAULT, FLOW, INSTANCE, LOCALS, PHASE
from app.processes.engine.merge import KEPT_BY_ENGINE
from app.processes.engine.results import Happening
from app.processes.engine.values import ENGINE_NAMES, brief, from_outside, kept, plain

HIDDEN = ENGINE_NAMES | KEPT_BY_ENGINE
"""Variables that are no business of people."""


@dataclass(slots=True)
class Complete:
    """A person has done a user task: `answers` of its form, or plain `variables`."""

    token: int
    answers: Mapping[str, Any] | None = None
    by: str = ""
    """Who; after a space, on whose behalf."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)

    def do(self, run: Any) -> None:
        """Write the answers and go on. Raises SamePerson."""
        task = waiting(run, self.token, "user")
        name = task.task_spec.name
        persons.refuse_same(run, task, self.by)
        changed = from_outside(self.variables)
        if self.answers is not None:
            given = plain(dict(self.answers))
            changed["answers"] = {**kept(task.variables, "answers"), name: given}
            changed["answered"] = name
            told = {"answers": given}
        else:
            told = {"variables": changed} if changed else {}
        run.tell(task, "completed", {**told, "on_behalf_of": self.by.split()[1]} if " " in self.by else told)
        if self.by:
            persons.acted(run, task, self.by)
            run.acted = tuple(self.by.split())
        _take(task, {}, self.local)
        task.assign(changed)
        run.try_to(task, life.go_on)


@dataclass(frozen=True)
class Go:
    """What a token waited for is done: an external task, a job, a receive task, a called instance (`returned`)."""

    token: int
    kinds: tuple[str, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)
    returned: bool = False
    """`variables` are those of a called instance: the diagram says which come back."""

    def do(self, run: Any) -> None:
        """Take the values and go on."""
        task = waiting(run, self.token, *self.kinds)
        if task.internal_data.get(PHASE) in ("before", "after"):
            run.try_to(task, _continue)
            return
        if self.returned:
            run.try_to(task, lambda one: _bring_back(run, one, self.variables))
            if FAULT in task.internal_data:
                return
        else:
            if self.variables:
                run.tell(task, "assigned", {"variables": from_outside(self.variables)})
            _take(task, self.variables, self.local)
        if task.task_spec.wait_kind(task) in ("message", "trigger"):
            run.came(task, {})
        elif not conditions.is_ended_by_condition(run, task):
            run.try_to(task, life.go_on)


@dataclass(frozen=True)
class Arrive:
    """An event has come that the token waited for: its timer is due, its message or signal is here."""

    token: int
    kinds: tuple[str, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)

    def do(self, run: Any) -> None:
        """Tell the token."""
        task = waiting(run, self.token, *self.kinds)
        if self.local and not task.watching:
            task.set_local(from_outside(self.local))
        run.came(task, from_outside({**self.variables, **(self.local if task.watching else {})}))


@dataclass(frozen=True)
class Hear:
    """A signal for the whole instance."""

    name: str
    variables: Mapping[str, Any] = field(default_factory=dict)

    def do(self, run: Any) -> None:
        """Whoever waits for it goes on."""
        throwing.broadcast(run.workflow, self.name, from_outside(self.variables))


@dataclass(frozen=True)
class Fail:
    """An error or escalation of the diagram comes from outside: an external worker, a called instance."""

    token: int
    trigger: str
    code: str | None
    message: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    returned: bool = False
    """`variables` are those of a called instance: the diagram says which come back."""

    def do(self, run: Any) -> None:
        """Find who catches it; an error that nobody catches parks the token."""
        task = waiting(run, self.token)
        given = from_outside(self.variables)
        if self.returned:
            run.try_to(task, lambda one: _bring_back(run, one, given))
            if FAULT in task.internal_data:
                return
            given = {}
        _fail(run, task, self.trigger, self.code, self.message, given)


@dataclass(frozen=True)
class Report:
    """A worker tells of an external task, done or failed: an error where the diagram says so, else nothing but its
    variables are taken."""

    token: int
    told: Mapping[str, Any]
    """What expressions see as `externalTask`."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    """Then an expression that cannot be evaluated does not hold; else it parks the token."""

    def do(self, run: Any) -> None:
        """Look which error it is, if any."""
        task = waiting(run, self.token, "external")
        _take(task, self.variables, self.local)
        run.try_to(task, lambda one: self._judge(run, one))

    def _judge(self, run: Any, task: Any) -> None:
        scope = {**run.sees(task), "externalTask": plain(dict(self.told))}
        for error in task.element.errors:
            if self._holds(error.when, scope):
                _fail(run, task, "error", error.code, str(self.told.get("errorMessage") or ""), {})
                return

    def _holds(self, when: Any, scope: Mapping[str, Any]) -> bool:
        try:
            return bool(when.holds(scope))
        except ExpressionFailed:
            if self.failed:
                return False
            raise


def _fail(  # noqa: PLR0917 - what is thrown, and where
    run: Any, task: Any, trigger: str, code: str | None, message: str, given: dict[str, Any]
) -> None:
    if throwing.throw(task, trigger, code, message, given):
        return
    if trigger == "escalation":
        run.escaped(task, "escalation", code, message)
    elif run.called:
        run.escaped(task, "error", code, message)
    else:
        run.park(task, EngineFault(task.element.id, _("nobody catches the error “%(code)s”", code=code)))


@dataclass(frozen=True)
class Assign:
    """Variables are set, or removed, from outside: on every path, so that branches do not contradict each other; with
    a token only there, and they end with its activity."""

    variables: Mapping[str, Any]
    removed: Sequence[str] = ()
    token: int | None = None
    reason: str = ""

    def do(self, run: Any) -> None:
        """Set them."""
        values = plain(dict(self.variables))
        if self.token is not None:
            task = run.workflow.tasks.get(self.token)
            if task is None or not task.is_live:
                raise TokenNotReady(token=self.token)
            run.tell(task, "assigned", self._change(task.internal_data.get(LOCALS, {}), values))
            task.set_local(values)
            for name in self.removed:
                task.internal_data[LOCALS].pop(name, None)
            return
        seen = sharing.seen_inside(run.workflow.task_tree)
        run.happenings.append(Happening("assigned", "", None, self._change(seen, values)))
        run.workflow.note_changes(dict.fromkeys((*values, *self.removed)), run.workflow.task_tree.variables)
        for task in run.workflow.tasks.values():
            task.data = {**{k: v for k, v in task.data.items() if k not in self.removed}, **values}
            if CHANGES in task.internal_data:
                changes = task.internal_data[CHANGES]
                left = {k: v for k, v in changes.items() if k not in self.removed and k not in values}
                task.internal_data[CHANGES] = left

    def _change(self, seen: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """What the history says: values before and after, only of those that differ."""
        told = {name: value for name, value in values.items() if name not in HIDDEN}
        changed = {name: value for name, value in told.items() if name not in seen or seen[name] != value}
        gone = [name for name in self.removed if name in seen and name not in HIDDEN]
        before = {name: brief(seen[name]) for name in (*changed, *gone) if name in seen}
        after = {name: brief(value) for name, value in changed.items()}
        said = {"before": before, "after": after, "removed": gone, "reason": self.reason}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Retry:
    """A parked token is taken up again where it failed; with `skip` its work counts as done with these values (what
    only watches is given up)."""

    token: int
    variables: Mapping[str, Any] = field(default_factory=dict)
    skip: bool = False

    def do(self, run: Any) -> None:
        """Take it up."""
        task = waiting(run, self.token, *(() if self.skip else ("fault",)))
        task.internal_data.pop(FAULT, None)
        if task.watching:
            task._set_state(TaskState.CANCELLED) if self.skip else run.try_to(task, watching.expect)
            return
        if self.variables:
            task.assign(from_outside(self.variables))
        if self.skip:
            run.decide_race(task)
            task.end_below()
            task.internal_data[PHASE] = "done"
        task._set_state(TaskState.READY)


@dataclass(frozen=True)
class Park:
    """What a token waited for cannot come; somebody must look."""

    token: int
    reason: str

    def do(self, run: Any) -> None:
        """Park it."""
        task = waiting(run, self.token)
        run.park(task, EngineFault(task.element.id, self.reason))


@dataclass(frozen=True)
class Move:
    """An operator ends tokens and puts others on elements."""

    cancel: Sequence[int] = ()
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)

    def do(self, run: Any) -> None:
        """New tokens first, so that no scope ends for being empty in between."""
        workflow = run.workflow
        if self.variables:
            Assign(self.variables).do(run)
        doomed = [workflow.tasks.get(name) for name in self.cancel]
        if any(task is None or not task.is_live for task in doomed):
            raise TokenNotReady(token=list(self.cancel))
        near = {above for task in doomed for above in task.lineage()}
        for name, phase in [*((one, None) for one in self.before), *((one, "leaving") for one in self.after)]:
            _put(workflow, name, phase, near)
        for task in doomed:
            if task.is_live:
                _end(run, task)
        for task in doomed:
            if INSTANCE in task.internal_data and task.above.is_live:
                run.try_to(task.above, loops.one_less)
            elif task.scope.is_live:
                scopes.close_if_empty(task.scope)


@dataclass(frozen=True)
class Nothing:
    """Only look again: conditions may hold by now."""

    def do(self, run: Any) -> None:
        """Nothing."""
        del run


def _end(run: Any, task: Any) -> None:
    """What it has changed so far stays, as if it had come to an end event."""
    watched = task.watching
    task.data = sharing.seen_inside(task)
    task.internal_data.pop(CHANGES, None)
    task.end()
    run.tell(task, "moved", {})
    if not watched:
        sharing.hand_over(task, task.above if INSTANCE in task.internal_data else task.scope)


def _put(workflow: Any, name: str, phase: str | None, near: set[int]) -> None:
    """A token on an element; scopes around it that do not run yet are begun without their start. Of several that run
    it is put in the one that is near."""
    spec = workflow.specs.get(name)
    if spec is None or spec is workflow.task_tree.task_spec:
        raise EngineFault(name, _("there is no such element"))
    scope = _scope_for(workflow, spec.scope, near)
    seen = sharing.share_all(scope)
    task = scope._add_child(spec, TaskState.FUTURE)
    task.data = seen
    if spec.joins:
        task.internal_data[FLOW] = ANY_FLOW
    if phase is not None:
        task.internal_data[PHASE] = phase
    workflow.run.arrived(task, None)
    task._set_state(TaskState.READY)


def _scope_for(workflow: Any, name: str, near: set[int]) -> Any:
    root = workflow.task_tree
    if name == root.task_spec.name:
        return root
    running = [
        task for task in workflow.live() if task.task_spec.name == name and task.task_spec.wait_kind(task) == "scope"
    ]
    if running:
        return next((task for task in running if task.id in near), running[-1])
    spec = workflow.specs[name]
    above = _scope_for(workflow, spec.scope, near)
    seen = sharing.share_all(above)
    scope = above._add_child(spec, TaskState.FUTURE)
    scope.data = seen
    workflow.run.arrived(scope, None)
    scope._set_state(TaskState.STARTED)
    watching.watch_boundaries(scope)
    scopes.watch(scope)
    return scope


def waiting(run: Any, token: int, *kinds: str) -> Any:
    """The token, if it is at work and waits for one of these. Raises TokenNotReady."""
    task = run.workflow.tasks.get(token)
    if task is None or not task.is_live or task is run.workflow.task_tree:
        raise TokenNotReady(token=token)
    if kinds and task.task_spec.wait_kind(task) not in kinds:
        raise TokenNotReady(token=token)
    return task


def _take(task: Any, variables: Mapping[str, Any], local: Mapping[str, Any]) -> None:
    if local:
        task.set_local(from_outside(local))
    if variables:
        task.assign(from_outside(variables))


def _continue(task: Any) -> None:
    """A job does what an asynchronous continuation left to it."""
    if task.internal_data[PHASE] == "before":
        task._set_state(TaskState.READY)
    elif life.depart(task):
        task.complete()


def _bring_back(run: Any, task: Any, variables: Mapping[str, Any]) -> None:
    """Take over what comes back from a called instance, as the diagram says."""
    element = task.element
    given = plain(dict(variables))
    scope = {**given, **run.callbacks.context, NOW: run.now}
    found = {name: value for name, value in given.items() if name not in ENGINE_NAMES} if element.all_out else {}
    if "_types" in found:
        found["_types"] = {**task.variables.get("_types", {}), **found["_types"]}
    local = found if element.all_out == "local" else {}
    found = {} if local else found
    for one in element.outs_:
        (local if one.local else found)[one.name] = plain(one.value.of(scope))
    if local:
        task.set_local(local)
    task.assign(found)
