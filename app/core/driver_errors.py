"""What the errors of databases' drivers mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

T = TypeVar("T")
_POSTGRES_RETRY = {"40001", "40P01", "55P03"}


def is_lost_race(error: Exception) -> bool:
    """True when the same request or job may succeed if it is run again from the start."""
    if isinstance(error, StaleDataError | IntegrityError):
        return True
    original = getattr(error, "orig", None)
    return "locked" in str(original) or getattr(original, "sqlstate", None) in _POSTGRES_RETRY


def is_unreachable(error: Exception) -> bool:
    """True when the database server is gone or did not let us in: psycopg has no state to tell then."""
    original = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", "")
    return isinstance(error, OperationalError) and (state is None or str(state).startswith(("08", "57P", "53300")))


def straight(dialect: Dialect, what: str, act: Callable[..., T], *given: Any) -> T:
    """What the driver answers; its errors become SQLAlchemy's, so that the edge knows them."""
    try:
        return act(*given)
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            what, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
        ) from error
