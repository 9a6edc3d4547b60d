"""Reading the inbox: a page of it, what may be chosen from, counts of kept filters, the stamp of what is shown.

A page is four statements at most, however many tasks are open: whose the actor's tasks are and what orders have the
words is read first, up to a thousand ids; few lead the page, many are met soon when the ranking is walked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select, union_all

from app.catalog.models import Customer
from app.core import clock
from app.core.db import session
from app.core.paging import Page
from app.core.permissions import Actor
from app.fulfilment.worklist.wanted import Wanted
from app.orders.models import OrderWords
from app.tasks import lists
from app.tasks.lists import List
from app.tasks.models import Task
from app.tasks.permissions import TASK_READ_ALL

SIZE = 50
LAST_PAGE = 100
"""Nobody turns five thousand tasks over; who would is served by a filter."""
FEW = 1_000
LOOK_AT = 300
"""So many of the first tasks of a list say which kinds of task there are to choose from."""
SORTED: dict[str, tuple[Any, ...]] = {
    "": (Task.rank_key, Task.id),
    "due": (Task.due_at, Task.id),
    "age": (Task.created_at, Task.id),
}


@dataclass(frozen=True)
class Reader:
    """Somebody who reads the inbox, and the few tasks that are for them, if few are."""

    actor: Actor
    few: list[str] | None

    def counts(self) -> dict[str, int]:
        """How many tasks the lists have, each told up to 99; `all` only for who is offered everybody's."""
        offered: tuple[List, ...] = ("today", "mine", "groups")
        return lists.counts(self.actor, (*offered, "all") if self.actor.may(TASK_READ_ALL) else offered, self.few)


def reader(actor: Actor) -> Reader:
    """The actor as a reader; one statement."""
    return Reader(actor, lists.few_of(actor))


def page_of(who: Reader, which: List, wanted: Wanted, number: int = 1) -> Page[Task]:
    """The tasks of a list that are wanted. `total` counts as far as the page, and one more when another follows."""
    number = min(max(number, 1), LAST_PAGE)
    conditions = [*_conditions(who.actor, wanted), *_led_by_orders(wanted)]
    order, upto = SORTED[wanted.sort], number * SIZE + 1
    if which == "today":
        either = [
            select(Task.id).where(lists.shown(who.actor, part, who.few), lists.for_today(), *conditions)
            for part in lists.PARTS_OF_TODAY
        ]
        firsts = [select(one.order_by(*order).limit(upto).subquery().c.id) for one in either]
        where: list[Any] = [Task.id.in_(union_all(*firsts))]
    else:
        where = [lists.shown(who.actor, which, who.few), *conditions]
    statement = select(Task).where(*where).order_by(*order).limit(SIZE + 1).offset((number - 1) * SIZE)
    found = list(session().scalars(statement.execution_options(populate_existing=True)))
    more = len(found) > SIZE and number < LAST_PAGE
    return Page(found[:SIZE], number, SIZE, (number - 1) * SIZE + min(len(found), SIZE) + more)


def _conditions(actor: Actor, wanted: Wanted) -> Iterator[Any]:
    if wanted.band:
        yield Task.band == wanted.band
    if wanted.element:
        yield Task.element_id == wanted.element
    if wanted.blocked:
        yield Task.blocked.is_(wanted.blocked == "yes")
        yield from _between("1" if wanted.blocked == "yes" else "0", wanted.band)
    if wanted.holder:
        yield {
            "me": Task.assignee_id == actor.id,
            "nobody": Task.assignee_id.is_(None),
            "somebody": Task.assignee_id.is_not(None),
        }[wanted.holder]
    if wanted.due:
        yield from _due(wanted.due)


def _between(blocked: str, band: str) -> Iterator[Any]:
    """The stretch of the ranking that such tasks take, as `Rank.key` writes it."""
    start = f"{blocked}|{band}"
    yield Task.rank_key >= start
    yield Task.rank_key < f"{start}~"


def _due(when: str) -> Iterator[Any]:
    if when == "overdue":
        yield Task.due_at < clock.now()
        return
    weekday = clock.today().weekday()
    first, after = (0, 1) if when == "today" else (-weekday, 7 - weekday)
    yield Task.due_at >= lists.day_start(first)
    yield Task.due_at < lists.day_start(after)


def _of_order(wanted: Wanted) -> list[Any]:
    """What is asked of the order of a task; a customer that is not there has none."""
    asked: list[Any] = [OrderWords.text.contains(word, autoescape=True) for word in wanted.words]
    if wanted.channel:
        asked.append(OrderWords.channel == wanted.channel)
    if wanted.customer:
        asked.append(OrderWords.customer_id.in_(select(Customer.id).where(Customer.code == wanted.customer)))
    return asked


def _led_by_orders(wanted: Wanted) -> Iterator[Any]:
    """The same of the tasks: by the orders' ids where they are few."""
    asked = _of_order(wanted)
    if not asked:
        return
    found = session().scalars(select(OrderWords.order_id).where(*asked).limit(FEW + 1)).all()
    yield Task.subject_kind == "order"
    if len(found) <= FEW:
        yield Task.subject_id.in_(sorted(found))
    else:
        yield exists().where(OrderWords.order_id == Task.subject_id, *asked)


def kinds_of(who: Reader, which: List, chosen: str) -> dict[str, dict[str, str]]:
    """The elements that the first tasks of a list are at, with their names `{"en", "zh"}`; the chosen one always."""
    first = (
        select(Task.element_id, Task.id)
        .where(lists.shown(who.actor, which, who.few))
        .order_by(Task.rank_key, Task.id)
        .limit(LOOK_AT)
        .subquery()
    )
    examples = select(func.min(first.c.id)).group_by(first.c.element_id)
    rows = session().execute(select(Task.element_id, Task.name).where(Task.id.in_(examples)))
    found = {str(element): name for element, name in rows}
    return found if not chosen or chosen in found else {**found, chosen: {"en": chosen, "zh": chosen}}


def counts_of(who: Reader, kept: Mapping[str, tuple[List, Wanted]]) -> dict[str, int]:
    """How many tasks each kept filter has now, by its key, each told up to 99. One statement."""
    if not kept:
        return {}
    parts = []
    for key, (which, wanted) in kept.items():
        conditions = [lists.shown(who.actor, which, who.few), *_conditions(who.actor, wanted)]
        if asked := _of_order(wanted):
            conditions += [
                Task.subject_kind == "order",
                Task.subject_id.in_(select(OrderWords.order_id).where(*asked)),
            ]
        parts.append(lists.capped(conditions).label(key))
    return {key: int(value) for key, value in session().execute(select(*parts)).one()._mapping.items()}


def stamp_of(shown: Sequence[Task], counts: Mapping[str, int]) -> str:
    """A text that changes whenever what is shown does: entered, left, claimed, given back, ranked anew."""
    told = [f"{task.id}{task.changed_at.isoformat()}{task.assignee_id}" for task in shown]
    told += [f"{key}={count}" for key, count in sorted(counts.items())]
    return hashlib.sha256("|".join(told).encode()).hexdigest()[:32]
