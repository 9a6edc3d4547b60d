"""Times as BPMN timers write them: durations, cycles and dates of ISO 8601, and cron as Camunda 7 takes it.

    parse_duration("P1DT12H").after(clock.now())
    parse_cycle("R3/PT10M").next_after(fired_count=1, last_due=due)
    parse_date("2026-11-22T22:00:00+08:00")

All are bounded: no duration beyond 100 years, no cycle below a second. Every refusal is IntervalInvalid, with place and
reason. Calendar steps and times without a zone are those of the business time zone.
"""

from __future__ import annotations

from app.core.intervals.cron import Cron, parse_cron
from app.core.intervals.cycles import Cycle, parse_cycle
from app.core.intervals.dates import parse_date
from app.core.intervals.durations import DAY, HOUR, MINUTE, SECOND, Duration, parse_duration
from app.core.intervals.errors import IntervalInvalid

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Cron",
    "Cycle",
    "Duration",
    "IntervalInvalid",
    "parse_cron",
    "parse_cycle",
    "parse_date",
    "parse_duration",
]
