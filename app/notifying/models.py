"""What is stored of telling people outside: their wishes, their devices, each message, the key of web push."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, JsonDict, JsonList, Moment, UtcDateTime


class Channel(StrEnum):
    """Ways out of the application."""

    MAIL = "mail"
    PUSH = "push"


class LetterStatus(StrEnum):
    """What became of a message."""

    GATHERING = "gathering"
    """A digest that still collects notices."""
    WAITING = "waiting"
    SENT = "sent"
    UNSURE = "unsure"
    """The worker or the connection ended while it was handed over: it may have arrived, so it is not sent again."""
    FAILED = "failed"
    KEPT = "kept"
    """No mail server is set: this is what would have been sent."""
    DROPPED = "dropped"
    """All it would have told was read in the application before."""


class NoticeWish(Base):
    """How somebody wants to be told; who has none is told as `wishes.DEFAULT` says."""

    __tablename__ = "notice_wishes"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    mail: Mapped[JsonDict]
    """{kind of notice: now, digest or none}."""
    push: Mapped[JsonList]
    """Kinds of notices that go to the devices."""
    digest: Mapped[str] = mapped_column(String(8))
    """`hourly` or `daily`."""
    hour: Mapped[int] = mapped_column(Integer)
    """Of the daily digest, in the business zone."""


class PushDevice(Base):
    """A browser that lets itself be woken for its user."""

    __tablename__ = "push_devices"

    id: Mapped[Id]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    endpoint: Mapped[str] = mapped_column(Text)
    endpoint_hash: Mapped[str] = mapped_column(String(64), unique=True)
    p256dh: Mapped[str] = mapped_column(String(100))
    """The device's public key, base64url."""
    auth: Mapped[str] = mapped_column(String(32))
    label: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[Moment]


class PushKey(Base):
    """The key by which push services know this server (VAPID), made once; the private half is sealed."""

    __tablename__ = "push_keys"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    public: Mapped[str] = mapped_column(String(100))
    private: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Moment]


class Letter(Base):
    """A message to one address or device, from being written to having been sent."""

    __tablename__ = "letters"

    id: Mapped[Id]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[str] = mapped_column(String(8))
    target: Mapped[str] = mapped_column(String(200))
    """An e-mail address, or the id of a device."""
    language: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    """Plain text; for a device the JSON that it gets."""
    html: Mapped[str] = mapped_column(Text)
    notice_ids: Mapped[JsonList]
    status: Mapped[str] = mapped_column(String(12))
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it may be sent (again); a message in hand is locked until then."""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    """Grows with every claim: who was handed it earlier can write nothing any more."""
    handed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From this moment on the other side may have it."""
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[Moment] = mapped_column(index=True)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_letters_user", "user_id", "id"),
        Index(
            "ix_letters_ready",
            *("channel", "ready_at"),
            sqlite_where=sql("ready_at IS NOT NULL"),
            postgresql_where=sql("ready_at IS NOT NULL"),
        ),
        Index(
            "ix_letters_gathering",
            "user_id",
            unique=True,
            sqlite_where=sql("status = 'gathering'"),
            postgresql_where=sql("status = 'gathering'"),
        ),
    )
