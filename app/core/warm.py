"""SQLite connections at hand. Taking one from SQLAlchemy's pool and giving it back costs a short transaction more than
its own begin and end do; so a few stay taken between transactions and go from one to the next as they are."""

from __future__ import annotations

from typing import Any

from sqlalchemy.pool import PoolProxiedConnection, QueuePool

MOST = 4
"""As many as write or read at once in a busy process; the pool keeps the rest for who goes the usual way."""


class WarmPool(QueuePool):
    """SQLAlchemy's pool, with some of its connections lent for good; they end with it."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._warm: list[PoolProxiedConnection] = []

    def take(self) -> PoolProxiedConnection:
        """A connection that nobody uses."""
        try:
            return self._warm.pop()
        except IndexError:
            return self.connect()

    def give_back(self, lent: PoolProxiedConnection) -> None:
        """Outside any transaction, and unbroken."""
        if len(self._warm) < MOST:
            self._warm.append(lent)
        else:
            lent.close()
