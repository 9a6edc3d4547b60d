"""What must be true of every instance after every move, whatever the diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.conformance.drawn import Drawn
from tests.conformance.engine import OpenWork, View

LEAVES = {"message", "signal", "timer", "condition", "external", "job"}


def broken(view: View, drawn: Drawn | None, work: list[OpenWork]) -> Iterator[str]:
    """What is wrong with an instance; nothing when all is well. `drawn`: None for a diagram of another file."""
    yield from _ended(view, work)
    if view.ended:
        return
    yield from _rows_and_tokens(view, work)
    if not (view.tasks or view.waits or view.incidents or view.joined):
        yield "runs, but nothing in it waits: a token was lost"
    if drawn is not None:
        yield from _drawn(view, drawn)


def _ended(view: View, work: list[OpenWork]) -> Iterator[str]:
    if view.ended:
        mine = [one.element for one in work if one.instance == view.id]
        left = {"tasks": view.tasks, "waits": view.waits, "tokens": view.tokens, "joined": view.joined, "work": mine}
        yield from (f"ended with {what} left: {things}" for what, things in left.items() if things)


def _rows_and_tokens(view: View, work: list[OpenWork]) -> Iterator[str]:
    live = {token.token for token in view.tokens}
    doubled = [number for number, times in Counter(token.token for token in view.tokens).items() if times > 1]
    if doubled:
        yield f"token ids twice: {doubled}"
    tasks = Counter(task.token for task in view.tasks)
    if any(times > 1 for times in tasks.values()):
        yield f"two open tasks of one token: {tasks}"
    in_jobs = {wait.token for wait in view.waits if wait.kind == "job"}  # asynchronous before or after the task
    people = {
        token.token
        for token in view.tokens
        if token.kind == "userTask" and token.state == "waiting" and not token.scope
        if token.token not in in_jobs and (token.element not in view.incidents or token.token in tasks)
    }
    if people != set(tasks):
        yield f"tokens at user tasks {sorted(people)}, open tasks {sorted(tasks)}"
    orphans = [f"{wait.kind}:{wait.element}" for wait in view.waits if wait.token not in live]
    orphans += [f"work:{one.element}" for one in work if one.instance == view.id and one.token not in live]
    if orphans:
        yield f"rows without a token: {orphans}"


def _drawn(view: View, drawn: Drawn) -> Iterator[str]:
    known = drawn.kinds.keys() | set(drawn.keys)
    strangers = {token.element for token in view.tokens} - known
    if strangers:
        yield f"tokens at what is not in the diagram: {sorted(strangers)}"
    for task in view.tasks:
        if drawn.kinds.get(task.element) != "userTask":
            yield f"an open task at {task.element}, a {drawn.kinds.get(task.element)}"
    if drawn.single:
        hosts = [task.element for task in view.tasks]
        hosts += [wait.element for wait in view.waits if drawn.kinds.get(wait.element) != "boundaryEvent"]
        racing = all(drawn.kinds.get(element) in ("intermediateCatchEvent", "receiveTask") for element in hosts)
        if len(hosts) > 1 and not racing:
            yield f"two tokens where the diagram can have one only: {hosts}"
