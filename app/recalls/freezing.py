"""The scope of a case as it is at one moment, in lines that do not overlap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date

from app.core.db import session
from app.core.ids import new_id
from app.priority import queries as priority
from app.recalls.models import RecallCase, RecallScope
from app.shipping import shipments
from app.traceability.queries import Scope


def freeze(case: RecallCase, found: Scope) -> int:
    """Store the scope for the case's round; how many lines."""
    lines = list(_lines(found))
    session().add_all(RecallScope(id=new_id(), case_id=case.id, round=case.round, **line) for line in lines)
    session().flush()
    return len(lines)


def promises_of(order_ids: Collection[str]) -> dict[str, date | None]:
    """By order: when it is to arrive, as its shipments say, or else its promise. Two statements."""
    ranked = {order_id: one.promise_date for order_id, one in priority.standings_of(order_ids).items()}
    return {**ranked, **shipments.arrivals_of(order_ids)}


def _lines(found: Scope) -> Iterator[dict[str, object]]:
    kept: dict[tuple[str, str], int] = defaultdict(int)
    promised = promises_of({one.order_id for one in found.reserved if one.order_id})
    for one in found.reserved:
        kept[one.lot_id, one.place.id] += one.quantity
        yield {
            "kind": "reserved",
            "lot_id": one.lot_id,
            "place_code": one.place.code,
            "order_id": one.order_id,
            "order_line_id": one.line_id,
            "picked": one.picked,
            "promised_on": promised.get(one.order_id or ""),
            "quantity": one.quantity,
        }
    for spot in found.stock:
        taken = min(spot.quantity, kept[spot.lot_id, spot.place.id])
        kept[spot.lot_id, spot.place.id] -= taken
        if spot.quantity > taken:
            code = f"{spot.place.warehouse} {spot.place.code}".strip()
            rest = spot.quantity - taken
            yield {"kind": "stock", "lot_id": spot.lot_id, "place_code": code[:64], "quantity": rest}
    numbers = shipments.numbers_of({spot.place.holder_id for spot in found.transit})
    for spot in found.transit:
        yield {
            "kind": "transit",
            "lot_id": spot.lot_id,
            "place_code": numbers.get(spot.place.holder_id, spot.place.holder_id),
            "quantity": spot.quantity,
        }
    for inside in found.inside:
        yield {"kind": "kit", "lot_id": inside.lot_id, "kit_lot_id": inside.kit_lot_id, "quantity": inside.quantity}
    yield from _at_consignees(found)


def _at_consignees(found: Scope) -> Iterator[dict[str, object]]:
    for one in found.consignees:
        there = {"lot_id": one.lot_id, "customer_id": one.customer_id, "distance": one.level}
        sums = {"delivered": one.outstanding, "consigned": one.consigned, "used": one.used}
        for kind, quantity in sums.items():
            if quantity:
                yield {"kind": kind, "quantity": quantity, **there}
        if one.passed_on and not any(sums.values()):
            yield {"kind": "delivered", "quantity": 0, **there}
