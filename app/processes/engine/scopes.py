"""Subprocesses, event subprocesses and the process itself: begun, watched, ended when nothing in them is left."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.processes.engine import life, sharing, watching
from app.processes.engine.keys import CHANGES, HANDLES


def begin(scope: Any, first: Any = None) -> None:
    """Watch the event subprocesses of a scope and put a token on its start event (or on `first`)."""
    specs, element = scope.workflow.specs, scope.task_spec.element
    watch(scope)
    start(scope, specs[element.start] if first is None else first)


def watch(scope: Any) -> None:
    """Watch the event subprocesses of a scope."""
    specs = scope.workflow.specs
    for name in scope.task_spec.element.watches:
        if specs[name].element.trigger in watching.WATCHED:
            watching.watch(scope, specs[name])


def start(scope: Any, spec: Any) -> Any:
    """Put a token on an element of the scope."""
    child = scope._add_child(spec, TaskState.FUTURE)
    child._inherit_data()
    scope.workflow.run.arrived(child, None)
    child._set_state(TaskState.READY)
    return child


def begin_by_event(scope: Any, spec: Any, variables: dict[str, Any]) -> None:
    """The start event `spec` of an event subprocess of `scope` has come with values."""
    workflow = scope.workflow
    owner = workflow.specs[spec.element.scope]
    if spec.element.interrupting:
        seen = sharing.seen_inside(scope)
        scope.end_below(keep_watch=True)
    else:
        seen = sharing.share_all(scope)
    inside = scope._add_child(owner, TaskState.FUTURE)
    inside.data = seen
    if variables:
        inside.internal_data[CHANGES] = dict(variables)
        workflow.note_changes(variables, seen)
    workflow.run.arrived(inside, None)
    inside._set_state(TaskState.STARTED)
    workflow.run.try_to(inside, lambda one: begin_with_inputs(one, spec))


def begin_with_inputs(scope: Any, first: Any = None) -> None:
    """An event subprocess has no token that arrives: its input parameters are taken here."""
    life.take_inputs(scope)
    begin(scope, first)


def token_ended(task: Any) -> None:
    """A token has come to the end of its way: what it changed is handed to those that still run beside it, and by the
    last one to the scope."""
    scope = task.scope
    sharing.hand_over(task, scope)
    close_if_empty(scope)


def close_if_empty(scope: Any) -> None:
    """A scope in which nothing is left has ended."""
    if scope.is_live and all(task.watching for task in scope.below()):
        close(scope)


def close(scope: Any) -> None:
    """All is done in the scope: it goes on, or the process has ended."""
    scope.end_below()
    workflow = scope.workflow
    if scope is workflow.task_tree:
        workflow.completed = True
        scope._set_state(TaskState.COMPLETED)
    elif scope.task_spec.element.by_event and HANDLES not in scope.internal_data:
        workflow.run.try_to(scope, _leave_event_subprocess)
    else:
        workflow.run.try_to(scope, life.go_on)


def _leave_event_subprocess(scope: Any) -> None:
    life.give_outputs(scope)
    scope._set_state(TaskState.COMPLETED)
    scope.workflow.run.left(scope)
    token_ended(scope)


def terminate(task: Any) -> None:
    """A terminate end event: all that runs in its scope ends, and the scope is done."""
    scope = task.scope
    sharing.hand_over(task, scope)
    end(scope)


def end(scope: Any) -> None:
    """Whatever still runs in the scope ends, and the scope is done."""
    sharing.set_changes(scope, sharing.seen_inside(scope))
    close(scope)
