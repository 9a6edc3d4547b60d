"""What the menu warns of: events that failed, deliveries that were given up. Counted at most every ten seconds in each
server process, so that pages which have nothing to do with webhooks need not ask."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine, func, select

from app.core import clock
from app.core.db import engine, session
from app.integration.inbound.models import HookEvent
from app.integration.inbound.queries import ALARMING
from app.integration.outbound.models import DeliveryState, HookDelivery

KEPT = 10.0
MOST = 100
"""Counted at most."""


class Alarms(NamedTuple):
    """How many there are that nobody has dealt with."""

    inbound: int
    outbound: int


_kept: tuple[float, Engine | None, Alarms] = (-KEPT, None, Alarms(0, 0))


def alarms() -> Alarms:
    """The counts, not older than KEPT seconds."""
    global _kept  # noqa: PLW0603 - one count per process
    known_at, database, found = _kept
    if clock.ticks() - known_at > KEPT or database is not engine():
        failed = select(HookEvent.seq).where(HookEvent.state.in_(ALARMING)).limit(MOST).subquery()
        dead = select(HookDelivery.seq).where(HookDelivery.state == DeliveryState.DEAD).limit(MOST).subquery()
        counts = [select(func.count()).select_from(some).scalar_subquery() for some in (failed, dead)]
        found = Alarms(*session().execute(select(*counts)).one())
        _kept = (clock.ticks(), engine(), found)
    return found


def forget() -> None:
    """Somebody has just dealt with some: count anew."""
    global _kept  # noqa: PLW0603
    _kept = (-KEPT, None, Alarms(0, 0))


def badge(count: int) -> str:
    """As the menu shows it."""
    return "" if not count else "99+" if count >= MOST else str(count)
