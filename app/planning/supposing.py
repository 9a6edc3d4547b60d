"""What an order that is changed after its release would get, and who of those who wait would lose by it.

What is firmly its own stays with it; only what it wants besides competes, by its rank, with the orders that wait.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select

from app.catalog import queries as catalog
from app.core.db import session
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import HARD, Reservation
from app.orders.models import Order
from app.planning.allocation import Demand, Given, Need, Plan, Supply, allocate
from app.planning.snapshot import Snapshot, take
from app.priority import queries as priority


class Mark(NamedTuple):
    """Where the order would stand."""

    band: str
    score: int


class Moved(NamedTuple):
    """A line of an order that waits gets less (or more) than it would without the change, in base units."""

    order_id: str
    line_id: str
    product_id: str
    before: int
    after: int


@dataclass(frozen=True)
class Supposed:
    """The plan with the order in it, on what it was made, what lines it no longer has still keep, and what it lacks."""

    seen: Snapshot
    plan: Plan
    dropped: list[Reservation]
    short: int
    moved: list[Moved]

    @property
    def displaced(self) -> list[Moved]:
        """Who loses."""
        return [one for one in self.moved if one.after < one.before]


def suppose(order: Order, mark: Mark | None, as_of: datetime, *, lock: bool = False) -> Supposed:
    """The allocation with the order as it is now (its lines may be supposed); without a mark it comes after everybody,
    so that nobody loses. Nothing is changed. `lock`: it is to be carried out, in a turn of the allocation's own."""
    seen = take(as_of, lock=lock)
    others = [one for one in seen.demands if one.order_id != order.id]
    theirs = [row for row in seen.kept if row.order_id != order.id]
    rows = stock.reservations_of(order.id)
    wanted, needs, held = _own(order, rows, as_of)
    known = {need.product_id for demand in seen.demands for need in demand.needs}
    there = [*seen.stock, *inventory.free_stock({line.product_id for line in order.lines} - known)]
    region = catalog.regions_of({order.customer_id}).get(order.customer_id, "")
    own = Demand(order.id, needs, region_code=region, customer_id=order.customer_id)
    place = len(others) if mark is None else _place(others, seen, mark)
    demands = [*others[:place], own, *others[place:]]
    lines = {line.id for line in order.lines}
    full = Snapshot(
        orders={**seen.orders, order.id: order},
        standings={**seen.standings, **priority.standings_of([order.id])},
        demands=demands,
        wanted={**seen.wanted, **wanted},
        kept=[*theirs, *(row for row in rows if row.order_line_id in lines)],
        stock=there,
    )
    back = _sums([(row.lot_id, row.place_id, row.quantity) for row in (*theirs, *rows)])
    taken = _sums([(one.lot_id, one.place_id, one.quantity) for one in held])
    before = allocate(others, _supplies(there, _sums([(r.lot_id, r.place_id, r.quantity) for r in theirs]), {}))
    plan = allocate(demands, _supplies(there, back, taken))
    short = sum(plan.short.get(line_id, 0) for line_id in lines)
    moved = _moved(others, before, plan)
    plan.given = _together([*plan.given, *held])
    return Supposed(full, plan, [row for row in rows if row.order_line_id not in lines], short, moved)


def picked_of(order_id: str) -> list[Reservation]:
    """What has been picked for the order and has not left."""
    wanted = select(Reservation).where(Reservation.order_id == order_id, Reservation.status == "active")
    return list(session().scalars(wanted.where(Reservation.level == HARD).order_by(Reservation.id)))


def _own(
    order: Order, rows: Sequence[Reservation], as_of: datetime
) -> tuple[dict[str, inventory.Wanted], tuple[Need, ...], list[Given]]:
    terms = priority.terms_of(order.id, as_of)
    products = catalog.products_of(line.product_id for line in order.lines)
    wanted, needs, held = {}, [], []
    for line in order.lines:
        spare, product = terms.required_days[line.id], products[line.product_id]
        wanted[line.id] = inventory.Wanted(line.id, product, line.quantity, terms.arrives_on, spare, order.customer_id)
        need = Need(line.id, line.product_id, line.quantity, terms.arrives_on, spare)
        missing = line.quantity
        for row in sorted((one for one in rows if one.order_line_id == line.id), key=_soonest):
            if missing and (row.lot.expires_on or date.max) >= need.lasts_until:
                part = min(missing, row.quantity)
                held.append(Given(line.id, row.lot_id, row.place_id, part))
                missing -= part
        needs.append(need._replace(quantity=missing))
    return wanted, tuple(needs), held


def _soonest(row: Reservation) -> tuple[bool, str, str]:
    return row.lot.expires_on is None, str(row.lot.expires_on), row.id


def _place(others: Sequence[Demand], seen: Snapshot, mark: Mark) -> int:
    """Behind all that rank before it or beside it."""
    for number, one in enumerate(others):
        standing = seen.standings[one.order_id]
        if (standing.band, -standing.ranked_score) > (mark.band, -mark.score):
            return number
    return len(others)


def _sums(rows: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = defaultdict(int)
    for lot_id, place_id, quantity in rows:
        found[lot_id, place_id] += quantity
    return found


def _supplies(
    there: Iterable[inventory.Taken], back: dict[tuple[str, str], int], taken: dict[tuple[str, str], int]
) -> list[Supply]:
    rows = list(there)
    allowed = stock.customers_allowed(row.lot for row in rows)
    return [
        Supply(
            lot_id=row.lot.id,
            place_id=row.place_id,
            product_id=row.lot.product_id,
            free=row.quantity + back.get((row.lot.id, row.place_id), 0) - taken.get((row.lot.id, row.place_id), 0),
            expires_on=row.lot.expires_on,
            made_on=row.lot.made_on,
            region_code=row.warehouse.region_code,
            only_for=allowed.get(row.lot.id),
            only_until=row.lot.only_until,
        )
        for row in rows
    ]


def _moved(others: Iterable[Demand], before: Plan, after: Plan) -> list[Moved]:
    was, now = ({need.line_id: 0 for one in others for need in one.needs} for _plan in range(2))
    for sums, plan in ((was, before), (now, after)):
        for given in plan.given:
            if given.line_id in sums:
                sums[given.line_id] += given.quantity
    return [
        Moved(one.order_id, need.line_id, need.product_id, was[need.line_id], now[need.line_id])
        for one in others
        for need in one.needs
        if was[need.line_id] != now[need.line_id]
    ]


def _together(given: Iterable[Given]) -> list[Given]:
    """One entry for a line, lot and bin."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in given:
        sums[one.line_id, one.lot_id, one.place_id] += one.quantity
    return [Given(*key, quantity) for key, quantity in sums.items()]
