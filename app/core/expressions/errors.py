"""What can be wrong with an expression: its text, or the values it meets."""

from __future__ import annotations

from app.core.errors import DomainError
from app.core.i18n import _l


class ExpressionInvalid(DomainError):
    """The text cannot be read. `position` counts characters from 1."""

    message = _l("The expression “%(text)s” cannot be read at character %(position)s: %(reason)s")

    def __init__(self, text: str, at: int, reason: str) -> None:
        super().__init__(text=text[:200], position=at + 1, reason=reason)


class ExpressionFailed(DomainError):
    """The expression is well formed but does not fit the values given. `position` counts characters from 1."""

    message = _l("The expression “%(text)s” cannot be evaluated at character %(position)s: %(reason)s")

    def __init__(self, text: str, at: int, reason: str) -> None:
        super().__init__(text=text[:200], position=at + 1, reason=reason)
