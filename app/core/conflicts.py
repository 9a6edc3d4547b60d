"""INSERT that knows ON CONFLICT, as both databases do; SQLAlchemy has one for each dialect.

session().execute(insert_into(Row).values(**row).on_conflict_do_nothing())
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from app.core.db import engine


def insert_into(table: Any, dialect: str | None = None) -> Any:
    """An INSERT into the table, for the process's database unless told otherwise."""
    made = postgresql.insert if (dialect or engine().dialect.name) == "postgresql" else sqlite.insert
    return made(table)
