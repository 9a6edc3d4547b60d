"""What can go wrong between a diagram and a running instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.errors import Conflict, DomainError, Invalid
from app.core.i18n import LazyString, _, _l


class DiagramRefused(Invalid):
    """The diagram would not run, or not as drawn. `fields` names each element with the reasons."""

    message = _l("The diagram cannot be deployed; see each element.")

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        super().__init__(problems)


class EngineFault(DomainError):
    """A token cannot go on; it is parked where it is and somebody must look. `element` is the BPMN id."""

    message = _l("The process cannot go on at “%(element)s”: %(reason)s")

    def __init__(self, element: str, reason: object, **details: object) -> None:
        super().__init__(element=element, reason=str(reason), **details)


class NoPlace(EngineFault):
    """A token has no place in another version. `said` is the reason for whoever reads it, in their language."""

    def __init__(self, element: str, said: LazyString) -> None:
        super().__init__(element, said)
        self.said = said


class StateTooLarge(EngineFault):
    """What an instance would have to keep is more than is allowed: the step is not done."""


class MergeConflict(EngineFault):
    """Parallel branches changed the same value differently; `path` says which."""

    message = _l("Parallel branches that meet at “%(element)s” changed %(path)s differently.")

    def __init__(self, element: str, path: str) -> None:
        super().__init__(element, path, path=path)


class NotKept(Invalid):
    """A value that cannot be a variable: JSON does not know it, or it is too large a number."""

    def __init__(self, reason: str) -> None:
        super().__init__({"variables": [_("This value cannot be kept: %(reason)s", reason=reason)]})


class TokenNotReady(Conflict):
    """The task is not open in the process any more."""

    message = _l("This step of the process is not open any more.")


class SamePerson(Conflict):
    """One of those who act did a step that, as drawn, somebody else must have done. `people` are ids."""

    message = _l("Another person has to do “%(element)s”.")


class BpmnError(Exception):
    """Raised by a service step: the diagram's error of that code, to be caught by a boundary event."""

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code} {message}".strip())
        self.code = code
        self.message = message
        self.variables = dict(variables or {})


class UnreadableState(RuntimeError):
    """A stored instance does not fit its definition or this version of the program."""
