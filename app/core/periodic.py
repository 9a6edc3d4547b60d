"""Work that is due every so often, done by whichever worker process comes first.

    @every(minutes=10, name="audit.seal")
    def seal(): ...

A row per name says when it last ran; taking the turn and the work are one transaction, so a killed worker leaves
nothing half-done and two workers never do the same turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import String, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, UtcDateTime, session, transaction

log = structlog.get_logger()
PAUSE = 5.0
"""Seconds between two looks."""


class PeriodicRun(Base):
    """When a periodic work was last done, or how far it has come."""

    __tablename__ = "periodic_runs"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class Work:
    """A function and how often it is due."""

    name: str
    pause: timedelta
    run: Callable[[], None]


_works: list[Work] = []


def every(*, minutes: float, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function that takes nothing and runs inside a transaction of its own."""

    def keep(function: Callable[[], None]) -> Callable[[], None]:
        _works.append(Work(name, timedelta(minutes=minutes), function))
        return function

    return keep


def mark(name: str) -> datetime | None:
    """Up to which moment a work has come, for one that goes along a line of things; None before its first time."""
    return session().scalar(select(PeriodicRun.last_at).where(PeriodicRun.name == name))


def set_mark(name: str, at: datetime) -> None:
    """It has come so far, in the running transaction."""
    if not session().execute(update(PeriodicRun).where(PeriodicRun.name == name).values(last_at=at)).rowcount:  # type: ignore[attr-defined]
        session().execute(insert(PeriodicRun), {"name": name, "last_at": at})


def run_due() -> list[str]:
    """Do what is due; names of what was done. A failure is logged and tried again next time."""
    done = []
    for work in _works:
        try:
            if _is_due(work):
                with transaction():
                    if _take_turn(work):
                        work.run()
                        done.append(work.name)
        except Exception:
            log.exception("periodic.failed", work=work.name)
    return done


def _is_due(work: Work) -> bool:
    with transaction(write=False):
        last = session().scalar(select(PeriodicRun.last_at).where(PeriodicRun.name == work.name))
    return last is None or last + work.pause <= clock.now()


def _take_turn(work: Work) -> bool:
    now = clock.now()
    last = session().scalar(select(PeriodicRun.last_at).where(PeriodicRun.name == work.name).with_for_update())
    if last is None:
        session().add(PeriodicRun(name=work.name, last_at=now))
        session().flush()
        return True
    taken = session().execute(
        update(PeriodicRun)
        .where(
            PeriodicRun.name == work.name,
            PeriodicRun.last_at == last,
            PeriodicRun.last_at <= now - work.pause,
        )
        .values(last_at=now)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]
