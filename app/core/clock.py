"""The only source of time. Tests and the demo generator move it; nothing else reads the machine's clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


def _machine_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _machine_time


def now() -> datetime:
    """The current moment, aware, in UTC, whatever zone the source thinks in: hashes cover its letters."""
    return _source().astimezone(UTC)


def today() -> date:
    """The business date: the calendar day in the business time zone."""
    return local_date(now())


def local_date(moment: datetime) -> date:
    """The calendar day of an aware moment in the business time zone."""
    global _last_day  # noqa: PLW0603 - facts ask it of one moment dozens of times
    known, zone, day = _last_day
    if known is not moment or zone is not BUSINESS_ZONE:
        day = moment.astimezone(BUSINESS_ZONE).date()
        _last_day = (moment, BUSINESS_ZONE, day)
    return day


_last_day: tuple[datetime | None, ZoneInfo | None, date] = (None, None, date.min)


def local(moment: datetime) -> datetime:
    """The moment as people on site read it."""
    return moment.astimezone(BUSINESS_ZONE)


def ticks() -> float:
    """Seconds that only grow; for measuring how long something took."""
    return time.monotonic()


def use_zone(name: str) -> None:
    """Choose the business time zone (a setting)."""
    global BUSINESS_ZONE  # noqa: PLW0603 - one zone per process, set at start
    BUSINESS_ZONE = ZoneInfo(name)


@contextmanager
def moved(source: Callable[[], datetime] | datetime) -> Iterator[None]:
    """Within the block `now()` answers from `source`. For tests and for making true history; process-wide."""
    global _source  # noqa: PLW0603 - the clock is the one thing that is global by nature
    before = _source
    _source = source if callable(source) else lambda: source
    try:
        yield
    finally:
        _source = before
