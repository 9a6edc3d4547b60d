"""The house, its carriers and when they leave, as `shipping.yaml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from app.core import clock, workdays
from app.core.errors import Conflict
from app.core.i18n import _l

FILE = Path(__file__).with_name("shipping.yaml")


class NoCarrier(Conflict):
    """No carrier of the house can carry it there."""

    message = _l("No carrier goes to region %(region)s with what these goods need: enter one in shipping.yaml.")


@dataclass(frozen=True)
class Carrier:
    """`regions` empty: goes everywhere."""

    code: str
    name: Mapping[str, str]
    cold: bool
    regions: frozenset[str]
    cutoff: time

    def leaves_on(self, now: datetime) -> date:
        """The working day on which a parcel that is ready now leaves."""
        local = clock.local(now)
        day = local.date()
        if workdays.calendar().is_working(day) and local.time() <= self.cutoff:
            return day
        day += timedelta(days=1)
        while not workdays.calendar().is_working(day):
            day += timedelta(days=1)
        return day


@dataclass(frozen=True)
class House:
    """Who ships."""

    name: Mapping[str, str]
    address: str
    contact: str
    phone: str
    largest_gap: timedelta
    carriers: tuple[Carrier, ...]


@lru_cache(maxsize=1)
def house() -> House:
    """As configured."""
    said: dict[str, Any] = yaml.safe_load(FILE.read_text())
    carriers = tuple(
        Carrier(
            code=one["code"],
            name=one["name"],
            cold=bool(one["cold"]),
            regions=frozenset(one["regions"]),
            cutoff=time.fromisoformat(one["cutoff"]),
        )
        for one in said["carriers"]
    )
    return House(**said["house"], largest_gap=timedelta(minutes=said["largest_gap_minutes"]), carriers=carriers)


def carrier_for(region_code: str, *, cold: bool, now: datetime) -> tuple[Carrier, date]:
    """The carrier that leaves first, of several the first listed, and its day. A cold one for cold goods, and only for
    those. Raises NoCarrier."""
    found = [one for one in house().carriers if one.cold == cold and (not one.regions or region_code in one.regions)]
    if not found:
        raise NoCarrier(region=region_code)
    return min(((one, one.leaves_on(now)) for one in found), key=lambda pair: pair[1])


def find_carrier(code: str) -> Carrier | None:
    """The carrier of that code."""
    return next((one for one in house().carriers if one.code == code), None)
