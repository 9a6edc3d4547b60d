"""What is stored: events that wait for their position, those of the feed, and how far the feed has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Json, UtcDateTime

TOLD = ("id", "type", "subject_kind", "subject_id", "key", "at", "data")
"""Columns of an event, before and after it has a position."""


class WaitingEvent(Base):
    """Something that happened, written with it; the relay moves it into the feed.

    A table of its own, nearly always empty: on PostgreSQL what was taken out of a large one would lie in the way of
    every look for what waits, until that is cleaned as a whole.
    """

    __tablename__ = "outbox_waiting"

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    """Given by the database when it is told, hence before the commit, with gaps. If one transaction waited for another,
    its numbers are the higher ones, whatever the clocks of their hosts say."""
    id: Mapped[str] = mapped_column(String(26))
    type: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(255))
    """Business key (an order's number, say): who works in parallel keeps what has the same key in order."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class OutboxEvent(Base):
    """An event of the feed. Never changed."""

    __tablename__ = "outbox_events"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Counted from 1, without gaps."""
    id: Mapped[str] = mapped_column(String(26))
    type: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class OutboxFeed(Base):
    """One row, made with the first position."""

    __tablename__ = "outbox_feed"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)
    """The highest position given."""
    forgotten: Mapped[int] = mapped_column(BigInteger)
    """Events up to this position are no longer kept."""
