"""Subprocesses, event subprocesses and the process itself: begun, watched, ended when nothing in them is left."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.processes.engine import life, watching
from app.processes.engine.keys import CHANGES, HANDLES
from app.processes.engine.merge import absorbed, handed


def begin(scope: Any, first: Any = None, variables: dict[str, Any] | None = None) -> None:
    """Watch the event subprocesses of a scope and put a token on its start event (or on `first`)."""
    specs, element = scope.workflow.specs, scope.task_spec.element
    for name in element.watches:
        if specs[name].element.trigger in watching.WATCHED:
            watching.watch(scope, specs[name])
    start(scope, specs[element.start] if first is None else first, variables)


def start(scope: Any, spec: Any, variables: dict[str, Any] | None = None) -> Any:
    """Put a token on an element of the scope."""
    child = scope._add_child(spec, TaskState.FUTURE)
    child._inherit_data()
    if variables:
        child.internal_data[CHANGES] = dict(variables)
    scope.workflow.run.arrived(child, None)
    child._set_state(TaskState.READY)
    return child


def begin_by_event(scope: Any, spec: Any, variables: dict[str, Any]) -> None:
    """The start event `spec` of an event subprocess of `scope` has come."""
    workflow = scope.workflow
    owner = workflow.specs[spec.element.scope]
    seen = seen_inside(scope)
    if spec.element.interrupting:
        for task in scope.below():
            task._set_state(TaskState.CANCELLED)
    inside = scope._add_child(owner, TaskState.FUTURE)
    inside.data = seen
    workflow.run.arrived(inside, None)
    inside._set_state(TaskState.STARTED)
    begin(inside, spec, variables)


def seen_inside(scope: Any) -> dict[str, Any]:
    """The variables of a scope as they would be if all that runs in it were joined now; of two changes the later."""
    tasks = scope.workflow.tasks
    family = [scope]
    names = {scope.id}
    for name, task in tasks.items():  # ids grow downwards, so a parent is always met first
        if name > scope.id and task._parent in names:
            names.add(name)
            family.append(task)
    found: dict[int, tuple[int, dict[str, Any]]] = {}
    below: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for task in reversed(family):
        branches = sorted(below.get(task.id, ()), key=lambda one: one[0])
        live = task.is_live and not task.watching
        if not branches and not live and task is not scope:
            continue
        base = task.data if task.is_live else task.variables
        changes = task.internal_data.get(CHANGES, {}) if task.is_live else {}
        latest = int(task.last_state_change)
        for moment, variables in branches:
            changes, latest = absorbed(base, changes, variables), max(latest, moment)
        found[task.id] = (latest, {**base, **changes})
        if task is not scope:
            below.setdefault(task._parent, []).append(found[task.id])
    return found[scope.id][1]


def token_ended(task: Any) -> None:
    """A token has come to the end of its way: what it changed is handed to those that still run beside it, and by the
    last one to the scope."""
    scope = task.scope
    hand_over(task, scope)
    close_if_empty(scope)


def hand_over(task: Any, scope: Any) -> None:
    """Give the changes of an ended token to the others of its scope, or to the scope if there are none."""
    others = [one for one in scope.below() if not one.watching]
    if not others:
        changes = absorbed(scope.data, scope.internal_data.get(CHANGES, {}), task.variables)
        if changes:
            scope.internal_data[CHANGES] = changes
        return
    tasks = scope.workflow.tasks
    mine = [task.id, *task.lineage()]
    lines = [set(one.lineage()) for one in others]
    parted = next(name for name in mine if any(name in line for line in lines))
    before, after = dict(tasks[parted].variables), task.variables
    affected = {name for line in lines for name in line if name >= parted and parted in (name, *tasks[name].lineage())}
    for name in affected | {one.id for one, line in zip(others, lines, strict=True) if parted in line}:
        one = tasks[name]
        if one.is_live:
            one.data = handed(before, after, one.data)
        else:
            one.data = handed(before, after, one.variables)
            one.internal_data.pop(CHANGES, None)


def close_if_empty(scope: Any) -> None:
    """A scope in which nothing is left has ended."""
    if scope.is_live and all(task.watching for task in scope.below()):
        close(scope)


def close(scope: Any) -> None:
    """All is done in the scope: it goes on, or the process has ended."""
    for task in scope.below():
        task._set_state(TaskState.CANCELLED)
    workflow = scope.workflow
    if scope is workflow.task_tree:
        workflow.completed = True
        scope._set_state(TaskState.COMPLETED)
    elif scope.task_spec.element.by_event and HANDLES not in scope.internal_data:
        scope._set_state(TaskState.COMPLETED)
        token_ended(scope)
    else:
        workflow.run.try_to(scope, life.go_on)


def terminate(task: Any) -> None:
    """A terminate end event: all that runs in its scope ends, and the scope is done."""
    scope = task.scope
    hand_over(task, scope)
    changes = absorbed(scope.data, {}, seen_inside(scope))
    if changes:
        scope.internal_data[CHANGES] = changes
    close(scope)
