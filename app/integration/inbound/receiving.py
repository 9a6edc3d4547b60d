"""Taking events in: who sends is known from a list kept for two seconds, then one INSERT for each event.

No session, no ORM, no write for what is refused (refusals are counted, see `refusals`). What was answered with 202 is
committed. Of two requests with the same event at once the unique key lets one in; the other is told it is a duplicate.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any

from sqlalchemy import Engine, select, update

from app.core import clock, ids, metrics, sealing
from app.core.conflicts import insert_into
from app.core.db import after_commit, engine, in_transaction, session, transaction
from app.core.errors import NotFound, TooMany, Unauthenticated
from app.core.i18n import _l
from app.core.prepared import Prepared
from app.integration import signing
from app.integration.inbound.envelopes import Incoming, Shape
from app.integration.inbound.models import SIGNATURE, HookEvent, HookSecret, HookSource, HookState

KEPT = 2.0
"""Seconds that the list of sources is kept: so long a change takes to reach the other server processes."""
PURPOSE = "webhook secret"
SEEN_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "traceparent")
"""Headers that are kept with an event, beside ce-*: none that proves who sends."""

TAKEN = metrics.counter("youxu_hooks_received_total", "Events taken in from webhooks", "outcome")


class NotSigned(Unauthenticated):
    """Signature, timestamp or token do not fit. Which of them is not told."""

    message = _l("The signature, its timestamp or the token is not right.")


class TooFast(TooMany):
    """More requests a second than the source may send."""

    message = _l("Too many events. Send again in %(retry_after)s seconds.")


@dataclass(frozen=True)
class Door:
    """A source as requests need it."""

    id: str
    code: str
    shape: Shape
    rate: int
    wait: timedelta
    secrets: tuple[tuple[bytes, datetime | None], ...]
    """Keys to check signatures with, or SHA-256 of bearer tokens; until when each is good."""


@dataclass(frozen=True)
class Taken:
    """What came of one event: its row, and whether it was there before (with the same body, or another)."""

    id: str
    event_id: str
    outcome: str
    """received, duplicate, clash"""


_events: Any = HookEvent.__table__
_kept: tuple[float, Engine | None, dict[str, Door]] = (-KEPT, None, {})
"""When the list was read, from which database, and the list."""
_COLUMNS = tuple(column.name for column in _events.columns if column.name != "seq")


def forget_doors() -> None:
    """A source was changed: know it anew once that is stored."""
    after_commit(_forget)
    _forget()


def _forget() -> None:
    global _kept  # noqa: PLW0603 - one list per process
    _kept = (-KEPT, None, {})


def door(code: str) -> Door:
    """The source of that code. Raises NotFound, whatever the reason."""
    global _kept  # noqa: PLW0603
    known_at, database, doors = _kept
    here = engine()
    if clock.ticks() - known_at > KEPT or database is not here:
        began = clock.ticks()
        if in_transaction():
            doors = _load()
        else:
            with transaction(write=False):
                doors = _load()
        _kept = (began, here, doors)
    found = doors.get(code)
    if found is None:
        raise NotFound
    return found


def _load() -> dict[str, Door]:
    sources = session().execute(select(HookSource.__table__).where(HookSource.active)).all()
    wanted = select(HookSecret.__table__).where(HookSecret.owner_id.in_([source.id for source in sources]))
    secrets: dict[str, list[tuple[bytes, datetime | None]]] = {}
    for secret in session().execute(wanted.order_by(HookSecret.id.desc())):
        if secret.ends_at is None or secret.ends_at > clock.now():
            key = sealing.unseal(PURPOSE, secret.sealed) if secret.sealed else bytes.fromhex(secret.digest)
            secrets.setdefault(secret.owner_id, []).append((key, secret.ends_at))
    return {
        source.code: Door(
            id=source.id,
            code=source.code,
            shape=Shape(source.format, source.auth == SIGNATURE, source.id_path, source.key_path),
            rate=source.rate,
            wait=timedelta(hours=source.wait_hours),
            secrets=tuple(secrets.get(source.id, ())),
        )
        for source in sources
    }


def must_be(source: Door, headers: Mapping[str, str], body: bytes) -> None:
    """Who sends must prove it. Raises NotSigned."""
    now = clock.now()
    keys = [key for key, ends_at in source.secrets if ends_at is None or ends_at > now]
    if source.shape.signed:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        message, timestamp, signatures = (headers.get(name, "") for name in names)
        proven = signing.is_signed(keys, message, timestamp, signatures, body, now=now.timestamp())
    else:
        kind, _space, token = headers.get("authorization", "").partition(" ")
        given = hashlib.sha256(token.strip().encode("utf-8", "replace")).digest()
        fits = [hmac.compare_digest(given, key) for key in keys]
        proven = kind.lower() == "bearer" and any(fits)
    if not proven:
        raise NotSigned


class _Bucket:
    """So many requests a second, twice as many at once."""

    def __init__(self, rate: int) -> None:
        self.rate, self.left, self.at = rate, float(2 * rate), clock.ticks()
        self.guard = Lock()

    def take(self) -> bool:
        with self.guard:
            now = clock.ticks()
            self.left = min(2.0 * self.rate, self.left + (now - self.at) * self.rate)
            self.at = now
            if self.left < 1:
                return False
            self.left -= 1
            return True


@lru_cache(maxsize=1024)
def _bucket(source_id: str, rate: int) -> _Bucket:
    _ = source_id
    return _Bucket(rate)


def must_not_flood(source: Door) -> None:
    """Raises TooFast. Counted in each server process."""
    if not _bucket(source.id, source.rate).take():
        raise TooFast(retry_after=1)


def take_in(source: Door, events: Sequence[Incoming], headers: Mapping[str, str], address: str) -> list[Taken]:
    """Store the events, in the running transaction; what came of each."""
    now = clock.now()
    seen = {name: value[:500] for name, value in headers.items() if name in SEEN_HEADERS}
    return [_take(source, event, seen, address, now) for event in events]


def _take(source: Door, event: Incoming, headers: dict[str, str], address: str, now: datetime) -> Taken:
    made = ids.new_id()
    row = {
        "id": made,
        "source_id": source.id,
        "event_id": event.event_id,
        "origin": event.origin,
        "type": event.type,
        "key": event.key,
        "received_at": now,
        "address": address[:64],
        "headers": headers,
        "attributes": event.attributes,
        "body": event.body,
        "body_hash": event.body_hash,
        "state": HookState.RECEIVED.value,
        "ready_at": now,
        "expires_at": now + source.wait,
        "attempts": 0,
        "fence": 0,
        "replays": 0,
        "duplicates": 0,
        "clashes": 0,
        **dict.fromkeys(("mapping_version", "outcome", "fault", "finished_at")),
    }
    if _insert().one(row) is not None:
        TAKEN.inc("received")
        return Taken(made, event.event_id, "received")
    return _seen_before(source, event)


def _seen_before(source: Door, event: Incoming) -> Taken:
    mine = (
        (_events.c.source_id == source.id) & (_events.c.event_id == event.event_id) & (_events.c.origin == event.origin)
    )
    first = session().execute(select(_events.c.id, _events.c.body_hash).where(mine)).one()
    same = first.body_hash == event.body_hash
    counted = _events.c.duplicates if same else _events.c.clashes
    session().execute(update(_events).where(mine).values({counted.name: counted + 1}))
    outcome = "duplicate" if same else "clash"
    TAKEN.inc(outcome)
    return Taken(first.id, event.event_id, outcome)


@lru_cache(maxsize=4)
def _insert_into(dialect: str) -> Prepared:
    return Prepared(insert_into(_events, dialect).on_conflict_do_nothing().returning(_events.c.id), *_COLUMNS)


def _insert() -> Prepared:
    return _insert_into(engine().dialect.name)
