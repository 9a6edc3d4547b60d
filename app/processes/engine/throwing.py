"""Errors, escalations, signals and messages that are thrown: who catches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from app.processes.engine import scopes, watching
from app.processes.engine.keys import INSTANCE


def throw(task: Any, trigger: str, code: str | None, message: str, variables: dict[str, Any]) -> bool:
    """Throw an error or escalation at a token; True if the diagram catches it (and an error has ended the token)."""
    found = handler_of(task, trigger, code)
    if found is None:
        return False
    owner, spec = found
    event = spec.element
    told = {event.code_variable: code, event.message_variable: message or None}
    given = {**variables, **{name: value for name, value in told.items() if name}}
    task.workflow.run.tell(task, "caught", {"by": event.id, "trigger": trigger, "code": code})
    if event.attached is not None:
        watching.take_boundary(owner, spec, given)
    else:
        scopes.begin_by_event(owner, spec, given)
    return True


def handler_of(task: Any, trigger: str, code: str | None) -> tuple[Any, Any] | None:
    """The nearest handler outwards: boundary events of the activity, event subprocesses of its scope, the boundary
    events of that scope, and so on. Of two at one place the one that names the code."""
    root, specs, here = task.workflow.task_tree, task.workflow.specs, task
    while here is not root:
        while INSTANCE in here.internal_data:  # boundary events belong to all instances together
            here = here.above
        element, scope = here.task_spec.element, here.scope
        spec = _best(specs, element.boundaries, trigger, code)
        if spec is not None:
            return here, spec
        others = (name for name in scope.task_spec.element.watches if specs[name].scope != element.id)
        spec = _best(specs, others, trigger, code)  # an event subprocess does not start itself again, its sibling may
        if spec is not None:
            return scope, spec
        here = scope
    return None


def _best(specs: Any, names: Iterable[str], trigger: str, code: str | None) -> Any:
    fitting = [specs[name] for name in names if specs[name].element.trigger == trigger]
    for spec in fitting:
        if spec.element.ref is not None and spec.element.ref.text == code:
            return spec
    return next((spec for spec in fitting if spec.element.ref is None), None)


def waiting_for(workflow: Any, trigger: str) -> Iterator[Any]:
    """The tokens that wait for an event of that kind."""
    for task in list(workflow.tasks.values()):
        if task.is_live and task.task_spec.wait_kind(task) == trigger:
            yield task


def broadcast(workflow: Any, name: str, variables: dict[str, Any]) -> int:
    """A signal reaches every token of the instance that waits for it; answers how many."""
    heard = [task for task in waiting_for(workflow, "signal") if watching.name_of(task) == name]
    for task in heard:
        if task.is_live:
            workflow.run.came(task, variables)
    return len(heard)
