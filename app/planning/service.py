"""Running the allocation: orders that wait for stock are served anew, in rank order, whenever stock or ranks moved.

    wait(order_id)              the order takes part from now on
    plan_soon(trigger)          a job runs the allocation right after this transaction, if anybody waits
    run(actor, trigger)         the run itself

What is softly reserved for waiting orders may move from one to another; firm and picked stock never does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select

from app.core import clock, jobs
from app.core.conflicts import insert_into
from app.core.db import session
from app.core.ids import new_id
from app.core.locks import alone
from app.core.permissions import SYSTEM, Actor
from app.core.registry import Registry
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.orders import service as order_verbs
from app.orders.models import Order, OrderLine, OrderStatus
from app.planning.allocation import Plan, allocate, losses
from app.planning.models import AllocationChange, AllocationRun, WaitingOrder
from app.planning.snapshot import Share as Share
from app.planning.snapshot import Snapshot, take
from app.planning.snapshot import shares as shares
from app.planning.snapshot import shares_of as shares_of

JOB = "allocation"

covered = Registry[Any]("order covered")
"""Filled by later packages: `fn(actor, order)` is called when a run covers the whole of an order that waited."""

dealt = Registry[Any]("order dealt to")
"""Filled by later packages: `fn(actor, order)` is called when a run has changed what is softly kept for an order."""


class Result(NamedTuple):
    """What a run did."""

    orders: int
    """How many took part."""
    changed: list[str]
    """Orders whose reservations changed, by id."""
    covered: list[str]
    """Of those, the ones that have all they want now."""


def wait(order_id: str) -> None:
    """The order lacks stock: it takes part in each run until `stop_waiting`."""
    statement = insert_into(WaitingOrder).values(order_id=order_id, since=clock.now())
    session().execute(statement.on_conflict_do_nothing())


def stop_waiting(order_id: str) -> None:
    """The order is covered, returned or ended."""
    session().execute(delete(WaitingOrder).where(WaitingOrder.order_id == order_id))


def wanted_by_others(order_id: str, product_ids: Collection[str]) -> set[str]:
    """Those of the products that another order waits for: what is free of them is dealt out by rank. One statement."""
    others = (
        select(OrderLine.product_id)
        .join(WaitingOrder, WaitingOrder.order_id == OrderLine.order_id)
        .where(OrderLine.product_id.in_(product_ids), OrderLine.order_id != order_id)
        .where(OrderLine.reserved < OrderLine.quantity)
        .distinct()
    )
    return set(session().scalars(others))


def reserved_of(order: Order) -> dict[str, int]:
    """By line of the order, what is kept for it or has left already. Two statements at most."""
    kept = stock.kept_by_line([order.id])
    known = shares_of([order.id]) if order.status == OrderStatus.RELEASED else {}
    gone = {line: share.gone for line, share in known.items()}
    return {one.id: min(one.quantity, gone.get(one.id, 0) + kept.get(one.id, 0)) for one in order.lines}


def plan_soon(trigger: str) -> bool:
    """Run the allocation right after this transaction; False when no order waits. Two runs at once do no harm."""
    if session().scalar(select(WaitingOrder.order_id).limit(1)) is None:
        return False
    jobs.schedule([jobs.NewJob(JOB, clock.now(), "allocation", "stock", trigger)])
    return True


@jobs.handler.register(JOB)
def run_job(job: jobs.Job) -> datetime | None:
    """Run the allocation once, whatever led to it."""
    run(SYSTEM, job.source_ref)
    return None


def run(actor: Actor, trigger: str) -> Result:
    """Serve the waiting orders anew, in rank order, and note what changed. One run at a time."""
    alone(JOB)
    seen = take(clock.now())
    return carry_out(actor, allocate(seen.demands, seen.supplies()), seen, trigger)


def carry_out(actor: Actor, plan: Plan, seen: Snapshot, trigger: str) -> Result:
    """Make the reservations what the plan says, note what changed, and tell who is covered now."""
    changed = _apply(actor, plan, seen)
    if not changed:
        return Result(len(seen.demands), [], [])
    _note(trigger, plan, seen)
    full = [order_id for order_id in changed if _note_on_lines(seen.orders[order_id])]
    for order_id in changed:
        for name in dealt:
            dealt.get(name)(actor, seen.orders[order_id])
    for order_id in full:
        for name in covered:
            covered.get(name)(actor, seen.orders[order_id])
    return Result(len(seen.demands), changed, full)


def _apply(actor: Actor, plan: Plan, seen: Snapshot) -> list[str]:
    """Make the reservations what the plan says, touching only lines that change; answers their orders, by rank."""
    had: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for row in seen.kept:
        had[row.order_line_id][row.lot_id, row.place_id] += row.quantity
    get: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for one in plan.given:
        get[one.line_id][one.lot_id, one.place_id] = one.quantity
    order_of = seen.order_of
    moved = [line_id for line_id in order_of if had.get(line_id, {}) != get.get(line_id, {})]
    inventory.give_back([row for row in seen.kept if row.order_line_id in set(moved)])
    rows = {(row.lot.id, row.place_id): row for row in seen.stock}
    for line_id in moved:
        taken = [rows[key]._replace(quantity=number) for key, number in sorted(get.get(line_id, {}).items())]
        if taken:
            inventory.keep_lots(actor, order_of[line_id], seen.wanted[line_id], taken)
    return list(dict.fromkeys(order_of[line_id] for line_id in moved))


def _note_on_lines(order: Order) -> bool:
    """Note on the lines what is kept for them; True when that is all they want."""
    order_verbs.note_reserved(order, reserved_of(order))
    return all(line.reserved == line.quantity for line in order.lines)


def _note(trigger: str, plan: Plan, seen: Snapshot) -> None:
    """Keep what changed, line by line, and who has what was lost."""
    run_id, order_of, before = new_id(), seen.order_of, seen.before()
    had: dict[str, int] = defaultdict(int)
    has: dict[str, int] = defaultdict(int)
    for sums, given in ((had, before), (has, plan.given)):
        for one in given:
            sums[one.line_id] += one.quantity
    winners: dict[str, str] = {}
    for loss in losses(before, plan, order_of):
        if loss.to_order_id is not None:
            winners.setdefault(loss.line_id, loss.to_order_id)
    rows = [
        {
            "id": new_id(),
            "run_id": run_id,
            "order_id": order_of[line_id],
            "line_id": line_id,
            "before": had[line_id],
            "after": has[line_id],
            "wanted": seen.wanted[line_id].quantity,
            **_why(seen, order_of[line_id], winners.get(line_id)),
        }
        for line_id in order_of
        if had[line_id] != has[line_id]
    ]
    run = {"id": run_id, "at": clock.now(), "trigger": trigger, "orders": len(seen.demands)}
    session().execute(insert(AllocationRun), run)
    if rows:
        session().execute(insert(AllocationChange), rows)


def _why(seen: Snapshot, order_id: str, winner: str | None) -> dict[str, Any]:
    own, other = seen.standings[order_id], seen.standings.get(winner or "")
    return {
        "band": own.band,
        "score": own.ranked_score,
        "to_order_id": winner,
        "to_band": other.band if other else None,
        "to_score": other.ranked_score if other else None,
    }
