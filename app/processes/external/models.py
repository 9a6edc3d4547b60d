"""External tasks that wait or are being worked on. Done ones are rows no longer: history tells of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, Moment, UtcDateTime

LONGEST_MESSAGE = 666
"""Characters of an error message; its details have no such limit."""


class ExternalTask(Base):
    """One piece of work for a program. It belongs to a token of an instance and goes when that goes on."""

    __tablename__ = "external_tasks"

    id: Mapped[Id]
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instances.id"))
    token: Mapped[int] = mapped_column(Integer)
    element_id: Mapped[str] = mapped_column(String(100))
    definition_id: Mapped[str] = mapped_column(String(26))
    definition_key: Mapped[str] = mapped_column(String(64))
    version_tag: Mapped[str | None] = mapped_column(String(100))
    business_key: Mapped[str | None] = mapped_column(String(255))
    topic: Mapped[str] = mapped_column(String(255))
    priority: Mapped[int] = mapped_column(BigInteger)
    """Higher goes first, for who asks to fetch by priority."""
    retries: Mapped[int | None] = mapped_column(Integer)
    """None until a failure is reported; at 0 nobody gets it any more and an incident stands."""
    worker_id: Mapped[str | None] = mapped_column(String(255))
    """Who has or had it last; only they may report on it."""
    lock_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Nobody else gets it before; a failure sets it to when it may be tried again."""
    error_message: Mapped[str | None] = mapped_column(String(LONGEST_MESSAGE))
    error_details: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Moment]

    __table_args__ = (
        UniqueConstraint("instance_id", "token"),
        Index("ix_external_tasks_topic", "topic", "created_at", "id"),
        Index("ix_external_tasks_worker", "worker_id"),
        Index("ix_external_tasks_definition", "definition_id"),
    )
