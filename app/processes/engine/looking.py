"""Reading a stored instance without running it: where its tokens are, what its variables hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.processes.engine import sharing
from app.processes.engine.codec import unpack
from app.processes.engine.definition import Definition
from app.processes.engine.elements import Element
from app.processes.engine.errors import TokenNotReady
from app.processes.engine.keys import FAULT, FLOW, INSTANCE, LOCALS, TIMER
from app.processes.engine.workflow import Tokens


@dataclass(frozen=True)
class TokenView:
    """A live token. `waits`: user, message, timer, signal, conditional, external, job, call, join, scope, loop, …;
    `watch`: it watches an activity or a scope (`parent`); `scope`: the token of the subprocess it is in (None: the
    process); `instance`: its number within a loop."""

    token: int
    element: Element
    waits: str
    watch: bool
    scope: int | None
    parent: int | None
    instance: int | None
    fault: str | None
    due: str | None
    joined: bool
    """It has come to a join."""


def read(definition: Definition, state: bytes) -> Tokens:
    """The tree of a stored instance. Raises UnreadableState."""
    workflow, _done_by = unpack(state, lambda last_id, ticks: Tokens(definition, None, last_id=last_id, ticks=ticks))
    return workflow


def tokens(definition: Definition, state: bytes) -> list[TokenView]:
    """The live tokens of a stored instance, by number."""
    workflow = read(definition, state)
    if workflow.completed:
        return []
    root = workflow.task_tree
    return [
        TokenView(
            token=task.id,
            element=task.element,
            waits=task.task_spec.wait_kind(task),
            watch=task.watching,
            scope=None if task.scope is root else task.scope.id,
            parent=task._parent if task._parent != root.id else None,
            instance=task.internal_data.get(INSTANCE),
            fault=task.internal_data.get(FAULT),
            due=task.internal_data.get(TIMER, {}).get("due"),
            joined=FLOW in task.internal_data,
        )
        for task in workflow.live()
    ]


def open_tokens(definition: Definition, state: bytes) -> dict[int, str]:
    """Where the tokens of a stored instance are: token → element; what only watches is left out."""
    return {one.token: one.element.id for one in tokens(definition, state) if not one.watch}


def variables(definition: Definition, state: bytes) -> dict[str, Any]:
    """The variables of a stored instance, what parallel branches have changed included (of two changes the later)."""
    workflow = read(definition, state)
    return sharing.seen_inside(workflow.task_tree)


def local_variables(definition: Definition, state: bytes, token: int, *, whole: bool = False) -> dict[str, Any]:
    """The variables that end with a token's activity; with `whole` all that expressions see there.

    Raises TokenNotReady.
    """
    task = read(definition, state).tasks.get(token)
    if task is None or not task.is_live:
        raise TokenNotReady(token=token)
    return dict(task.view() if whole else task.internal_data.get(LOCALS, {}))
