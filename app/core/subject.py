"""What a task, decision, process or audit entry is about, without knowing its table."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """A kind of record (`order`, `customer`, `lot`) and its id."""

    kind: str
    id: str
