"""One database per test process (SQLite, or PostgreSQL with `--db postgres`); each test in a rolled-back transaction.

`tx`      opens that transaction: services can be called at once, `client` requests run inside it.
`live`    an empty database of its own, for tests that need real commits, threads or processes.
"""

from __future__ import annotations

import gc
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest.mock import patch

import hypothesis
import jsonschema_rs
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from app import create_app
from app.core import clock, db, i18n, outbox, permissions, templating
from app.core.outbox import telling
from app.core.tables import load_all
from app.identity.service import passwords
from app.integration import alarms
from config import ROOT, Settings, normal_url
from tests import again, halves
from tests.emptied import Emptied

hypothesis.settings.register_profile("unhurried", deadline=None)  # how fast this machine is just now proves nothing
hypothesis.settings.load_profile("unhurried")

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Monday 2026-11-23 12:00 in Shanghai."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.addoption("--full", action="store_true", help="also the long tests")
    parser.addoption("--from", dest="end", choices=halves.ENDS, help="run what another process has not claimed")
    parser.addoption("--claims", type=Path, help="with --from: an empty folder that both processes are given")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full"):
        return
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="long: make test-full"))
        if config.getoption("--db") != "sqlite" and not again.runs_again(item):
            item.add_marker(pytest.mark.skip(reason="as on SQLite: make test-full"))


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With `--from`: half of the tests (tests/halves.py)."""
    options = session.config.option
    if options.end is None or options.collectonly or session.testsfailed:
        return None
    halves.run(session, options.end, options.claims)
    return True


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What never touches a database need not even be read for PostgreSQL, unless it is asked for by name."""
    if config.getoption("--db") == "sqlite" or not again.is_pure(collection_path):
        return None
    asked = {Path(given.partition("::")[0]).resolve() for given in config.args}
    return None if collection_path in asked else True


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server on which databases may be made: TEST_DATABASE_URL, else an embedded one."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield normal_url(given)
        return
    from tests.postgres import embedded

    with embedded() as url:
        yield url


@contextmanager
def fresh_database(kind: str, folder: Path, server: str | None, like: str | None = None) -> Iterator[str]:
    """URL of a database that is dropped at the end: empty, or a copy of `like`, to which nobody may be connected."""
    if kind == "sqlite":
        if like is not None:
            shutil.copy(like.removeprefix("sqlite:///"), folder / "test.db")
        yield f"sqlite:///{folder / 'test.db'}"
        return
    name = f"youxu_{secrets.token_hex(6)}"
    base = create_engine(str(server), isolation_level="AUTOCOMMIT")
    template = "template1" if like is None else make_url(like).database
    with base.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield base.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with base.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        base.dispose()


@pytest.fixture(scope="session")
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    kind = request.config.getoption("--db")
    folder = tmp_path_factory.mktemp("data")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    with fresh_database(kind, folder, server) as url:
        yield Settings(
            data=folder,
            database_url=url,
            embedded=kind == "sqlite",
            secret_key="t" * 40,
            sqlite_synchronous="NORMAL",
            testing=True,
        )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    made.config["WTF_CSRF_ENABLED"] = False
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(compiled_templates()))
    build_schema(db.engine())
    alarms.KEPT = 1e9  # else a slow test counts them anew, and one statement more
    gc.freeze()  # the application stays: to look through it for garbage again and again took a seventh of the time
    gc.set_threshold(50_000, 20, 50)
    yield made
    db.engine().dispose()


def compiled_templates() -> Path:
    """Where the queues of a run keep templates compiled for one another; a changed template is compiled anew, and all
    are when how they are compiled changes."""
    how = hashlib.sha256(f"{metadata.version('jinja2')} {Path(templating.__file__).read_text()}".encode())
    folder = ROOT / ".pytest_cache" / "templates" / how.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _hurried_passwords() -> Iterator[None]:
    """Hashed as in the product, by argon2id, but with the least work that it allows."""
    with patch.object(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)):
        yield


def build_schema(engine: Engine) -> None:
    """Make the tables in an empty database."""
    load_all()
    db.Base.metadata.create_all(engine)


def close_whole(engine: Engine) -> None:
    """End every connection; a SQLite file then holds everything that was written and can be copied."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    engine.dispose()


@pytest.fixture(scope="session")
def with_tables(
    request: pytest.FixtureRequest, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """URL of a database with all tables and no rows, to be copied: a copy costs a tenth of making them."""
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    with fresh_database(kind, tmp_path_factory.mktemp("tables"), server) as url:
        engine = db.make_engine(url, settings.sqlite_synchronous)
        build_schema(engine)
        close_whole(engine)
        yield url


@pytest.fixture(autouse=True)
def _steady_world() -> Iterator[None]:
    """Noon on a Monday, English, nobody signed in."""
    permissions.act_as(None)
    with clock.moved(NOON), i18n.reading("en"):
        yield
    permissions.act_as(None)


class _Checked:
    """Every event that any test tells is as the catalogue says."""

    def __init__(self, writing: Any) -> None:
        self.writing = writing
        self.validators: dict[str, Any] = {}

    def run(self, rows: Any) -> int:
        for row in [rows] if isinstance(rows, dict) else rows:
            name = row["type"]
            if name not in self.validators:
                (kind,) = [kind for kind in outbox.event_types() if kind.name == name]
                self.validators[name] = jsonschema_rs.validator_for(kind.schema())
            self.validators[name].validate(row["data"])
        return int(self.writing.run(rows))


@pytest.fixture(scope="session", autouse=True)
def _events_as_declared() -> Iterator[None]:
    with patch.object(telling, "_WRITE", _Checked(telling._WRITE)):
        yield


@pytest.fixture
def tx(app: Flask) -> Iterator[Session]:
    """A session in a transaction that is rolled back after the test."""
    with db.engine().connect() as connection:
        outer = connection.begin()
        opened = db.UnitSession(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        token = db._current.set(db.unit_around(opened))
        try:
            yield opened
        finally:
            db._current.reset(token)
            opened.close()
            outer.rollback()


@pytest.fixture
def client(app: Flask, tx: Session) -> FlaskClient:
    """An HTTP client whose requests run inside the test's transaction."""
    return app.test_client()


@pytest.fixture(scope="session")
def emptied(postgres_server: str, tmp_path_factory: pytest.TempPathFactory, with_tables: str) -> Iterator[Emptied]:
    """For `live` on PostgreSQL."""
    folder = tmp_path_factory.mktemp("emptied")
    made = Emptied(lambda: fresh_database("postgres", folder, postgres_server, like=with_tables))
    yield made
    made.close()


@contextmanager
def own_database(request: pytest.FixtureRequest, folder: Path, tables: str) -> Iterator[str]:
    """URL of a database with all tables and no rows, for one test."""
    if request.config.getoption("--db") == "postgres":
        yield request.getfixturevalue("emptied").url()
        return
    with fresh_database("sqlite", folder, None, like=tables) as url:
        yield url


@pytest.fixture
def live(
    request: pytest.FixtureRequest, settings: Settings, app: Flask, tmp_path: Path, with_tables: str
) -> Iterator[Settings]:
    """A database of its own with real commits; the process is connected to it during the test."""
    before = db._engine
    with own_database(request, tmp_path, with_tables) as url:
        own = replace(settings, database_url=url, data=tmp_path)
        engine = db.connect(own)
        try:
            yield own
        finally:
            engine.dispose()
            db._engine = before


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every SQL statement sent while the test runs; clear it before the part that counts."""
    seen: list[str] = []

    def record(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    yield seen
    event.remove(Engine, "before_cursor_execute", record)
