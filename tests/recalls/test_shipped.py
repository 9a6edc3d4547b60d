"""A recall of what was shipped in the ordinary way: who got it is told, what is on its way is named and called back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.core.db import session
from app.recalls import queries, service, telling
from app.recalls.models import RecallScope
from app.shipping import shipments
from tests.shipping.world import make_dock

pytestmark = pytest.mark.any_database
GIVEN = {"jurisdiction": "cn", "source": "", "hazard": "open barrier", "instructions": "", "mock": False}


def test_delivered_in_transit_and_packed(tx):
    dock = make_dock()
    order, gone = dock.release()
    lot = shipments.goods_of(gone)[0].kept.lot
    dock.leave(gone)
    dock.deliver(gone)
    _order, away = dock.release()
    dock.leave(away)
    _order, packed = dock.release()
    dock.pick_all(packed)
    case = service.open_case(dock.flow.actor("qa"), {**GIVEN, "lot_ids": [lot.id]})
    rows = session().scalars(select(RecallScope).where(RecallScope.case_id == case.id))
    frozen = {(row.kind, row.quantity, row.place_code if row.kind == "transit" else "") for row in rows}
    assert {("delivered", 5, ""), ("transit", 5, away.number), ("reserved", 5, "")} <= frozen
    assert (away.status, packed.status) == ("returning", "planned")
    assert (dock.at(away), dock.at(packed)) == (["receive_back"], ["resolve_dispatch"])
    service.set_level(dock.flow.actor("qa"), case, "class_i")
    telling.tell(dock.flow.actor("qa"), case)
    (notice,) = queries.notices_of(case)
    assert notice.customer_id == order.customer_id
