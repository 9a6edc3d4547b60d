"""Turns by name, kept until the transaction ends: for what no row can be locked for, because it is not there yet.

SQLite has one writer at a time, so there nobody need wait.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, bindparam, func, select

from app.core.db import engine, session

_KEY = func.hashtextextended(bindparam("name", type_=String), 0)
_ALONE = select(func.pg_advisory_xact_lock(_KEY))
_TOGETHER = select(func.pg_advisory_xact_lock_shared(_KEY))
_IF_FREE = select(func.pg_try_advisory_xact_lock(_KEY))


def alone(name: str) -> bool:
    """Nobody else has a turn of the name, alone or together; False where transactions do that by themselves."""
    return _wait(_ALONE, name)


def together(name: str) -> bool:
    """Others may have a turn `together` too, but nobody has one `alone`; False as above."""
    return _wait(_TOGETHER, name)


def _wait(statement: Any, name: str) -> bool:
    if engine().dialect.name != "postgresql":  # asked without a session: many steps need none
        return False
    session().execute(statement, {"name": name})
    return True


def if_free(name: str) -> bool:
    """Take a turn `alone` if nobody else has one; False without waiting if somebody has."""
    if engine().dialect.name != "postgresql":
        return True
    return bool(session().scalar(_IF_FREE, {"name": name}))
