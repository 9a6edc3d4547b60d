"""Complaints, nonconformances and CAPA in the chains of lots, units, orders and customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from app.core.db import session
from app.core.subject import Subject
from app.inventory.models import Serial
from app.orders.models import Order
from app.quality import wording as goods
from app.quality.models import Nonconformance
from app.traceability.chain import MOST_STEPS, Step, more_steps
from app.vigilance import wording
from app.vigilance.models import Capa, Complaint


@more_steps.register("vigilance")
def steps_of(start: Subject, lot_ids: Sequence[str]) -> list[Step]:
    """What was complained of, did not conform, was done about it. At most four statements."""
    complaints = list(session().scalars(select(Complaint).where(_about(start, lot_ids)).limit(MOST_STEPS)))
    failed = select(Nonconformance).where(Nonconformance.lot_id.in_(lot_ids)).limit(MOST_STEPS)
    follows = (Capa.source_kind == "complaint") & Capa.source_id.in_([one.id for one in complaints])
    capas = select(Capa).where(or_(Capa.lot_id.in_(lot_ids), follows)).limit(MOST_STEPS)
    return [
        *map(_complaint, complaints),
        *map(_nonconformance, session().scalars(failed)),
        *map(_capa, session().scalars(capas)),
    ]


def _about(start: Subject, lot_ids: Sequence[str]) -> Any:
    """Complaints of the customer, of the order (or of its customer about its lots), of the unit, else of the lots."""
    if start.kind == "customer":
        return Complaint.customer_id == start.id
    of_lots = Complaint.lot_id.in_(lot_ids)
    if start.kind == "order":
        customer = select(Order.customer_id).where(Order.id == start.id).scalar_subquery()
        own = of_lots & Complaint.order_id.is_(None) & (Complaint.customer_id == customer)
        return or_(Complaint.order_id == start.id, own)
    if start.kind == "serial":
        number = select(Serial.serial_no).where(Serial.id == start.id).scalar_subquery()
        return of_lots & or_(Complaint.serial_no == number, Complaint.serial_no == "")
    return of_lots


def _complaint(one: Complaint) -> Step:
    said = wording.CONCLUSIONS[one.conclusion] if one.conclusion else wording.STATUSES[one.status]
    return Step(
        at=one.recorded_at,
        code="complaint",
        lot_id=one.lot_id or "",
        document=one.number,
        reason=one.description[:200],
        order_id=one.order_id or "",
        actor_id=one.recorded_by,
        said=str(said),
        about=one.subject,
    )


def _nonconformance(one: Nonconformance) -> Step:
    return Step(
        at=one.raised_at,
        code="nonconformance",
        lot_id=one.lot_id,
        quantity=one.quantity,
        document=one.number,
        reason=one.description[:200],
        actor_id=one.raised_by,
        said=str(goods.OUTCOMES.get(one.outcome, one.outcome)),
        about=one.subject,
    )


def _capa(one: Capa) -> Step:
    return Step(
        at=one.opened_at,
        code="capa",
        lot_id=one.lot_id or "",
        document=one.number,
        reason=one.problem[:200],
        actor_id=one.opened_by,
        said=str(wording.STAGES[one.stage]),
        about=one.subject,
    )
