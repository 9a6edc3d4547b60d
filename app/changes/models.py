"""Change requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, JsonDict, Moment, UtcDateTime
from app.core.subject import Subject

AMEND, CANCEL = "amend", "cancel"
KINDS = (AMEND, CANCEL)
STATUSES = ("open", "applied", "refused", "withdrawn", "returned")
HOLDS = ("none", "asked", "confirmed", "nobody", "shipped")
"""What the warehouse was asked and answered: nobody: no shipment is under way; shipped: the goods have left."""
_OPEN = sql("status = 'open'")


class ChangeRequest(Base):
    """What somebody wants changed about an order; an order has at most one that is open."""

    __tablename__ = "change_requests"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(10), default="open")
    base_version: Mapped[int]
    """The version of the order that it is to change: the one it was asked for, later the one it was last weighed on."""
    wanted: Mapped[JsonDict] = mapped_column(default=dict)
    """The fields to replace, as the order's own change has them; empty of a cancellation."""
    diff: Mapped[JsonDict] = mapped_column(default=dict)
    """`{path: [before, after]}` against the base version."""
    reason: Mapped[str] = mapped_column(String(1000))
    source: Mapped[str] = mapped_column(String(8))
    """page, api or message."""
    requested_at: Mapped[Moment]
    requested_by: Mapped[str] = mapped_column(String(26))
    what_if: Mapped[JsonDict] = mapped_column(default=dict)
    """What it would come to, as `whatif.weigh` found it last."""
    assessed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notice: Mapped[JsonDict] = mapped_column(default=dict)
    """Why it was weighed again: {"was", "now", "paths"} of the order, {"conflict"}, or {"worse"}."""
    hold: Mapped[str] = mapped_column(String(10), default="none")
    rma_number: Mapped[str | None] = mapped_column(String(20), unique=True)
    outcome: Mapped[str] = mapped_column(String(1000), default="")
    """Why it was refused or withdrawn."""
    applied_version: Mapped[int | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(26))

    __table_args__ = (
        Index("ix_change_requests_order", "order_id", "id"),
        Index("ix_change_requests_open", "order_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_change_requests_status", "status", "number"),
    )

    @property
    def subject(self) -> Subject:
        """This request, as its process and tasks name it."""
        return Subject("change", self.id)

    @property
    def given(self) -> dict[str, Any] | None:
        """The fields to replace; None of a cancellation."""
        return None if self.kind == CANCEL else self.wanted
