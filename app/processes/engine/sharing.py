"""What tokens of a scope know of each other's variables.

Parallel branches do not see each other until they meet, so that a join can tell who changed what. When one ends
instead, those beside it get what it changed; and before a way begins in the middle of things (an event that does not
interrupt, an operator's move) everybody is brought to the same mark, so that later the parts of both can be told
apart.
"""

from __future__ import annotations

from typing import Any

from app.processes.engine.keys import CHANGES
from app.processes.engine.merge import absorbed, difference, handed, in_conflict

Values = dict[str, Any]


def seen_inside(scope: Any) -> Values:
    """The variables of a scope as they would be if all that runs in it were joined now; of two changes the later."""
    return _gathered(_family(scope), None)


def share_all(scope: Any) -> Values:
    """Tell every token of a scope what the others have changed, but for what two have changed differently; answers the
    variables as in `seen_inside`."""
    family = _family(scope)
    conflicts: set[str] = set()
    seen = _gathered(family, conflicts)
    shared = {name: value for name, value in difference(scope.variables, seen).items() if name not in conflicts}
    if shared:
        for task in family:
            task.data = {**task.variables, **shared}
            task.internal_data.pop(CHANGES, None)
    return seen


def _family(scope: Any) -> list[Any]:
    """The scope and all tokens below it, by id: a parent comes before its children."""
    family, names = [scope], {scope.id}
    for name, task in scope.workflow.tasks.items():
        if name > scope.id and task._parent in names:
            names.add(name)
            family.append(task)
    return family


def _gathered(family: list[Any], conflicts: set[str] | None) -> Values:
    """What the first of a family would see; names that branches disagree on are added to `conflicts`."""
    scope = family[0]
    found: dict[int, tuple[int, Values]] = {}
    below: dict[int, list[tuple[int, Values]]] = {}
    for task in reversed(family):
        branches = sorted(below.get(task.id, ()), key=lambda one: one[0])
        live = task.is_live and not task.watching
        if not branches and not live and task is not scope:
            continue
        base, changes = task.variables, dict[str, Any]()
        latest = int(task.last_state_change)
        for moment, variables in branches:
            if conflicts is not None and len(branches) > 1:
                conflicts |= in_conflict(base, {**base, **changes}, variables)
            changes, latest = absorbed(base, changes, variables), max(latest, moment)
        found[task.id] = (latest, {**base, **changes})
        if task is not scope:
            below.setdefault(task._parent, []).append(found[task.id])
    return found[scope.id][1]


def hand_over(task: Any, owner: Any) -> None:
    """Give the changes of an ended token to the others that run in its scope (or loop), or to that if there are
    none."""
    others = [one for one in owner.below() if not one.watching]
    if not others:
        set_changes(owner, task.variables)
        return
    tasks, after = owner.workflow.tasks, task.variables
    mine = {task.id, *task.lineage()}
    lines = [(one, _line_to(one, mine)) for one in others]
    parted = max(line[-1] for _one, line in lines)
    before = dict(tasks[parted].variables)
    changes = difference(before, after)
    if not changes:
        return
    affected = {name for _one, line in lines if line[-1] == parted for name in line}
    for name in sorted(affected):
        one = tasks[name]
        one.data.update(one.internal_data.pop(CHANGES, ()))
        one.data.update(handed(before, changes, one.data))


def _line_to(task: Any, ancestors: set[int]) -> list[int]:
    """The token and those above it, up to the first that is one of `ancestors`."""
    tasks, line = task.workflow.tasks, [task.id]
    while line[-1] not in ancestors:
        line.append(tasks[line[-1]]._parent)
    return line


def set_changes(owner: Any, now: Values) -> None:
    """What a scope or loop has changed since it began, when its variables are these."""
    changes = difference(owner.data, now)
    if changes:
        owner.internal_data[CHANGES] = changes
    else:
        owner.internal_data.pop(CHANGES, None)
