"""An event type of the tests, and what is stored of it."""

from __future__ import annotations

from sqlalchemy import select

from app.core import outbox
from app.core.db import session, transaction
from app.core.outbox import OutboxEvent
from app.core.subject import Subject

HAPPENED = outbox.event_type("youxu.test.happened", "Something happened in a test.", number=outbox.NUMBER)
OTHER = outbox.event_type("youxu.test.other", "Something else happened in a test.", number=outbox.NUMBER)


def tell(number, kind=HAPPENED):
    """In the running transaction."""
    outbox.tell(kind, Subject("test", str(number)), {"number": number}, key="k")


def told(*numbers, kind=HAPPENED):
    """In a transaction of its own."""
    with transaction():
        for number in numbers:
            tell(number, kind)


def feed():
    """[(position, number)] of all that have a position, in order; asserts that there is no gap and no double."""
    with transaction(write=False):
        wanted = select(OutboxEvent).order_by(OutboxEvent.position)
        rows = [(row.position, row.data["number"]) for row in session().scalars(wanted)]
    assert [position for position, _number in rows] == list(range(1, len(rows) + 1))
    return rows


def numbers():
    """Of the feed, in its order."""
    return [number for _position, number in feed()]


def read(position, limit=100, types=()):
    """A page, in a transaction of its own."""
    with transaction(write=False):
        return outbox.after(position, limit, types)
