"""A PostgreSQL database that tests use one after the other: to make one takes ten times as long as to empty it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sqlalchemy import Connection, create_engine, text

LARGEST = 16 * 1024 * 1024
"""Bytes in one table from which on a new database is cheaper."""
CATALOGUE = """SELECT sum(hashtextextended(id || ' ' || what, 0)) FROM (
  SELECT oid::text AS id, relname::text AS what FROM pg_class
  UNION ALL SELECT attrelid::text, attname || attnum::text FROM pg_attribute
  UNION ALL SELECT oid::text, pg_get_constraintdef(oid) FROM pg_constraint
  UNION ALL SELECT oid::text, tgname || tgenabled::text FROM pg_trigger
  UNION ALL SELECT oid::text, proname || md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT oid::text, nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
) AS found"""
"""What is in the database besides rows."""
TABLES = """SELECT quote_ident(relname), pg_relation_size(oid) FROM pg_class
  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
SCHEMAS = """SELECT quote_ident(nspname) FROM pg_namespace
  WHERE nspname NOT IN ('public', 'information_schema') AND nspname NOT LIKE 'pg_%'"""
NUMBERED = "SELECT setval(quote_ident(sequencename), start_value, false) FROM pg_sequences WHERE last_value IS NOT NULL"
LEFT_BEHIND = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection on which each statement counts at once."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


class Emptied:
    """Hands out one database, always with all tables and no rows; another one when a test changed more than rows."""

    def __init__(self, make: Callable[[], AbstractContextManager[str]]) -> None:
        self._make = make
        self._made = ExitStack()
        self._url: str | None = None
        self._tables: set[str] = set()
        self._catalogue: object = None

    def url(self) -> str:
        """Of the database; whoever was connected to it is so no longer."""
        if self._url is None or not self._emptied(self._url):
            self.close()
            self._url = self._made.enter_context(self._make())
            with connected(self._url) as connection:
                self._tables = set(connection.scalars(text(TABLES)))
                self._catalogue = connection.scalar(text(CATALOGUE))
        return self._url

    def _emptied(self, url: str) -> bool:
        with connected(url) as connection:
            connection.execute(text(LEFT_BEHIND))
            found = dict(connection.execute(text(TABLES)).all())
            if max(found.values()) > LARGEST:
                return False
            for name in connection.scalars(text(SCHEMAS)).all():
                connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
            for name in found.keys() - self._tables:
                connection.execute(text(f"DROP TABLE {name} CASCADE"))
            if connection.scalar(text(CATALOGUE)) != self._catalogue:
                return False
            filled = [name for name in self._tables if found.get(name)]
            connection.execute(text("SET session_replication_role = replica"))  # no triggers: some tables only grow
            for name in filled:
                connection.execute(text(f"DELETE FROM {name}"))
            if filled:
                connection.execute(text(f"VACUUM {', '.join(filled)}"))  # gives the room back: as in a new table
            connection.execute(text(NUMBERED))
        return True

    def close(self) -> None:
        """Drop it."""
        self._made.close()
        self._url = None
