"""What the lint finds, and what it is told of the world outside the diagram."""

from __future__ import annotations

from collections.abc import Collection, Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Why a diagram is refused: the id of the element, and the reason in the reader's language."""

    element: str
    reason: str
    warning: bool = False
    """True for what does not stop the diagram, but is not heeded either."""


@dataclass(frozen=True)
class Known:
    """Names that a diagram may refer to; None: not checked."""

    steps: Container[str] | None = None
    rule_sets: Container[str] | None = None
    forms: Container[str] | None = None
    groups: Container[str] | None = None
    rule_set_versions: Container[tuple[str, int]] | None = None
    """(rule set, number) of each version that may be pinned."""
    approving: Container[str] | None = None
    """Forms that ask for an approval."""
    meanings: Collection[str] | None = None
    """What a signature may mean."""
    bands: Collection[str] | None = None
    """Of priority: a time for work can be agreed for each."""
