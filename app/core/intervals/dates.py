"""Moments as BPMN timers write them (ISO 8601)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from app.core import clock
from app.core.i18n import _
from app.core.intervals.durations import LONGEST_TEXT
from app.core.intervals.errors import IntervalInvalid

EARLIEST = 1900
"""Year: what lies before is a slip of the pen."""

_SHAPE = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_LIMITS = (("month", 1, 12), ("day", 1, 31), ("hour", 0, 23), ("minute", 0, 59), ("second", 0, 59))


def parse_date(given: str | date) -> datetime:
    """The moment, aware, in UTC: `2026-11-22T22:00:00+08:00`, `…Z`, with or without seconds and their decimals.

    Without a zone it is the time of day in the business time zone; a day alone is its first moment there. Also takes
    what is a datetime or date already. Digits beyond the microsecond are dropped. Raises IntervalInvalid.
    """
    if isinstance(given, date):
        return _zoned(given if isinstance(given, datetime) else datetime.combine(given, time.min), str(given))
    text = given.strip()
    if len(text) > LONGEST_TEXT:
        raise IntervalInvalid(text, LONGEST_TEXT, _("longer than %(most)s characters", most=LONGEST_TEXT))
    found = _SHAPE.fullmatch(text)
    if not found:
        raise IntervalInvalid(text, _stuck(text), _("a date is written as 2026-11-22T22:00:00+08:00"))
    for name, least, most in _LIMITS:
        if found[name] and not least <= int(found[name]) <= most:
            sentence = _("this must lie between %(least)s and %(most)s", least=least, most=most)
            raise IntervalInvalid(text, found.start(name), sentence)
    if int(found["year"]) < EARLIEST:
        raise IntervalInvalid(text, 0, _("the year lies before %(year)s", year=EARLIEST))
    return _zoned(_moment(text, found), text)


def _stuck(text: str) -> int:
    """The place up to which the text could still become a date."""
    pattern = "0000-00-00T00:00:00"
    for place, shape in enumerate(pattern):
        here = text[place : place + 1]
        if (not here.isascii() or not here.isdigit()) if shape == "0" else here != shape:
            return place
    return len(pattern)


def _moment(text: str, found: re.Match[str]) -> datetime:
    micro = int((found["part"] or "0").ljust(6, "0")[:6])
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    zone = _zone(text, found)
    try:
        return datetime(year, month, day, hour, minute, second, micro, zone)
    except ValueError:
        raise IntervalInvalid(text, found.start("day"), _("this month has no such day")) from None


def _zone(text: str, found: re.Match[str]) -> timezone | None:
    zone = found["zone"]
    if zone is None or zone == "Z":
        return UTC if zone else None
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 18 or minutes > 59:
        raise IntervalInvalid(text, found.start("zone"), _("there is no such time zone"))
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)


def _zoned(moment: datetime, text: str) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=clock.BUSINESS_ZONE)
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        raise IntervalInvalid(text, 0, _("there is no such date: the year lies outside 1 to 9999")) from None
