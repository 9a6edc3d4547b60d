"""A change of the order against its real shipment: held, put back, changed or cancelled; or it has left."""

from __future__ import annotations

import pytest

from app.inventory import queries as stock
from app.orders import queries as orders
from app.shipping import dispatch, shipments
from tests.changes.world import make_changing, run_jobs
from tests.identity.factories import make_user
from tests.shipping.world import Dock


@pytest.fixture
def dock(tx):
    flow = make_changing(shipping=True)
    for login in ("wang", "li"):
        flow.users[login] = make_user(roles=("warehouse",), name=login.title())
    return Dock(flow)


@pytest.mark.parametrize("packed", [False, True])
def test_less_is_wanted_of_what_is_picked(dock, packed):
    flow = dock.flow
    order, shipment = dock.release()
    (goods,) = shipments.goods_of(shipment)
    if packed:
        dock.pick_all(shipment)
        dock.do("wang", shipment)
        dock.do("wang", shipment)
    else:
        dispatch.pick(flow.actor("wang"), shipment, goods.kept.id, 3)
    case = flow.ask(order, quantity=2)
    flow.answer("boss", case, "approve")
    run_jobs()
    assert (case.hold, shipment.held, flow.at(case)) == ("confirmed", True, ["put_back"])
    with pytest.raises(dispatch.IsHeld):
        dispatch.pick(flow.actor("wang"), shipment, goods.kept.id, 1)
    flow.answer("will", case, "approve")
    run_jobs()
    assert (case.status, shipment.held, shipment.status) == ("applied", False, "picking")
    assert [(one.kept.quantity, one.is_picked) for one in shipments.goods_of(shipment)] == [(2, False)]
    dock.leave(shipment)
    dock.deliver(shipment)
    assert [line.quantity for line in orders.get_order(order.id).lines] == [2]
    assert stock.differences() == []


def test_cancelled_while_it_waits_for_its_carrier(dock):
    flow = dock.flow
    order, shipment = dock.release()
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    dock.do("wang", shipment)
    case = flow.ask(order, cancel=True)
    flow.decide_all(case)
    assert (case.status, orders.get_order(order.id).status, shipment.status) == ("applied", "cancelled", "void")
    assert (flow.kept(order), stock.differences()) == (0, [])


def test_it_has_left(dock):
    flow = dock.flow
    order, shipment = dock.release()
    dock.leave(shipment)
    case = flow.ask(order, cancel=True)
    flow.decide_all(case)
    run_jobs()
    assert (case.what_if["stage"], flow.at(case), shipment.held) == ("shipped", ["agree_return"], False)
    dock.deliver(shipment)
    assert shipment.status == "delivered"
