"""The lists of tasks as programs read them: a page by its number, or behind a mark, which costs the same however far.

A list is read in parts that share no task, for databases read the first of each by an index; asked for one or the other
they would read all there are. Nothing is counted that the page itself tells.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import func, literal, select, tuple_, union_all

from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.paging import LARGEST, SIZE
from app.core.permissions import Actor
from app.tasks import lists, others, standing_in
from app.tasks.models import Task, TaskStatus

Walked = Literal["mine", "groups", "all", "for", "submitted", "done"]
COUNTED = 1_000
"""A list is counted no further: a hundred thousand tasks take longer to count than to work on a page of them."""
LONGEST = 400
"""Letters of a mark."""


@dataclass(frozen=True)
class Turn:
    """A page. `total` counts up to COUNTED, or the end of the page, and one more when there are others; None behind a
    mark. `next` is the mark behind which the next page begins; None when there is none."""

    items: list[Task]
    number: int
    size: int
    total: int | None
    next: str | None

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return self.next is not None


def turn_of(actor: Actor, which: Walked, *, number: int = 1, size: int = SIZE, after: str = "") -> Turn:
    """A page of a list, by rank (`done`: the newest first). Three statements at most, one more for `for`. Raises
    Invalid when `after` is no mark of this list."""
    size, number = min(max(size, 1), LARGEST), 1 if after else max(number, 1)
    parts, newest = _parts(actor, which), which == "done"
    if after:
        behind = _behind(which, after)
        parts = [[*part, behind] for part in parts]
    found = lists.read(parts, number, size, newest=newest)
    items, more = found[:size], len(found) > size
    mark = _mark(which, items[-1]) if more else None
    return Turn(items, number, size, None if after else _total(parts, number, size, len(items), more=more), mark)


def _parts(actor: Actor, which: Walked) -> list[list[Any]]:
    """Conditions of the tasks of a list: together they have all, and (but for those of several people) each once."""
    is_open = Task.status == TaskStatus.OPEN.value
    if which == "submitted":
        return [[Task.initiator_id == actor.id, is_open]]
    if which == "done":
        return [[Task.completed_by == actor.id]]
    if which == "for":
        whom = standing_in.whom_for(actor)
        few = others.few_of(whom)
        return [part for one, ids in zip(whom, few, strict=True) for part in standing_in.parts_of(actor, one, ids)]
    return lists.parts_of(actor, which, lists.few_of(actor))


def _total(parts: Sequence[list[Any]], number: int, size: int, shown: int, *, more: bool) -> int:
    before = (number - 1) * size
    if not more and (shown or number == 1):
        return before + shown
    if more and number * size >= COUNTED:
        return number * size + 1
    some = (select(Task.id).where(*part).limit(COUNTED + 1).subquery() for part in parts)
    rows = union_all(*(select(one.c.id) for one in some)).subquery() if parts else None
    counted = 0 if rows is None else session().scalar(select(func.count(rows.c.id.distinct()))) or 0
    return min(counted, COUNTED + 1)


def _mark(which: Walked, last: Task) -> str:
    key = last.completed_at.isoformat() if which == "done" and last.completed_at else last.rank_key
    return base64.urlsafe_b64encode(orjson.dumps([which, key, last.id])).decode().rstrip("=")


def _behind(which: Walked, mark: str) -> Any:
    """The condition of what comes behind the mark. Raises Invalid."""
    try:
        said = orjson.loads(base64.urlsafe_b64decode(mark[:LONGEST] + "=" * (-len(mark) % 4)))
        of, key, last = (str(part) for part in said)
        at = datetime.fromisoformat(key) if which == "done" else None
    except (ValueError, TypeError, binascii.Error):
        raise _no_mark() from None
    if of != which or "\x00" in key + last or (at is not None and at.tzinfo is None):
        raise _no_mark()
    if at is not None:
        return tuple_(*lists.NEWEST) < tuple_(literal(at, Task.completed_at.type), literal(last))
    return tuple_(*lists.BY_RANK) > tuple_(literal(key), literal(last))


def _no_mark() -> Invalid:
    return Invalid({"after": [_("This marks no page of this list: give the `next` of the page before.")]})
