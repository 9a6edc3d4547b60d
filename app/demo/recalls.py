"""Two stories of recalls to click through: one whose consignees are answering, one drill that waits to be assessed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.core.permissions import SYSTEM, Actor
from app.demo.answering import answer
from app.inventory.models import Lot, Reservation
from app.recalls import queries, replying, service

HAZARD = "无菌屏障可能在运输中破损，使用前无法目视发现"
ASSESSED = {"severity": "serious", "probability": "possible", "check_level": "A", "harm_occurred": False}


def tell(team: dict[str, Actor], traced: Lot) -> None:
    """The implants of the tracing story are called back: one consignee has answered, the others have not. A drill over
    a lot that orders wait with has just been opened."""
    case = service.open_case(team["quality"], _given(traced, mock=False))
    answer(team["qa"], case.subject, element="intake", **ASSESSED)
    answer(team["qa"], case.subject, element="confirm_level", outcome="approve", level="class_ii")
    answer(team["quality"], case.subject, element="approve_plan", outcome="approve")
    first = queries.notices_of(case)[0]
    counts = {traced.id: {"on_hand": 1, "returned": 1}}
    replying.reply(SYSTEM, case, first, {"person": "设备科 李工", "note": "已停用并封存", "counts": counts})
    reserved = select(Lot).join(Reservation, Reservation.lot_id == Lot.id).where(Reservation.status == "active")
    wanted = session().scalars(reserved.order_by(Lot.lot_no, Lot.id).limit(1)).first()
    if wanted is not None:
        service.open_case(team["qa"], _given(wanted, mock=True))


def _given(lot: Lot, *, mock: bool) -> dict[str, Any]:
    source = "年度召回演练" if mock else "客户投诉 2026-118"
    return {
        "lot_ids": [lot.id],
        "jurisdiction": "cn",
        "source": source,
        "hazard": HAZARD,
        "instructions": "",
        "mock": mock,
    }
