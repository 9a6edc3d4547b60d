"""Refused requests are counted by source, reason and hour: a flood of them adds to a few rows, and writes seldom.

The first of a kind is written at once, with an entry in the audit trail once an hour; those behind it are summed up
in memory and written when ten seconds have passed.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import Any

from sqlalchemy import select

from app.audit import service as audit
from app.core import clock, metrics
from app.core.conflicts import insert_into
from app.core.db import session
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.integration.inbound.models import HookRefusals

PAUSE = 10.0
NOWHERE = "unknown"
"""Subject of the trail for addresses where no source is."""
DAYS = 90

REFUSED = metrics.counter("youxu_hooks_refused_total", "Webhook requests refused", "reason")

_guard = Lock()
_waiting: dict[tuple[str, str], tuple[int, float]] = {}
"""(source, reason) → how many are not written yet, and when some were last written."""
_rows: Any = HookRefusals.__table__


def to_write(source_id: str, reason: str) -> int:
    """Count one; how many should be written now (0: later)."""
    REFUSED.inc(reason)
    now = clock.ticks()
    with _guard:
        count, last = _waiting.get((source_id, reason), (0, -PAUSE))
        if now - last < PAUSE:
            _waiting[source_id, reason] = (count + 1, last)
            return 0
        _waiting[source_id, reason] = (0, now)
        return count + 1


def write(source_id: str, reason: str, count: int, address: str) -> None:
    """Add so many, in the running transaction."""
    now = clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    row = {"source_id": source_id, "hour": hour, "reason": reason, "count": count, "last_at": now}
    kept = session().scalar(
        insert_into(_rows)
        .values(**row, last_address=address[:64])
        .on_conflict_do_update(
            index_elements=["source_id", "hour", "reason"],
            set_={"count": _rows.c.count + count, "last_at": now, "last_address": address[:64]},
        )
        .returning(_rows.c.count)
    )
    if kept == count:
        audit.record_alone(
            SYSTEM, "hook:refuse", Subject("hook-source", source_id or NOWHERE), reason=reason, address=address[:64]
        )


def lately(source_id: str) -> list[HookRefusals]:
    """What was refused in the last day, the newest first."""
    since = clock.now() - timedelta(days=1)
    wanted = select(HookRefusals).where(HookRefusals.source_id == source_id, HookRefusals.hour >= since)
    return list(session().scalars(wanted.order_by(HookRefusals.hour.desc(), HookRefusals.reason).limit(100)))
