"""The line in which writers wait for SQLite's one write lock."""

from __future__ import annotations

import fcntl
import os
from functools import lru_cache

from sqlalchemy import Engine


def wait_in_line(bind: Engine) -> int | None:
    """Wait in line for SQLite's one write lock, across threads and processes.

    SQLite itself makes a waiting writer sleep and try again, so that some wait for seconds while others pass them; a
    file lock wakes who waits. It is held as long as the transaction and vanishes with its process.
    """
    path = _line_of(bind)
    if path is None:
        return None
    line = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(line, fcntl.LOCK_EX)
    except BaseException:
        os.close(line)
        raise
    return line


@lru_cache(maxsize=8)
def _line_of(target: Engine) -> str | None:
    """Path of the file in which writers wait; None where the database itself knows how to wait."""
    file = target.url.database
    known = target.url.get_backend_name() != "sqlite" or not file or file == ":memory:"
    return None if known else f"{file}.lock"
