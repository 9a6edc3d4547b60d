"""Word of new work: told when the transaction that made it is stored, heard by whoever waits in this process."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.db import session

_MARK = "external work"
_changed = threading.Condition()
_count = 0


def tell() -> None:
    """There will be something to fetch once the running transaction is stored."""
    session().info[_MARK] = True


@event.listens_for(Session, "after_commit")
def _stored(stored: Any) -> None:
    if not stored.in_nested_transaction() and stored.info.pop(_MARK, False):
        announce()


@event.listens_for(Session, "after_rollback")
def _not_stored(lost: Any) -> None:
    if not lost.in_nested_transaction():
        lost.info.pop(_MARK, None)


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
