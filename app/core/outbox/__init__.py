"""Events for the world outside: written with what they tell of, in its transaction, then numbered in one feed.

    ORDER_RELEASED = outbox.event_type("youxu.order.released", _l("…"), number=outbox.TEXT)   # <slice>/events.py
    outbox.tell(ORDER_RELEASED, Subject("order", order.id), {"number": order.number}, key=order.number)

The words are those of CloudEvents 1.0. Data are thin: ids, numbers, states; of persons ids at most, who wants more asks
for it with rights of their own. An event has no position until the relay in the worker has given it one: the feed has
no gap and no double, and never grows anywhere but at its end, so a reader that remembers a position misses nothing.
"""

from app.core.outbox.feed import EventsForgotten, NotYetGiven, Page, after
from app.core.outbox.forgetting import keep_for
from app.core.outbox.models import OutboxEvent, WaitingEvent
from app.core.outbox.numbering import AT_ONCE, number, relay
from app.core.outbox.telling import tell
from app.core.outbox.types import FLAG, NUMBER, TEXT, EventType, event_type, event_types, maybe, one_of

__all__ = [
    "AT_ONCE",
    "FLAG",
    "NUMBER",
    "TEXT",
    "EventType",
    "EventsForgotten",
    "NotYetGiven",
    "OutboxEvent",
    "Page",
    "WaitingEvent",
    "after",
    "event_type",
    "event_types",
    "keep_for",
    "maybe",
    "number",
    "one_of",
    "relay",
    "tell",
]
