"""A simulation: who began it, how far it is, what it found about which two versions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Code, Id, Json, Moment, Name

STAGES = ("waiting", "reading", "active", "draft", "comparing", "past")
"""What it does while it runs, in order."""
_UNDER_WAY = text("status IN ('waiting', 'running')")


class Simulation(Base):
    """One comparison of a version with the one in force; `done`, it never changes. Old ones are deleted."""

    __tablename__ = "rule_simulations"
    __table_args__ = (
        Index("ix_rule_simulations_version", "version_id", "id"),
        # One at a time for each user, whatever is asked at once.
        Index(
            "uq_rule_simulations_under_way",
            "started_by",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
    )

    id: Mapped[Id]
    rule_set: Mapped[Code]
    version_id: Mapped[str] = mapped_column(String(26), ForeignKey("rule_set_versions.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the draft's text as it was simulated, with its fact schema."""
    active_number: Mapped[int] = mapped_column(Integer)
    active_sha256: Mapped[str] = mapped_column(String(64))
    last: Mapped[int] = mapped_column(Integer)
    """So many past decisions were asked for."""
    status: Mapped[str] = mapped_column(String(16))
    """`waiting`, `running`, `done`, `failed`."""
    stage: Mapped[str] = mapped_column(String(16))
    fault: Mapped[str] = mapped_column(String(500), default="")
    started_by: Mapped[str] = mapped_column(String(26))
    started_by_name: Mapped[Name]
    started_at: Mapped[Moment]
    beat_at: Mapped[Moment]
    """When it last told how far it is."""
    finished_at: Mapped[Moment | None]
    took_ms: Mapped[int | None] = mapped_column(Integer)
    stamps: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, deferred=True)
    """Of the data it was computed on, by population."""
    found: Mapped[dict[str, Any] | None] = mapped_column(Json, deferred=True)
    """The finding; see comparing.py."""
    moves: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Every subject whose outcome or place changes, as Parquet; see open_ones.py."""

    @property
    def under_way(self) -> bool:
        """It has not come to an end."""
        return self.status in ("waiting", "running")
