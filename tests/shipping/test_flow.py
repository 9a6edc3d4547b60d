"""From the release of an order to the receiver's signature, through the real diagram, rules and ledger."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import session
from app.core.errors import Invalid
from app.core.subject import Subject
from app.documents import queries as documents
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.orders import queries as orders
from app.processes import queries as processes
from app.processes.service import NoMatch
from app.shipping import delivery, dispatch, missing, shipments
from app.shipping.temperature import Reading
from app.tasks.records import Notice
from app.tasks.service import FourEyes
from tests.inventory.factories import make_lot
from tests.shipping.world import make_dock


@pytest.fixture
def dock(tx):
    return make_dock()


def where(lot):
    """Units of the lot by kind of place outside, supplier aside."""
    return {place.kind: quantity for place, _owner, quantity in stock.holdings_of(lot.id) if place.kind != "supplier"}


def statuses(order):
    return [one.status for one in shipments.shipments_of(order.id)]


def test_from_release_to_signature(dock):
    order, shipment = dock.release()
    assert (dock.at(shipment), shipment.status, shipment.carrier) == (["pick"], "picking", "ROAD-1")
    lot = shipments.goods_of(shipment)[0].kept.lot
    with pytest.raises(dispatch.NotAllPicked):
        dock.do("wang", shipment)
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    assert dock.at(shipment) == ["pack"], "class II and of no high value: nobody else need look"
    with pytest.raises(delivery.NotUnderWay):
        delivery.deliver(dock.flow.actor("wang"), shipment, {"receiver": "Dr Chen"})
    dock.do("wang", shipment)
    assert (dock.at(shipment), shipment.status) == (["await_pickup"], "packed")
    kinds = {one.kind for one in documents.documents_of(Subject("order", order.id))}
    assert {"order_confirmation", "pick_list", "delivery_note"} <= kinds
    dock.say("shipment.pickup", shipment, vehicle="沪A12345")
    assert (where(lot), shipment.status, shipment.vehicle) == ({"transit": 5}, "in_transit", "沪A12345")
    dock.deliver(shipment)
    assert (where(lot), shipment.status) == ({"customer": 5}, "delivered")
    assert processes.instance_of(Subject("shipment", shipment.id)).status == "completed"
    proof = shipments.proof_of(shipment)
    assert (proof.receiver, len(proof.sha256), proof.refused) == ("Dr Chen", 64, [])
    with pytest.raises(delivery.NotUnderWay):
        delivery.deliver(dock.flow.actor("wang"), shipment, {"receiver": "Dr Li"})
    assert stock.differences() == []
    assert list(stock.broken_links()) == []


def test_a_second_person_checks_what_is_of_class_iii(dock):
    _order, shipment = dock.release(product=dock.flow.world.product, quantity=1)
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    assert dock.at(shipment) == ["check"]
    with pytest.raises(FourEyes):
        dock.do("wang", shipment)
    dock.do("li", shipment, outcome="rework", reason="label torn")
    assert dock.at(shipment) == ["pick"]
    assert all(not one.is_picked for one in shipments.goods_of(shipment))
    dock.leave(shipment)
    dock.deliver(shipment)
    assert shipment.status == "delivered"


def test_what_does_not_lie_there_is_taken_from_another_lot(dock):
    order, shipment = dock.release(quantity=50)
    other = make_lot(dock.flow.plain, on_hand=20, expires_on=date(2028, 7, 1))
    (one,) = shipments.goods_of(shipment)
    first = one.kept.lot
    assert missing.report_missing(dock.flow.actor("wang"), shipment, one.kept.id, 45, reason="not in the bin") == 0
    kept = {one.kept.lot_id: one.kept.quantity for one in shipments.goods_of(shipment)}
    assert kept == {first.id: 45, other.id: 5}
    assert sum(row.on_hand for row in stock.lots_of(first.id)) == 45
    dock.leave(shipment)
    dock.deliver(shipment)
    assert (where(first)["customer"], where(other)["customer"]) == (45, 5)
    assert sum(line.quantity for line in orders.get_order(order.id).lines) == 50


def test_what_does_not_lie_there_is_not_looked_for_there_again(dock):
    _order, shipment = dock.release(quantity=5)
    other = make_lot(dock.flow.plain, on_hand=20, expires_on=date(2028, 7, 1))
    (one,) = shipments.goods_of(shipment)
    first = one.kept.lot
    assert sum(row.on_hand for row in stock.lots_of(first.id)) == 50
    assert missing.report_missing(dock.flow.actor("wang"), shipment, one.kept.id, 2, reason="two lie there") == 0
    assert {one.kept.lot_id: one.kept.quantity for one in shipments.goods_of(shipment)} == {first.id: 2, other.id: 3}
    assert sum(row.on_hand for row in stock.lots_of(first.id)) == 2
    assert stock.differences() == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_recalled_lot_stops_it_at_once_and_other_lots_go(dock, packed):
    order, shipment = dock.release()
    lot = shipments.goods_of(shipment)[0].kept.lot
    spare = make_lot(dock.flow.plain, on_hand=20)
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    if packed:
        dock.do("wang", shipment)
    inventory.recall_lot(dock.flow.actor("qa"), lot, reason="maker recalls it")
    assert (dock.at(shipment), statuses(order)) == (["pick"], ["picking"])
    assert [one.kept.lot_id for one in shipments.goods_of(shipment)] == [spare.id]
    assert where(lot) == {}
    dock.leave(shipment)
    assert where(lot) == {}
    assert where(spare) == {"transit": 5}


def test_a_recalled_lot_without_another_waits_until_there_is_one(dock):
    order, shipment = dock.release()
    lot = shipments.goods_of(shipment)[0].kept.lot
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    dock.do("wang", shipment)
    inventory.recall_lot(dock.flow.actor("qa"), lot, reason="maker recalls it")
    assert (dock.at(shipment), statuses(order), where(lot)) == (["resolve_dispatch"], ["planned"], {})
    make_lot(dock.flow.plain, on_hand=2)
    dock.do("qa", shipment, outcome="recheck")
    assert dock.at(shipment) == ["resolve_dispatch"], "two of five are not the order"
    make_lot(dock.flow.plain, on_hand=3)
    dock.do("qa", shipment, outcome="recheck")
    assert dock.at(shipment) == ["pick"]
    assert [line.reserved for line in order.lines] == [5]
    dock.leave(shipment)
    dock.deliver(shipment)
    assert (statuses(order), stock.differences()) == (["delivered"], [])


def test_a_lot_recalled_on_its_way_is_called_back_into_the_recall_zone(dock):
    _order, shipment = dock.release()
    lot = shipments.goods_of(shipment)[0].kept.lot
    dock.leave(shipment)
    inventory.recall_lot(dock.flow.actor("qa"), lot, reason="maker recalls it")
    assert (dock.at(shipment), shipment.status) == (["receive_back"], "returning")
    with pytest.raises(delivery.NotUnderWay):
        dock.deliver(shipment)
    dock.do("wang", shipment)
    assert (shipment.status, where(lot)) == ("returned", {})
    assert {row.zone.kind for row in stock.bins_of(lot.id)} == {"recall"}
    assert stock.differences() == []


def test_a_lot_that_expires_before_it_arrives_is_blocked_at_the_gate(dock):
    _order, shipment = dock.release()
    lot = shipments.goods_of(shipment)[0].kept.lot
    dock.pick_all(shipment)
    lot.expires_on = shipment.arrives_on - timedelta(days=1)
    session().flush()
    dock.do("wang", shipment)
    assert dock.at(shipment) == ["resolve_dispatch"]
    dock.do("qa", shipment, outcome="reject", reason="nothing else in stock")
    assert shipment.status == "void"


def test_held_for_a_change_resumed_changed_cancelled(dock):
    order, shipment = dock.release()
    dock.say("hold.pick", shipment, change="CR-1")
    assert shipment.held
    (one,) = shipments.goods_of(shipment)
    with pytest.raises(dispatch.IsHeld):
        dispatch.pick(dock.flow.actor("wang"), shipment, one.kept.id, 1)
    dock.say("hold.lifted", shipment)
    assert not shipment.held
    dock.pick_all(shipment)
    dock.say("hold.pick", shipment, change="CR-2")
    dock.say("order.changed", shipment)
    assert (dock.at(shipment), shipment.held, shipment.status) == (["pick"], False, "picking")
    dock.say("order.cancelled", shipment)
    assert statuses(order) == ["void"]
    assert all(not one.is_picked for one in shipments.goods_of(shipment))
    with pytest.raises(NoMatch):
        dock.say("order.changed", shipment)


def test_a_hold_that_comes_too_late(dock):
    _order, shipment = dock.release()
    dock.leave(shipment)
    dock.say("hold.pick", shipment, change="CR-1")
    assert not shipment.held
    with pytest.raises(dispatch.HasLeft):
        dock.say("order.cancelled", shipment)
    dock.deliver(shipment)


def test_cold_goods_go_with_a_logger_and_warm_ones_are_assessed(dock):
    product = dock.flow.plain
    product.storage_min_c, product.storage_max_c = Decimal(2), Decimal(8)
    session().flush()
    stock_of = make_lot(product, on_hand=10)
    _order, shipment = dock.release(quantity=3)
    assert (shipment.cold, shipment.carrier) == (True, "COLD-1")
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    for packing, field in (
        ({}, "logger"),
        ({"logger": "T-1"}, "box_celsius"),
        ({"logger": "T-1", "box_celsius": 9}, "box_celsius"),
    ):
        with pytest.raises(Invalid) as refused:
            dock.do("wang", shipment, **packing)
        assert refused.value.details["fields"].keys() == {field}
    dock.do("wang", shipment, logger="T-1", box_celsius=4.5)
    dock.say("shipment.pickup", shipment)
    actor = dock.flow.actor("tao")
    begun = shipment.departed_at
    with clock.moved(begun + timedelta(hours=3)):
        fine = [Reading(begun + timedelta(minutes=10 * n), Decimal("5.0")) for n in range(12)]
        assert delivery.take_readings(actor, shipment, "T-1", fine) == (12, False)
        assert delivery.take_readings(actor, shipment, "T-1", fine) == (0, False)
        warm = [Reading(begun + timedelta(minutes=120 + 10 * n), Decimal("11.5")) for n in range(6)]
        assert delivery.take_readings(actor, shipment, "T-1", warm) == (6, True)
        dock.say("shipment.excursion", shipment)
        assert dock.at(shipment) == ["assess"]
        with pytest.raises(NoMatch):
            dock.say("shipment.delivered", shipment)
        verdict = delivery.verdict_of(shipment, clock.now())
        assert (verdict.hours_outside, verdict.complete, verdict.frozen) == (1, True, False)
        dock.do("qa", shipment, outcome="reject", reason="an hour at 11.5")
        assert shipment.status == "returning"
        dock.do("wang", shipment)
    assert shipment.status == "returned"
    assert (where(stock_of).get("customer", 0), stock.differences()) == (0, [])


def test_what_is_refused_comes_back_and_the_rest_is_delivered(dock):
    _order, shipment = dock.release()
    lot = shipments.goods_of(shipment)[0].kept.lot
    dock.leave(shipment)
    with pytest.raises(Invalid):
        dock.deliver(shipment, refused=[{"lot_no": lot.lot_no, "quantity": 6, "reason": "torn"}])
    dock.deliver(shipment, refused=[{"lot_no": lot.lot_no, "quantity": 2, "reason": "torn"}])
    assert where(lot) == {"transit": 2, "customer": 3}
    assert dock.at(shipment) == ["settle"]
    dock.do("qa", shipment, reason="credit note agreed")
    assert where(lot) == {"customer": 3}
    assert stock.differences() == []


def test_who_can_call_the_carrier_hears_that_it_is_late(dock):
    def told():
        while jobs.run_due():
            pass
        wanted = select(Notice).where(Notice.path == f"/shipments/{shipment.id}").order_by(Notice.id)
        return [(one.user_id, one.title["en"]) for one in session().scalars(wanted)]

    _order, shipment = dock.release()
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    dock.do("wang", shipment)
    transport, packed = dock.flow.users["tao"].id, clock.now()
    with clock.moved(packed + timedelta(hours=23)):
        assert told() == []
    with clock.moved(packed + timedelta(hours=25)):
        assert (transport, f"{shipment.number}, not fetched") in told()
        dock.say("shipment.pickup", shipment)
        before = told()
    with clock.moved(packed + timedelta(days=5)):
        late = [one for one in told() if one not in before]
        assert (transport, f"{shipment.number}, not arrived") in late
        assert len(late) == len(before), "once each"
