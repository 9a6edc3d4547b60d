"""Back ends that run a plan: `durable` (the decision of record), `generated` (its oracle), `columns` (many subjects at
once), `closures` (explanation, and what the others are compared with)."""

from __future__ import annotations

from typing import NamedTuple


class Firing(NamedTuple):
    """A rule that fired, and the lines of the order for which it did (none when it does not speak of lines)."""

    rule: str
    keys: tuple[int, ...]


class EngineFault(RuntimeError):
    """The matcher misbehaved: an error code, too many firings, or too slow. Nothing of its answer may be used."""
