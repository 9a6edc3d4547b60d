"""The database's shape: migrated by Alembic, one process at a time."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from app.core.db import engine
from config import ROOT

_MIGRATION_LOCK = 7_304_119


def alembic_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def latest() -> str:
    """The newest revision in `migrations/`; to find it means to load them all."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


def current(of: Engine | None = None) -> str | None:
    """The revision the database is at; None when it is empty."""
    with (of or engine()).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(revision: str = "head") -> bool:
    """Bring the database to a revision; True when there was something to do.

    Two servers may start at once: SQLite's write lock and an advisory lock on PostgreSQL let one migrate while the
    other waits and finds nothing left to do.
    """
    if revision == "head" and current() == latest():
        return False
    with engine().begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config = alembic_config()
        config.attributes["connection"] = connection
        if revision == "head" or revision > (MigrationContext.configure(connection).get_current_revision() or ""):
            command.upgrade(config, revision)
        else:
            command.downgrade(config, revision)
    return True


def draft_revision(title: str, *, only: frozenset[str] | None = None) -> Path:
    """Write the next migration from the difference between models and database; for developers, to be read and edited.

    `only` limits it to those tables.
    """
    number = int(latest() or 0) + 1
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    config = alembic_config()
    config.set_main_option("file_template", f"{number:04d}_{slug}")
    config.attributes["include_object"] = lambda thing, name, kind, _reflected, _other: (
        only is None or (name if kind == "table" else thing.table.name) in only
    )
    with engine().begin() as connection:
        config.attributes["connection"] = connection
        made = command.revision(config, title, autogenerate=True, rev_id=f"{number:04d}")
    latest.cache_clear()
    return Path(getattr(made, "path"))  # noqa: B009 - typed as a list too, which it is for several heads only
