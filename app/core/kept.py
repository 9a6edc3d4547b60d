"""Bytes that are kept in the database and found by an id: attachments, files in variables. Never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import LargeBinary, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, ids
from app.core.db import Base, Id, Moment, session
from app.core.permissions import Actor


class KeptContent(Base):
    """Bytes that a variable (or an attachment) refers to by id. Never changed: a new value is a new row."""

    __tablename__ = "kept_contents"

    id: Mapped[Id]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(26))


_contents: Any = KeptContent.__table__


def keep(actor: Actor, content: bytes) -> str:
    """Store bytes; answers their id."""
    row = {
        "id": ids.new_id(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": content,
        "created_at": clock.now(),
        "created_by": actor.id,
    }
    session().execute(insert(_contents), row)
    return str(row["id"])


def sums_of(content_ids: Iterable[str]) -> dict[str, str]:
    """SHA-256, in hex, of the bytes of each id, as it was when they were stored. One statement, none for none."""
    wanted = sorted(set(content_ids))
    if not wanted:
        return {}
    found = session().execute(select(KeptContent.id, KeptContent.sha256).where(KeptContent.id.in_(wanted)))
    return {row.id: row.sha256 for row in found}


def content_of(content_id: str | None) -> bytes | None:
    """The bytes of an id; None when there are none."""
    if not content_id:
        return None
    found = session().scalar(select(KeptContent.content).where(KeptContent.id == content_id))
    return None if found is None else bytes(found)
