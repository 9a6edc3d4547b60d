"""Was an override good? Judged afterwards by what really left when, with the data there are today.

The measure: take the moments at which the overridden order and the orders it passed were really released, and give the
same moments to the same orders in the order they had before. Who is late in one case and not in the other? An order is
late when it is released after the last day on which it can still arrive, by the usual lane, on the requested date
(deliveries are not recorded yet). Late orders weigh by band; fewer than without the override is better, more is worse.
What nobody can know yet (not released, and still in time) leaves the verdict open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from app.catalog.models import Customer, Region
from app.core import clock
from app.core.db import session
from app.orders.models import OPEN, Order, OrderStatus, OrderVersion
from app.priority import profile
from app.priority.models import OrderOverride, OrderStanding

BATCH = 20


@dataclass(frozen=True)
class Served:
    """An order as it was served: the day it was released (None: not yet), the last day that would have been in time."""

    number: str
    band: str
    released: date | None
    latest: date
    turn: int = 0
    """Sorts what was released; of what was not, by the rank it had."""


@dataclass(frozen=True)
class Finding:
    """What came of an override. `late` and `late_without` are of the overridden order itself."""

    verdict: str
    late: bool = False
    late_without: bool = False
    spared: tuple[str, ...] = ()
    """Numbers of other orders that would have been late without it."""
    harmed: tuple[str, ...] = ()
    """Numbers of other orders that are late and would not have been without it."""
    moved: int = 0
    """Orders that were really served after it (of a lowered one: before it) because of it."""
    closed: str = ""
    """The order never left: the status it ended in."""


def judge(order: Served, passed: Sequence[Served], *, raised: bool, today: date) -> Finding | None:
    """What came of moving the order past the others (given by rank); None as long as that cannot be known."""
    queue = sorted([order, *passed], key=lambda one: (one.released or date.max, one.turn))
    place = queue.index(order)
    touched = queue[place:] if raised else queue[: place + 1]
    others = [one for one in touched if one is not order]
    without = [*others, order] if raised else [order, *others]
    real = {one.number: _late(one, one.released, today) for one in touched}
    else_ = {one.number: _late(one, slot.released, today) for one, slot in zip(without, touched, strict=True)}
    if None in real.values() or None in else_.values():
        return None
    weights = profile.current().late_weights
    gained = sum(weights[one.band] * (bool(else_[one.number]) - bool(real[one.number])) for one in touched)
    return Finding(
        verdict="better" if gained > 0 else "worse" if gained < 0 else "same",
        late=bool(real[order.number]),
        late_without=bool(else_[order.number]),
        spared=tuple(one.number for one in others if else_[one.number] and not real[one.number]),
        harmed=tuple(one.number for one in others if real[one.number] and not else_[one.number]),
        moved=len(others),
    )


def _late(order: Served, released: date | None, today: date) -> bool | None:
    """Whether the order would be late if it left then; None while it may still leave in time."""
    if released is not None:
        return released > order.latest
    return True if today > order.latest else None


def judge_due(limit: int = BATCH) -> int:
    """Look at overrides that ended, or whose order is closed, and that have no verdict yet; answers how many got one.

    Those looked at longest ago come first, so that what cannot be known yet keeps nobody waiting.
    """
    waiting = (
        select(OrderOverride)
        .join(Order, Order.id == OrderOverride.order_id)
        .where(
            OrderOverride.verdict.is_(None),
            or_(OrderOverride.ended_at.is_not(None), Order.status.not_in(OPEN)),
        )
        .order_by(OrderOverride.judged_at.is_not(None), OrderOverride.judged_at, OrderOverride.id)
        .limit(limit)
    )
    known = 0
    for override in session().scalars(waiting).all():
        finding = _finding(override)
        override.judged_at = clock.now()
        if finding is not None:
            told = asdict(finding)
            override.verdict, override.findings = told.pop("verdict"), told
            known += 1
    session().flush()
    return known


def _finding(override: OrderOverride) -> Finding | None:
    served, ended = _served(override)
    if override.order_id in ended:
        return Finding("same", closed=ended[override.order_id])
    order = served.pop(override.order_id)
    return judge(order, list(served.values()), raised=override.raised, today=clock.today())


def _served(override: OrderOverride) -> tuple[dict[str, Served], dict[str, str]]:
    """The orders concerned that were or may be served, by id; and the status of those that ended otherwise."""
    turn = {order_id: place for place, order_id in enumerate((override.order_id, *override.passed))}
    rows = session().execute(
        select(Order.id, Order.number, Order.status, Order.requested_date, Region.lane_days_p50, OrderStanding.band)
        .join(Customer, Customer.id == Order.customer_id)
        .join(Region, Region.code == Customer.region_code)
        .join(OrderStanding, OrderStanding.order_id == Order.id)
        .where(Order.id.in_(list(turn)))
    )
    released = _released(list(turn))
    served, ended = {}, {}
    for order_id, number, status, requested, lane, band in sorted(rows, key=lambda row: turn[row[0]]):
        if status in (*OPEN, OrderStatus.RELEASED):
            own = override.band_before if order_id == override.order_id else band
            day, place = released.get(order_id, (None, turn[order_id]))
            served[order_id] = Served(number, own, day, requested - timedelta(days=lane), place)
        else:
            ended[order_id] = status
    return served, ended


def _released(order_ids: list[str]) -> dict[str, tuple[date | None, int]]:
    """The day of release by order, and its turn among the others."""
    rows = session().execute(
        select(OrderVersion.order_id, OrderVersion.at)
        .where(OrderVersion.order_id.in_(order_ids), OrderVersion.change == "release")
        .order_by(OrderVersion.at, OrderVersion.order_id)
    )
    return {order_id: (clock.local_date(at), turn) for turn, (order_id, at) in enumerate(rows)}


def told(override: OrderOverride) -> dict[str, Any]:
    """The findings with every key, for pages and API."""
    return {**asdict(Finding(override.verdict or "")), **override.findings}
