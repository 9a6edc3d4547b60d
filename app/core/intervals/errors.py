"""What can be wrong with a duration, cycle, cron expression or date."""

from __future__ import annotations

from app.core.errors import DomainError
from app.core.i18n import _l


class IntervalInvalid(DomainError):
    """The text is no time that can be kept. `position` counts characters from 1."""

    message = _l("The time “%(text)s” cannot be read at character %(position)s: %(reason)s")

    def __init__(self, text: str, at: int, reason: str) -> None:
        super().__init__(text=text[:200], position=at + 1, reason=reason)
