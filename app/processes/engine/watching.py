"""What is watched while something else goes on: boundary events of an activity, event subprocesses of a scope.

A watched event is a token of its own below what it watches, so that each timer and subscription has one.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.processes.engine import scopes, sharing, timers
from app.processes.engine.keys import CHANGES

WATCHED = {"message", "timer", "signal", "conditional"}
"""Triggers that wait; errors, escalations, cancels and compensation find their handlers when they are thrown."""


def watch_boundaries(host: Any) -> None:
    """Watch the boundary events of an activity."""
    specs = host.workflow.specs
    for name in host.task_spec.element.boundaries:
        if specs[name].element.trigger in WATCHED:
            watch(host, specs[name])


def watch(owner: Any, spec: Any) -> None:
    """One token that waits for the event."""
    task = owner._add_child(spec, TaskState.FUTURE)
    task._inherit_data()
    task._set_state(TaskState.WAITING)
    expect(task)


def expect(task: Any) -> None:
    """What the event is waited for with: due time, name. Raises EngineFault, ExpressionFailed."""
    event = task.task_spec.element
    if event.trigger == "timer":
        task.wait = timers.first_due(task)
    elif event.trigger in ("message", "signal"):
        task.wait = {"name": name_of(task)}
    else:
        task.wait = {}


def name_of(task: Any) -> str:
    """The message or signal that is waited for or thrown."""
    ref = task.task_spec.element.ref
    return "" if ref is None else str(ref.of(task.workflow.run.sees(task)))


def stop_watching(host: Any) -> None:
    """The activity is done: its boundary events can come no more."""
    for name in list(host._children):
        child = host.workflow.tasks.get(name)
        if child is not None and child.watching:
            child._set_state(TaskState.CANCELLED)


def happened(task: Any, variables: dict[str, Any]) -> None:
    """A watched event has come."""
    if task.task_spec.element.attached is not None:
        boundary_came(task, variables)
    else:
        scopes.begin_by_event(task.above, task.task_spec, variables)
        if task.is_live:
            wait_again(task)


def boundary_came(task: Any, variables: dict[str, Any]) -> None:
    """A boundary event with a token of its own has come."""
    host, interrupting = task.above, task.task_spec.element.interrupting
    take_boundary(host, task.task_spec, variables)
    if not interrupting and task.is_live:
        wait_again(task)


def take_boundary(host: Any, spec: Any, variables: dict[str, Any]) -> None:
    """The boundary event of `host` is taken: an interrupting one ends the activity with all that runs in it.

    The token on the way out stands beside the host, not below: it lives on when the host ends.
    """
    parent = host.above
    if spec.element.interrupting:
        seen = sharing.seen_inside(host)
        host.end()
    else:
        sharing.share_all(host.scope)
        seen = sharing.seen_inside(host)
    out = parent._add_child(spec, TaskState.FUTURE)
    out.data = {**seen}
    if variables:
        out.internal_data[CHANGES] = dict(variables)
        out.workflow.note_changes(variables, seen)
    out.workflow.run.arrived(out, None)
    out._set_state(TaskState.READY)


def wait_again(task: Any) -> None:
    """A non-interrupting event can come again; a timer only if it is a cycle with turns left."""
    if task.task_spec.element.trigger == "timer":
        again = timers.next_due(task)
        if again is None:
            task._set_state(TaskState.COMPLETED)
        else:
            task.wait = again
