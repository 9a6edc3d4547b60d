"""Dates as codes write them. A year of two digits lies at most 49 years back and 50 ahead (GS1 General Specifications,
7.12); day 00 is the last one of its month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from app.catalog.udi.refusing import BadUdi
from app.core import clock
from app.core.i18n import _l

PAST, AHEAD = 49, 50


def whole_year(two_digits: int, this_year: int | None = None) -> int:
    """The year that ends so and lies nearest, as seen from `this_year` (of today)."""
    now = clock.today().year if this_year is None else this_year
    found = now - now % 100 + two_digits
    if found - now > AHEAD:
        return found - 100
    return found + 100 if now - found > PAST else found


def day_of(part: str, year: int, month: int, day: int, *, open_day: bool = False) -> date:
    """The date; day 0 is the last of the month where that is allowed. Raises BadUdi."""
    if not 1 <= month <= 12:
        raise BadUdi(part, _l("there is no such month"))
    last = monthrange(year, month)[1]
    if day == 0 and open_day:
        day = last
    if not 1 <= day <= last:
        raise BadUdi(part, _l("there is no such day in that month"))
    return date(year, month, day)


def yymmdd(part: str, digits: str, *, open_day: bool, this_year: int | None = None) -> date:
    """Six digits as a date. Raises BadUdi."""
    year = whole_year(int(digits[:2]), this_year)
    return day_of(part, year, int(digits[2:4]), int(digits[4:6]), open_day=open_day)


def day_number(part: str, year: int, number: int) -> date:
    """The day of that number in the year, the first is 1. Raises BadUdi."""
    found = date(year, 1, 1) + timedelta(days=number - 1)
    if number < 1 or found.year != year:
        raise BadUdi(part, _l("the year has no such day"))
    return found
