"""The relay: gives each committed event its position in the feed, once.

Numbers that are given before the commit (ids, sequences, times) cannot be a feed: on PostgreSQL a transaction may
commit after others with higher ones, and who remembers "the last I saw" would miss it for ever. So events wait without
a position, as entries of the audit trail wait for their seal, and the relay numbers those that it sees, which are
committed. One relay at a time, each batch one transaction: positions become visible in their order, a killed relay
leaves nothing half-done, and the feed's last position is a row that changes with them.

The worker's `_relay` thread asks at the dispatcher's pace whether anything waits: one read of an index that holds only
what waits. A job per transaction would cost more than the step that it tells of; periodic work writes a row per turn
and waits behind other work; NOTIFY is not there on SQLite, and would still need this for what was missed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select, update

from app.core import locks
from app.core.db import do_due, session, transaction
from app.core.outbox.models import OutboxEvent, OutboxFeed
from app.core.prepared import Prepared

AT_ONCE = 1000
"""Events numbered in one transaction."""

_events: Any = OutboxEvent.__table__
_feed: Any = OutboxFeed.__table__
_waiting = _events.c.position.is_(None)
_ANY = Prepared(select(_events.c.seq).where(_waiting).order_by(_events.c.seq).limit(1))


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
    wait = select(_events.c.seq).where(_waiting).order_by(_events.c.seq).limit(AT_ONCE).subquery()
    turn = select(wait.c.seq, func.row_number().over(order_by=wait.c.seq).label("place")).subquery()
    numbered = update(_events).where(_events.c.seq == turn.c.seq).values(position=last + turn.c.place)
    result: Any = session().execute(numbered)
    return int(result.rowcount)
