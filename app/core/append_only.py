"""Tables that only grow: triggers refuse UPDATE and DELETE, on SQLite and on PostgreSQL.

    append_only(AuditEntry.__table__)

`create_all` makes the triggers with the table; a migration runs `statements(name, dialect)` after creating it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, Table, event

PROTECTED: set[str] = set()
"""Names of the tables that only grow."""


def append_only(table: Any) -> None:
    """Refuse UPDATE and DELETE on the table from its creation on."""
    assert isinstance(table, Table)  # noqa: S101 - tells the type checker what `__table__` is
    PROTECTED.add(table.name)
    for dialect in ("sqlite", "postgresql"):
        for statement in statements(table.name, dialect):
            ddl: Any = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def statements(table: str, dialect: str) -> list[str]:
    """The SQL that protects a table of that name."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
    ]
