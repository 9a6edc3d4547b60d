"""What is stored: events, and how far the feed has come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, JsonDict, Moment


class OutboxEvent(Base):
    """Something that happened. Never changed, but that the relay gives it its position once."""

    __tablename__ = "outbox_events"

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    """Given by the database when it is told, hence before the commit, with gaps. If one transaction waited for another,
    its numbers are the higher ones, whatever the clocks of their hosts say."""
    id: Mapped[str] = mapped_column(String(26))
    type: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(255))
    """Business key (an order's number, say): who works in parallel keeps what has the same key in order."""
    at: Mapped[Moment]
    data: Mapped[JsonDict]
    position: Mapped[int | None] = mapped_column(BigInteger)
    """In the feed, counted from 1 without gaps; null until the relay has seen that it was committed."""

    __table_args__ = (
        Index(
            "ix_outbox_events_waiting",
            "seq",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
        Index(
            "uq_outbox_events_position",
            "position",
            unique=True,
            sqlite_where=text("position IS NOT NULL"),
            postgresql_where=text("position IS NOT NULL"),
        ),
    )


class OutboxFeed(Base):
    """One row, made with the first position."""

    __tablename__ = "outbox_feed"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)
    """The highest position given."""
    forgotten: Mapped[int] = mapped_column(BigInteger)
    """Events up to this position are no longer kept."""
