"""Counting in working time: how many working days lie between two moments, and when so much of it will have passed."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta

import polars as pl

from app.core import clock
from app.core.workdays.calendar import EPOCH
from app.core.workdays.source import calendar

EPOCH_DAY = date.fromordinal(EPOCH)
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


def ordinals_of(day: pl.Expr) -> pl.Expr:
    """A column of dates as ordinals."""
    return day.to_physical().cast(pl.Int64) + EPOCH


def nth(count: int) -> date:
    """The day with which `until` comes to that number: a working day."""
    days = range(1, _LAST)
    return date.fromordinal(1 + bisect_left(days, count, key=calendar().working_until))


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
    whole, total = timedelta(), timedelta()
    for begins, ends in known.periods:
        whole += datetime.combine(EPOCH_DAY, ends) - datetime.combine(EPOCH_DAY, begins)
    if last <= first:
        return total
    for day in {first.date(), last.date()}:
        if known.is_working(day):
            for begins, ends in known.periods:
                begin = max(datetime.combine(day, begins, first.tzinfo), first)
                end = min(datetime.combine(day, ends, first.tzinfo), last)
                total += max(end - begin, timedelta())
    between_them = until(last.date() - timedelta(days=1)) - until(first.date()) if last.date() > first.date() else 0
    return total + whole * between_them


def later(start: datetime, working: timedelta) -> datetime:
    """The moment at which that much working time has passed since the start; UTC.

    Raises OverflowError when ten years do not have so much.
    """
    known, left = calendar(), working
    local = clock.local(start)
    for ahead in range(MOST_DAYS):
        day = local.date() + timedelta(days=ahead)
        if not known.is_working(day):
            continue
        for begins, ends in known.periods:
            begin = datetime.combine(day, begins, local.tzinfo)
            end = datetime.combine(day, ends, local.tzinfo)
            begin = max(begin, local)
            if begin < end:
                if end - begin >= left:
                    return (begin + left).astimezone(UTC)
                left -= end - begin
    raise OverflowError(f"{working} of working time do not come within {MOST_DAYS} days")
