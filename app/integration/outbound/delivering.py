"""Sending what is due: claimed by one worker, outside any transaction, one at a time for each business key.

A delivery that fails is tried again with growing, scattered pauses for three days and holds up only the later ones of
its key. An endpoint that fails again and again is left alone (its circuit is open), then asked with one delivery; when
that is taken, the others follow.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import exists, func, insert, or_, select, update

from app.core import clock, ids, jobs, locks, metrics, reaching, sealing
from app.core.db import in_transaction, session, transaction
from app.core.jobs.running import own_transaction
from app.core.reaching import Answer
from app.integration import signing
from app.integration.inbound.models import HookSecret
from app.integration.inbound.receiving import PURPOSE
from app.integration.outbound.models import DeliveryState, HookAttempt, HookDelivery, HookSubscription

LANES = 16
PER_ENDPOINT = 4
"""Requests to one endpoint at once, in each worker."""
LEASE = timedelta(seconds=90)
"""Longer than a request can take."""
FIRST, GROWS, LONGEST_PAUSE, SCATTER = 5.0, 3.0, 4 * 3600.0, 0.2
"""Seconds after the first failure (see `use_pause`), factor of each further one, seconds at most, part by which each is
off."""
OPENS_AFTER = 5
"""Failures in a row that open the circuit."""
OPEN_FOR, OPEN_AT_MOST = 6, 600.0
"""How long it is open: so many first pauses, later up to so many seconds."""
GONE = 410
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"

SENT = metrics.counter("youxu_hooks_deliveries_total", "Requests sent to subscribers, or refused to be", "outcome")
log = structlog.get_logger()
_deliveries: Any = HookDelivery.__table__
_subscriptions: Any = HookSubscription.__table__
_guard = threading.Lock()
_busy: Counter[str] = Counter()
_pool: ThreadPoolExecutor | None = None
_first = FIRST


def use_pause(seconds: float) -> None:
    """How long after the first failure a delivery is tried again."""
    global _first  # noqa: PLW0603 - set once at start
    _first = seconds


@dataclass(frozen=True)
class Claim:
    """A delivery that is ours while its fence is this."""

    seq: int
    fence: int
    subscription_id: str


@jobs.round_of.register("hooks.deliver")
def look() -> int:
    """Begin to send what is due, as far as there are threads free; how many."""
    global _pool  # noqa: PLW0603 - threads are made in the process that uses them
    if _pool is None:
        _pool = ThreadPoolExecutor(LANES, thread_name_prefix="hooks")
    claims = claim()
    for one in claims:
        _pool.submit(_send_one, one)
    return len(claims)


def run_due(limit: int = 1000) -> int:
    """Send what is due in this thread, until nothing is; how many. For tests."""
    done = 0
    while done < limit and (claims := claim()):
        for one in claims:
            _send_one(one)
        done += len(claims)
    return done


def claim() -> list[Claim]:
    """Take due deliveries, the first of each key, a few for each endpoint; empty after one read when nothing is due."""
    now = clock.now()
    if not in_transaction():
        due = (_deliveries.c.ready_at.is_not(None), _deliveries.c.ready_at <= now)
        with transaction(write=False):
            if session().execute(select(_deliveries.c.seq).where(*due).limit(1)).first() is None:
                return []
    with _guard:
        busy, free = Counter(_busy), LANES - _busy.total()
    taken: list[Claim] = []
    if free <= 0:
        return taken
    with own_transaction():
        locks.alone("hooks.deliver")
        closed = or_(_subscriptions.c.open_until.is_(None), _subscriptions.c.open_until <= now)
        open_ones = select(_subscriptions).where(_subscriptions.c.active, closed).order_by(_subscriptions.c.id)
        for subscription in session().execute(open_ones).all():
            probing = subscription.open_until is not None
            most = 1 if probing else PER_ENDPOINT - busy[subscription.id]
            mine = _take(subscription.id, min(most, free - len(taken)), now)
            if mine and probing:
                _set(subscription.id, open_until=now + LEASE)
            taken += mine
    with _guard:
        _busy.update(one.subscription_id for one in taken)
    return taken


def _take(subscription_id: str, most: int, now: datetime) -> list[Claim]:
    if most <= 0:
        return []
    earlier = _deliveries.alias()
    held = exists().where(
        earlier.c.subscription_id == _deliveries.c.subscription_id,
        earlier.c.key == _deliveries.c.key,
        earlier.c.seq < _deliveries.c.seq,
        earlier.c.ready_at.is_not(None),
    )
    wanted = (
        select(_deliveries.c.seq, _deliveries.c.fence)
        .where(_deliveries.c.subscription_id == subscription_id, _deliveries.c.ready_at <= now, ~held)
        .order_by(_deliveries.c.seq)
        .limit(most)
    )
    rows = session().execute(wanted).all()
    if rows:
        mine = update(_deliveries).where(_deliveries.c.seq.in_([row.seq for row in rows]))
        session().execute(mine.values(ready_at=now + LEASE, fence=_deliveries.c.fence + 1))
    return [Claim(row.seq, row.fence + 1, subscription_id) for row in rows]


def _send_one(one: Claim) -> None:
    try:
        found = _whom_and_what(one)
        if found is not None:
            subscription, row, keys = found
            settle(one, row, subscription, _post(subscription.url, row, keys))
    except Exception:
        log.exception("hook.delivery_failed", seq=one.seq)
    finally:
        with _guard:
            _busy[one.subscription_id] -= 1
            if _busy[one.subscription_id] <= 0:
                del _busy[one.subscription_id]


def _whom_and_what(one: Claim) -> tuple[Any, Any, list[bytes]] | None:
    with own_transaction():
        mine = (_deliveries.c.seq == one.seq) & (_deliveries.c.fence == one.fence)
        row = session().execute(select(_deliveries).where(mine, _deliveries.c.ready_at.is_not(None))).one_or_none()
        if row is None:
            return None
        whom = select(_subscriptions).where(_subscriptions.c.id == one.subscription_id)
        subscription = session().execute(whom).one()
        wanted = select(HookSecret).where(HookSecret.owner_id == one.subscription_id).order_by(HookSecret.id.desc())
        now = clock.now()
        secrets = [one for one in session().scalars(wanted) if one.ends_at is None or one.ends_at > now]
        return subscription, row, [sealing.unseal(PURPOSE, secret.sealed or "") for secret in secrets]


def _post(url: str, row: Any, keys: list[bytes]) -> Answer:
    body = row.body.encode()
    at = int(clock.now().timestamp())
    headers = {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": "Youxu-Webhooks/1",
        "webhook-id": row.event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signing.sign(key, row.event_id, at, body) for key in keys),
    }
    return reaching.post(url, headers, body)


def settle(one: Claim, row: Any, subscription: Any, answer: Answer) -> None:
    """Record what came of it, in a transaction of its own; nothing if somebody else has the delivery meanwhile."""
    now = clock.now()
    took = answer.status is not None and 200 <= answer.status < 300
    attempts = row.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "last_status": answer.status, "last_error": answer.error}
    if took:
        values |= {"state": DeliveryState.DELIVERED, "ready_at": None, "finished_at": now}
    elif now >= row.until:
        values |= {"state": DeliveryState.DEAD, "ready_at": None, "finished_at": now}
    else:
        values |= {"ready_at": now + timedelta(seconds=max(pause(attempts), min(answer.retry_after, 3600)))}
    SENT.inc("delivered" if took else "failed")
    with own_transaction():
        mine = update(_deliveries).where(_deliveries.c.seq == one.seq, _deliveries.c.fence == one.fence)
        result: Any = session().execute(mine.values(**values))
        if result.rowcount != 1:
            return
        told = {"millis": answer.millis, "status": answer.status, "error": answer.error, "excerpt": answer.excerpt}
        session().execute(insert(HookAttempt), {"id": ids.new_id(), "delivery_id": row.id, "at": now, **told})
        _note(subscription, now, took=took, gone=answer.status == GONE)


def pause(attempts: int) -> float:
    """Seconds until the next attempt, after so many that failed."""
    return min(_first * GROWS ** min(attempts - 1, 20), LONGEST_PAUSE) * random.uniform(1 - SCATTER, 1 + SCATTER)


def _note(subscription: Any, now: datetime, *, took: bool, gone: bool) -> None:
    """The circuit of the endpoint."""
    if took:
        stale = subscription.last_ok_at is None or now - subscription.last_ok_at > timedelta(minutes=1)
        if subscription.failures or subscription.open_until is not None or stale:
            _set(subscription.id, failures=0, open_until=None, last_ok_at=now)
        return
    if gone:
        _set(subscription.id, active=False, ended_because="gone")
        return
    _set(subscription.id, failures=_subscriptions.c.failures + 1)
    failures = session().scalar(select(_subscriptions.c.failures).where(_subscriptions.c.id == subscription.id)) or 0
    if failures >= OPENS_AFTER:
        seconds = min(_first * OPEN_FOR * 2 ** min(failures - OPENS_AFTER, 10), OPEN_AT_MOST)
        _set(subscription.id, open_until=now + timedelta(seconds=seconds))


def _set(subscription_id: str, **values: Any) -> None:
    session().execute(update(_subscriptions).where(_subscriptions.c.id == subscription_id).values(**values))


def give_up_old() -> int:
    """What was not taken in three days is dead, also while its endpoint's circuit is open; how many."""
    now = clock.now()
    old = (_deliveries.c.ready_at.is_not(None)) & (_deliveries.c.ready_at <= now) & (_deliveries.c.until < now)
    dead = {"state": DeliveryState.DEAD, "ready_at": None, "finished_at": now, "fence": _deliveries.c.fence + 1}
    result: Any = session().execute(update(_deliveries).where(old).values(**dead))
    return int(result.rowcount)


@metrics.gauge("youxu_hooks_outbound", "Deliveries of webhooks that are not taken: pending, or given up", "state")
def standing() -> dict[str, float]:
    """By state; alarm on `dead`."""
    pending = session().scalar(select(func.count()).where(_deliveries.c.ready_at.is_not(None))) or 0
    dead = session().scalar(select(func.count()).where(_deliveries.c.state == "dead")) or 0
    return {"pending": float(pending), "dead": float(dead)}
