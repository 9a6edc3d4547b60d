"""The working calendar drawn: the months of a year as weeks of days, each free, worked or made up for."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date

from app.core import clock, workdays
from app.core.i18n import LazyString, _l, pick

KINDS: dict[str, LazyString] = {
    "holiday": _l("public holiday"),
    "madeup": _l("worked for a holiday"),
    "weekend": _l("weekend"),
    "working": _l("working day"),
}


@dataclass(frozen=True)
class Square:
    """A day in its week. `kind` is one of KINDS; `name` that of the holiday, in the reader's language."""

    day: date
    kind: str
    name: str
    today: bool


@dataclass(frozen=True)
class Month:
    """A month: its first day, its weeks from Monday on (None outside the month), its working days."""

    first: date
    weeks: list[list[Square | None]]
    working: int


def months_of(year: int) -> list[Month]:
    """The twelve months of a year."""
    return [_month(year, number) for number in range(1, 13)]


def _month(year: int, number: int) -> Month:
    weeks = [
        [_square(day) if day.month == number else None for day in week]
        for week in Calendar().monthdatescalendar(year, number)
    ]
    working = sum(square is not None and square.kind in ("working", "madeup") for week in weeks for square in week)
    return Month(date(year, number, 1), weeks, working)


def _square(day: date) -> Square:
    known = workdays.calendar()
    special = known.day(day)
    if special is not None:
        kind = "holiday" if special.free else "madeup"
    else:
        kind = "working" if known.is_working(day) else "weekend"
    return Square(day, kind, pick(special.name) if special else "", day == clock.today())
