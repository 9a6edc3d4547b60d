"""What can be refused, and how it is said.

    DomainError                 422  a rule of the business says no
    ├── Invalid                 422  fields are wrong; details.fields names each with its reasons
    ├── NotFound                404
    ├── Conflict                409  somebody or something was there first
    │   └── StaleVersion        409  the record changed since it was read
    ├── Forbidden               403
    ├── Unauthenticated         401
    └── TooMany                 429

A slice declares its own subclass beside the verb that raises it. The class name is the API code; `message` is a lazy
translated sentence with %(name)s placeholders filled from the keyword arguments, which are also the `details`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.core.i18n import LazyString, _l


class DomainError(Exception):
    """A refusal with a name, a translated sentence and data."""

    status: ClassVar[int] = 422
    message: ClassVar[LazyString] = _l("This is not possible.")

    def __init__(self, **details: Any) -> None:
        super().__init__(type(self).__name__)
        self.details = details

    @property
    def code(self) -> str:
        """Stable name of the error in the API."""
        return type(self).__name__

    def sentence(self) -> str:
        """The message in the reader's language."""
        text = str(self.message)
        return text % self.details if self.details and "%(" in text else text

    def __str__(self) -> str:
        return f"{self.code} {self.details}"


class Invalid(DomainError):
    """One or more fields are wrong. `fields` maps a dotted path (`lines.0.quantity`) to its reasons."""

    message = _l("Some fields are not right.")

    def __init__(self, fields: Mapping[str, Sequence[Any]]) -> None:
        super().__init__(fields={path: [str(reason) for reason in reasons] for path, reasons in fields.items()})


class NotFound(DomainError):
    """There is no such thing, or the actor may not know of it."""

    status = 404
    message = _l("Not found.")


class Conflict(DomainError):
    """Somebody or something was there first."""

    status = 409
    message = _l("This conflicts with what is stored.")


class StaleVersion(Conflict):
    """The record changed since the caller read it."""

    message = _l(
        "This was changed meanwhile: you saw version %(seen)s, it is now version %(current)s. Look at it again."
    )


class Forbidden(DomainError):
    """The actor lacks a permission or a record-level right."""

    status = 403
    message = _l("You may not do this.")


class Unauthenticated(DomainError):
    """Nobody is signed in, or the token is not valid."""

    status = 401
    message = _l("Please sign in.")


class TooMany(DomainError):
    """Too many attempts; `retry_after` is in seconds."""

    status = 429
    message = _l("Too many attempts. Try again in %(retry_after)s seconds.")
