"""Tasks for people, who may take them, and where they stand in the order of work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Code, Id, Json, JsonDict, JsonList, Moment, Ref, UtcDateTime
from app.core.i18n import LazyString, _l
from app.core.subject import Subject


class TaskStatus(StrEnum):
    """Only an open task can be claimed, released or completed."""

    OPEN = "open"
    COMPLETED = "completed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


STATUS_NAMES: dict[str, LazyString] = {
    TaskStatus.OPEN: _l("open"),
    TaskStatus.COMPLETED: _l("done"),
    TaskStatus.SUPERSEDED: _l("replaced by a newer one"),
    TaskStatus.CANCELLED: _l("no longer needed"),
}
HIGHEST_SCORE = 99_999
NO_PROMISE = 9999
"""Stands for the unknown days of a promise where orders and their tasks are ranked: it sorts last on every database."""


@dataclass(frozen=True)
class Rank:
    """Where a piece of work stands: blocked ones apart, then band, score, promised, requested, submitted, number."""

    blocked: bool = False
    band: str | None = None
    """`P0` (most urgent) to `P3`; None ranks after all."""
    score: int = 0
    promise_days: int | None = None
    """Days that are promised from any day on; None ranks last."""
    requested_date: date | None = None
    submitted_at: datetime | None = None
    number: str = ""

    def key(self) -> str:
        """Text that sorts as the rank does, on every database; empty dates last."""
        return "|".join(
            (
                "1" if self.blocked else "0",
                self.band or "P9",
                f"{HIGHEST_SCORE - max(-HIGHEST_SCORE, min(self.score, HIGHEST_SCORE)):06d}",
                f"{NO_PROMISE if self.promise_days is None else min(self.promise_days, NO_PROMISE):04d}",
                self.requested_date.isoformat() if self.requested_date else "9999-99-99",
                f"{int(self.submitted_at.timestamp()):011d}" if self.submitted_at else "9" * 11,
                self.number[:40],
            )
        )


class Task(Base):
    """One piece of work for a person. `source` opened it and continues when it is completed."""

    __tablename__ = "tasks"

    id: Mapped[Id]
    source_kind: Mapped[Code]
    source_id: Mapped[Ref]
    source_ref: Mapped[str] = mapped_column(String(40))
    """What the source calls this task (for processes: the token)."""
    element_id: Mapped[str] = mapped_column(String(100))
    name: Mapped[JsonDict]
    """{"en", "zh"}"""
    subject_kind: Mapped[Code]
    subject_id: Mapped[str] = mapped_column(String(64))
    subject_version: Mapped[int | None]
    """Version of the subject the task is about; a decision on another version is refused."""
    status: Mapped[str] = mapped_column(String(12))
    assignee_id: Mapped[str | None] = mapped_column(String(26))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    initiator_id: Mapped[str | None] = mapped_column(String(26))
    """Who submitted the subject: their "my submitted" list."""
    form_key: Mapped[str | None] = mapped_column(String(100))
    excluded_user_ids: Mapped[JsonList]
    """Four eyes: these people may not do it."""
    due_at: Mapped[Moment]
    rung_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When to look for the next rung of the ladder (`ladder`); null while it is new, and above the last."""
    created_at: Mapped[Moment]
    changed_at: Mapped[Moment]
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_by: Mapped[str | None] = mapped_column(String(26))
    closed_reason: Mapped[str | None] = mapped_column(String(500))
    answers: Mapped[dict[str, Any] | None] = mapped_column(Json)

    blocked: Mapped[bool]
    band: Mapped[str | None] = mapped_column(String(2))
    score: Mapped[int]
    promise_days: Mapped[int | None]
    requested_date: Mapped[date | None] = mapped_column(Date)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    number: Mapped[str] = mapped_column(String(64))
    rank_key: Mapped[str] = mapped_column(String(120).with_variant(String(120, collation="C"), "postgresql"))
    """`Rank.key()`: lists are sorted by it."""

    __table_args__ = (
        Index(
            "ix_tasks_open_rank",
            "rank_key",
            "id",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_tasks_open_created",
            "created_at",
            "id",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_tasks_open_due",
            "due_at",
            "id",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_tasks_open_rung",
            "rung_at",
            sqlite_where=text("status = 'open' AND rung_at IS NOT NULL"),
            postgresql_where=text("status = 'open' AND rung_at IS NOT NULL"),
        ),
        Index(
            "ix_tasks_assignee",
            "assignee_id",
            "status",
            "rank_key",
            sqlite_where=text("assignee_id IS NOT NULL"),
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
        Index("ix_tasks_subject", "subject_kind", "subject_id", "status"),
        Index(
            "ix_tasks_completed_by",
            "completed_by",
            "completed_at",
            sqlite_where=text("completed_by IS NOT NULL"),
            postgresql_where=text("completed_by IS NOT NULL"),
        ),
        Index("ix_tasks_initiator", "initiator_id", "status", "rank_key"),
        {"sqlite_with_rowid": False},
    )

    @property
    def subject(self) -> Subject:
        """What the task is about."""
        return Subject(self.subject_kind, self.subject_id)

    @property
    def on_behalf_of(self) -> str | None:
        """Whom who has it, or did it, stands in for. Known to a copy that a verb answers, not to a row that is read."""
        found: str | None = self.__dict__.get("_on_behalf_of")
        return found

    @property
    def taken_from(self) -> str | None:
        """Who had it before the one who stands in; known as `on_behalf_of` is."""
        found: str | None = self.__dict__.get("_taken_from")
        return found

    def stands(self, on_behalf_of: str | None, taken_from: str | None) -> None:
        """Say so in this copy."""
        self.__dict__.update(_on_behalf_of=on_behalf_of, _taken_from=taken_from)

    @property
    def rank(self) -> Rank:
        """Where it stands."""
        return Rank(
            blocked=self.blocked,
            band=self.band,
            score=self.score,
            promise_days=self.promise_days,
            requested_date=self.requested_date,
            submitted_at=self.submitted_at,
            number=self.number,
        )


class TaskCandidate(Base):
    """Somebody who may take a task (`group` = role, `user`), or may not (`excluded`)."""

    __tablename__ = "task_candidates"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[str] = mapped_column(String(64), primary_key=True)
    open: Mapped[bool] = mapped_column(default=True)
    """As long as the task is, for those who may take it: they are searched among these, not among all there ever were.
    Never for `excluded`: nobody searches by them."""

    __table_args__ = (
        Index(
            "ix_task_candidates_open",
            "kind",
            "value",
            "task_id",
            sqlite_where=text("open = 1"),
            postgresql_where=text("open"),
        ),
        {"sqlite_with_rowid": False},  # all of it is the key: one tree instead of two
    )


class TaskExtra(Base):
    """What few tasks have: an owner, a delegation, a text, variables of its own. Beside the task, whose row is hot."""

    __tablename__ = "task_extras"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    owner_id: Mapped[str | None] = mapped_column(String(26), index=True)
    delegation: Mapped[str | None] = mapped_column(String(8))
    """`pending`: somebody else does it for the owner; `resolved`: they have."""
    description: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[int | None] = mapped_column(Integer)
    """0 to 100 as other tools know it, 50 without; our own order of work is the rank."""
    follow_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    parent_id: Mapped[str | None] = mapped_column(String(26), index=True)
    variables: Mapped[JsonDict]
    """Variables that only this task has."""
    own_due: Mapped[bool] = mapped_column(default=False)
    """The diagram or somebody says when it is due, not its band."""
    sla: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """The time its diagram agrees for it, and to whom it goes after that (`agreed`)."""


class TaskComment(Base):
    """What somebody said about a task."""

    __tablename__ = "task_comments"

    id: Mapped[Id]
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    source_id: Mapped[Ref]
    user_id: Mapped[str] = mapped_column(String(26))
    at: Mapped[Moment]
    message: Mapped[str] = mapped_column(Text)


class TaskAttachment(Base):
    """A file or an address somebody put to a task. `content_id` names the bytes where they are kept."""

    __tablename__ = "task_attachments"

    id: Mapped[Id]
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    source_id: Mapped[Ref]
    user_id: Mapped[str] = mapped_column(String(26))
    at: Mapped[Moment]
    name: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(String(100))
    url: Mapped[str | None] = mapped_column(Text)
    content_id: Mapped[str | None] = mapped_column(String(26))


class TaskStandIn(Base):
    """A task that somebody has, or did, on behalf of somebody else."""

    __tablename__ = "task_stand_ins"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    substitute_id: Mapped[str] = mapped_column(String(26))
    principal_id: Mapped[str] = mapped_column(String(26), index=True)
    """On whose behalf."""
    taken_from: Mapped[str | None] = mapped_column(String(26))
    """Who had it before and gets it back; None: it was free."""
    at: Mapped[Moment]
