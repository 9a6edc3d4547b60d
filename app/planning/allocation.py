"""Allocation of lots to order lines: a pure function over a snapshot. Same input, same plan.

Orders are served in the order given. Each line takes from feasible lots the one that expires first, then as few lots as
can be, then stock of its own region. An order that must ship complete gets all of its lines or nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple


class Supply(NamedTuple):
    """Free base units of a lot in a bin. What may not be sold is not in the snapshot."""

    lot_id: str
    place_id: str
    product_id: str
    free: int
    expires_on: date | None
    made_on: date
    region_code: str = ""

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


@dataclass(frozen=True)
class Demand:
    """An order that waits for stock."""

    order_id: str
    needs: tuple[Need, ...]
    complete: bool = False
    """True when it ships complete or not at all."""
    region_code: str = ""


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
    """Serve the orders one after the other."""
    by_product: dict[str, list[Supply]] = defaultdict(list)
    left: dict[tuple[str, str], int] = {}
    for supply in supplies:
        by_product[supply.product_id].append(supply)
        left[supply.key] = supply.free
    plan = Plan()
    for demand in demands:
        given: list[Given] = []
        short: dict[str, int] = {}
        for need in demand.needs:
            lots = [one for one in by_product[need.product_id] if left[one.key] > 0 and feasible(need, one)]
            missing = _take(need, lots, left, demand.region_code, given)
            if missing:
                short[need.line_id] = missing
        if short and demand.complete:
            for one in given:
                left[one.lot_id, one.place_id] += one.quantity
            plan.short |= {need.line_id: need.quantity for need in demand.needs if need.quantity > 0}
            continue
        plan.given += given
        plan.short |= short
    return plan


def feasible(need: Need, supply: Supply) -> bool:
    """True when the lot lasts as long as the line asks, its expiry day included."""
    last = need.arrives_on + timedelta(days=max(need.spare_days, 0))
    return supply.expires_on is None or last <= supply.expires_on


def _take(
    need: Need, lots: list[Supply], left: dict[tuple[str, str], int], region_code: str, given: list[Given]
) -> int:
    """Take what the line wants from the lots, the best for what is still missing each time; answers what is missing."""
    missing = need.quantity
    while missing > 0 and lots:
        best = min(lots, key=lambda one: _turn(one, left[one.key], missing, region_code))
        lots.remove(best)
        part = min(missing, left[best.key])
        left[best.key] -= part
        missing -= part
        given.append(Given(need.line_id, best.lot_id, best.place_id, part))
    return max(missing, 0)


def _turn(
    one: Supply, there: int, missing: int, region_code: str
) -> tuple[date, bool, int, bool, date, tuple[str, str]]:
    """First expired first; of those that expire together one that covers all, the smallest such, then the largest."""
    covers = there >= missing
    size = there if covers else -there
    return one.expires_on or date.max, not covers, size, one.region_code != region_code, one.made_on, one.key


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
