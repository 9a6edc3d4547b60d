"""Our ledger as EPCIS documents, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.core import ids
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import LedgerEntry
from app.traceability.epcis import writing
from app.traceability.models import EventError

LARGEST = 1000


@dataclass(frozen=True)
class Wanted:
    """Which events: of a lot, of an order, recorded or declared wrong from `since` until before `until`."""

    lot_id: str = ""
    order_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def page(wanted: Wanted, after: str = "", size: int = 100) -> tuple[dict[str, Any], str]:
    """A document with the events of up to so many movements, in the order in which they were recorded, and where to go
    on (`after`; empty at the end). About a dozen statements."""
    size = max(1, min(size, LARGEST))
    rows = _rows(wanted, after, size + 1)
    following = rows[size - 1].id if len(rows) > size else ""
    events = writing.events_of(sorted(rows[:size], key=lambda row: (row.at, row.lot_id, row.seq)))
    key = f"{wanted} {after} {size}"
    return writing.document(events, key), following


def pages(wanted: Wanted, size: int = LARGEST) -> Iterator[dict[str, Any]]:
    """Every document, one after the other."""
    after, begun = "", False
    while after or not begun:
        begun = True
        made, after = page(wanted, after, size)
        yield made


def _rows(wanted: Wanted, after: str, most: int) -> list[LedgerEntry]:
    """The next rows, of a lot by number, else by id. What was declared wrong within the time is asked for apart: both
    ways have an index."""
    place = LedgerEntry.seq if wanted.lot_id else LedgerEntry.id
    statement = select(LedgerEntry).order_by(place).limit(most)
    if wanted.lot_id:
        statement = statement.where(LedgerEntry.lot_id == wanted.lot_id)
    if wanted.order_id:
        statement = statement.where(LedgerEntry.order_id == wanted.order_id)
    if after:
        last = aliased(LedgerEntry)
        seen = select(last.seq if wanted.lot_id else last.id).where(last.id == after)
        statement = statement.where(place > seen.scalar_subquery())
    recorded, declared = [], []
    if wanted.since is not None:
        recorded.append(LedgerEntry.id >= ids.first_at(wanted.since))
        declared.append(EventError.declared_at >= wanted.since)
    if wanted.until is not None:
        recorded.append(LedgerEntry.id < ids.first_at(wanted.until))
        declared.append(EventError.declared_at < wanted.until)
    found = list(session().scalars(statement.where(*recorded)))
    if declared:
        mistaken = select(EventError.entry_id).where(*declared, EventError.entry_id.is_not(None))
        found += session().scalars(statement.where(LedgerEntry.id.in_(mistaken)))
    return sorted(dict.fromkeys(found), key=lambda row: row.seq if wanted.lot_id else row.id)[:most]


def entry(entry_id: str) -> LedgerEntry:
    """A row of the ledger. Raises NotFound."""
    found = session().get(LedgerEntry, entry_id)
    if found is None:
        raise NotFound(entry=entry_id)
    return found


def event_of(row: LedgerEntry) -> dict[str, Any]:
    """The event of the row alone (not the packing before it)."""
    return writing.events_of([row])[-1]
