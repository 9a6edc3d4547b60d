"""Counting in working time: how many working days lie between two moments, and when so much of it will have passed."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from app.core import clock
from app.core.workdays.calendar import WorkCalendar, micros
from app.core.workdays.source import calendar

MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // MICROSECOND
_LAST = date.max.toordinal()
MOST_STRETCHES = 64
MOST_DAYS = 3660
"""So far ahead working time is looked for: a calendar without any would never end."""


def until(day: date) -> int:
    """Working days from the year 1 to the day, itself included: differences of it count working days."""
    return calendar().working_until(day.toordinal())


def until_in_bulk(ordinals: pl.Series) -> pl.Series:
    """`until` of many ordinals (days from 0001-01-01, which is 1)."""
    known = calendar()
    turns, sums = pl.Series(known.turns, dtype=pl.Int64), pl.Series(known.sums, dtype=pl.Int64)
    weekdays = ordinals // 7 * 5 + (ordinals % 7).clip(upper_bound=5)
    return weekdays + sums.gather(turns.search_sorted(ordinals, side="right"))


def nth(count: int) -> date:
    """The day with which `until` comes to that number: a working day."""
    return _nth(calendar(), count)


@lru_cache(maxsize=4096)
def _nth(known: WorkCalendar, count: int) -> date:
    first = min(_LAST, max(1, (count - max(known.sums)) // 5 * 7 - 7))  # weekdays alone come to it between these
    last = max(first, min(_LAST, (count - min(known.sums)) // 5 * 7 + 14))
    return date.fromordinal(first + bisect_left(range(first, last), count, key=known.working_until))


def nth_in_bulk(counts: pl.Series) -> pl.Series:
    """The ordinals of `nth` of many counts; nothing of nothing."""
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


class _Stretch(NamedTuple):
    """Starts from `first` until before `last` end at `end`, or as long after it as they lie after `start`."""

    first: datetime
    last: datetime
    start: datetime
    end: datetime
    moves: bool
    known: WorkCalendar
    zone: tzinfo


_stretches: dict[timedelta, _Stretch] = {}
"""By working time: the last one found. A step of a process asks for the same again and again, a little later."""


def later(start: datetime, working: timedelta) -> datetime:
    """The moment at which that much working time has passed since the start; UTC.

    Raises OverflowError when ten years do not have so much.
    """
    found = _stretches.get(working)
    if (
        found is not None
        and found.first <= start < found.last
        and found.known is calendar()
        and found.zone is clock.BUSINESS_ZONE
    ):
        return found.end + (start - found.start) if found.moves else found.end
    end = _later(start, working)
    if working > timedelta(0):
        _remember(start, end, working)
    return end


def _remember(start: datetime, end: datetime, working: timedelta) -> None:
    """Keep the stretch around the start in which nothing but its length makes a difference to the end."""
    known = calendar()
    back, on, moves = _room(known, clock.local(start))
    if moves:  # then the end moves too, within its own span of work
        end_back, end_on, _moves = _room(known, clock.local(end) - MICROSECOND)
        back, on = min(back, end_back), min(on, end_on)
    stretch = _Stretch(start - back, start + on, start, end, moves, known, clock.BUSINESS_ZONE)
    edges = [stretch.first, stretch.last, *((end - back, end + on) if moves else ())]
    if len({clock.local(edge).utcoffset() for edge in edges}) == 1:
        if len(_stretches) >= MOST_STRETCHES:
            _stretches.clear()
        _stretches[working] = stretch


def _room(known: WorkCalendar, local: datetime) -> tuple[timedelta, timedelta, bool]:
    """How far a moment of a day may move back, and by less than what on, within its span of work or of rest (False)."""
    at, before = micros(local.time()), 0
    for begin, end in known.spans if known.works(local.toordinal()) else ():
        if at < begin:
            return (at - before) * MICROSECOND, (begin - at) * MICROSECOND, False
        if at < end:
            return (at - begin) * MICROSECOND, (end - at) * MICROSECOND, True
        before = end
    return (at - before) * MICROSECOND, (_DAY - at) * MICROSECOND, False


def _later(start: datetime, working: timedelta) -> datetime:
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
