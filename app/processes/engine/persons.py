"""Who may not do a user task, because of what they did before: `youxu:fourEyes`.

It names user tasks, `${initiator}`, or the task itself (a multi-instance: each of its instances is done by a different
person), separated by spaces or commas. A person may act on behalf of another: then both have done it. People are kept
as the texts of their ids with spaces between: in the state by element, within a subprocess by its token (so that two
instances of one subprocess are told apart), and for the instances of one activity by its body.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core.permissions import SYSTEM
from app.processes.engine.errors import SamePerson
from app.processes.engine.keys import INSTANCE, PERSONS

INITIATOR = "initiator"
"""The variable that says who started the process."""
REQUESTER = "${initiator}"


def named(text: str | None) -> tuple[str, ...]:
    """The names in the attribute."""
    return tuple((text or "").replace(",", " ").split())


def signed_as(text: str | None) -> str:
    """What `youxu:signature` says that the task is signed as; empty for no signature."""
    return "" if text in (None, "", "false") else str(text)


def begin(run: Any, variables: Any) -> None:
    """Keep who started the process, where a task asks for it: a variable can be overwritten on the way."""
    if run.definition.bars_requester and variables.get(INITIATOR):
        run.done_by[REQUESTER] = str(variables[INITIATOR])


def excluded(run: Any, task: Any) -> tuple[str, ...]:
    """Who may not do the task of this token, in alphabetical order."""
    if not task.element.four_eyes:
        return ()
    found: set[str] = set()
    for name in task.element.four_eyes:
        found |= set(_who_did(run, task, name).split())
    return tuple(sorted(found - {SYSTEM.id}))


def _who_did(run: Any, task: Any, name: str) -> str:
    if name == task.element.id:
        return str(task.above.internal_data.get(PERSONS, "")) if INSTANCE in task.internal_data else ""
    if name == REQUESTER:
        return str(run.done_by.get(REQUESTER) or task.view().get(INITIATOR) or "")
    for scope in _scopes(task):
        if name in scope.internal_data.get(PERSONS, ()):
            return str(scope.internal_data[PERSONS][name])
    return str(run.done_by.get(name, ""))


def _scopes(task: Any) -> Iterable[Any]:
    """The subprocesses a token is in, innermost first, without the process itself."""
    root, scope = task.workflow.task_tree, task.scope
    while scope is not None and scope is not root:
        yield scope
        scope = scope.scope


def refuse_same(run: Any, task: Any, by: str) -> None:
    """Raises SamePerson when one of those who act (with spaces between) may not do the task of this token."""
    barred = excluded(run, task)
    both = set(by.split()).intersection(barred) if barred else ()
    if both:
        raise SamePerson(element=task.element.id, people=sorted(both))


def acted(run: Any, task: Any, by: str) -> None:
    """These people (with spaces between) have done the task of this token."""
    name, body = task.element.id, task.above
    run.done_by[name] = by
    for scope in _scopes(task):
        scope.internal_data.setdefault(PERSONS, {})[name] = by
    if INSTANCE in task.internal_data and name in task.element.four_eyes:
        body.internal_data[PERSONS] = _with(body.internal_data.get(PERSONS, ""), by)
    requester = run.done_by.get(REQUESTER)
    if requester and " " in by and set(by.split()).intersection(requester.split()):  # who asks for them asks too
        run.done_by[REQUESTER] = _with(requester, by)


def _with(kept: str, by: str) -> str:
    return " ".join(dict.fromkeys([*kept.split(), *by.split()]))
