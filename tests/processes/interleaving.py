"""Two real transactions at once, in an order that the test decides.

`first` is halted before one of its statements (or its commit); `second` then runs until it is done or waits for a
lock; then `first` goes on. A lost race is served again, as the edge does. For every place of `first` the outcome is
the same on every run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from app.core import db, web
from app.core.errors import DomainError

COMMIT = -1
"""The place before the commit."""
_LOCAL = threading.local()


@dataclass
class Outcome:
    """What the two came to: an answer or a refusal each; why they were served again; did the first come to its place."""

    first: Any = None
    second: Any = None
    retried: list[str] = field(default_factory=list)
    reached: bool = False
    second_waited: bool = False

    @property
    def both(self) -> tuple[Any, Any]:
        return self.first, self.second


@dataclass
class Halt:
    """Where a thread stops, once: before its statement of that number, counted from 0, or before its commit."""

    place: int
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    seen: int = 0
    armed: bool = True

    def pass_by(self, place: int) -> None:
        if self.armed and place == self.place:
            self.armed = False
            self.reached.set()
            assert self.go.wait(30), "nobody let it go on"


def _statement(*_given: Any) -> None:
    halt = getattr(_LOCAL, "halt", None)
    if halt is not None:
        halt.pass_by(halt.seen)
        halt.seen += 1


def _commit(_connection: Any) -> None:
    halt = getattr(_LOCAL, "halt", None)
    if halt is not None and halt.seen:
        halt.pass_by(COMMIT)


def install() -> Callable[[], None]:
    """Listen to statements and commits of every engine; answers how to stop that."""
    event.listen(Engine, "before_cursor_execute", _statement)
    event.listen(Engine, "commit", _commit)

    def remove() -> None:
        event.remove(Engine, "before_cursor_execute", _statement)
        event.remove(Engine, "commit", _commit)

    return remove


def served(verb: Callable[[], Any], retried: list[str]) -> Any:
    """As the edge does: one transaction, a lost race is served again from the start; refusals are answers."""
    for attempt in range(1, web.ATTEMPTS + 1):
        try:
            with db.transaction():
                return verb()
        except DomainError as error:
            return error
        except (StaleDataError, IntegrityError, OperationalError) as error:
            if not db.is_lost_race(error):
                raise
            retried.append(getattr(getattr(error, "orig", None), "sqlstate", None) or type(error).__name__)
            web.step_back(attempt)
    raise AssertionError(f"lost {web.ATTEMPTS} times: {retried}")


def race(first: Callable[[Any], Any], second: Callable[[Any], Any], place: int) -> Outcome:
    """Run the two; each is given a list to note its retries in."""
    outcome, halt, failures = Outcome(), Halt(place), []

    def run(name: str, verb: Callable[[Any], Any], where: Halt | None) -> None:
        _LOCAL.halt = where
        try:
            setattr(outcome, name, verb(outcome.retried))
        except BaseException as fault:
            failures.append(fault)
        finally:
            if where is not None:
                where.reached.set()

    one = threading.Thread(target=run, args=("first", first, halt))
    other = threading.Thread(target=run, args=("second", second, None))
    one.start()
    assert halt.reached.wait(30)
    outcome.reached = not halt.armed
    other.start()
    outcome.second_waited = _until_done_or_waiting(other)
    halt.go.set()
    one.join(30)
    other.join(30)
    assert not one.is_alive()
    assert not other.is_alive()
    if failures:
        raise failures[0]
    return outcome


def _until_done_or_waiting(thread: threading.Thread) -> bool:
    """True when it waits for a lock."""
    if db.engine().dialect.name != "postgresql":
        thread.join(0.03)  # whoever waits for the one write lock does so until the other has ended
        return thread.is_alive()
    with db.engine().connect() as connection:
        while thread.is_alive():
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            if connection.scalar(text(waiting)):
                return True
            connection.rollback()
            time.sleep(0.002)
    return False
