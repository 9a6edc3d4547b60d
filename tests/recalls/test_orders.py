"""Orders that lose stock to a recall: what each had, and what it has after the next allocation."""

from __future__ import annotations

from app.core import jobs
from app.core.db import session
from app.core.permissions import SYSTEM
from app.inventory import service as inventory
from app.inventory.queries import get_lot, reservations_of
from app.priority.queries import standing_of
from app.recalls import queries, reading, service
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import actor_for, make_user
from tests.inventory.factories import make_warehouse
from tests.shipping.world import make_dock


def test_before_and_after_planning(tx):
    flow = make_flow()
    order = flow.submit(product=flow.plain, quantity=5)
    kept = reservations_of(order.id)
    assert kept
    lots = {one.lot_id for one in kept}
    product, fresh = get_lot(min(lots)).product, {"lot_no": "NEW-1", "made_on": "2026-10-01", "document": "GR-9"}
    lot = inventory.receive(SYSTEM, product, make_warehouse(), {**fresh, "expires_on": "2029-10-01", "quantity": 500})
    inventory.release_lot(SYSTEM, lot, reason="fine", report_no="R-9")
    given = {"jurisdiction": "cn", "hazard": "leaks", "mock": False, "lot_ids": sorted(lots)}
    case = service.open_case(actor_for(make_user(roles=("qa_ra",), name="Rae")), given)
    assert all(get_lot(lot_id).status == "recalled" for lot_id in lots)
    while jobs.run_due():
        pass
    session().expire_all()
    after = reading.affected_by(case, queries.scope_of(case))
    assert [(one.order.id, one.lost, one.has) for one in after] == [(order.id, 5, 5)]
    (one,) = after
    assert one.band == standing_of(order.id).band
    assert one.promised_on == one.arrives_on == standing_of(order.id).promise_date
    assert {one.lot_id for one in reservations_of(order.id)} == {lot.id}


def test_by_rank_with_the_day_before_and_the_day_now(tx):
    dock = make_dock()
    later, shipment = dock.release(quantity=5)
    lot, was = get_lot(reservations_of(later.id)[0].lot_id), shipment.arrives_on
    urgent = dock.flow.submit(product=dock.flow.plain, quantity=5, order_type="emergency")
    case = service.open_case(
        dock.flow.actor("qa"), {"jurisdiction": "cn", "hazard": "leaks", "mock": False, "lot_ids": [lot.id]}
    )
    after = reading.affected_by(case, queries.scope_of(case))
    assert [(one.order.id, one.has, one.arrives_on) for one in after] == [(urgent.id, 0, None), (later.id, 0, None)]
    assert (after[0].band, after[1].promised_on) == ("P0", was)
