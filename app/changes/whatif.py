"""What a change would come to, with nothing changed: the order as it would be is scored, checked and planned inside a
savepoint that is undone; who is displaced comes from the same plan that carrying it out makes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalog import queries as catalog
from app.changes import costs, stages, wanted
from app.changes.models import ChangeRequest
from app.core.errors import Conflict, Invalid
from app.core.subject import Subject
from app.decisions import service as decisions
from app.decisions.facts import gather
from app.decisions.outcome import Outcome
from app.inventory import queries as stock
from app.orders import queries as orders
from app.orders.amending import supposed
from app.orders.models import Order, OrderStatus, snapshot_of
from app.planning import service as planning
from app.planning.supposing import Mark, Supposed, suppose
from app.priority import queries as priority
from app.priority import service as ranking

MATRIX = "approval_matrix"
FURTHER = ("two", "parallel")
"""Answers of the approval matrix that want more than the order desk."""
URGENT = ("P0", "P1")


@dataclass(frozen=True)
class Found:
    """What was found of the order as it would be."""

    snapshot: dict[str, Any]
    promise: Any
    gate: Outcome
    ranking: Outcome
    approval: Outcome
    plan: Supposed | None


def weigh(case: ChangeRequest, as_of: datetime) -> dict[str, Any]:
    """All that people and rules are told of the change (plain JSON):

    {"stage", "kinds", "before"/"after": {total, requested, arrives, band, score, units, lines}, "blocks", "approval",
    "short", "displaced"/"gains": [{number, band, score, lost/gained, …}], "cost", "faults"}
    """
    order = orders.get_order(case.order_id)
    standing, stage = priority.standing_or_none(order.id), stages.stage_of(order, cancels=case.given is None)
    before = {
        **_content(snapshot_of(order)),
        "arrives": _day(standing.promise_date if standing else None),
        "band": standing.band if standing else None,
        "score": standing.ranked_score if standing else None,
    }
    told: dict[str, Any] = {
        "stage": stage,
        "version": order.version,
        "kinds": {},
        "before": before,
        "after": None,
        "blocks": [],
        "approval": {"route": "none", "groups": []},
        "short": 0,
        "displaced": [],
        "gains": [],
        "faults": {},
    }
    if case.given is None:
        freed = stock.kept_by_line([order.id])
        told["kinds"] = {"cancels": True}
        told["freed"] = sum(freed.values())
        gone = {line: share.gone for line, share in planning.shares_of([order.id]).items()}
        told["left"] = sum(gone.values()) if stage != "shipped" else 0
        told["left_fen"] = int(sum(line.unit_price * gone.get(line.id, 0) for line in order.lines) * 100)
    else:
        told |= _amended(order, case.given, as_of, before)
    return told | {"cost": costs.of(told)}


def _amended(order: Order, given: dict[str, Any], as_of: datetime, before: dict[str, Any]) -> dict[str, Any]:
    try:
        diff = wanted.diff_of(order, given)
        found = _found(order, given, as_of)
    except Invalid as error:
        return {"faults": error.details["fields"]}
    except Conflict as error:
        return {"faults": {"external_ref": [error.sentence()]}}
    kinds = wanted.kinds_of(diff, order, found.snapshot)
    blocks = [dict(one.reason) for one in (*found.gate.blocks, *found.ranking.blocks)]
    after = {
        **_content(found.snapshot),
        "arrives": before["arrives"] if kinds["cosmetic"] else _day(found.promise),
        "band": found.ranking.band,
        "score": found.ranking.score,
    }
    return {
        "kinds": kinds,
        "after": after,
        "diff": diff,
        "blocks": [] if kinds["cosmetic"] else blocks,
        "approval": {"route": found.approval.route, "groups": _groups(found.approval)},
        **({} if found.plan is None or kinds["cosmetic"] else _consequences(found.plan, as_of)),
    }


def _found(order: Order, given: dict[str, Any], as_of: datetime) -> Found:
    subject = Subject("order", order.id)
    with supposed(order, given):
        facts = ranking.facts_of(order.id, as_of)
        scored = decisions.preview(priority.RANKING, facts, as_of=as_of)
        plan = decisions.plan_in_force(MATRIX)
        asked = gather(subject, sorted(plan.kinds), as_of) if plan is not None else {}
        planned = plan_of(order, Mark(scored.band or ranking.LOWEST_BAND, scored.score), as_of)
        covered = planned is not None and not planned.short
        return Found(
            snapshot=snapshot_of(order),
            promise=priority.terms_of(order.id, as_of).arrives_on if covered else None,
            gate=decisions.preview(ranking.GATE, facts, as_of=as_of),
            ranking=scored,
            approval=decisions.preview(MATRIX, asked, as_of=as_of),
            plan=planned,
        )


def mark_of(told: dict[str, Any]) -> Mark:
    """Where the changed order competes: as it was scored when the change was weighed."""
    after = told["after"]
    return Mark(after["band"] or ranking.LOWEST_BAND, after["score"] or 0)


def plan_of(order: Order, mark: Mark, as_of: datetime, *, lock: bool = False) -> Supposed | None:
    """The allocation with the order in it: a released one competes by its rank, one in approval displaces nobody."""
    if stages.stage_of(order) in stages.GONE:
        return None
    released = order.status == OrderStatus.RELEASED
    found = suppose(order, mark if released else None, as_of, lock=lock)
    if found.short and released:  # it goes back into approval and waits like everybody
        return suppose(order, None, as_of)
    return found


def worse_for(told: dict[str, Any], found: Supposed) -> set[str]:
    """Ids of the orders that lose more than was told when the change was weighed."""
    agreed = {one["order_id"]: -one["change"] for one in told["displaced"]}
    lost: dict[str, int] = defaultdict(int)
    for one in found.moved:
        lost[one.order_id] += one.before - one.after
    return {order_id for order_id, units in lost.items() if units > agreed.get(order_id, 0)}


def _consequences(found: Supposed, as_of: datetime) -> dict[str, Any]:
    skus = {key: one.sku for key, one in catalog.products_of({one.product_id for one in found.moved}).items()}
    expected = stock.expected_many({one.product_id for one in found.displaced}, on=_latest(found))
    sums: dict[str, list[Any]] = defaultdict(list)
    for one in found.moved:
        sums[one.order_id].append(one)
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for order_id, moved in sums.items():
        standing, order = found.seen.standings[order_id], found.seen.orders[order_id]
        change = sum(one.after - one.before for one in moved)
        rows[change < 0].append(
            {
                "order_id": order_id,
                "number": order.number,
                "owner": order.submitted_by,
                "customer_id": order.customer_id,
                "band": standing.band,
                "score": standing.ranked_score,
                "change": change,
                "products": sorted({skus[one.product_id] for one in moved}),
                "promise_before": _day(standing.promise_date),
                "requested": order.requested_date.isoformat(),
                "penalty_fen": _penalty(order_id, as_of),
                "in_inspection": sum(expected.get(one.product_id, 0) for one in moved),
            }
        )
    return {"short": found.short, "displaced": rows[True], "gains": rows[False]}


def _penalty(order_id: str, as_of: datetime) -> int:
    """What its contract lets the customer claim for each day that the displaced order is late, in fen."""
    found = gather(Subject("order", order_id), ["contract"], as_of)["contract"]
    return sum(int(one["penalty_fen_per_day"]) for one in found)


def _latest(found: Supposed) -> Any:
    return max(need.arrives_on for demand in found.seen.demands for need in demand.needs)


def _groups(outcome: Outcome) -> list[str]:
    steps = {group for groups in outcome.assign_by_step.values() for group in groups}
    return sorted({*outcome.assign_groups, *steps})


def _content(snapshot: dict[str, Any]) -> dict[str, Any]:
    return {
        "total": snapshot["total"],
        "requested": snapshot["requested_date"],
        "customer_id": snapshot["customer_id"],
        "units": sum(line["quantity"] for line in snapshot["lines"]),
        "lines": [
            {"product_id": line["product_id"], "quantity": line["quantity"], "unit_price": line["unit_price"]}
            for line in snapshot["lines"]
        ],
    }


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()
