"""Tables that only grow: triggers refuse UPDATE and DELETE, on SQLite and on PostgreSQL.

    append_only(AuditEntry.__table__)

`create_all` makes the triggers with the table; a migration runs `statements(name, dialect)` after creating it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import DDL, Table, event

PROTECTED: set[str] = set()
"""Names of the tables that only grow."""


def append_only(table: Any, *, but_for: Callable[[str], str] | None = None) -> None:
    """Refuse UPDATE and DELETE on the table from its creation on; `but_for(dialect)` is a condition on OLD (SQL) under
    which a row may be deleted after all."""
    assert isinstance(table, Table)  # noqa: S101 - tells the type checker what `__table__` is
    PROTECTED.add(table.name)
    on_creation(table, lambda dialect: statements(table.name, dialect, None if but_for is None else but_for(dialect)))


def on_creation(table: Any, sql: Callable[[str], list[str]]) -> None:
    """Run these statements of the dialect when the table is made."""
    for dialect in ("sqlite", "postgresql"):
        for statement in sql(dialect):
            ddl: Any = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def statements(table: str, dialect: str, but_for: str | None = None) -> list[str]:
    """The SQL that protects a table of that name."""
    if dialect == "sqlite":
        unless = {"UPDATE": "", "DELETE": f"WHEN NOT {but_for} " if but_for else ""}
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb, when in unless.items()
        ]
    leave = f"IF TG_OP = 'DELETE' THEN IF {but_for} THEN RETURN OLD; END IF; END IF; " if but_for else ""
    return [
        f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {leave}RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
    ]
