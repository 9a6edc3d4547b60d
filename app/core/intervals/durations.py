"""Durations as BPMN timers write them (ISO 8601: PT2H, P1DT12H, P1Y2M, P2W, PT0.5S), and their arithmetic.

Years, months, weeks and days are steps of the calendar in the business time zone: a month after 31 January is the last
of February, a day later is the same time of day also when the clocks change between. Hours, minutes and seconds are
exact time, added after the calendar steps.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from app.core import clock
from app.core.i18n import _
from app.core.intervals.errors import IntervalInvalid

SECOND = 10**6
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LONGEST = 100 * 366 * DAY
"""Microseconds: a hundred years. More than that is a slip of the pen."""
LONGEST_TEXT = 200
"""Characters of a duration, cycle, cron expression or date."""

_MONTH = Fraction(146097 * DAY, 400 * 12)
"""Microseconds of a mean month: 400 years of the calendar have 146,097 days."""
_PART = re.compile(r"(?P<whole>[0-9]+)(?:[.,](?P<part>[0-9]+))?(?P<unit>[A-Za-z])")
_DATE_UNITS = {"Y": ("months", 12), "M": ("months", 1), "W": ("days", 7), "D": ("days", 1)}
_TIME_UNITS = {"H": HOUR, "M": MINUTE, "S": SECOND}


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, never negative: whole months and days of the calendar, then exact microseconds.

    Raises IntervalInvalid when it is longer than 100 years.
    """

    months: int = 0
    days: int = 0
    microseconds: int = 0

    def __post_init__(self) -> None:
        if min(self.months, self.days, self.microseconds) < 0:
            raise ValueError("a duration is not negative")
        if self.mean > LONGEST:
            raise IntervalInvalid(str(self), 0, _("longer than 100 years"))

    @property
    def mean(self) -> Fraction:
        """Its length in microseconds, with months of mean length."""
        return self.months * _MONTH + self.days * DAY + self.microseconds

    def after(self, moment: datetime, times: int = 1) -> datetime:
        """The aware moment that lies this duration, `times` times over, later; in the zone of the given one.

        `times` multiplies the duration and then adds it once: three months after 31 January is 30 April, also when
        counted month by month. A negative `times` goes back. Raises IntervalInvalid beyond the years 1 to 9999.
        """
        try:
            here = moment
            if self.months or self.days:
                here = _stepped(moment.astimezone(clock.BUSINESS_ZONE), self.months * times, self.days * times)
            later = here.astimezone(UTC) + timedelta(microseconds=self.microseconds * times)
            return later.astimezone(moment.tzinfo)
        except (OverflowError, ValueError):
            raise IntervalInvalid(str(self), 0, _("there is no such date: the year lies outside 1 to 9999")) from None

    def before(self, moment: datetime) -> datetime:
        """The aware moment that lies this duration earlier. Raises IntervalInvalid."""
        return self.after(moment, -1)

    def __str__(self) -> str:
        """ISO 8601, shortest form: `parse_duration` reads the same duration from it."""
        years, months = divmod(self.months, 12)
        seconds, micro = divmod(self.microseconds, SECOND)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        dates = "".join(f"{count}{unit}" for count, unit in ((years, "Y"), (months, "M"), (self.days, "D")) if count)
        times = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count)
        if seconds or micro:
            times += f"{seconds}.{micro:06}".rstrip("0").rstrip(".") + "S"
        return f"P{dates}{'T' if times else ''}{times}" if dates or times else "PT0S"


def _stepped(wall: datetime, months: int, days: int) -> datetime:
    """Calendar steps on the wall clock; a day that the month has not becomes its last one."""
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day) + timedelta(days=days)


def parse_duration(text: str) -> Duration:
    """The duration that the text writes. Only the last number may have decimals, and of a month there are no parts.

    Raises IntervalInvalid.
    """
    given = text.strip()
    if len(given) > LONGEST_TEXT:
        raise IntervalInvalid(text, LONGEST_TEXT, _("longer than %(most)s characters", most=LONGEST_TEXT))
    return _Reading(given).whole()


class _Reading:
    """Reads one duration from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = {"months": 0, "days": 0, "microseconds": 0}
        self.fraction_at: int | None = None

    def refuse(self, at: int, reason: str) -> IntervalInvalid:
        return IntervalInvalid(self.text, at, reason)

    def whole(self) -> Duration:
        if self.text.startswith("-"):
            raise self.refuse(0, _("a duration cannot be negative"))
        if not self.text.startswith("P"):
            raise self.refuse(0, _("a duration begins with P, as in PT2H or P1D"))
        place = self._section(1, "YMWD")
        if self.text[place : place + 1] == "T":
            if place + 1 == len(self.text):
                raise self.refuse(place + 1, _("after T stand hours, minutes or seconds, as in PT2H"))
            place = self._section(place + 1, "HMS", timed=True)
        if place < len(self.text):
            raise self._odd(place)
        if place == 1:
            raise self.refuse(1, _("after P stands a number with its unit, as in P1D"))
        try:
            return Duration(**self.found)
        except IntervalInvalid as error:
            raise self.refuse(0, error.details["reason"]) from None

    def _section(self, place: int, units: str, *, timed: bool = False) -> int:
        """Take numbers with these units, in their order; returns the place after the last."""
        left = units
        while part := _PART.match(self.text, place):
            unit = part["unit"]
            if unit not in left:
                raise self._wrong_unit(part, units, timed=timed)
            if self.fraction_at is not None:
                raise self.refuse(self.fraction_at, _("only the last number may have decimals"))
            left = left[left.index(unit) + 1 :]
            self._add(part, unit, timed=timed)
            place = part.end()
        return place

    def _wrong_unit(self, part: re.Match[str], units: str, *, timed: bool) -> IntervalInvalid:
        unit, at = part["unit"], part.start("unit")
        if unit in units:
            return self.refuse(at, _("%(unit)s is there twice or in the wrong place", unit=unit))
        if unit.upper() in "YMWDHST" and unit.islower():
            return self.refuse(at, _("units are capital letters: %(unit)s", unit=unit.upper()))
        if not timed and unit in "HS":
            return self.refuse(at, _("hours, minutes and seconds stand after a T, as in PT2H"))
        if timed and unit in "YWD":
            return self.refuse(at, _("years, months, weeks and days stand before the T, as in P1DT2H"))
        return self.refuse(at, _("“%(found)s” is no unit of time", found=unit))

    def _add(self, part: re.Match[str], unit: str, *, timed: bool) -> None:
        if len(part["whole"]) > 15 or len(part["part"] or "") > 15:
            raise self.refuse(part.start(), _("more than %(most)s digits", most=15))
        count = Fraction(f"{part['whole']}.{part['part'] or 0}")
        if part["part"] is not None:
            self.fraction_at = part.start()
        if timed:
            self.found["microseconds"] += round(count * _TIME_UNITS[unit])
            return
        kind, size = _DATE_UNITS[unit]
        steps = count * size
        if steps.denominator == 1:
            self.found[kind] += int(steps)
        elif kind == "days":
            self.found["days"] += int(steps)
            self.found["microseconds"] += round((steps - int(steps)) * DAY)
        else:
            raise self.refuse(part.start(), _("there are no parts of a month: months differ in length"))

    def _odd(self, place: int) -> IntervalInvalid:
        if digits := re.compile("[0-9]+").match(self.text, place):
            return self.refuse(digits.end(), _("the number has no unit, such as H or D"))
        return self.refuse(place, _("“%(found)s” is not expected here", found=self.text[place : place + 40]))
