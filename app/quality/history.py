"""What came before: the lots of a product by a supplier on original inspection, as the switching rules count them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from sqlalchemy import func, select

from app.core.db import session
from app.inventory.models import SUPPLIER, LedgerEntry, Lot, Place
from app.quality.models import Inspection
from app.quality.supply import terms_of

LOOKED_AT = 60
"""Lots: more than any switching rule counts."""
ORIGINAL = ("supplier", "import")


class Past(NamedTuple):
    """One earlier lot: the severity in force with it, whether it was accepted (None: not judged by a sample)."""

    severity: str
    accepted: bool | None
    points: int


def past_of(inspection: Inspection, *, including: bool = False) -> list[Past]:
    """The lots before this one, the latest first; or with it."""
    before = Inspection.id <= inspection.id if including else Inspection.id < inspection.id
    rows = session().execute(
        select(Inspection.severity, Inspection.accepted, Inspection.points)
        .where(
            Inspection.product_id == inspection.product_id,
            Inspection.supplier_id == inspection.supplier_id,
            Inspection.origin.in_(ORIGINAL),
            Inspection.route != "",
            before,
        )
        .order_by(Inspection.id.desc())
        .limit(LOOKED_AT)
    )
    return [Past(*row) for row in rows]


def counted(past: Sequence[Past]) -> dict[str, Any]:
    """The facts of switching that follow from the lots before (latest first): see rules/facts.yaml, `inspection`."""
    severity = past[0].severity if past else "normal"
    run = [one for one in takewhile(lambda one: one.severity == severity, past) if one.accepted is not None]
    judged = [one for one in past if one.accepted is not None]
    normal = severity == "normal"
    return {
        "severity": severity,
        "rejected_last_five": sum(not one.accepted for one in run[:5]) if normal else 0,
        "accepted_in_a_row": len(list(takewhile(lambda one: bool(one.accepted), run))),
        "rejected_on_tightened": sum(not one.accepted for one in run) if severity == "tightened" else 0,
        "switching_score": sum(one.points for one in takewhile(lambda one: one.points > 0, run)) if normal else 0,
        "last_lot_rejected": bool(judged) and not judged[0].accepted,
        "last_lot_clear": severity != "reduced" or not run or run[0].points > 0,
    }


def improved(inspection: Inspection) -> bool:
    """Whether quality found an improvement of the supplier effective after the last lot that was inspected."""
    terms = terms_of(inspection)
    if terms is None or terms.improved_at is None:
        return False
    latest = session().scalar(
        select(func.max(Inspection.started_at)).where(
            Inspection.product_id == inspection.product_id,
            Inspection.supplier_id == inspection.supplier_id,
            Inspection.route.not_in(("", "hold")),
            Inspection.id < inspection.id,
        )
    )
    return latest is None or terms.improved_at >= latest


def lots_before(inspection: Inspection) -> int:
    """How many other lots of the product came from the supplier so far, whether they were inspected here or not."""
    return int(
        session().scalar(
            select(func.count(func.distinct(LedgerEntry.lot_id)))
            .join(Lot, Lot.id == LedgerEntry.lot_id)
            .join(Place, Place.id == LedgerEntry.from_id)
            .where(
                Lot.product_id == inspection.product_id,
                Place.kind == SUPPLIER,
                Place.holder_id == inspection.supplier_id,
                LedgerEntry.kind == "receipt",
                LedgerEntry.lot_id != inspection.lot_id,
            )
        )
        or 0
    )
