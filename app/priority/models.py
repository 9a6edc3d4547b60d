"""Where an order stands: one current row per order, kept in rank order."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, desc
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Code, Id, JsonDict, Moment, UtcDateTime
from app.orders.models import Order

NO_PROMISE = date(9999, 12, 31)
"""Stands for an unknown promise date where orders are ranked: it sorts last on every database."""


class OrderStanding(Base):
    """The current priority of an order; the history is in the decisions it points to.

    Rank order: unblocked first, then band, score (descending), promise date (unknown last), requested date, moment of
    submission, number. Band and score of a blocked order are what it would have once unblocked.
    """

    __tablename__ = "order_standings"

    order_id: Mapped[Id] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    number: Mapped[Code]
    blocked: Mapped[bool]
    band: Mapped[str] = mapped_column(String(2))
    score: Mapped[int]
    promise_date: Mapped[date | None]
    promise_rank: Mapped[date]
    """The promise date, or NO_PROMISE: never null, so that one index serves the ranking."""
    requested_date: Mapped[date]
    submitted_at: Mapped[Moment]
    why: Mapped[JsonDict]
    """{"en", "zh"}: the first block, or the reasons that count most."""
    decision_id: Mapped[str] = mapped_column(String(26))
    gate_decision_id: Mapped[str] = mapped_column(String(26))
    order_version: Mapped[int]
    """Version of the order that was assessed."""
    trigger: Mapped[str] = mapped_column(String(40))
    """What caused the last assessment: `submitted`, `changed`, `periodic`, …"""
    assessed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    order: Mapped[Order] = relationship(viewonly=True)

    __table_args__ = (
        CheckConstraint("band IN ('P0', 'P1', 'P2', 'P3')", name="band"),
        Index(
            "ix_order_standings_rank",
            "blocked",
            "band",
            desc("score"),
            "promise_rank",
            "requested_date",
            "submitted_at",
            "number",
        ),
    )
