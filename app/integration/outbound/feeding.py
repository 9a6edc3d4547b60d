"""From the feed of events to deliveries: for each subscription those it wants, in the order of the feed, exactly once.

How far a subscription has been fed is a row that changes with its deliveries, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from app.core import clock, ids, jobs, jsontext, locks
from app.core.db import in_transaction, session, transaction
from app.core.expressions import ExpressionFailed, parse
from app.core.jobs.running import own_transaction
from app.core.outbox.models import OutboxEvent, OutboxFeed
from app.integration.cloudevents import cloud_event
from app.integration.outbound.models import DeliveryState, HookDelivery, HookSubscription

AT_ONCE = 500
PATIENCE = timedelta(days=3)
"""How long a delivery is tried."""

_feed: Any = OutboxFeed.__table__
_outbox: Any = OutboxEvent.__table__
_subscriptions: Any = HookSubscription.__table__


@jobs.round_of.register("hooks.feed")
def look() -> int:
    """Make deliveries of what is new in the feed, at most AT_ONCE events; how many events."""
    behind = (_subscriptions.c.active) & (_subscriptions.c.fed_to < select(_feed.c.last).scalar_subquery())
    is_behind = select(_subscriptions.c.id).where(behind).limit(1)
    if not in_transaction():
        with transaction(write=False):
            if session().execute(is_behind).first() is None:
                return 0
    with own_transaction():
        if not locks.if_free("hooks.feed"):
            return 0
        return _feed_all()


def _feed_all() -> int:
    subscriptions = session().execute(select(_subscriptions).where(_subscriptions.c.active)).all()
    if not subscriptions:
        return 0
    start = min(subscription.fed_to for subscription in subscriptions)
    wanted = select(_outbox).where(_outbox.c.position > start).order_by(_outbox.c.position).limit(AT_ONCE)
    events = session().execute(wanted).all()
    last = session().scalar(select(func.coalesce(_feed.c.last, 0)))
    reached = events[-1].position if events else (last or start)
    rows = [row for event in events for row in _deliveries(event, subscriptions)]
    if rows:
        session().execute(insert(HookDelivery), rows)
    behind = _subscriptions.c.active & (_subscriptions.c.fed_to < reached)
    session().execute(update(_subscriptions).where(behind).values(fed_to=reached))
    return len(events)


def _deliveries(event: Any, subscriptions: Sequence[Any]) -> list[dict[str, Any]]:
    told = cloud_event(event)
    hungry = [one for one in subscriptions if one.fed_to < event.position and wants(one.types, one.filter, told)]
    return [delivery(one.id, told, event.key) for one in hungry]


def wants(types: Sequence[str], condition: str, event: Mapping[str, Any]) -> bool:
    """Whether a subscription is for the event. A filter that asks for what the event has not says no; one that fails
    otherwise lets it through: rather told of too much than not told."""
    if types and event["type"] not in types:
        return False
    if not condition:
        return True
    attributes = {name: value for name, value in event.items() if name != "data"}
    try:
        return parse(condition).holds({"event": attributes, "data": event["data"]})
    except ExpressionFailed as error:
        return not error.absent


def delivery(subscription_id: str, event: Mapping[str, Any], key: str | None) -> dict[str, Any]:
    """The row of a delivery that is due now."""
    now = clock.now()
    return {
        "id": ids.new_id(),
        "subscription_id": subscription_id,
        "event_id": event["id"],
        "type": event["type"],
        "key": key,
        "body": jsontext.dumps(event),
        "made_at": now,
        "state": DeliveryState.PENDING.value,
        "ready_at": now,
        "until": now + PATIENCE,
        "fence": 0,
        "attempts": 0,
        "last_error": "",
    }
