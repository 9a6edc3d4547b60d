"""What is stored around tasks: notices to people, copies, and which rungs of the ladder were climbed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, Json, JsonDict, Moment, UtcDateTime


class NoticeKind(StrEnum):
    """Why somebody is told of a task."""

    REMIND = "remind"
    ESCALATE = "escalate"
    URGE = "urge"
    COPY = "copy"
    MENTION = "mention"
    ASSIGN = "assign"
    DELEGATE = "delegate"
    RESOLVE = "resolve"
    ADD = "add"
    ANSWER = "answer"
    BACK = "back"
    START = "start"
    REVIEW = "review"
    EXPIRY = "expiry"
    CHANGE = "change"
    RISK = "risk"
    GONE = "gone"
    COMPLAINT = "complaint"
    SIGNAL = "signal"
    LATE = "late"


class Notice(Base):
    """Somebody is told something about a task, or about what has a page elsewhere. Kept until its time is over, read or
    not."""

    __tablename__ = "notices"

    id: Mapped[Id]
    user_id: Mapped[str] = mapped_column(String(26))
    task_id: Mapped[str | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    path: Mapped[str | None] = mapped_column(String(200))
    """The page of what it is about, if that is no task."""
    title: Mapped[dict[str, str] | None] = mapped_column(Json)
    """What that is called: {"en", "zh"}"""
    kind: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[str | None] = mapped_column(String(26))
    """Who caused it; None for Youxu itself."""
    text: Mapped[str | None] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_notices_user", "user_id", "id"),
        Index(
            "ix_notices_unread",
            "user_id",
            sqlite_where=sql("read_at IS NULL"),
            postgresql_where=sql("read_at IS NULL"),
        ),
    )


class TaskCopy(Base):
    """Somebody who may read a task because they were copied in (抄送); they cannot decide it."""

    __tablename__ = "task_copies"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    by_id: Mapped[str] = mapped_column(String(26))
    at: Mapped[Moment]

    __table_args__ = (Index("ix_task_copies_user", "user_id", "task_id"),)


class TaskRung(Base):
    """A rung of the ladder that was climbed for one due time of a task: never twice."""

    __tablename__ = "task_rungs"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    rung: Mapped[str] = mapped_column(String(12), primary_key=True)
    at: Mapped[Moment]


class TaskDraft(Base):
    """Answers that somebody is still writing (`drafts`); `form_hash` says to which form."""

    __tablename__ = "task_drafts"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    form_hash: Mapped[str] = mapped_column(String(64))
    answers: Mapped[JsonDict]
    saved_at: Mapped[Moment]

    __table_args__ = (Index("ix_task_drafts_user", "user_id", "saved_at"),)
