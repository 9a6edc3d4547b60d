"""Cron expressions in the form of Quartz, which Camunda 7 takes in timeCycle: `0 0/5 * * * ?`.

Six or seven fields: seconds, minutes, hours, day of month, month, day of week (1 or SUN to 7 or SAT), year.
`*`, `a-b`, `a/step`, `a-b/step`, lists with `,`; as the day of month `L`, `L-3`, `LW`, `15W`; as the day of week `6L`
and `6#3`; `?` in one of the two day fields. Times are those of the business time zone. A time that a clock change
leaves out comes as much later as the clock jumps; one that comes twice fires at the first: a daily job runs once a day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from app.core import clock
from app.core.i18n import _, _l
from app.core.intervals.durations import LONGEST_TEXT
from app.core.intervals.errors import IntervalInvalid

YEARS = (1970, 2199)
SEARCHED = 41
"""Years searched for the next firing: 29 February on a given weekday can take forty."""

Days = Callable[[int, int], frozenset[int]]
"""(year, month) → days of that month."""

_FIELDS = (
    (_l("seconds"), 0, 59),
    (_l("minutes"), 0, 59),
    (_l("hours"), 0, 23),
    (_l("day of month"), 1, 31),
    (_l("month"), 1, 12),
    (_l("day of week"), 1, 7),
    (_l("year"), *YEARS),
)
_MONTH_WORDS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: number for number, name in enumerate(_MONTH_WORDS, 1)}
_WEEK = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_TERM = re.compile(r"(?P<all>\*)?(?P<low>[0-9A-Z]+)?(?:-(?P<high>[0-9A-Z]+))?(?:/(?P<step>[0-9]{1,4}))?")
_DAY = re.compile(r"L(?:-(?P<before>[0-9]{1,2}))?(?P<last_work>W)?|(?P<near>[0-9]{1,2})W")
_WEEKDAY = re.compile(r"(?P<last>[0-9A-Z]+?)?L|(?P<day>[0-9A-Z]+)#(?P<count>[0-9])")


@dataclass(frozen=True)
class Cron:
    """Fires at every moment that the expression names, without end (or to the last year it names)."""

    text: str
    seconds: tuple[int, ...] = field(compare=False)
    minutes: tuple[int, ...] = field(compare=False)
    hours: tuple[int, ...] = field(compare=False)
    days: Days = field(compare=False)
    months: tuple[int, ...] = field(compare=False)
    years: frozenset[int] | None = field(compare=False)
    repetitions: None = field(default=None, compare=False)

    def first(self, created: datetime) -> datetime | None:
        """When it fires first if it is made at `created`, or None."""
        return self.next_after(0, created)

    def next_after(self, fired_count: int, last_due: datetime, created: datetime | None = None) -> datetime | None:
        """The first due time after `last_due` (aware), or None when there is none in the years it names."""
        wall = last_due.astimezone(clock.BUSINESS_ZONE).replace(tzinfo=None)
        for found in self._walls(wall):
            for fold in (0, 1):
                due = found.replace(tzinfo=clock.BUSINESS_ZONE, fold=fold).astimezone(UTC)
                if due > last_due:
                    return due
        return None

    def _walls(self, after: datetime) -> Iterator[datetime]:
        """Times of the wall clock after that one, in order."""
        named = range(after.year, min(after.year + SEARCHED, YEARS[1] + 1)) if self.years is None else self.years
        for year in sorted(year for year in named if year >= after.year):
            for month in self.months:
                if (year, month) < (after.year, after.month):
                    continue
                for day in sorted(self.days(year, month)):
                    date = datetime(year, month, day)  # noqa: DTZ001 - wall time
                    if date.date() >= after.date():
                        yield from self._of_day(date, after)

    def _of_day(self, date: datetime, after: datetime) -> Iterator[datetime]:
        least = after.time() if date.date() == after.date() else None
        for hour in self.hours:
            if least and hour < least.hour:
                continue
            for minute in self.minutes:
                if least and (hour, minute) < (least.hour, least.minute):
                    continue
                for second in self.seconds:
                    here = datetime.combine(date.date(), time(hour, minute, second))
                    if here > after:
                        yield here


def parse_cron(text: str) -> Cron:
    """The cron expression of that text. Raises IntervalInvalid, also for one that can never fire (30 February)."""
    if len(text) > LONGEST_TEXT:
        raise IntervalInvalid(text, LONGEST_TEXT, _("longer than %(most)s characters", most=LONGEST_TEXT))
    fields = [(found[0].upper(), found.start()) for found in re.finditer(r"\S+", text)]
    if len(fields) not in (6, 7):
        example = "0 0/5 * * * ?"
        sentence = _("a cron expression has 6 or 7 fields, seconds first, as in %(example)s", example=example)
        raise IntervalInvalid(text, 0, sentence)
    readers = [_Field(text, fields[number], number) for number in range(len(fields))]
    seconds, minutes, hours, _day, months = (
        () if number == 3 else tuple(sorted(readers[number].numbers())) for number in range(5)
    )
    years = None if len(fields) == 6 or fields[6][0] == "*" else readers[6].numbers()
    made = Cron(text, seconds, minutes, hours, _days(readers[3], readers[5]), months, years)
    if years is None and made.next_after(0, datetime(2000, 1, 1, tzinfo=UTC)) is None:
        raise IntervalInvalid(text, fields[3][1], _("there is no such day in these months"))
    return made


def _days(of_month: _Field, of_week: _Field) -> Days:
    if "?" in (of_month.text, of_week.text):
        if of_month.text == of_week.text:
            raise of_week.refuse(_("only one of the two day fields can be “?”"))
        return of_week.of_week() if of_month.text == "?" else of_month.of_month()
    if of_week.text == "*":
        return of_month.of_month()
    if of_month.text == "*":
        return of_week.of_week()
    raise of_week.refuse(_("a day of month and a day of week together: one of them must be “?”"))


class _Field:
    """Reads one field."""

    def __init__(self, whole: str, given: tuple[str, int], number: int) -> None:
        self.whole = whole
        self.text, self.at = given
        name, self.least, self.most = _FIELDS[number]
        self.name = str(name)
        self.words = {4: _MONTHS, 5: _WEEK}.get(number, {})

    def refuse(self, reason: str) -> IntervalInvalid:
        return IntervalInvalid(self.whole, self.at, reason)

    def numbers(self) -> frozenset[int]:
        """The numbers that a field of plain numbers names."""
        return frozenset(number for term in self.text.split(",") for number in self._term(term))

    def _term(self, term: str) -> list[int]:
        found = _TERM.fullmatch(term)
        if not found or not (found["all"] or found["low"]) or (found["all"] and (found["low"] or found["high"])):
            raise self.refuse(_("“%(found)s” is not understood as %(field)s", found=term[:40], field=self.name))
        low = self.least if found["all"] else self._number(found["low"])
        step = int(found["step"] or 1)
        if not 1 <= step <= self.most:
            raise self.refuse(_("the step must lie between %(least)s and %(most)s", least=1, most=self.most))
        high = self._number(found["high"]) if found["high"] else self.most if found["all"] or found["step"] else low
        if high < low and self.most == YEARS[1]:
            raise self.refuse(_("%(low)s comes after %(high)s", low=low, high=high))
        size = self.most - self.least + 1  # 22-2 and FRI-MON go over the end, as in Quartz
        return [self.least + (low - self.least + more) % size for more in range(0, (high - low) % size + 1, step)]

    def _number(self, text: str) -> int:
        if text in self.words:
            return self.words[text]
        if not text.isdigit() or len(text) > 4 or not self.least <= int(text) <= self.most:
            raise self.refuse(_("“%(found)s” is no %(field)s: %(least)s to %(most)s", found=text[:40], **self._range()))
        return int(text)

    def _range(self) -> dict[str, object]:
        return {"field": self.name, "least": self.least, "most": self.most}

    def of_month(self) -> Days:
        """The days that a day-of-month field names."""
        special = _DAY.fullmatch(self.text)
        if not special:
            chosen = self.numbers()
            return lambda year, month: chosen & frozenset(range(1, monthrange(year, month)[1] + 1))
        if special["near"]:
            near = self._number(special["near"])
            return lambda year, month: _nearest_working_day(year, month, near)
        before, working = int(special["before"] or 0), bool(special["last_work"])
        if before > 30:
            raise self.refuse(_("“%(found)s” is not understood as %(field)s", found=self.text[:40], field=self.name))

        def last(year: int, month: int) -> frozenset[int]:
            day = monthrange(year, month)[1] - before
            return frozenset() if day < 1 else _nearest_working_day(year, month, day) if working else frozenset({day})

        return last

    def of_week(self) -> Days:
        """The days that a day-of-week field names."""
        special = _WEEKDAY.fullmatch(self.text)
        if special and self.text != "L":
            return self._counted(special)
        chosen = frozenset({7}) if self.text == "L" else self.numbers()
        return lambda year, month: frozenset(
            day for day in range(1, monthrange(year, month)[1] + 1) if _weekday(year, month, day) in chosen
        )

    def _counted(self, special: re.Match[str]) -> Days:
        wanted = self._number(special["last"] or special["day"])
        count = int(special["count"] or 0)
        if special["count"] is not None and not 1 <= count <= 5:
            raise self.refuse(_("this must lie between %(least)s and %(most)s", least=1, most=5))

        def days(year: int, month: int) -> frozenset[int]:
            length = monthrange(year, month)[1]
            found = [day for day in range(1, length + 1) if _weekday(year, month, day) == wanted]
            if not count:
                return frozenset(found[-1:])
            return frozenset(found[count - 1 : count])

        return days


def _weekday(year: int, month: int, day: int) -> int:
    """1 is Sunday, 7 Saturday."""
    return datetime(year, month, day).isoweekday() % 7 + 1  # noqa: DTZ001 - a calendar day


def _nearest_working_day(year: int, month: int, day: int) -> frozenset[int]:
    """Monday to Friday, never in another month. A month that has not that day has none."""
    length = monthrange(year, month)[1]
    if day > length:
        return frozenset()
    weekday = _weekday(year, month, day)
    if weekday == 7:
        return frozenset({day - 1 if day > 1 else day + 2})
    if weekday == 1:
        return frozenset({day + 1 if day < length else day - 2})
    return frozenset({day})
