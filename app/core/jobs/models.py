"""What is stored: jobs that wait for their time, and the workers that run them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, Json, JsonDict, JsonList, Moment, UtcDateTime


class Job(Base):
    """Work that is due at a moment, for a source (a process instance, say). Deleted when it has succeeded.

    `ready_at` says when a worker may take it: `due_at` while it waits, `locked_until` while somebody has it, null while
    it is suspended or has no retries left. It is the one thing that the dispatcher searches, so that neither future nor
    stuck rows cost anything. `fence` grows with every claim and every change: who took the job before cannot commit.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("(ready_at IS NULL) = (suspended OR retries <= 0)", name="ready"),
        Index("ix_jobs_ready_at_id", "ready_at", "id"),
        Index("ix_jobs_source_kind_source_id", "source_kind", "source_id"),
        Index(
            "ix_jobs_locked",
            "source_kind",
            "source_id",
            sqlite_where=text("locked_until IS NOT NULL"),
            postgresql_where=text("locked_until IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(64))
    """Which handler runs it."""
    source_kind: Mapped[str] = mapped_column(String(64))
    source_id: Mapped[str] = mapped_column(String(64))
    source_ref: Mapped[str] = mapped_column(String(64))
    """Which part of the source (a token, say); empty when it has none."""
    element_id: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[Any] = mapped_column(Json, nullable=True)
    """What people call it, in both languages."""
    payload: Mapped[JsonDict]
    due_at: Mapped[Moment]
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retries: Mapped[int]
    """How often it may still fail or succeed; at 0 it waits for a person."""
    backoff: Mapped[JsonList]
    """Seconds to wait after the first, second, … failure; the last one repeats."""
    priority: Mapped[int]
    exclusive: Mapped[bool]
    """Never run at once with another exclusive job of the same source."""
    suspended: Mapped[bool]
    locked_by: Mapped[str | None] = mapped_column(String(26))
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int]
    attempts: Mapped[int]
    """Failures since the job was made or last moved on."""
    deaths: Mapped[int]
    """How often a worker vanished while it had the job."""
    error: Mapped[str | None] = mapped_column(Text)
    error_details: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]
    definition_id: Mapped[str | None] = mapped_column(String(26), index=True)
    definition_key: Mapped[str | None] = mapped_column(String(255))


class WorkerBeat(Base):
    """A worker process and when it was last heard of. A clean stop removes the row."""

    __tablename__ = "workers"

    id: Mapped[Id]
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    started_at: Mapped[Moment]
    beat_at: Mapped[Moment]
