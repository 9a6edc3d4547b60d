"""Compensation: what was done is noted in its scope, and undone in reverse order when it is thrown; transactions.

A note is [element, notes of what was done inside it]: a subprocess that has ended passes its notes on as one; what was
done many times at once is [element, [], notes of each].
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.processes.engine import life, scopes, sharing, watching
from app.processes.engine.keys import AFTERWARDS, HANDLES, INSTANCE, NOTED, UNDO


def note(task: Any) -> None:
    """An activity that can be compensated is done; each instance of a loop counts, once the whole loop is done."""
    kept = task.internal_data
    if INSTANCE in kept:
        task.above.internal_data.setdefault(NOTED, []).append([task.task_spec.name, kept.get(NOTED, [])])
    elif task.task_spec.element.loop is not None:
        done, at_once = kept.get(NOTED, []), not task.task_spec.element.loop.sequential
        notes = [[task.task_spec.name, [], done]] if at_once and done else done
        task.scope.internal_data.setdefault(NOTED, []).extend(notes)
    else:
        task.scope.internal_data.setdefault(NOTED, []).append([task.task_spec.name, kept.get(NOTED, [])])


def begin(thrower: Any, scope: Any, activity: str | None = None, then: str | None = None) -> bool:
    """Compensate what was done in the scope (or one activity of it). True: there is nothing to wait for."""
    notes = scope.internal_data.get(NOTED, [])
    chosen = [one for one in notes if activity in (None, one[0])]
    left = [one for one in notes if one not in chosen]
    if left:
        scope.internal_data[NOTED] = left
    else:
        scope.internal_data.pop(NOTED, None)
    thrower.internal_data[UNDO] = _handlers(thrower.workflow, chosen)
    if then:
        thrower.internal_data[AFTERWARDS] = then
    return not _start_next(thrower)


def place_of(task: Any) -> Any:
    """The scope in which a compensation throw compensates: its own, out of an event subprocess the one around it, and
    with an activity named the nearest one where that was done."""
    scope, root, activity = task.scope, task.workflow.task_tree, task.task_spec.element.activity
    while scope is not root:
        done = scope.internal_data.get(NOTED, [])
        named = activity is None or any(one[0] == activity for one in done)
        if named and (done or not scope.task_spec.element.by_event):
            break
        scope = scope.scope
    return scope


def _handlers(workflow: Any, notes: list[Any]) -> list[Any]:
    """[handler, notes inside] in the order in which they were earned, [None, several of them] for those that run at
    once; a subprocess with a handler of its own stands for its parts."""
    found: list[Any] = []
    for name, inner, *each in notes:
        own = workflow.specs[name].element.handler
        if each and own:
            found.append([None, [[own, one[1]] for one in each[0]]])
        elif own:
            found.append([own, inner])
        else:
            found += _handlers(workflow, each[0] if each else inner)
    return found


def _start_next(thrower: Any) -> bool:
    todo = thrower.internal_data[UNDO]
    if not todo:
        del thrower.internal_data[UNDO]
        return False
    handler, inner = todo.pop()
    for one, notes in [[handler, inner]] if handler else inner:
        _start(thrower, one, notes)
    return True


def _start(thrower: Any, handler: str, inner: list[Any]) -> None:
    spec = thrower.workflow.specs[handler]
    task = thrower._add_child(spec, TaskState.FUTURE)
    task._inherit_data()
    task.internal_data[HANDLES] = 1
    if inner:
        task.internal_data[NOTED] = inner
    thrower.workflow.run.arrived(task, None)
    if getattr(spec.element, "by_event", False):
        task._set_state(TaskState.STARTED)
        thrower.workflow.run.try_to(task, scopes.begin_with_inputs)
    else:
        task._set_state(TaskState.READY)


def handler_done(task: Any) -> None:
    """A handler is done: the one before it, or whoever threw the compensation goes on."""
    thrower = task.above
    sharing.hand_over(task, thrower)
    if not any(HANDLES in one.internal_data for one in thrower.below()) and not _start_next(thrower):
        finished(thrower)


def finished(thrower: Any) -> None:
    """Everything is compensated."""
    if thrower.internal_data.pop(AFTERWARDS, None) == "cancel":
        cancelled(thrower)
    else:
        life.go_on(thrower)


def cancel(task: Any) -> bool:
    """A cancel end event: the transaction's other tokens end, what was done is compensated, then it is left."""
    scope = task.scope
    for other in scope.below():
        if other is not task:
            other._set_state(TaskState.CANCELLED)
    if INSTANCE in scope.internal_data:  # all of several are cancelled: those that have ended are undone as well
        ended = scope.above.internal_data.pop(NOTED, [])
        scope.internal_data[NOTED] = [*ended, *scope.internal_data.get(NOTED, [])]
    if begin(task, scope, then="cancel"):
        cancelled(task)
    return False


def cancelled(task: Any) -> None:
    """The transaction is undone: its cancel boundary event is taken."""
    scope = task.scope
    while INSTANCE in scope.internal_data:  # one run of several cancels all
        scope = scope.above
    specs = task.workflow.specs
    out = next((specs[name] for name in scope.element.boundaries if specs[name].element.trigger == "cancel"), None)
    if out is not None:
        watching.take_boundary(scope, out, {})
    else:
        scopes.terminate(task)
