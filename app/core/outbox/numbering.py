"""The relay: gives each committed event its position in the feed, once.

Numbers that are given before the commit (ids, sequences, times) cannot be a feed: on PostgreSQL a transaction may
commit after others with higher ones, and who remembers "the last I saw" would miss it for ever. So events wait in a
table of their own, as entries of the audit trail wait for their seal, and the relay moves those that it sees, which are
committed, into the feed. One relay at a time, each batch one transaction: positions become visible in their order, a
killed relay leaves nothing half-done, and the feed's last position is a row that changes with them.

The worker's `_relay` thread asks at the dispatcher's pace whether anything waits: one read of a table that holds only
what waits. A job per transaction would cost more than the step that it tells of; periodic work writes a row per turn
and waits behind other work; NOTIFY is not there on SQLite, and would still need this for what was missed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.core import locks
from app.core.db import do_due, session, transaction
from app.core.outbox.models import TOLD, OutboxEvent, OutboxFeed, WaitingEvent
from app.core.prepared import Prepared

AT_ONCE = 1000
"""Events numbered in one transaction."""

_events: Any = OutboxEvent.__table__
_feed: Any = OutboxFeed.__table__
_waiting: Any = WaitingEvent.__table__
_ANY = Prepared(select(_waiting.c.seq).limit(1))


def relay() -> int:
    """Number what waits, at most AT_ONCE, in a transaction of its own; how many. One read when nothing does."""
    with transaction(write=False):
        if _ANY.one({}) is None:
            return 0
    with transaction():
        return number()


def number() -> int:
    """As `relay`, in the running transaction; 0 also while another transaction is at it."""
    do_due()
    if not locks.if_free("outbox relay"):
        return 0
    last = session().scalar(select(_feed.c.last))
    numbered = _give_positions(last or 0)
    if last is None:
        session().execute(insert(_feed), {"id": 1, "last": numbered, "forgotten": 0})
    else:
        session().execute(update(_feed).values(last=last + numbered))
    return numbered


def _give_positions(last: int) -> int:
    """Move what waits into the feed, behind the last position; how many."""
    oldest = select(_waiting.c.seq).order_by(_waiting.c.seq).limit(AT_ONCE)
    moving = list(session().scalars(oldest))  # exactly these: others may be committed between two statements
    if not moving:
        return 0
    these = _waiting.c.seq.in_(moving)
    place = last + func.row_number().over(order_by=_waiting.c.seq)
    numbered = select(place, *(_waiting.c[name] for name in TOLD)).where(these)
    session().execute(insert(_events).from_select(["position", *TOLD], numbered))
    session().execute(delete(_waiting).where(these))
    return len(moving)
