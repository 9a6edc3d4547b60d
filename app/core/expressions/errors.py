"""What can be wrong with an expression or a script: its text, or the values it meets."""

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

    def __init__(self, text: str, at: int, reason: str, *, absent: bool = False) -> None:
        super().__init__(text=text[:200], position=at + 1, reason=reason)
        self.absent = absent
        """Something inside a known value is not there: `empty` takes that for an answer."""


class ErrorThrown(ExpressionFailed):
    """`error('CODE')` or `error('CODE', 'why')` was evaluated: an error of the business, which a process may catch."""

    message = _l("The expression “%(text)s” came to the error “%(code)s”: %(reason)s")

    def __init__(self, text: str, at: int, code: str, reason: str) -> None:
        super().__init__(text, at, reason or code)
        self.thrown = code
        """The code of the error."""
        self.details["code"] = code


class ScriptInvalid(ExpressionInvalid):
    """A line of a script cannot be read. `line` counts from 1, `position` from 1 within that line's statement."""

    message = _l("Line %(line)s of the script, “%(text)s”, cannot be read at character %(position)s: %(reason)s")

    def __init__(self, line: int, text: str, at: int, reason: str) -> None:
        super().__init__(text, at, reason)
        self.details["line"] = line


class ScriptFailed(ExpressionFailed):
    """A line of a script does not fit the values it met. `line` and `position` count from 1."""

    message = _l("Line %(line)s of the script, “%(text)s”, cannot be carried out at character %(position)s: %(reason)s")

    def __init__(self, line: int, text: str, at: int, reason: str) -> None:
        super().__init__(text, at, reason)
        self.details["line"] = line
