"""What a temperature record says: pure. Temperatures in °C, times with zone, limits included.

Mean kinetic temperature as in USP <1079.2> and ICH Q1A: the single temperature that does as much thermal harm as the
record, with ΔH = 83.144 kJ/mol (so that ΔH/R = 10,000 K), readings weighted by how long each stood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

KELVIN = 273.15
DELTA_H_OVER_R = 10_000.0


@dataclass(frozen=True)
class Reading:
    """What a logger said."""

    at: datetime
    celsius: Decimal


@dataclass(frozen=True)
class Verdict:
    """Of a whole record. `hours_outside`: begun hours counted whole."""

    complete: bool = False
    hours_outside: int = 0
    mean_kinetic: Decimal | None = None
    frozen: bool = False
    lowest: Decimal | None = None
    highest: Decimal | None = None


def judge_record(
    readings: Sequence[Reading],
    low: Decimal | None,
    high: Decimal | None,
    *,
    departed: datetime,
    until: datetime,
    largest_gap: timedelta,
) -> Verdict:
    """The record from departure until a moment. Each reading stands until the next one."""
    told = sorted(readings, key=lambda one: one.at)
    if not told:
        return Verdict()
    ends = [*(one.at for one in told[1:]), max(until, told[-1].at)]
    gaps = [max(told[0].at - departed, timedelta()), *(end - one.at for one, end in zip(told, ends, strict=True))]
    outside = sum(
        (end - one.at for one, end in zip(told, ends, strict=True) if is_outside(one.celsius, low, high)), timedelta()
    )
    touched = any(is_outside(one.celsius, low, high) for one in told)
    hours = math.ceil(outside / timedelta(hours=1))
    return Verdict(
        complete=all(gap <= largest_gap for gap in gaps),
        hours_outside=max(hours, 1) if touched else 0,
        mean_kinetic=mean_kinetic(told, ends),
        frozen=low is not None and low > 0 and any(one.celsius <= 0 for one in told),
        lowest=min(one.celsius for one in told),
        highest=max(one.celsius for one in told),
    )


def is_outside(celsius: Decimal, low: Decimal | None, high: Decimal | None) -> bool:
    """Beyond a limit; a limit that nobody knows is none."""
    return (low is not None and celsius < low) or (high is not None and celsius > high)


def mean_kinetic(told: Sequence[Reading], ends: Sequence[datetime]) -> Decimal:
    """In °C, to a tenth; of one moment the plain mean of exponentials."""
    weights = [(end - one.at).total_seconds() for one, end in zip(told, ends, strict=True)]
    if sum(weights) <= 0:
        weights = [1.0] * len(told)
    harm = sum(
        weight * math.exp(-DELTA_H_OVER_R / (float(one.celsius) + KELVIN))
        for one, weight in zip(told, weights, strict=True)
    )
    kelvin = DELTA_H_OVER_R / -math.log(harm / sum(weights))
    return Decimal(str(kelvin - KELVIN)).quantize(Decimal("0.1"), ROUND_HALF_UP)
