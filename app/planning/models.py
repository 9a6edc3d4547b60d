"""Orders that wait for stock, and what each run of the allocation changed."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Id, Moment, Ref


class WaitingOrder(Base):
    """An order that takes part in the allocation until it is covered, returned or ended."""

    __tablename__ = "waiting_orders"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    since: Mapped[Moment]


class AllocationRun(Base):
    """One run that changed something. `trigger`: what it followed (lot_released, lot_blocked, given_back, short …)."""

    __tablename__ = "allocation_runs"

    id: Mapped[Id]
    at: Mapped[Moment]
    trigger: Mapped[str] = mapped_column(String(32))
    orders: Mapped[int]
    """How many orders took part."""


class AllocationChange(Base):
    """What a run changed for a line, base units; `to_order_id` has what it lost, `to_band` and `to_score` say why."""

    __tablename__ = "allocation_changes"

    id: Mapped[Id]
    run_id: Mapped[Ref] = mapped_column(ForeignKey("allocation_runs.id"))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    line_id: Mapped[str] = mapped_column(String(26))
    before: Mapped[int]
    after: Mapped[int]
    wanted: Mapped[int]
    band: Mapped[str] = mapped_column(String(2))
    score: Mapped[int]
    to_order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.id"))
    to_band: Mapped[str | None] = mapped_column(String(2))
    to_score: Mapped[int | None]

    __table_args__ = (Index("ix_allocation_changes_order", "order_id", "id"),)


append_only(AllocationRun.__table__)
append_only(AllocationChange.__table__)
