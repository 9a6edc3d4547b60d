"""Drafts of diagrams with their revisions, who has them open, and which processes may only be changed through them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Code, Id, Json, JsonDict, JsonList, Moment, Name

STATUSES = ("draft", "review", "approved", "live", "discarded")
"""draft → review → approved → live; a rejected one is a draft again. What is not live yet can be discarded."""
OPEN = ("draft", "review", "approved")


class ProcessDraft(Base):
    """A diagram that somebody draws, with the forms and scenarios beside it."""

    __tablename__ = "process_drafts"
    __table_args__ = (Index("ix_process_drafts_key", "key", "status"), Index("ix_process_drafts_version", "version_id"))

    id: Mapped[Id]
    key: Mapped[Code]
    title: Mapped[Name]
    """What it is about, in the words of who began it."""
    xml: Mapped[str] = mapped_column(Text)
    forms: Mapped[JsonDict]
    """{form key: form-js schema}"""
    scenarios: Mapped[str] = mapped_column(Text)
    """YAML, see `scenarios`; empty: none."""
    status: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int] = mapped_column(Integer)
    """Counts the saves: who saves names the one they saw."""
    base_id: Mapped[str | None] = mapped_column(String(26))
    """The version it was begun from, or last brought up to."""
    branched_from: Mapped[str | None] = mapped_column(String(26))
    author_id: Mapped[Code]
    author_name: Mapped[Name]
    editors: Mapped[JsonList] = mapped_column(Json)
    """Ids of all who wrote it, the author too: none of them may approve it."""
    created_at: Mapped[Moment]
    changed_at: Mapped[Moment]
    changed_by: Mapped[Name]
    note: Mapped[str] = mapped_column(String(1000))
    """What was said last: by who sent it, approved it or gave it back."""
    decided_by: Mapped[Name | None]
    decided_at: Mapped[Moment | None]
    override: Mapped[str] = mapped_column(String(1000))
    """Why it may come into force although scenarios fail; empty: they may not fail."""
    version_id: Mapped[str | None] = mapped_column(String(26))
    """The version it became."""

    @property
    def is_draft(self) -> bool:
        """It may be written."""
        return self.status == "draft"


class DraftRevision(Base):
    """A draft as it was saved; kept until it is live or given up, so that late changes can be merged."""

    __tablename__ = "process_draft_revisions"

    draft_id: Mapped[str] = mapped_column(ForeignKey("process_drafts.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    xml: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[Moment]
    saved_by: Mapped[Name]


class DraftVisit(Base):
    """Somebody has a draft open."""

    __tablename__ = "process_draft_visits"

    draft_id: Mapped[str] = mapped_column(ForeignKey("process_drafts.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(String(26), primary_key=True)
    name: Mapped[Name]
    seen_at: Mapped[Moment]
    changing: Mapped[bool]
    """There are changes that were not saved."""


class ProcessKey(Base):
    """What is settled about a process whatever its version. No row: not governed."""

    __tablename__ = "process_keys"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    governed: Mapped[bool]
    """Its diagram changes through an approved draft only."""
    scenarios: Mapped[str] = mapped_column(Text)
    """Those of the version in force: a new draft begins with them."""
