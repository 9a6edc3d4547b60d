"""Operations on many instances at once: what was asked, how far it is, what came of each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, JsonDict, Moment, UtcDateTime
from app.core.i18n import LazyString, _l


class BatchStatus(StrEnum):
    """`running` until every item has a result, or somebody stops it."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


BATCH_STATUS_NAMES: dict[str, LazyString] = {
    BatchStatus.RUNNING: _l("running"),
    BatchStatus.FINISHED: _l("finished"),
    BatchStatus.STOPPED: _l("stopped"),
}


class ItemStatus(StrEnum):
    """What came of one instance. `skipped`: there was nothing to do."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


ITEM_STATUS_NAMES: dict[str, LazyString] = {
    ItemStatus.WAITING: _l("waiting for its turn"),
    ItemStatus.DONE: _l("carried out"),
    ItemStatus.SKIPPED: _l("nothing to do"),
    ItemStatus.FAILED: _l("failed"),
}


class ProcessBatch(Base):
    """One operation on many instances. Items are taken in order, so `done + skipped + failed` is how far it is."""

    __tablename__ = "process_batches"

    id: Mapped[Id]
    verb: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(1000))
    params: Mapped[JsonDict]
    """What the verb needs beside the instance."""
    status: Mapped[str] = mapped_column(String(12))
    total: Mapped[int]
    done: Mapped[int]
    skipped: Mapped[int]
    failed: Mapped[int]
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(26))
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_process_batches_created_at", "created_at"),)

    @property
    def seen(self) -> int:
        """How many items have a result."""
        return self.done + self.skipped + self.failed


class ProcessBatchItem(Base):
    """One instance of a batch."""

    __tablename__ = "process_batch_items"

    batch_id: Mapped[str] = mapped_column(ForeignKey("process_batches.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counts from 1."""
    instance_id: Mapped[str] = mapped_column(String(26))
    status: Mapped[str] = mapped_column(String(12))
    message: Mapped[JsonDict]
    """{"en", "zh"}: why it failed or was skipped; {"migration"}: what was done, or is to be undone."""
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(
            "ix_process_batch_items_failed",
            "batch_id",
            "seq",
            sqlite_where=text("status = 'failed'"),
            postgresql_where=text("status = 'failed'"),
        ),
    )
