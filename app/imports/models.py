"""What was loaded from where."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, JsonDict, JsonList, Moment


class ImportRun(Base):
    """One run of an import that was committed: the file, how many records met which fate, what was refused and why."""

    __tablename__ = "import_runs"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the file as it was given."""
    at: Mapped[Moment] = mapped_column(index=True)
    actor_id: Mapped[str] = mapped_column(String(64))
    counts: Mapped[JsonDict]
    refused: Mapped[JsonList]
    """`{identifier, kind, device, reason}` of each refused identifier."""
