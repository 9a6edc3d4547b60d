"""Workers that wait for work. Each holds a thread of the server, but no connection and no turn to write.

One thread per process looks for all of them, when there is news in this process and at least every second (for what
other processes made, and for locks that ran out), with one reading statement; who came first is served first. A
client that has gone meanwhile is not noticed: what it gets is fetched by another when the lock runs out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core import db
from app.processes.external import fetching, news

LOOK_EVERY = 1.0
"""Seconds between two looks without news."""
LONGEST = 30 * 60
"""Seconds that anybody may wait."""

log = structlog.get_logger()


class TooManyWait(RuntimeError):
    """As many wait in this process as may."""


class Closing(RuntimeError):
    """The server stops; nobody waits any longer."""


@dataclass(eq=False)
class Waiting:
    """One worker. `attempt` runs in a writing transaction and answers something true when it found work."""

    topics: Sequence[str]
    attempt: Callable[[], Any]
    answered: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held while work is fetched for it and while it leaves: what was fetched is taken along."""
    gone: bool = False
    found: Any = None
    failed: BaseException | None = None

    def answer(self, found: Any = None, failed: BaseException | None = None) -> None:
        """Wake it. The turn must be held."""
        self.found, self.failed, self.gone = found, failed, True
        self.answered.set()


class Parking:
    """Where workers of one process wait: at most `most` at once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.is_alive: Callable[[], bool] = lambda: True
        """False once the server is told to stop."""
        self._waiting: list[Waiting] = []
        self._lock = threading.Lock()
        self._looking = False

    def wait(self, one: Waiting, seconds: float) -> Any:
        """What the attempt came to; None after so many seconds. Raises TooManyWait, Closing, what it raised."""
        self._enter(one)
        try:
            one.answered.wait(min(seconds, LONGEST))
        finally:
            with one.turn:
                one.gone = True
            with self._lock:
                self._waiting.remove(one)
        if one.failed is not None:
            raise one.failed
        return one.found

    def _enter(self, one: Waiting) -> None:
        with self._lock:
            if not self.is_alive():
                raise Closing
            if len(self._waiting) >= self.most:
                raise TooManyWait
            self._waiting.append(one)
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="parking", daemon=True).start()
        news.announce()  # something may have come between the worker's own look and now

    def count(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    def _look(self) -> None:
        seen = news.seen()
        while True:
            with self._lock:
                if not self._waiting:
                    self._looking = False
                    return
                queue = list(self._waiting)
            try:
                self._serve(queue)
            except Exception:  # whatever it is: without this thread nobody would be answered any more
                log.warning("parking.not_now", exc_info=True)
            news.wait(seen, LOOK_EVERY)
            seen = news.seen()

    def _serve(self, queue: list[Waiting]) -> None:
        if not self.is_alive():
            for one in queue:
                with one.turn:
                    one.answer(failed=Closing())
            return
        names = sorted({name for one in queue for name in one.topics})
        with db.transaction(write=False):
            there = fetching.topics_with_work(names)
        for one in queue:
            if not there.isdisjoint(one.topics):
                with one.turn:
                    self._try(one)

    def _try(self, one: Waiting) -> None:
        if one.gone:
            return
        try:
            with db.transaction():
                found = one.attempt()
        except SQLAlchemyError:  # busy, or a lost race: the next look tries again
            log.info("parking.retried", exc_info=True)
        except Exception as error:  # noqa: BLE001 - it belongs to who waits
            one.answer(failed=error)
        else:
            if found:
                one.answer(found)
