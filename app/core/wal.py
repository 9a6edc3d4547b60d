"""SQLite's write-ahead log, copied back into the database file by the worker: else one commit in some two hundred does
it, and whoever waits for that one waits 10 ms longer. It hinders neither who reads nor who writes."""

from __future__ import annotations

from threading import Event

import structlog

from app.core.db import engine

PAUSE = 0.5
"""Seconds. Pages that are written again and again are copied once in that time."""
log = structlog.get_logger()


def keep_short(stop: Event) -> None:
    """Copy back what there is, again and again until told to stop."""
    while engine().dialect.name == "sqlite" and not stop.wait(PAUSE):
        try:
            copy_back()
        except Exception:
            log.exception("worker.log_not_copied")


def copy_back() -> None:
    """As far as nobody still reads what stood in the file before. On SQLite only."""
    lent = engine().raw_connection()
    try:
        lent.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        lent.close()
