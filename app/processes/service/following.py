"""What follows from a step for other instances, in the same transaction: called ones begin, callers go on, messages
and signals are delivered. Done one after the other once the step is stored, so that no instance is in two steps at
once; a chain that does not end is handed to jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from app.core.db import info
from app.core.permissions import Actor
from app.core.registry import Registry
from app.processes.engine import Step

MOST = 200
"""Consequences of one transaction."""

_KEY = "process following"

consequence: Registry[Callable[..., object]] = Registry("consequence of a step")
"""`call`, `returned`, `error`, `escalation`, `message`, `signal`, `waits`, `later`: filled by the modules that do
them."""


def queue(instance_id: str, made: Step, actor: Actor, caller: tuple[str, int] | None) -> None:
    """Note what follows from a step; `follow` does it."""
    todo = info().setdefault(_KEY, deque())
    for wait in made.waits:
        if wait.kind == "call":
            todo.append(("call", (actor, instance_id, wait)))
        elif wait.kind == "message":
            todo.append(("waits", (actor, instance_id, wait.token, wait.details.get("name", ""))))
    ended_by_error = False
    for thrown in made.thrown:
        if thrown.kind in ("error", "escalation"):
            ended_by_error = ended_by_error or thrown.kind == "error"
            if caller is not None:
                todo.append((thrown.kind, (actor, caller, thrown)))
        else:
            todo.append((thrown.kind, (actor, instance_id, thrown)))
    if made.completed and caller is not None and not ended_by_error:
        todo.append(("returned", (actor, caller, dict(made.variables))))


def note(kind: str, *what: Any) -> None:
    """Note one more consequence."""
    info().setdefault(_KEY, deque()).append((kind, what))


def forget() -> None:
    """What was noted is undone with the step that it followed from."""
    info().pop(_KEY, None)


def count_call(root_id: str, ask: Callable[[str], int]) -> int:
    """How many instances run for a root, one more counted: asked of the database once per transaction."""
    known: dict[str, int] = info().setdefault(_KEY + " calls", {})
    if root_id not in known:
        known[root_id] = ask(root_id)
    known[root_id] += 1
    return known[root_id]


def follow() -> None:
    """Do what follows, unless that is being done already further up."""
    notes = info()
    todo: deque[tuple[str, tuple[Any, ...]]] = notes.get(_KEY, deque())
    if notes.get(_KEY + " busy"):
        return
    notes[_KEY + " busy"] = True
    try:
        done = 0
        while todo:
            kind, what = todo.popleft()
            done += 1
            if done > MOST and kind in ("message", "signal"):
                consequence.get("later")(kind, *what)
            else:
                consequence.get(kind)(*what)
    finally:
        notes[_KEY + " busy"] = False
        notes.pop(_KEY + " calls", None)
        if todo:
            todo.clear()
