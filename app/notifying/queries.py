"""Reads of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from app.core.db import session
from app.core.i18n import LazyString, _l
from app.identity.models import User
from app.notifying.models import Letter, LetterStatus

STATUSES: Mapping[str, LazyString] = {
    LetterStatus.GATHERING: _l("still collects"),
    LetterStatus.WAITING: _l("waits to be sent"),
    LetterStatus.SENT: _l("sent"),
    LetterStatus.UNSURE: _l("may have arrived"),
    LetterStatus.FAILED: _l("not sent"),
    LetterStatus.KEPT: _l("no mail server"),
    LetterStatus.DROPPED: _l("was read before"),
}
TONES: Mapping[str, str] = {
    LetterStatus.SENT: "success",
    LetterStatus.WAITING: "info",
    LetterStatus.GATHERING: "info",
    LetterStatus.UNSURE: "warning",
    LetterStatus.FAILED: "danger",
}
CHANNELS: Mapping[str, LazyString] = {"mail": _l("E-mail"), "push": _l("Push")}


def letters(*, status: str = "", channel: str = "") -> Select[Any]:
    """Rows (Letter, name of its user), the newest first; to be paged."""
    found: Any = select(Letter, User.name).join(User, User.id == Letter.user_id).order_by(Letter.id.desc())
    if status in STATUSES:
        found = found.where(Letter.status == status)
    return found.where(Letter.channel == channel) if channel in CHANNELS else found  # type: ignore[no-any-return]


def letters_to(user_id: str, limit: int = 10) -> list[Letter]:
    """The newest messages to somebody."""
    found = select(Letter).where(Letter.user_id == user_id).order_by(Letter.id.desc()).limit(limit)
    return list(session().scalars(found))


def counts() -> dict[str, int]:
    """How many messages are in each status."""
    rows = session().execute(select(Letter.status, func.count()).group_by(Letter.status))
    return {str(row[0]): int(row[1]) for row in rows}
