"""Repetitions as BPMN timers write them: ISO 8601 (R3/PT10M) or, as Camunda 7 takes them, a cron expression."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.i18n import _
from app.core.intervals.cron import Cron, parse_cron
from app.core.intervals.dates import parse_date
from app.core.intervals.durations import LONGEST_TEXT, SECOND, Duration, parse_duration
from app.core.intervals.errors import IntervalInvalid

SHORTEST = SECOND
"""Microseconds between two firings."""
MOST_REPETITIONS = 10**9

_HEAD = re.compile(r"R([0-9]*)")
_TINY = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cycle:
    """Fires every `duration`, `repetitions` times (None: without end).

    - with `start`: at the start and every `duration` after it; with an `end` too: none after that
    - with `end` alone: at the end and every `duration` before it, as ISO 8601 and Camunda 7 have it
    - with neither: one `duration` after it was made, and so on
    """

    repetitions: int | None
    start: datetime | None
    end: datetime | None
    duration: Duration
    text: str = field(default="", compare=False)

    def first(self, created: datetime) -> datetime | None:
        """When it fires first if it is made at `created`. What would have fired before that is left out, and counts;
        None when nothing is left."""
        anchor = self.start or self.end
        return self.next_after(0, created - _TINY if anchor else created, created)

    def next_after(self, fired_count: int, last_due: datetime, created: datetime | None = None) -> datetime | None:
        """The first due time after `last_due`, or None when it has fired `fired_count` times and no more is left.

        Give the moment it was `created` so that months do not drift (31 January, 28 February, 31 March). To leave out
        what was missed in an outage, give the present as `last_due`.
        """
        if self.repetitions is not None and fired_count >= self.repetitions:
            return None
        if self.start:
            number = self._number_after(self.start, last_due, least=0)
            due = self.duration.after(self.start, number)
            over = self.repetitions is not None and number >= self.repetitions
            return None if over or (self.end and due > self.end) else due
        if self.end:
            return self._counted_back(self.end, last_due)
        anchor = created or last_due
        return self.duration.after(anchor, self._number_after(anchor, last_due, least=1))

    def _number_after(self, anchor: datetime, moment: datetime, least: int) -> int:
        """The smallest number of durations, from `least`, that leads from the anchor beyond the moment."""
        gone = (moment - anchor) // _TINY
        number = max(least, int(gone / self.duration.mean) - 2)
        while self.duration.after(anchor, number) <= moment:
            number += 1
        return number

    def _counted_back(self, end: datetime, moment: datetime) -> datetime | None:
        if end <= moment:
            return None
        number = int(((end - moment) // _TINY) / self.duration.mean) + 2
        if self.repetitions is not None:
            number = min(number, self.repetitions - 1)
        while self.duration.after(end, -number) <= moment:
            number -= 1
        return self.duration.after(end, -number)


def parse_cycle(text: str) -> Cycle | Cron:
    """`R3/PT10M`, `R/2026-01-01T00:00:00Z/PT1H`, `R/PT1H/2026-12-31`, or cron as in `0 0/5 * * * ?`.

    Raises IntervalInvalid, also for what repeats more often than once a second.
    """
    given = text.strip()
    if len(given) > LONGEST_TEXT:
        raise IntervalInvalid(text, LONGEST_TEXT, _("longer than %(most)s characters", most=LONGEST_TEXT))
    if not given.startswith("R"):
        if given.startswith("P"):
            raise IntervalInvalid(given, 0, _("a cycle begins with R, as in R3/PT10M"))
        return parse_cron(given)
    head, *parts = given.split("/")
    repetitions = _repetitions(given, head)
    places = [len(head) + 1 + sum(len(part) + 1 for part in parts[:number]) for number in range(len(parts))]
    at = next((number for number, part in enumerate(parts) if part.strip().startswith("P")), None)
    if at is None:
        raise IntervalInvalid(given, len(given), _("the duration is missing, as in R3/PT10M"))
    if at > 1 or len(parts) > at + 2:
        raise IntervalInvalid(given, places[2], _("a cycle has a start, a duration and an end at most"))
    start = _date(given, parts[0], places[0]) if at else None
    end = _date(given, parts[at + 1], places[at + 1]) if len(parts) > at + 1 else None
    if start and end and end < start:
        raise IntervalInvalid(given, places[at + 1], _("the end lies before the start"))
    return Cycle(repetitions, start, end, _duration(given, parts[at], places[at]), given)


def _repetitions(given: str, head: str) -> int | None:
    found = _HEAD.fullmatch(head)
    if not found:
        raise IntervalInvalid(given, 1, _("after R stands how often, or nothing, then a stroke: R3/PT10M"))
    if not found[1]:
        return None
    if len(found[1]) > 10 or not 1 <= int(found[1]) <= MOST_REPETITIONS:
        sentence = _("this must lie between %(least)s and %(most)s", least=1, most=MOST_REPETITIONS)
        raise IntervalInvalid(given, 1, sentence)
    return int(found[1])


def _moved(given: str, place: int, error: IntervalInvalid) -> IntervalInvalid:
    return IntervalInvalid(given, place + error.details["position"] - 1, error.details["reason"])


def _date(given: str, part: str, place: int) -> datetime:
    try:
        return parse_date(part)
    except IntervalInvalid as error:
        raise _moved(given, place, error) from None


def _duration(given: str, part: str, place: int) -> Duration:
    try:
        found = parse_duration(part)
    except IntervalInvalid as error:
        raise _moved(given, place, error) from None
    if found.mean < SHORTEST:
        raise IntervalInvalid(given, place, _("a cycle cannot be shorter than a second"))
    return found
