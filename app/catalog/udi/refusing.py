"""Why a code cannot be read or built."""

from __future__ import annotations

from app.core.errors import DomainError
from app.core.i18n import LazyString, _l


class BadUdi(DomainError):
    """The code breaks a rule of its issuer. `part` is the application identifier or the name of the field, `reason`
    says which rule."""

    message = _l("%(part)s: %(reason)s")

    def __init__(self, part: str, reason: str | LazyString) -> None:
        super().__init__(part=part, reason=str(reason))
