"""The line in which writers wait for SQLite's one write lock."""

from __future__ import annotations

import fcntl
import os
from functools import lru_cache

from sqlalchemy import Engine


class Line:
    """A file lock. SQLite itself makes a waiting writer sleep and try again, so that some wait for seconds while others
    pass them; this wakes who waits, across threads and processes, and vanishes with the process that holds it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[int] = []
        """Descriptors that hold no lock: opening one for each transaction costs a tenth of a step."""

    def __del__(self) -> None:
        for place in self._idle:
            os.close(place)

    def wait(self) -> int:
        """Wait until it is our turn; answers the place to leave."""
        try:
            place = self._idle.pop()
        except IndexError:
            place = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX)
        except BaseException:
            os.close(place)
            raise
        return place

    def leave(self, place: int) -> None:
        """The next one's turn."""
        fcntl.flock(place, fcntl.LOCK_UN)
        self._idle.append(place)


@lru_cache(maxsize=8)
def line_of(target: Engine) -> Line | None:
    """Where writers of that database wait; None where the database itself knows how to wait."""
    file = target.url.database
    known = target.url.get_backend_name() != "sqlite" or not file or file == ":memory:"
    return None if known else Line(f"{file}.lock")


# A child of ours has copies of the descriptors: one place, and one lock, for two. It opens its own.
os.register_at_fork(after_in_child=line_of.cache_clear)
