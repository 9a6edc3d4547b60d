"""The life of a token at an element: it arrives, waits or is done, finishes, and goes on.

    arrive → (job) → loop? → inputs → boundary events are watched → do → outputs → (job) → flows are chosen → leave

Where it stands is kept in the token's internal data under `ph`: `before` and `after` wait for a job, `done` and
`leaving` say from where a parked token is taken up again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.processes.engine import compensation, loops, scopes, watching
from app.processes.engine.keys import FLOW, HANDLES, INSTANCE, LOCALS, LOOP, NOTED, PHASE
from app.processes.engine.values import plain


def arrive(task: Any) -> bool | None:  # noqa: PLR0911 - one line per place where a token is taken up
    """A token begins at its element. True: done at once; None: it waits."""
    element, kept = task.task_spec.element, task.internal_data
    if element.plain and not kept:
        return finish(task) if task.task_spec.do(task) else None
    phase, inner = kept.pop(PHASE, None), INSTANCE in kept
    if phase == "leaving":
        return depart(task)
    if phase == "done":
        return finish(task)
    if LOOP in kept:
        return loops.resume(task)
    if phase is None and (element.loop.before if inner else element.before):
        return wait_for_job(task, "before")
    if element.loop is not None and not inner:
        watching.watch_boundaries(task)
        return finish(task) if loops.begin(task) else None
    return begin_work(task)


def wait_for_job(task: Any, phase: str) -> bool | None:
    """An asynchronous continuation: the rest is done by a job."""
    task.internal_data[PHASE] = phase
    task.wait = {"phase": phase, "retries": task.task_spec.element.retries}
    if task._state == TaskState.READY:
        task._set_state(TaskState.STARTED)
    return None


def begin_work(task: Any) -> bool | None:
    """The activity itself, with its inputs."""
    kept = task.internal_data
    take_inputs(task)
    if INSTANCE not in kept:
        watching.watch_boundaries(task)
    done = task.task_spec.do(task)
    return finish(task) if done and task.is_live else None


def take_inputs(task: Any) -> None:
    """What the activity is given under names of its own, one after the other."""
    for one in task.task_spec.element.inputs:
        task.set_local({one.name: plain(one.value.of(task.workflow.run.sees(task)))})


def go_on(task: Any) -> None:
    """What the token waited for has come: it finishes and leaves."""
    if finish(task):
        task.complete()


def finish(task: Any) -> bool | None:
    """The work is done: outputs, then a job if one comes after. True: the token may leave, its way is chosen."""
    element, kept = task.task_spec.element, task.internal_data
    if not element.plain:
        each = element.loop is None or INSTANCE in kept
        values = _outputs(task) if element.outputs and each else None
        if element.boundaries:
            watching.stop_watching(task)
        if INSTANCE not in kept:
            kept.pop(LOCALS, None)
        if values:
            task.assign(values)
        if element.loop.after if INSTANCE in kept else element.after:
            return wait_for_job(task, "after")
    return depart(task)


def _outputs(task: Any) -> dict[str, Any]:
    task.internal_data[PHASE] = "done"
    seen = task.workflow.run.sees(task)
    return {one.name: plain(one.value.of(seen)) for one in task.task_spec.element.outputs}


def give_outputs(task: Any) -> None:
    """What an event subprocess hands on; what it was given under names of its own ends with it."""
    values = _outputs(task) if task.task_spec.element.outputs else {}
    task.internal_data.pop(LOCALS, None)
    if values:
        task.assign(values)
        del task.internal_data[PHASE]


def depart(task: Any) -> bool:
    """Find the flows along which the token leaves; nothing has moved yet when this fails."""
    kept = task.internal_data
    kept[PHASE] = "leaving"
    task.way = () if INSTANCE in kept or HANDLES in kept else task.task_spec.way(task)
    del kept[PHASE]
    return True


def leave(task: Any) -> None:
    """The token is completed: it becomes one on each flow it takes, or ends."""
    kept = task.internal_data
    if HANDLES in kept:
        compensation.handler_done(task)
        return
    if task.task_spec.element.handler is not None or NOTED in kept:
        compensation.note(task)
    if INSTANCE in kept:
        loops.instance_done(task)
    elif task.way:
        send(task, task.way)
    else:
        scopes.token_ended(task)


def send(task: Any, outs: Iterable[Any]) -> None:
    """Move the token along the flows: all of them exist before the first is looked at."""
    workflow = task.workflow
    for out in outs:
        spec = workflow.specs[out.target]
        child = task._add_child(spec, TaskState.FUTURE)
        child._inherit_data()
        if spec.joins:
            child.internal_data[FLOW] = out.flow
        workflow.run.arrived(child, out.flow)
        child._set_state(TaskState.READY)
