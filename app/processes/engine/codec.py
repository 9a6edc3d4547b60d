"""Instances as bytes: a version byte and JSON rows, O(live tokens); the definition is never inside.

Format 2: [last id, ticks, completed, {user task: who did it last}, [row, …]] with rows in order of id:
[id, parent id or null, element, state, order of change, changed variables, removed variables, internal data], where
variables are those that differ from the parent's, and empty values at the end of a row are left out.
Format 1 had the same rows, but user tasks waited as READY, the root was COMPLETED, and tokens at a join were told by
the parent they came from. A format that was ever released stays readable; `tests/processes/golden` keeps one of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from SpiffWorkflow.util.task import TaskState

from app.core.i18n import _
from app.processes.engine.errors import StateTooLarge, UnreadableState
from app.processes.engine.keys import FLOW, LOCALS
from app.processes.engine.spec_base import ROOT
from app.processes.engine.workflow import Token, Tokens

OLD_ROOTS = ("Start",)
"""What the process itself was called among the elements before an element could be called so."""
LARGEST = 256 * 1024
"""Bytes of one state; more means that documents are kept in variables."""
PER_TOKEN = 200
"""Bytes that a token may need beside the variables: how many there may be is limited by itself."""


def pack(workflow: Tokens, done_by: dict[str, str]) -> bytes:
    """The instance as bytes. Raises StateTooLarge."""
    tasks = workflow.tasks
    rows = [_row(task, tasks.get(task._parent)) for task in tasks.values()]
    body = orjson.dumps([workflow.last_id, workflow.ticks, workflow.completed, done_by, rows])
    size = len(body) - PER_TOKEN * len(rows)
    if size > LARGEST:
        reason = _("its variables need %(size)s bytes, %(limit)s are allowed", size=size, limit=LARGEST)
        raise StateTooLarge(workflow.spec.name, reason)
    return b"\x02" + body


_MISSING: Any = object()


def _row(task: Any, parent: Any) -> list[Any]:
    if parent is None:
        changed, removed = task.data, []
    else:
        before = parent.data
        changed = {key: value for key, value in task.data.items() if before.get(key, _MISSING) is not value}
        removed = [key for key in before if key not in task.data]
    row = [
        task.id,
        task._parent,
        task.task_spec.name,
        task._state,
        task.last_state_change,
        changed,
        removed,
        task.internal_data,
    ]
    while not row[-1]:
        row.pop()
    return row


def unpack(state: bytes, make: Callable[[int, int], Tokens]) -> tuple[Tokens, dict[str, str]]:
    """The instance again; `make(last_id, ticks)` makes its empty tree. Raises UnreadableState."""
    if not state or state[0] not in READERS:
        raise UnreadableState(f"state format {state[:1].hex() or 'empty'} is not known")
    try:
        return READERS[state[0]](state[1:], make)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise UnreadableState(f"{type(error).__name__}: {error}") from error


def _read_2(body: bytes, make: Callable[[int, int], Tokens]) -> tuple[Tokens, dict[str, str]]:
    last_id, ticks, completed, done_by, rows = orjson.loads(body)
    workflow = make(last_id, ticks)
    for row in rows:
        _plant(workflow, *row)
    workflow.completed = completed
    workflow.task_tree = workflow.tasks[rows[0][0]]
    return workflow, done_by


def _read_1(body: bytes, make: Callable[[int, int], Tokens]) -> tuple[Tokens, dict[str, str]]:
    last_id, ticks, completed, done_by, rows = orjson.loads(body)
    workflow = make(last_id, ticks)
    for row in rows:
        _plant(workflow, *row)
    workflow.completed = completed
    workflow.task_tree = root = workflow.tasks[rows[0][0]]
    if not completed:
        root._state = TaskState.STARTED
    flows = {(source, target): flow for (source, target), flow in workflow.definition.flows.items()}
    for task in workflow.tasks.values():
        if task._state == TaskState.READY and task.element and task.element.kind == "userTask":
            task._state = TaskState.STARTED
        elif task._state == TaskState.WAITING:
            task._state = TaskState.STARTED
            task.internal_data = {FLOW: flows[task.above.task_spec.name, task.task_spec.name]}
    return workflow, done_by


def _plant(  # noqa: PLR0913, PLR0917 - the columns of a row
    workflow: Tokens,
    id_: int,
    parent: int | None,
    element: str,
    state: int = TaskState.COMPLETED,
    changed_at: int = 0,
    changed: dict[str, Any] | None = None,
    removed: list[str] | None = None,
    internal: dict[str, Any] | None = None,
) -> None:
    token: Any = Token.__new__(Token)
    token.id, token._parent, token._state, token.last_state_change = id_, parent, state, changed_at
    token.workflow, token.task_spec = (
        workflow,
        workflow.specs[ROOT if element in OLD_ROOTS and parent is None else element],
    )
    token._children, token.triggered, token.thread_id = [], False, 0
    token.internal_data = internal or {}
    if LOCALS in token.internal_data:
        workflow.has_locals = True
    if parent is None:
        token.data = changed or {}
    else:
        above = workflow.tasks[parent]
        above._children.append(id_)
        token.data = {**above.data, **(changed or {})}
        for key in removed or ():
            del token.data[key]
    workflow.tasks[id_] = token


READERS = {1: _read_1, 2: _read_2}
