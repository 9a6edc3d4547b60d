"""Orders that may come late, as they were found last."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Moment

CAUSES = ("blocked", "in_inspection", "short", "undecided", "not_left", "too_late", "on_its_way", "coming_back")
"""Why it may come late: see `judging`."""


class OrderRisk(Base):
    """An order that may come late, from the moment it was found until it is no longer so."""

    __tablename__ = "order_risks"
    __table_args__ = (
        CheckConstraint(f"cause IN {CAUSES}", name="cause"),
        Index("ix_order_risks_limit", "limit_on", "order_id"),
    )

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    cause: Mapped[str] = mapped_column(String(16))
    limit_on: Mapped[date] = mapped_column(Date)
    """The day it is wanted."""
    expected_on: Mapped[date | None] = mapped_column(Date)
    """When it would arrive as things are; None: nobody can say."""
    since: Mapped[Moment]
