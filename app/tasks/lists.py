"""The lists of the inbox where a hundred thousand tasks are open: nothing is counted to its end, and whose groups have
few tasks are led by these instead of walking past everybody's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import Select, and_, false, func, or_, select, union

from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.tasks.models import Task, TaskCandidate
from app.tasks.permissions import TASK_READ_ALL
from app.tasks.queries import own_and_asked, visible

List = Literal["today", "mine", "groups", "all"]
FEW = 1_000
"""So many candidates of a person are read by id."""
MOST_COUNTED = 99
"""A count stops one later, and is told as “99+”."""
PARTS_OF_TODAY: tuple[List, List] = ("mine", "groups")
"""No task is in both. Databases read each by an index of its own, and all tasks where they are asked for either."""
BY_RANK: tuple[Any, ...] = (Task.rank_key, Task.id)
NEWEST: tuple[Any, ...] = (Task.completed_at, Task.id)
URGENT = ("P0", "P1")
"""Bands whose tasks are for today, whenever they are due."""


def few_of(actor: Actor) -> list[str] | None:
    """Ids of the open tasks that the actor or their groups may take, if they are few; else None. One statement."""
    return few_asked(actor.id, actor.roles)


def few_asked(user_id: str | None, roles: Collection[str]) -> list[str] | None:
    """Ids of the open tasks that name the user or one of the roles, if they are few; else None. One statement."""
    wanted = select(TaskCandidate.task_id).where(asked(user_id, roles)).limit(FEW + 1)
    found = session().scalars(wanted).all()
    return sorted(set(found)) if len(found) <= FEW else None


def asked(user_id: str | None, roles: Collection[str]) -> Any:
    """The condition that selects the open candidates which name the user or one of the roles. Each part says `open`
    itself: for one that has it before the bracket SQLite walks the index of all open ones from end to end."""
    named = [and_(TaskCandidate.open, TaskCandidate.kind == "user", TaskCandidate.value == user_id)] if user_id else []
    if roles:
        group = and_(TaskCandidate.open, TaskCandidate.kind == "group", TaskCandidate.value.in_(sorted(roles)))
        named.append(group)
    return or_(false(), *named)


def shown(actor: Actor, which: List, few: list[str] | None) -> Any:
    """The condition that selects the tasks of a list: `queries.visible`, led by `few_of` where that is known."""
    if which == "today":
        return and_(or_(shown(actor, "mine", few), shown(actor, "groups", few)), for_today())
    seen = visible(actor, which)
    if few is None or which == "mine" or (which == "all" and actor.may(TASK_READ_ALL)):
        return seen
    candidates = Task.id.in_(few)
    return and_(seen, candidates if which == "groups" else or_(candidates, Task.assignee_id == actor.id))


def parts_of(actor: Actor, which: Literal["mine", "groups", "all"], few: list[str] | None) -> list[list[Any]]:
    """Conditions that select a list in parts which share no task, each read by an index of its own."""
    if which != "all" or actor.may(TASK_READ_ALL):
        return [[shown(actor, which, few)]]
    own, asked = own_and_asked(actor)
    return [own, asked if few is None else [*asked, Task.id.in_(few)]]


def read(parts: Sequence[list[Any]], number: int, size: int, *, newest: bool = False) -> list[Task]:
    """The tasks of a page of a list, of whose parts each has its own conditions, and one more. One statement."""
    if not parts:
        return []
    skipped, order = (number - 1) * size, [column.desc() for column in NEWEST] if newest else BY_RANK
    if len(parts) == 1:
        page = select(Task).where(*parts[0]).order_by(*order).limit(size + 1).offset(skipped)
    else:
        firsts = (select(*BY_RANK).where(*part).order_by(*order).limit(skipped + size + 1) for part in parts)
        keys = union(*(select(one.subquery()) for one in firsts)).subquery()
        ids = select(keys.c.id).order_by(keys.c.rank_key, keys.c.id).limit(size + 1).offset(skipped)
        page = select(Task).where(Task.id.in_(ids)).order_by(*order)
    return list(session().scalars(page.execution_options(populate_existing=True)))


def for_today() -> Any:
    """Late, due before midnight, or of an urgent band."""
    return or_(Task.due_at < day_end(), Task.band.in_(URGENT))


def day_start(days: int = 0) -> datetime:
    """The first moment of the business day so many days from today."""
    return datetime.combine(clock.today() + timedelta(days=days), time(), clock.BUSINESS_ZONE)


def day_end() -> datetime:
    """The first moment of tomorrow."""
    return day_start(1)


def capped(conditions: Sequence[Any]) -> Any:
    """A scalar subquery: how many tasks fulfil the conditions, at most one more than MOST_COUNTED."""
    some: Select[Any] = select(Task.id).where(*conditions).limit(MOST_COUNTED + 1)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def counts(
    actor: Actor, lists: Sequence[List] = ("mine", "groups", "all"), few: list[str] | None = None
) -> dict[str, int]:
    """How many open tasks these lists have; 100 and more stand for any number above 99. One statement."""
    parts = [_counted(actor, which, few).label(which) for which in lists]
    return {key: int(value) for key, value in session().execute(select(*parts)).one()._mapping.items()}


def _counted(actor: Actor, which: List, few: list[str] | None) -> Any:
    if which != "today":
        return capped([shown(actor, which, few)])
    mine, free = (capped([shown(actor, part, few), for_today()]) for part in PARTS_OF_TODAY)
    return mine + free


def first_of(actor: Actor, which: List, size: int) -> list[Task]:
    """The first tasks of a list by rank, uncounted."""
    statement = select(Task).where(shown(actor, which, few_of(actor))).order_by(Task.rank_key, Task.id).limit(size)
    return list(session().scalars(statement.execution_options(populate_existing=True)))


def told(count: int) -> str:
    """A count for readers: empty for none, `99+` for more than that."""
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")
