"""The list of those one stands in for, where a hundred thousand tasks are open: as `lists` does it for one's own.

Each person one stands in for gives three lists without a task in common. Databases read the first of each by an index,
so a page reads as many of each as it shows, and no count goes further than it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal, select, union_all

from app.core.db import session
from app.core.paging import Page
from app.core.permissions import Actor
from app.identity.substitutes import Principal
from app.tasks.lists import FEW, MOST_COUNTED, asked, read
from app.tasks.models import Task, TaskCandidate
from app.tasks.standing_in import parts_of

LAST_PAGE = 100
Few = list[list[str] | None]
"""For each person: what they are asked to do if that is little."""


def few_of(principals: Sequence[Principal]) -> Few:
    """Ids of the open tasks that each of these is asked to do, where they are few, else None. One statement."""
    if not principals:
        return []
    parts = []
    for number, one in enumerate(principals):
        who = (one.user_id, one.roles) if one.role is None else (None, {one.role})
        which = select(literal(number).label("number"), TaskCandidate.task_id).where(asked(*who))
        parts.append(select(which.limit(FEW + 1).subquery()))
    found: list[list[str]] = [[] for _one in principals]
    for number, task_id in session().execute(union_all(*parts)):
        found[number].append(task_id)
    return [sorted(set(ids)) if len(ids) <= FEW else None for ids in found]


def page_of(actor: Actor, principals: Sequence[Principal], few: Few, *, number: int = 1, size: int = 50) -> Page[Task]:
    """Their open tasks by rank. `total` counts as far as the page, and one more when another follows. One statement."""
    number = min(max(number, 1), LAST_PAGE)
    if not principals:
        return Page([], number, size, 0)
    whose = zip(principals, few, strict=True)
    found = read([part for one, ids in whose for part in parts_of(actor, one, ids)], number, size)
    more = len(found) > size and number < LAST_PAGE
    return Page(found[:size], number, size, (number - 1) * size + min(len(found), size) + more)


def counts(actor: Actor, principals: Sequence[Principal], few: Few) -> dict[str, int]:
    """How many there are for each of them, by user id, and for all (`""`); 100 and more stand for any number above 99.
    One statement, none for nobody."""
    if not principals:
        return {}
    of_user: dict[str, list[Any]] = {}
    for one, ids in zip(principals, few, strict=True):
        for part in parts_of(actor, one, ids):
            some = select(Task.id).where(*part).limit(MOST_COUNTED + 1).subquery()
            of_user.setdefault(one.user_id, []).append(select(some.c.id))
    lists = list(of_user.values())
    if len(lists) > 1:
        lists.append([part for parts in lists for part in parts])
    found = session().execute(select(*map(_distinct, lists))).one()
    told = [min(int(count), MOST_COUNTED + 1) for count in found]
    return {"": told[-1], **dict(zip(of_user, told, strict=False))}


def _distinct(parts: Sequence[Any]) -> Any:
    """How many ids these have together, each at most one more than MOST_COUNTED: right up to that number."""
    rows = union_all(*parts).subquery()
    return select(func.count(rows.c.id.distinct())).scalar_subquery()
