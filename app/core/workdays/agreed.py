"""A time agreed for a piece of work, as texts write it: in working time, or round the clock, by label or for all.

    parse("PT8H")                                  eight hours of working time
    parse("PT30M clock")                           half an hour, at night too
    parse("P0=PT30M clock; P1=PT4H; P2D")          by label; the last for every other label

A day of working time is a whole working day of the calendar, whatever its hours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from app.core.errors import DomainError
from app.core.i18n import _, _l
from app.core.intervals import HOUR, Duration, IntervalInvalid, parse_duration
from app.core.workdays.counting import later
from app.core.workdays.source import calendar

CLOCK = "clock"
LONGEST_TEXT = 200
MOST_DAYS, MOST_HOURS = 366, 2_000
"""More is a slip of the pen."""
_PART = re.compile(r"(?:(?P<label>\w{1,8})\s*=\s*)?(?P<time>P\w+(?:[.,]\d+S)?)(?:\s+(?P<clock>clock))?")


class AgreedTimeInvalid(DomainError):
    """The text says no time for work."""

    message = _l("“%(text)s” says no time for work: %(reason)s")


@dataclass(frozen=True)
class AgreedTime:
    """How long the work may take."""

    duration: Duration
    working: bool = True
    """Counts only while people work."""

    def end(self, start: datetime) -> datetime:
        """When it is over, if work begins then; UTC."""
        return later(start, self._of_work()) if self.working else self.duration.after(start)

    def _of_work(self) -> timedelta:
        day = sum(end - begin for begin, end in calendar().spans)
        return timedelta(microseconds=self.duration.days * day + self.duration.microseconds)


@dataclass(frozen=True)
class AgreedTimes:
    """By label, and for what has none of these."""

    by_label: Mapping[str, AgreedTime] = field(default_factory=dict)
    otherwise: AgreedTime | None = None

    def of(self, label: str | None) -> AgreedTime | None:
        """The time agreed for that label; None when nothing is said of it."""
        return self.by_label.get(label or "", self.otherwise)


@lru_cache(maxsize=512)
def parse(text: str) -> AgreedTimes:
    """What the text agrees. Raises AgreedTimeInvalid, with the reason in the reader's language."""
    if len(text) > LONGEST_TEXT:
        raise AgreedTimeInvalid(text=text[:40], reason=_("longer than %(most)s characters", most=LONGEST_TEXT))
    by_label: dict[str, AgreedTime] = {}
    otherwise = None
    for part in (part.strip() for part in text.split(";")):
        found = _PART.fullmatch(part)
        if found is None:
            raise AgreedTimeInvalid(text=part[:40], reason=_("write it as PT8H, PT30M clock or P0=PT30M clock; P1D"))
        one, label = AgreedTime(_duration(part, found["time"]), working=found["clock"] is None), found["label"]
        if label in by_label or (label is None and otherwise is not None):
            raise AgreedTimeInvalid(text=part[:40], reason=_("the same is said twice"))
        if label is None:
            otherwise = one
        else:
            by_label[label] = one
    return AgreedTimes(by_label, otherwise)


def _duration(part: str, text: str) -> Duration:
    try:
        found = parse_duration(text)
    except IntervalInvalid as fault:
        raise AgreedTimeInvalid(text=part[:40], reason=fault.sentence()) from None
    if found.months or found.days > MOST_DAYS or found.microseconds > MOST_HOURS * HOUR:
        said = _("at most %(days)s days and %(hours)s hours", days=MOST_DAYS, hours=MOST_HOURS)
        raise AgreedTimeInvalid(text=part[:40], reason=said)
    if not found.days and not found.microseconds:
        raise AgreedTimeInvalid(text=part[:40], reason=_("no time at all"))
    return found
