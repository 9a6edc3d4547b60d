"""Allocation of lots to order lines: a pure function over a snapshot. Same input, same plan.

Orders are served in the order given. Each line takes from feasible lots the one that expires first, then as few lots as
can be, then stock of its own region. An order that must ship complete gets all of its lines or nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple


class Supply(NamedTuple):
    """Free base units of a lot in a bin. What may not be sold is not in the snapshot."""

    lot_id: str
    place_id: str
    product_id: str
    free: int
    expires_on: date | None
    made_on: date
    region_code: str = ""
    only_for: frozenset[str] | None = None
    """Customers who alone may have it; None: anybody."""
    only_until: date | None = None
    """The last day on which it may arrive at these."""

    @property
    def key(self) -> tuple[str, str]:
        """Lot and bin."""
        return self.lot_id, self.place_id


class Need(NamedTuple):
    """Base units of a product that a line still wants, usable `spare_days` after its arrival."""

    line_id: str
    product_id: str
    quantity: int
    arrives_on: date
    spare_days: int = 0

    @property
    def lasts_until(self) -> date:
        """The day on which it must still be usable; that day is included."""
        return self.arrives_on + timedelta(days=max(self.spare_days, 0))


@dataclass(frozen=True)
class Demand:
    """An order that waits for stock."""

    order_id: str
    needs: tuple[Need, ...]
    complete: bool = False
    """True when it ships complete or not at all."""
    region_code: str = ""
    customer_id: str = ""

    def may_have(self, one: Supply, arrives_on: date) -> bool:
        """False for a lot that was released for others, or until an earlier day."""
        if one.only_for is None:
            return True
        return self.customer_id in one.only_for and (one.only_until is None or arrives_on <= one.only_until)


class Given(NamedTuple):
    """Base units of a lot in a bin for a line."""

    line_id: str
    lot_id: str
    place_id: str
    quantity: int


class Loss(NamedTuple):
    """A line that has less of a lot than before, and the line that has it now (None: the lot is free or gone)."""

    line_id: str
    lot_id: str
    quantity: int
    to_order_id: str | None


@dataclass
class Plan:
    """What each line gets."""

    given: list[Given] = field(default_factory=list)
    short: dict[str, int] = field(default_factory=dict)
    """Base units a line wants and does not get, where that is more than nought."""

    def of_line(self, line_id: str) -> list[Given]:
        """What the line gets."""
        return [one for one in self.given if one.line_id == line_id]


def allocate(demands: Iterable[Demand], supplies: Iterable[Supply]) -> Plan:
    """Serve the orders one after the other. Cost: of each line the days on which lots of its product expire."""
    shelves = _shelves(supplies)
    plan = Plan()
    for demand in demands:
        given: list[tuple[_Day, Given]] = []
        short: dict[str, int] = {}
        for need in demand.needs:
            missing = _take(need, shelves.get(need.product_id, ()), demand, given)
            if missing:
                short[need.line_id] = missing
        if short and demand.complete:
            for day, one in given:
                day.put(one.lot_id, one.place_id, one.quantity)
            plan.short |= {need.line_id: need.quantity for need in demand.needs if need.quantity > 0}
            continue
        plan.given += [one for _day, one in given]
        plan.short |= short
    return plan


@dataclass
class _Day:
    """The lots of a product that expire on one day."""

    expires_on: date
    lots: list[Supply]
    left: dict[tuple[str, str], int]
    total: int

    def put(self, lot_id: str, place_id: str, quantity: int) -> None:
        """Take so much (or, below nought, less) back."""
        self.left[lot_id, place_id] += quantity
        self.total += quantity


def _shelves(supplies: Iterable[Supply]) -> dict[str, list[_Day]]:
    """The days of each product, the earliest first; what never expires comes last."""
    by_day: dict[tuple[str, date], list[Supply]] = defaultdict(list)
    for supply in supplies:
        by_day[supply.product_id, supply.expires_on or date.max].append(supply)
    shelves: dict[str, list[_Day]] = defaultdict(list)
    for product_id, day in sorted(by_day):
        lots = by_day[product_id, day]
        left = {one.key: one.free for one in lots}
        shelves[product_id].append(_Day(day, lots, left, sum(left.values())))
    return shelves


def _take(need: Need, days: Sequence[_Day], demand: Demand, given: list[tuple[_Day, Given]]) -> int:
    """Take what the line wants, first expired first, of a day the best for what is still missing each time; answers
    what is missing."""
    missing = need.quantity
    first = bisect_left(days, need.lasts_until, key=_expiry)
    for day in islice(days, first, None):
        while missing > 0 and day.total > 0:
            there = [one for one in day.lots if day.left[one.key] > 0 and demand.may_have(one, need.arrives_on)]
            if not there:
                break
            best = min(there, key=_turn(day, missing, demand.region_code))
            part = min(missing, day.left[best.key])
            day.put(best.lot_id, best.place_id, -part)
            missing -= part
            given.append((day, Given(need.line_id, best.lot_id, best.place_id, part)))
        if missing <= 0:
            return 0
    return missing


_expiry = attrgetter("expires_on")


def _turn(day: _Day, missing: int, region_code: str) -> Callable[[Supply], tuple[Any, ...]]:
    """Of lots that expire together first one that covers all, the smallest such; then the largest."""

    def turn(one: Supply) -> tuple[Any, ...]:
        there = day.left[one.key]
        covers = there >= missing
        return not covers, there if covers else -there, one.region_code != region_code, one.made_on, one.key

    return turn


def losses(before: Sequence[Given], plan: Plan, order_of: Mapping[str, str]) -> list[Loss]:
    """Which lines lose what of which lot to whom: of those that gain of the lot, the one served first.

    `order_of`: order by line; lines are served in the order of `plan.given`.
    """
    had: dict[tuple[str, str], int] = defaultdict(int)
    has: dict[tuple[str, str], int] = defaultdict(int)
    for one in before:
        had[one.line_id, one.lot_id] += one.quantity
    for one in plan.given:
        has[one.line_id, one.lot_id] += one.quantity
    winners: dict[str, str] = {}
    for one in plan.given:
        if has[one.line_id, one.lot_id] > had[one.line_id, one.lot_id]:
            winners.setdefault(one.lot_id, order_of[one.line_id])
    return [
        Loss(line_id, lot_id, quantity - has[line_id, lot_id], winners.get(lot_id))
        for (line_id, lot_id), quantity in had.items()
        if has[line_id, lot_id] < quantity and line_id in plan.short
    ]
