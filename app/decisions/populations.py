"""Populations for simulation: what a draft of a rule set is tried on before it counts, filled by later slices.

    @populations.register("orders")
    def open_orders() -> Population: ...

A population suits a rule set when providers of facts in bulk know every fact its rules ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app.core.permissions import Permission
from app.core.registry import Registry
from app.decisions.bulk import Frames, Subjects

Outcomes = Mapping[str, pl.DataFrame]
"""`Decided.outcome` by rule set."""


@dataclass(frozen=True)
class Beside:
    """What else the place of a subject in its list depends on."""

    rule_sets: tuple[str, ...] = ()
    """Others whose version in force has a say."""
    kinds: frozenset[str] = frozenset()
    """Facts that the order of the list reads itself."""


@dataclass(frozen=True)
class Population:
    """Subjects that wait for something, all of them, as they are now."""

    counted: Callable[[int], str]
    """So many of them, in words: “12 open orders”."""
    export: Permission
    """Who may take a list of them home."""
    subjects: Callable[[datetime], Subjects]
    """Read at a moment, with a number of statements that does not grow."""
    labels: Callable[[Subjects], pl.Series]
    """What people call each of them."""
    endpoint: str
    """The page of one of them, by the argument `argument`."""
    argument: str
    beside: Callable[[str], Beside]
    """For a rule set."""
    place: Callable[[str, Subjects, Frames, Outcomes], pl.DataFrame | None]
    """For a rule set: `rank` (1 first, null while blocked), `band`, `score`, `blocked` of each; None when it ranks
    nothing."""
    stamp: Callable[[], str]
    """Other when subjects came, left or were changed; cheap to ask."""


populations: Registry[Callable[[], Population]] = Registry("population for simulation")
