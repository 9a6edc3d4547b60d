"""How long a paper must be kept: by the profile of the installation, from what the paper is about.

GSP: until two years after the expiry of the goods, at least five years, implants for ever. The numbers come from
rules/profiles.yaml; who knows no number keeps for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Terms:
    """Years. `implants` None: for ever."""

    after_expiry: int
    at_least: int
    implants: int | None


@dataclass(frozen=True)
class Kept:
    """What matters of one line of goods."""

    expires_on: date | None
    implantable: bool


_terms: Callable[[], Terms | None] = lambda: None  # noqa: E731 - given at start


def use(terms: Callable[[], Terms | None]) -> None:
    """Where the numbers of the profile in force are asked for."""
    global _terms  # noqa: PLW0603 - set once at start
    _terms = terms


def retain_until(made_on: date, goods: Iterable[Kept], terms: Terms | None = None) -> date | None:
    """The last day on which a paper of that day about those goods must be kept; None: for ever."""
    known = terms or _terms()
    if known is None:
        return None
    last = years_after(made_on, known.at_least)
    for one in goods:
        if one.implantable:
            if known.implants is None:
                return None
            last = max(last, years_after(made_on, known.implants))
        if one.expires_on is not None:
            last = max(last, years_after(one.expires_on, known.after_expiry))
    return last


def years_after(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
