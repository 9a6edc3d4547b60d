"""The hostile world is built once; each test works on a copy of its own, with real commits."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from app.core import clock, db
from config import Settings
from tests.conftest import NOON, build_schema, fresh_database
from tests.hostile.world import Site, build


@pytest.fixture(scope="package")
def hostile_template(
    request: pytest.FixtureRequest, app: Flask, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Site]]:
    """URL of the filled database, to which nobody is connected."""
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder = tmp_path_factory.mktemp("hostile")
    before = db._engine
    with fresh_database(kind, folder, server) as url:
        engine = db.connect(replace(settings, database_url=url, data=folder))
        build_schema(engine)
        with clock.moved(NOON), db.transaction():
            site = build()
        if kind == "sqlite":
            with engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
        engine.dispose()
        db._engine = before
        yield url, site


@pytest.fixture
def site(app: Flask, settings: Settings, hostile_template: tuple[str, Site], tmp_path: Path) -> Iterator[Site]:
    """The hostile world; what a test does to it is gone after the test."""
    template, made = hostile_template
    before = db._engine
    own = settings
    if template.startswith("sqlite"):
        shutil.copy(template.removeprefix("sqlite:///"), tmp_path / "hostile.db")
        own = replace(settings, data=tmp_path, database_url=f"sqlite:///{tmp_path / 'hostile.db'}")
        drop = None
    else:
        drop = f"youxu_{secrets.token_hex(6)}"
        base = create_engine(template, isolation_level="AUTOCOMMIT")
        admin = create_engine(base.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {drop} TEMPLATE {base.url.database}"))
        own = replace(settings, database_url=base.url.set(database=drop).render_as_string(hide_password=False))
    engine = db.connect(own)
    try:
        yield made
    finally:
        engine.dispose()
        db._engine = before
        if drop:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {drop} WITH (FORCE)"))
            admin.dispose()
