"""Word of new work: told when the transaction that made it is stored, heard by whoever waits in this process."""

from __future__ import annotations

import threading

from app.core.db import after_commit

_changed = threading.Condition()
_count = 0


def tell() -> None:
    """There will be something to fetch once the running transaction is stored."""
    after_commit(announce)


def announce() -> None:
    """Wake everybody who waits."""
    global _count  # noqa: PLW0603 - one counter per process, guarded by the condition
    with _changed:
        _count += 1
        _changed.notify_all()


def seen() -> int:
    """How often there was news; to be given to `wait`."""
    return _count


def wait(since: int, seconds: float) -> bool:
    """True as soon as there was news after `since`; False after so many seconds."""
    with _changed:
        return _changed.wait_for(lambda: _count != since, timeout=seconds)
