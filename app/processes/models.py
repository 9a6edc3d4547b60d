"""Definitions (immutable), which of them is in force, running instances, their history (append-only)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only, on_creation
from app.core.db import Base, Code, Id, Json, JsonDict, Moment, Ref, UtcDateTime
from app.core.i18n import LazyString, _l
from app.core.subject import Subject

MINIMUM_YEARS = 5
"""So long at least the database itself keeps the history of an ended process (`retention.yaml` tells the law)."""


def lawful(purge: str, dialect: str, years: int = MINIMUM_YEARS) -> str:
    """SQL: the row of `process_purges` is of an ended instance, and so many years have passed since."""
    by_then = {
        "sqlite": f"datetime(i.ended_at, '+{years} years') <= datetime({purge}.purged_at)",
        "postgresql": f"i.ended_at + interval '{years} years' <= {purge}.purged_at",
    }
    return (
        f"i.status <> 'running' AND i.ended_at = {purge}.ended_at AND {purge}.kept_until <= {purge}.purged_at "
        f"AND {by_then[dialect]}"
    )


def is_purged(dialect: str) -> str:
    """SQL: the line of history OLD is of an instance that may lawfully go, and that this is on record."""
    both = "process_purges p JOIN process_instances i ON i.id = p.instance_id"
    return f"EXISTS (SELECT 1 FROM {both} WHERE p.instance_id = OLD.instance_id AND {lawful('p', dialect)})"  # noqa: S608


def purge_guard(dialect: str) -> list[str]:
    """SQL: no instance that is there is put on record as purged too early. (A restored backup tells of others.)"""
    says = f"history is kept for {MINIMUM_YEARS} years after the end"
    late = lawful("NEW", dialect)
    early = f"EXISTS (SELECT 1 FROM process_instances i WHERE i.id = NEW.instance_id AND NOT ({late}))"  # noqa: S608
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS process_purges_lawful BEFORE INSERT ON process_purges WHEN {early} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        ]
    return [
        "CREATE OR REPLACE FUNCTION process_purges_check() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {early} THEN RAISE EXCEPTION '{says}'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER process_purges_lawful BEFORE INSERT ON process_purges FOR EACH ROW "
        "EXECUTE FUNCTION process_purges_check()",
    ]


class InstanceStatus(StrEnum):
    """`running` until it ends; `superseded` by a newer instance of the same subject."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    FAILED = "failed"


STATUS_NAMES: dict[str, LazyString] = {
    InstanceStatus.RUNNING: _l("running"),
    InstanceStatus.COMPLETED: _l("completed"),
    InstanceStatus.CANCELLED: _l("cancelled"),
    InstanceStatus.SUPERSEDED: _l("superseded"),
    InstanceStatus.FAILED: _l("failed"),
}


class ProcessDefinition(Base):
    """A diagram with its forms, as deployed. Never changed; what is in force is told by ProcessRelease."""

    __tablename__ = "process_definitions"

    id: Mapped[Id]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 over key, XML and forms: the same diagram is stored once."""
    key: Mapped[Code]
    version: Mapped[int] = mapped_column(Integer)
    """Counts from 1 within the key."""
    name: Mapped[JsonDict]
    """{"en", "zh"}"""
    xml: Mapped[str] = mapped_column(Text)
    forms: Mapped[JsonDict]
    """{form key: form-js schema}; texts may be {"en", "zh"}."""
    version_tag: Mapped[str | None] = mapped_column(String(100))
    """What designers call the version."""
    deployment_id: Mapped[str | None] = mapped_column(String(26), index=True)
    deployed_at: Mapped[Moment]
    deployed_by: Mapped[str] = mapped_column(String(26))

    __table_args__ = (UniqueConstraint("key", "version"),)


append_only(ProcessDefinition.__table__)


class ProcessDeployment(Base):
    """Diagrams and forms that came together."""

    __tablename__ = "process_deployments"

    id: Mapped[Id]
    name: Mapped[str | None] = mapped_column(String(255))
    source: Mapped[str | None] = mapped_column(String(255))
    at: Mapped[Moment]
    by: Mapped[str] = mapped_column(String(26))


class ProcessDefinitionFlags(Base):
    """What may change about a definition: a suspended one starts nothing new. No row: not suspended."""

    __tablename__ = "process_definition_flags"

    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"), primary_key=True)
    suspended: Mapped[bool]


class ProcessStart(Base):
    """An event that starts a process in force: message, signal, timer, condition."""

    __tablename__ = "process_starts"

    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[Code]
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(255))

    __table_args__ = (Index("ix_process_starts_kind_name", "kind", "name"), Index("ix_process_starts_key", "key"))


class ProcessRelease(Base):
    """The definition that new instances of a key are started with."""

    __tablename__ = "process_releases"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"))
    released_at: Mapped[Moment]
    released_by: Mapped[str] = mapped_column(String(26))


class ProcessInstance(Base):
    """One run of a definition about one subject. `state` is the engine's, a few KB whatever was run before."""

    __tablename__ = "process_instances"

    id: Mapped[Id]
    definition_id: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"), index=True)
    key: Mapped[Code]
    subject_kind: Mapped[Code]
    subject_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12))
    state: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer)
    """Counts saved steps: each UPDATE names the one it saw."""
    events: Mapped[int] = mapped_column(Integer)
    """How many lines of history there are."""
    business_key: Mapped[str | None] = mapped_column(
        String(255).with_variant(String(255, collation="C"), "postgresql"), index=True
    )
    """What the world outside calls it, an order number say: messages find it by this. Sorted by its bytes, so that one
    index serves what begins so, too."""
    super_instance_id: Mapped[str | None] = mapped_column(String(26), index=True)
    """The instance that called it, and the token there that waits."""
    super_token: Mapped[int | None] = mapped_column(Integer)
    root_id: Mapped[str] = mapped_column(String(26), index=True)
    """The outermost instance; its own id if nobody called it."""
    depth: Mapped[int] = mapped_column(Integer)
    """How many instances call each other above it."""
    suspended: Mapped[bool]
    started_by: Mapped[Ref]
    started_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        Index(
            "uq_process_instances_running",
            "subject_kind",
            "subject_id",
            "key",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
        Index("ix_process_instances_subject", "subject_kind", "subject_id", "started_at"),
        Index("ix_process_instances_key_status", "key", "status", "started_at"),
        Index("ix_process_instances_started_at", "started_at"),
        Index("ix_process_instances_status", "status", "started_at", "id"),
    )

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.subject_kind, self.subject_id)


class ProcessEvent(Base):
    """One line of an instance's history: `started`; `entered` (a token came), or what it did there at once: `decided`
    (gateway), `performed` (service step); `left` (in a later step than it came); `completed` (a person's task);
    `closed` (no longer needed); `fired`, `caught`, `thrown`, `uncaught` (events); `fault`; `assigned`, `moved`,
    `suspended`, `resumed`, `migrated` (operators); `ended`, `cancelled`, `superseded`. `flow_id` is the way the token
    came."""

    __tablename__ = "process_events"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - rows lie together by instance

    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instances.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    kind: Mapped[str] = mapped_column(String(12))
    element_id: Mapped[str] = mapped_column(String(100))
    flow_id: Mapped[str | None] = mapped_column(String(100))
    token: Mapped[int | None] = mapped_column(Integer)
    at_once: Mapped[bool]
    """The token came and left in the same step; otherwise a later line of the same token tells when it left."""
    actor_id: Mapped[str | None] = mapped_column(String(26))
    decision_id: Mapped[str | None] = mapped_column(String(26))
    details: Mapped[dict[str, Any]] = mapped_column(Json)


append_only(ProcessEvent.__table__, but_for=is_purged)


class ProcessPurge(Base):
    """What is left of an instance whose history was lawfully deleted: `app/processes/retention.py`."""

    __tablename__ = "process_purges"

    instance_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    root_id: Mapped[str] = mapped_column(String(26))
    key: Mapped[Code]
    definition_id: Mapped[str] = mapped_column(String(26))
    subject_kind: Mapped[Code]
    subject_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment]
    lines: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the lines in order."""
    kept_until: Mapped[Moment]
    purged_at: Mapped[Moment]
    purged_by: Mapped[str] = mapped_column(String(26))


append_only(ProcessPurge.__table__)
on_creation(ProcessPurge.__table__, purge_guard)


class ProcessWait(Base):
    """A token that waits for an event from outside: `message`, `signal` by name, `condition`."""

    __tablename__ = "process_waits"

    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instances.id"), primary_key=True)
    token: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    element_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(255))
    business_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[Moment]

    __table_args__ = (Index("ix_process_waits_name", "kind", "name", "business_key"),)


class ProcessIncident(Base):
    """A token that cannot go on until somebody has looked. Kept when it is resolved."""

    __tablename__ = "process_incidents"

    id: Mapped[Id]
    instance_id: Mapped[str] = mapped_column(ForeignKey("process_instances.id"))
    token: Mapped[int] = mapped_column(Integer)
    element_id: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(40))
    """`fault` (expression, limit, conflict), `failedJob`, `failedExternalTask`."""
    message: Mapped[str] = mapped_column(Text)
    details: Mapped[JsonDict]
    job_id: Mapped[str | None] = mapped_column(String(26))
    created_at: Mapped[Moment]
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(String(26))
    how: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        Index("ix_process_incidents_instance", "instance_id", "resolved_at"),
        Index(
            "ix_process_incidents_open",
            "created_at",
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )


class ProcessMigration(Base):
    """One instance was taken from one version to another. What it was before is kept, so that it can be undone as
    long as nothing has gone on since."""

    __tablename__ = "process_migrations"

    id: Mapped[Id]
    instance_id: Mapped[Ref] = mapped_column(ForeignKey("process_instances.id"))
    from_definition: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"))
    to_definition: Mapped[str] = mapped_column(ForeignKey("process_definitions.id"))
    mapping: Mapped[JsonDict]
    """{element before: element after}, of those that are not the same."""
    state_before: Mapped[bytes] = mapped_column(LargeBinary)
    version_after: Mapped[int] = mapped_column(Integer)
    """The instance's version when it was done: with another one it cannot be undone."""
    reason: Mapped[str] = mapped_column(String(1000))
    at: Mapped[Moment]
    by: Mapped[str] = mapped_column(String(26))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by: Mapped[str | None] = mapped_column(String(26))


class ProcessMessage(Base):
    """A message from outside: delivered at once, or kept until somebody waits for it or its time is over."""

    __tablename__ = "process_messages"

    id: Mapped[Id]
    sender_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    """The sender's own id: the same message is taken once."""
    name: Mapped[str] = mapped_column(String(255))
    business_key: Mapped[str | None] = mapped_column(String(255))
    correlation: Mapped[JsonDict]
    """Variables the receiver must have, with their values; `local_correlation`: those the waiting token must have."""
    local_correlation: Mapped[Any] = mapped_column(Json, nullable=True)
    variables: Mapped[JsonDict]
    local_variables: Mapped[Any] = mapped_column(Json, nullable=True)
    received_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    instance_id: Mapped[str | None] = mapped_column(String(26))
    """Where it arrived; before that, the only one it is for."""

    __table_args__ = (
        Index(
            "ix_process_messages_kept",
            "name",
            "business_key",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
        Index("ix_process_messages_received", "received_at"),
    )
