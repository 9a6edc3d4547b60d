"""The hostile world is built once; each test works on a copy of its own, with real commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app.core import clock, db
from config import Settings
from tests.conftest import NOON, close_whole, fresh_database
from tests.hostile.routes import Share
from tests.hostile.world import Site, build


@pytest.fixture(scope="package")
def hostile_template(
    request: pytest.FixtureRequest,
    app: Flask,
    settings: Settings,
    with_tables: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Site]]:
    """URL of the filled database, to which nobody is connected."""
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder = tmp_path_factory.mktemp("hostile")
    before = db._engine
    with fresh_database(kind, folder, server, like=with_tables) as url:
        engine = db.connect(replace(settings, database_url=url, data=folder))
        with clock.moved(NOON), db.transaction():
            site = build()
        close_whole(engine)
        db._engine = before
        yield url, site


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.full), 8])
def share(request: pytest.FixtureRequest) -> Share:
    """Every value at every route on both databases, or an eighth of them: SQLite gets one half, PostgreSQL the other."""
    if request.param == 1:
        return Share(1)
    return Share(request.param, ("sqlite", "postgres").index(request.config.getoption("--db")))


@pytest.fixture
def site(
    request: pytest.FixtureRequest,
    app: Flask,
    settings: Settings,
    hostile_template: tuple[str, Site],
    tmp_path: Path,
) -> Iterator[Site]:
    """The hostile world; what a test does to it is gone after the test."""
    template, made = hostile_template
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    before = db._engine
    with fresh_database(kind, tmp_path, server, like=template) as url:
        engine = db.connect(replace(settings, database_url=url, data=tmp_path))
        try:
            yield made
        finally:
            engine.dispose()
            db._engine = before
