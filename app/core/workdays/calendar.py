"""What a working calendar is, and what it says of one day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

Texts = Mapping[str, str]
"""{"en", "zh"}"""


def micros(at: time) -> int:
    """Microseconds since midnight."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


@dataclass(frozen=True)
class Day:
    """A day that differs from its weekday's rule, or bears a name: a holiday, or a day worked for one."""

    name: Texts
    free: bool


@dataclass(frozen=True)
class Year:
    """An announced year: who announced it, and its special days."""

    number: int
    source: Texts
    url: str
    days: Mapping[date, Day]


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """Announced years and the hours of a working day (local time, in order, apart from each other)."""

    years: Mapping[int, Year]
    periods: tuple[tuple[time, time], ...]
    hours_source: Texts
    turns: tuple[int, ...] = field(init=False)
    """Ordinals of the days that are not what their weekday says, sorted."""
    sums: tuple[int, ...] = field(init=False)
    """`sums[n]`: what the first n of them add to the count of Mondays to Fridays."""
    turned: frozenset[int] = field(init=False)
    """The same days, to ask for one."""
    spans: tuple[tuple[int, int], ...] = field(init=False)
    """The hours as microseconds from midnight."""

    def __post_init__(self) -> None:
        special = {day: one.free for year in self.years.values() for day, one in year.days.items()}
        other = sorted(day.toordinal() for day, free in special.items() if (day.weekday() < 5) is free)
        sums = [0]
        for ordinal in other:
            sums.append(sums[-1] + (-1 if date.fromordinal(ordinal).weekday() < 5 else 1))
        object.__setattr__(self, "turns", tuple(other))
        object.__setattr__(self, "sums", tuple(sums))
        object.__setattr__(self, "turned", frozenset(other))
        object.__setattr__(self, "spans", tuple((micros(begin), micros(end)) for begin, end in self.periods))

    def day(self, day: date) -> Day | None:
        """What is special about it; None on an ordinary day."""
        year = self.years.get(day.year)
        return year.days.get(day) if year else None

    def is_working(self, day: date) -> bool:
        """True on a day people work; in a year that is not announced on Mondays to Fridays."""
        special = self.day(day)
        return day.weekday() < 5 if special is None else not special.free

    def works(self, ordinal: int) -> bool:
        """`is_working` of an ordinal."""
        return ((ordinal - 1) % 7 < 5) is not (ordinal in self.turned)

    def working_until(self, ordinal: int) -> int:
        """Working days from 0001-01-01 (ordinal 1, a Monday) to that day, itself included."""
        return ordinal // 7 * 5 + min(ordinal % 7, 5) + self.sums[bisect_right(self.turns, ordinal)]
