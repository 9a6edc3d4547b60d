"""Events are deleted some time after they were numbered: they tell of what happened, the tables and the audit trail
keep it. What is left is always a whole end of the feed, and the feed knows where that begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from app.core import clock
from app.core.db import session
from app.core.outbox.models import OutboxEvent, OutboxFeed
from app.core.periodic import every

AT_ONCE = 5000
"""Events deleted at most in one turn."""

_events: Any = OutboxEvent.__table__
_feed: Any = OutboxFeed.__table__
_kept = timedelta(days=30)


def keep_for(days: int) -> None:
    """Choose how long events are kept (a setting)."""
    global _kept  # noqa: PLW0603 - one setting per process, set at start
    _kept = timedelta(days=days)


@every(minutes=1, name="outbox.forget")
def forget() -> None:
    """Delete the oldest events of the feed that are past their time, up to the first that is not."""
    forgotten = session().scalar(select(_feed.c.forgotten).with_for_update())
    if forgotten is None:
        return
    oldest = (
        select(_events.c.position, _events.c.at)
        .where(_events.c.position > forgotten)
        .order_by(_events.c.position)
        .limit(AT_ONCE)
    )
    until, before = forgotten, clock.now() - _kept
    for position, at in session().execute(oldest):
        if at >= before:
            break
        until = position
    if until > forgotten:
        session().execute(delete(_events).where(_events.c.position <= until))
        session().execute(update(_feed).values(forgotten=until))
