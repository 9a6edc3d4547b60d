"""EPCIS events of others as they came, what they name, and events declared wrong. All of it only grows.

Our own events are not stored: each is made of its row of the ledger, always the same (epcis/writing.py).
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Id, JsonDict, JsonList, Moment, Name, Ref

LOT, SERIAL, SSCC = "lot", "serial", "sscc"
REASONS = ("did_not_occur", "incorrect_data")
"""Why an event is declared wrong (CBV 2.0)."""


class ForeignEvent(Base):
    """An event that somebody else captured, as it came. `sha256` covers the content without its error declaration."""

    __tablename__ = "epcis_events"
    __table_args__ = (UniqueConstraint("event_id"), Index("ix_epcis_events_taken", "taken_at", "id"))

    id: Mapped[Id]
    event_id: Mapped[str] = mapped_column(String(400))
    kind: Mapped[str] = mapped_column(String(200))
    """`type` of the event."""
    event_at: Mapped[Moment]
    content: Mapped[JsonDict]
    context: Mapped[JsonList]
    """`@context` of the document that it came in."""
    sha256: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[Moment]
    taken_by: Mapped[str] = mapped_column(String(64))
    taken_by_name: Mapped[Name]


class EventName(Base):
    """What a foreign event names: a lot or unit of goods by identifier and number, or a logistic unit by its SSCC.

    It is found by what it says, not by our ids: an event may come before the goods do.
    """

    __tablename__ = "epcis_names"
    __table_args__ = (Index("ix_epcis_names_number", "number", "kind"),)

    id: Mapped[Id]
    event_id: Mapped[Ref] = mapped_column(ForeignKey("epcis_events.id"))
    kind: Mapped[str] = mapped_column(String(8))
    di: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(64))


class EventError(Base):
    """A declaration that an event, ours or foreign, is wrong. The event itself stays."""

    __tablename__ = "epcis_errors"
    __table_args__ = (UniqueConstraint("event_id"), Index("ix_epcis_errors_declared", "declared_at"))

    id: Mapped[Id]
    event_id: Mapped[str] = mapped_column(String(400))
    entry_id: Mapped[str | None] = mapped_column(String(26))
    """Our row of the ledger; None for a foreign event."""
    declared_at: Mapped[Moment]
    reason: Mapped[str] = mapped_column(String(200))
    comment: Mapped[str] = mapped_column(String(500))
    corrective: Mapped[JsonList]
    """Ids of the events that say what is right."""
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(64))
    made_by_name: Mapped[Name]


for _table in (ForeignEvent, EventName, EventError):
    append_only(_table.__table__)
