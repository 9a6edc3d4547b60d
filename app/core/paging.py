"""Lists in pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from app.core.db import session

T = TypeVar("T")
SIZE = 50
LARGEST = 200


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list: `number` counts from 1, `total` is the number of items on all pages."""

    items: list[T]
    number: int
    size: int
    total: int

    @property
    def more(self) -> bool:
        """Whether another page follows."""
        return self.number * self.size < self.total

    @property
    def last(self) -> int:
        """Number of the last page, at least 1."""
        return max(1, -(-self.total // self.size))


def paginate(statement: Select[Any], number: int = 1, size: int = SIZE) -> Page[Any]:
    """The page of the statement's rows (scalars when it selects one thing). Two statements."""
    size = min(max(size, 1), LARGEST)
    number = min(max(number, 1), 1_000_000)
    total = session().execute(select(func.count()).select_from(statement.order_by(None).subquery())).scalar_one()
    rows = session().execute(statement.limit(size).offset((number - 1) * size))
    single = len(statement.column_descriptions) == 1
    items = list(rows.scalars()) if single else list(rows)
    return Page(items, number, size, total)


def paginate_in_turn(parts: Iterable[tuple[int, Select[Any]]], number: int = 1, size: int = SIZE) -> Page[Any]:
    """The page of a list that goes from one statement's rows to the next one's: each in an order that an index has,
    where the whole would have to be sorted. `parts`: how many rows each has, and the statement. One statement for each
    part on the page."""
    size = min(max(size, 1), LARGEST)
    number = min(max(number, 1), 1_000_000)
    items: list[Any] = []
    total, skipped = 0, (number - 1) * size
    for count, statement in parts:
        begin, wanted = max(0, skipped - total), size - len(items)
        if wanted and begin < count:
            items += session().execute(statement.limit(wanted).offset(begin))
        total += count
    return Page(items, number, size, total)
