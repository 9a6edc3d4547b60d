"""What is stored: subscriptions, what is to be delivered to them, every attempt."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, JsonList, Moment, Name, UtcDateTime
from app.core.i18n import LazyString, _l


class DeliveryState(StrEnum):
    """Where a delivery is. `dead`: not taken in three days; it holds nobody up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DISCARDED = "discarded"


DELIVERY_NAMES: dict[str, LazyString] = {
    DeliveryState.PENDING: _l("to be delivered"),
    DeliveryState.DELIVERED: _l("delivered"),
    DeliveryState.DEAD: _l("given up"),
    DeliveryState.DISCARDED: _l("discarded"),
}


class HookSubscription(Base):
    """An address that is told of events. Never deleted: deliveries name it; `active` ends it."""

    __tablename__ = "hook_subscriptions"

    id: Mapped[Id]
    name: Mapped[Name]
    url: Mapped[str] = mapped_column(String(500))
    types: Mapped[JsonList]
    """Types of events; empty: all."""
    filter: Mapped[str] = mapped_column(String(500))
    """Expression over `event` and `data`; empty: all."""
    active: Mapped[bool]
    fed_to: Mapped[int] = mapped_column(BigInteger)
    """Position of the feed up to which it has its deliveries."""
    failures: Mapped[int]
    """In a row, over all keys."""
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The circuit is open: nothing is sent till then, then one as a probe."""
    ended_because: Mapped[str] = mapped_column(String(40))
    """`gone` when the address answered 410; empty when a person ended it, or it is active."""
    last_ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(26))


class HookDelivery(Base):
    """One event for one subscription."""

    __tablename__ = "hook_deliveries"

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    """Grows in the order of the feed."""
    id: Mapped[str] = mapped_column(String(26), unique=True)
    subscription_id: Mapped[str] = mapped_column(String(26))
    event_id: Mapped[str] = mapped_column(String(26))
    type: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(255))
    body: Mapped[str] = mapped_column(Text)
    """The CloudEvent as it is sent, each time the same."""
    made_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(12))
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[Moment]
    """When it is given up."""
    fence: Mapped[int]
    attempts: Mapped[int]
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(String(40))
    """Code of what went wrong without an answer; empty when there was one."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("subscription_id", "event_id"),
        Index("ix_hook_deliveries_subscription_id_id", "subscription_id", "id"),
        *(
            Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
            for name, columns, where in (
                ("ix_hook_deliveries_ready", ("subscription_id", "seq", "ready_at"), "ready_at IS NOT NULL"),
                ("ix_hook_deliveries_key", ("subscription_id", "key", "seq"), "ready_at IS NOT NULL"),
                ("ix_hook_deliveries_dead", ("seq",), "state = 'dead'"),
            )
        ),
    )


class HookAttempt(Base):
    """One request that was made, or refused to be made."""

    __tablename__ = "hook_attempts"

    id: Mapped[Id]
    delivery_id: Mapped[str] = mapped_column(String(26), index=True)
    at: Mapped[Moment]
    millis: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str] = mapped_column(String(40))
    excerpt: Mapped[str] = mapped_column(String(1000))
    """The beginning of the answer."""
