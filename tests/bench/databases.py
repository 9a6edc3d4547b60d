"""An empty database for a bench that opens pages, and the settings to serve it with."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import Settings
from tests.postgres import embedded


@contextmanager
def empty_database(*, postgres: bool) -> Iterator[Settings]:
    """Of the kind asked for; gone after the block."""
    with tempfile.TemporaryDirectory() as folder:
        if not postgres:
            yield _settings(Path(folder), f"sqlite:///{folder}/bench.db")
            return
        with embedded() as url:
            yield _settings(Path(folder), url)


def _settings(folder: Path, url: str) -> Settings:
    return Settings(
        data=folder,
        database_url=url,
        embedded=url.startswith("sqlite"),
        secret_key=secrets.token_hex(20),
        testing=True,
    )
