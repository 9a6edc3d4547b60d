"""Parameters that narrow a list in the usual ways: equal to a text, one of several, like a pattern, a flag, a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from app.integration.engine_rest.wire import Given

Columns = Mapping[str, Any]


def narrow(
    statement: Select[Any],
    given: Given,
    *,
    equal: Columns | None = None,
    several: Columns | None = None,
    likes: Columns | None = None,
    flags: Columns | None = None,
) -> Select[Any]:
    """The statement with what is given of these parameters; each maps to a column, a flag to a condition."""
    for name, column in (equal or {}).items():
        if name in given:
            statement = statement.where(column == given.text(name))
    for name, column in (several or {}).items():
        wanted = given.texts(name)
        if wanted is not None:
            statement = statement.where(column.in_(wanted))
    for name, column in (likes or {}).items():
        if name in given:
            statement = statement.where(column.like(str(given.text(name))))
    for name, condition in (flags or {}).items():
        if given.flag(name):
            statement = statement.where(condition)
    return statement


def between(statement: Select[Any], given: Given, columns: Columns, *, inclusive: bool = False) -> Select[Any]:
    """`{name}After` and `{name}Before` of each column."""
    for name, column in columns.items():
        after, before = given.moment(f"{name}After"), given.moment(f"{name}Before")
        if after is not None:
            statement = statement.where(column >= after if inclusive else column > after)
        if before is not None:
            statement = statement.where(column <= before if inclusive else column < before)
    return statement
