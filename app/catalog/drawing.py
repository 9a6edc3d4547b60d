"""What released orders have drawn on tender awards: each order's share, and the sum on the award's line."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import or_, select

from app.audit.service import record
from app.catalog.models import AwardDraw, TenderAward, TenderAwardLine
from app.core.db import session
from app.core.permissions import Actor
from app.core.subject import Subject


def draw_on_award(actor: Actor, order_id: str, award_number: str | None, wanted: Mapping[str, int]) -> None:
    """From now on the order draws so many base units, by product, on the award, and nothing on any other. What was not
    awarded is not counted: the compliance gate judges it."""
    drawn = {row.line_id: row for row in session().scalars(select(AwardDraw).where(AwardDraw.order_id == order_id))}
    lines = session().scalars(
        select(TenderAwardLine)
        .join(TenderAward)
        .where(
            or_(
                TenderAwardLine.id.in_(sorted(drawn)),
                (TenderAward.number == award_number) & TenderAwardLine.product_id.in_(sorted(wanted)),
            )
        )
        .order_by(TenderAwardLine.id)
        .with_for_update(of=TenderAwardLine)
        .execution_options(populate_existing=True)
    )
    for line in list(lines):
        quantity = wanted.get(line.product_id, 0) if line.award.number == award_number else 0
        _set(actor, order_id, line, drawn.get(line.id), quantity)
    session().flush()


def _set(actor: Actor, order_id: str, line: TenderAwardLine, drawn: AwardDraw | None, quantity: int) -> None:
    more = quantity - (drawn.quantity if drawn is not None else 0)
    if not more:
        return
    if drawn is None:
        session().add(AwardDraw(order_id=order_id, line_id=line.id, quantity=quantity))
    elif quantity:
        drawn.quantity = quantity
    else:
        session().delete(drawn)
    line.consumed_qty += more
    subject = Subject("award", line.award_id)
    record(
        actor,
        "award:draw",
        subject,
        product_id=line.product_id,
        quantity=more,
        consumed=line.consumed_qty,
        order_id=order_id,
    )
