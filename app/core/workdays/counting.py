"""Counting in working time: how many working days lie between two moments, and when so much of it will have passed."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from app.core import clock
from app.core.workdays.calendar import WorkCalendar, micros
from app.core.workdays.source import calendar

MICROSECOND = timedelta(microseconds=1)
_LAST = date.max.toordinal()
MOST_DAYS = 3660
"""So far ahead working time is looked for: a calendar without any would never end."""


def until(day: date) -> int:
    """Working days from the year 1 to the day, itself included: differences of it count working days."""
    return calendar().working_until(day.toordinal())


def until_in_bulk(ordinal: pl.Expr) -> pl.Expr:
    """`until` of a column of ordinals (days from 0001-01-01, which is 1)."""
    known = calendar()
    turns, sums = pl.Series(known.turns, dtype=pl.Int64), pl.Series(known.sums, dtype=pl.Int64)
    weekdays = ordinal // 7 * 5 + pl.min_horizontal(ordinal % 7, pl.lit(5))
    extra = ordinal.map_batches(lambda days: sums.gather(turns.search_sorted(days, side="right")), pl.Int64)
    return weekdays + extra


def nth(count: int) -> date:
    """The day with which `until` comes to that number: a working day."""
    known = calendar()
    first = min(_LAST, max(1, (count - max(known.sums)) // 5 * 7 - 7))  # weekdays alone come to it between these
    last = max(first, min(_LAST, (count - min(known.sums)) // 5 * 7 + 14))
    return date.fromordinal(first + bisect_left(range(first, last), count, key=known.working_until))


def nth_in_bulk(count: pl.Expr) -> pl.Expr:
    """The ordinals of `nth` of a column."""
    return count.map_batches(_nth_of, pl.Int64)


def _nth_of(counts: pl.Series) -> pl.Series:
    known = {count: nth(count).toordinal() for count in counts.unique() if count is not None}
    return counts.replace_strict(known, default=None, return_dtype=pl.Int64)


def between(start: datetime, end: datetime) -> int:
    """Whole working days between two moments: the days after the first one's, the last only when its time is reached.

    0 when the end is not after the start.
    """
    first, last = clock.local(start), clock.local(end)
    if last <= first:
        return 0
    day = first.date().toordinal()
    days = last.date().toordinal() - day - (last.time() < first.time())
    return calendar().working_until(day + days) - calendar().working_until(day)


def spent(start: datetime, end: datetime) -> timedelta:
    """Working time that passes between two moments; none when the end is not after the start."""
    known, first, last = calendar(), clock.local(start), clock.local(end)
    if last <= first:
        return timedelta()
    begun, ended = first.toordinal(), last.toordinal()
    whole = sum([end - begin for begin, end in known.spans])
    total = whole * (known.working_until(ended) - known.working_until(begun - 1))
    if known.works(begun):
        total -= _until_time(known, micros(first.time()))
    if known.works(ended):
        total -= whole - _until_time(known, micros(last.time()))
    return timedelta(microseconds=total)


def _until_time(known: WorkCalendar, at: int) -> int:
    """Working microseconds of a working day before that time."""
    return sum([min(end, at) - begin for begin, end in known.spans if begin < at])


def later(start: datetime, working: timedelta) -> datetime:
    """The moment at which that much working time has passed since the start; UTC.

    Raises OverflowError when ten years do not have so much.
    """
    known, local = calendar(), clock.local(start)
    left, at = working // MICROSECOND, micros(local.time())
    for day in range(local.toordinal(), local.toordinal() + MOST_DAYS):
        if known.works(day):
            for begins, ends in known.spans:
                begin = max(begins, at)
                if ends - begin >= left:
                    midnight = datetime.combine(date.fromordinal(day), time(), local.tzinfo)
                    return (midnight + timedelta(microseconds=begin + left)).astimezone(UTC)
                left -= max(ends - begin, 0)
        at = 0
    raise OverflowError(f"{working} of working time do not come within {MOST_DAYS} days")
