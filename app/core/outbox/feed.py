"""Reading the feed, and how far behind it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, true

from app.core import clock, metrics
from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, _l
from app.core.outbox.models import OutboxEvent, OutboxFeed, WaitingEvent
from app.core.outbox.types import event_types

SPAN = 10_000
"""Positions that one page looks through when only some types are wanted."""

_events: Any = OutboxEvent.__table__
_feed: Any = OutboxFeed.__table__
_waiting: Any = WaitingEvent.__table__


class EventsForgotten(DomainError):
    """The reader was away for longer than events are kept: it has missed some."""

    status = 410
    message = _l("Events after position %(after)s are no longer all kept; the oldest kept is %(oldest)s.")


class NotYetGiven(DomainError):
    """A reader of this feed cannot have seen so high a position: it read another database, or one before a restore."""

    message = _l("Position %(after)s has not been given yet; the last one is %(last)s.")


@dataclass(frozen=True)
class Page:
    """Events in order of their positions (rows of `outbox_events`). `next`: what to ask for after; when it is `last`,
    the reader has all."""

    events: list[Any]
    next: int
    last: int
    oldest: int


def after(position: int | None, limit: int, types: Sequence[str] = ()) -> Page:
    """The events behind a position (without one: from the oldest kept), only of the types if any are named.

    Raises EventsForgotten, NotYetGiven, Invalid (a type that is not declared). One statement, so one moment.
    """
    _refuse_unknown(types)
    start = func.coalesce(position, select(_feed.c.forgotten).scalar_subquery())
    wanted = select(_events).where(_events.c.position > start)
    if types:
        wanted = wanted.where(_events.c.type.in_(types), _events.c.position <= start + SPAN)
    found = wanted.order_by(_events.c.position).limit(limit).subquery()
    with_feed = select(_feed.c.last, _feed.c.forgotten, found).select_from(_feed.outerjoin(found, true()))
    rows = session().execute(with_feed.order_by(found.c.position)).all()
    last, forgotten = (rows[0].last, rows[0].forgotten) if rows else (0, 0)
    seen = forgotten if position is None else position
    if seen < forgotten:
        raise EventsForgotten(after=seen, oldest=forgotten + 1)
    if seen > last:
        raise NotYetGiven(after=seen, last=last)
    events = [row for row in rows if row.position is not None]
    reached = events[-1].position if len(events) == limit else min(last, seen + SPAN) if types else last
    return Page(events, reached, last, forgotten + 1)


def _refuse_unknown(types: Sequence[str]) -> None:
    known = {kind.name for kind in event_types()}
    if unknown := sorted(set(types) - known):
        raise Invalid({"type": [_("There is no event type “%(type)s”.", type=name) for name in unknown]})


@metrics.gauge("youxu_outbox_lag_seconds", "Seconds the oldest event without a position in the feed waits already")
def lag() -> float:
    """Age of the event that waits longest for its position; 0 when none waits."""
    waits = select(_waiting.c.at).order_by(_waiting.c.seq).limit(1)
    oldest = session().scalar(waits)
    return 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())


@metrics.gauge("youxu_outbox_waiting", "Events that have no position in the feed yet")
def waiting() -> float:
    """How many events the relay has not numbered."""
    return session().scalar(select(func.count()).select_from(_waiting)) or 0
