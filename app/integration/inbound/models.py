"""What is stored: sources, their secrets and mappings, every event that came."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Code, Id, Json, JsonDict, JsonList, Moment, Name, UtcDateTime
from app.core.i18n import LazyString, _l

SIGNATURE, BEARER = "signature", "bearer"
AUTHENTICATIONS: dict[str, LazyString] = {
    SIGNATURE: _l("Signature (Standard Webhooks, HMAC-SHA256)"),
    BEARER: _l("Bearer token"),
}
CLOUDEVENTS, JSON = "cloudevents", "json"
FORMATS: dict[str, LazyString] = {
    CLOUDEVENTS: _l("CloudEvents 1.0 (structured, batched or binary)"),
    JSON: _l("Any JSON"),
}


class HookState(StrEnum):
    """Where an event is. `received` is to be done, `waiting` came early, the others are final until replayed."""

    RECEIVED = "received"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"
    DISCARDED = "discarded"


STATE_NAMES: dict[str, LazyString] = {
    HookState.RECEIVED: _l("received"),
    HookState.WAITING: _l("waiting (came early)"),
    HookState.DONE: _l("carried out"),
    HookState.FAILED: _l("failed"),
    HookState.DEAD: _l("given up"),
    HookState.DISCARDED: _l("discarded"),
}


class HookSource(Base):
    """Another system that may send events to `/hooks/<code>`. Never deleted: events name it; `active` ends it."""

    __tablename__ = "hook_sources"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]
    auth: Mapped[str] = mapped_column(String(12))
    format: Mapped[str] = mapped_column(String(12))
    id_path: Mapped[str] = mapped_column(String(500))
    """Expression that gives the event's id; empty: as the format says."""
    key_path: Mapped[str] = mapped_column(String(500))
    """Expression that gives the business key, whose events stay in order; empty: as the format says."""
    acts_as: Mapped[str] = mapped_column(String(26))
    """The user in whose name and with whose rights events are carried out."""
    wait_hours: Mapped[int]
    """How long an event that came early waits."""
    rate: Mapped[int]
    """Requests a second that each server process takes."""
    masked: Mapped[JsonList]
    """Paths in the body that people do not see, as `data.patient.name` or `data.lines.*.note`."""
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(26))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read so by SQLAlchemy


class HookSecret(Base):
    """A secret shared with a source or a subscriber: one to sign with is kept sealed, a bearer token as its hash."""

    __tablename__ = "hook_secrets"

    id: Mapped[Id]
    owner_id: Mapped[str] = mapped_column(String(26), index=True)
    """Of a source or a subscription."""
    sealed: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(26))
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


DRAFT, ACTIVE, RETIRED = "draft", "active", "retired"


class HookMapping(Base):
    """A version of what to do with a source's events. One may be a draft and one active at a time."""

    __tablename__ = "hook_mappings"

    id: Mapped[Id]
    source_id: Mapped[str] = mapped_column(String(26))
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(12))
    body: Mapped[JsonDict]
    """`mapping.Mapping` as JSON."""
    sample: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(26))
    changed_at: Mapped[Moment]
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    activated_by: Mapped[str | None] = mapped_column(String(26))

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - read so by SQLAlchemy
    __table_args__ = (UniqueConstraint("source_id", "version"),)


class HookEvent(Base):
    """An event as it came, and what became of it. No foreign key: a lock on the source's row by each insert would make
    the senders of a busy source wait for one another."""

    __tablename__ = "hook_events"

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    """Grows as events come; keeps those of a business key in order."""
    id: Mapped[str] = mapped_column(String(26), unique=True)
    source_id: Mapped[str] = mapped_column(String(26))
    event_id: Mapped[str] = mapped_column(String(255))
    origin: Mapped[str] = mapped_column(String(255))
    """`source` of a CloudEvent: its id is unique there only."""
    type: Mapped[str] = mapped_column(String(255))
    key: Mapped[str | None] = mapped_column(String(255))
    received_at: Mapped[Moment]
    address: Mapped[str] = mapped_column(String(64))
    headers: Mapped[JsonDict]
    attributes: Mapped[JsonDict]
    """Of the CloudEvent, or `id` and `type`."""
    body: Mapped[str] = mapped_column(Text)
    """The JSON of the data."""
    body_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    ready_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When somebody may take it; null once nothing is left to do."""
    expires_at: Mapped[Moment]
    attempts: Mapped[int]
    fence: Mapped[int]
    """Grows with every claim and change: who took it before cannot commit."""
    replays: Mapped[int]
    duplicates: Mapped[int]
    clashes: Mapped[int]
    """How often the same id came with another body."""
    mapping_version: Mapped[int | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """`actions.Outcome`: rule, action, sentence, links."""
    fault: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """{"code", "reason", "fields": {path: [reasons]}}"""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("source_id", "event_id", "origin"),
        Index(
            "ix_hook_events_source_id_id", "source_id", "id"
        ),  # not by seq: then it would be taken for the order of keys
        *(
            Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
            for name, columns, where in (
                ("ix_hook_events_ready", ("seq", "ready_at"), "ready_at IS NOT NULL"),
                ("ix_hook_events_key", ("source_id", "key", "seq"), "ready_at IS NOT NULL"),
                ("ix_hook_events_odd", ("state", "seq"), "state NOT IN ('received', 'done')"),
            )
        ),
    )


class HookRefusals(Base):
    """How often a source's requests were refused in an hour, by reason: hostile requests add up, not rows."""

    __tablename__ = "hook_refusals"

    source_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    """Empty for addresses where no source is."""
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[Moment]
    last_address: Mapped[str] = mapped_column(String(64))
