"""Events that wait for a condition: looked at after every change of a variable, wherever in the process it was made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.processes.engine import sharing, throwing
from app.processes.engine.keys import FAULT, HELD


def is_ended_by_condition(run: Any, task: Any) -> bool:
    """Conditions see what a token brings before it goes on, and one around it may end it. On its own boundary they are
    not looked at: its work is done."""
    if run.workflow.changed:
        look_at_conditions(run, apart=task)
    return not task.is_live


def look_at_conditions(run: Any, apart: Any = None) -> bool:
    """Conditions that hold: those that did not before, and (as Camunda has it) others at each change of a variable;
    True if one was heard. Those on the boundary of `apart` are not looked at."""
    heard, changed, everything = False, run.workflow.changed, None
    run.workflow.changed = {}
    for task in list(throwing.waiting_for(run.workflow, "conditional")):
        if task.is_live and not (apart is not None and task.watching and task.above is apart):
            held = task.internal_data.get(HELD)
            everything = everything or sharing.seen_inside(run.workflow.task_tree)
            run.try_to(task, partial(_look, everything))
            if (
                FAULT not in task.internal_data
                and task.internal_data[HELD]
                and _heeds(task.element, changed, held=held)
            ):
                heard, everything = True, None
                sharing.share_all(run.workflow.task_tree)
                run.came(task, {})
    return heard


def _heeds(event: Any, changed: Mapping[str, set[str]], *, held: bool | None) -> bool:
    """Whether a condition that holds is news to an event. `held`: whether it did before, None at the first look."""
    if held is None:
        return True
    if event.variable is None and not event.variable_events:
        return bool(changed) or not held
    names = changed if event.variable is None else {event.variable} & changed.keys()
    return any(not event.variable_events or changed[name] & event.variable_events for name in names)


def _look(everything: Mapping[str, Any], task: Any) -> None:
    """Note whether a condition holds now, by `everything` that branches have changed so far; what names a variable that
    does not exist yet does not."""
    run, condition = task.workflow.run, task.element.condition
    seen = {**run.sees(task), **everything, **task.covers()}
    known = all(name.partition(".")[0] in seen for name in condition.names)
    task.internal_data[HELD] = bool(known and condition.holds(seen))
