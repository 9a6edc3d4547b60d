"""Filters of the inbox that people keep."""

from __future__ import annotations

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, Moment


class InboxFilter(Base):
    """A list of the inbox with what is wanted of it, under a name; its owner's alone or also for a role.

    It shows each reader what that reader may see: sharing it shares no task.
    """

    __tablename__ = "inbox_filters"
    __table_args__ = (UniqueConstraint("owner_id", "name"), Index("ix_inbox_filters_role", "role"))

    id: Mapped[Id]
    owner_id: Mapped[str] = mapped_column(String(26))
    name: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(1000))
    """Arguments of the inbox' address, as `tab=groups&band=P0`."""
    role: Mapped[str | None] = mapped_column(String(64))
    opens_first: Mapped[bool] = mapped_column(default=False)
    """Its owner's inbox opens with it."""
    made_at: Mapped[Moment]
