"""What may never leave: goods of a blocked order, goods of a lot that is held, recalled or out of date."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.catalog.models import Authorisation
from app.core import clock
from app.core.db import session
from app.core.subject import Subject
from app.fulfilment import documents, steps
from app.fulfilment.steps import NotCovered
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import Lot
from app.orders import queries as orders
from app.priority import queries as priority
from app.processes.steps import StepCall
from tests.catalog.factories import make_customer, make_licence
from tests.conftest import NOON
from tests.fulfilment.flow_world import make_flow
from tests.inventory.factories import make_lot

RENEWED = date(2027, 12, 31)


@pytest.fixture
def flow(tx):
    return make_flow()


def licensed_for(days):
    """A hospital whose licence lapses in so many days."""
    customer = make_customer(code="H-SHORT", licensed=False)
    make_licence(customer_id=customer.id, valid_to=clock.today() + timedelta(days=days))
    return customer


def kept(order):
    """Reserved units by lot."""
    found = Counter()
    for row in stock.reservations_of(order.id):
        found[row.lot_id] += row.quantity
    return dict(found)


def reserved(order):
    return [line.reserved for line in orders.get_order(order.id).lines]


@pytest.mark.parametrize("two", [False, True])
def test_a_licence_that_lapses_while_approval_waits_blocks_the_order(flow, two):
    customer = licensed_for(2)
    goods = {"product": flow.valuable, "unit_price": "60000.00"} if two else {}
    order = flow.submit(customer=customer, **goods)
    if two:
        flow.decide("bob", order, "approve")
    last = "second_approval" if two else "approve"
    assert flow.at(order) == [last]
    with clock.moved(NOON + timedelta(days=2)):
        assert not priority.standing_of(order.id).blocked, "valid to the end of its last day"
    with clock.moved(NOON + timedelta(days=3)):
        order = flow.decide("boss" if two else "bob", order, "approve")
        assert order.status == "in_approval"
        assert flow.at(order) == ["resolve_blocks"]
        assert kept(order) == {}
        assert documents.documents_of(order.id) == []
        assert priority.standing_of(order.id).blocked
        assert flow.task(order).blocked
        flow.decide("qa", order, "recheck")
        assert flow.at(order) == ["resolve_blocks"]
        make_licence(customer_id=customer.id, valid_to=RENEWED)
        flow.decide("qa", order, "recheck")
        assert flow.at(order) == ["approve"], "after a block it is approved anew"
        assert not flow.task(order).blocked


def test_a_licence_holds_through_its_last_day(flow):
    customer = licensed_for(2)
    order = flow.submit(customer=customer)
    with clock.moved(NOON + timedelta(days=2, hours=11, minutes=59)):  # 23:59 in Shanghai
        assert flow.decide("bob", order, "approve").status == "released"


def test_a_revoked_authorisation_stops_what_waits_for_approval(flow):
    order = flow.submit()
    for one in session().scalars(select(Authorisation)):
        one.valid_to = clock.today() - timedelta(days=1)
    order = flow.decide("bob", order, "approve")
    assert flow.at(order) == ["resolve_blocks"]
    assert kept(order) == {}


def test_a_licence_that_lapses_while_goods_are_missing_blocks_the_order(flow):
    customer = licensed_for(2)
    order = flow.submit(customer=customer, product=flow.plain, quantity=60)
    assert flow.at(order) == ["resolve_shortage"]
    make_lot(flow.plain, on_hand=10)
    with clock.moved(NOON + timedelta(days=3)):
        order = flow.decide("planner", order, "recheck")
        assert order.status == "in_approval"
        assert flow.at(order) == ["resolve_blocks"]


def test_what_expires_while_the_rest_is_missing_does_not_leave(flow):
    soon = make_lot(flow.plain, on_hand=5, expires_on=clock.today() + timedelta(days=10))
    order = flow.submit(product=flow.plain, quantity=60)
    assert kept(order)[soon.id] == 5
    assert flow.at(order) == ["resolve_shortage"]
    make_lot(flow.plain, on_hand=5)
    with clock.moved(NOON + timedelta(days=11)):
        order = flow.decide("planner", order, "recheck")
        assert flow.at(order) == ["resolve_shortage"]
        assert soon.id not in kept(order)
        assert reserved(order) == [55] == [sum(kept(order).values())]
        make_lot(flow.plain, on_hand=5)
        assert flow.decide("planner", order, "recheck").status == "released"
        assert soon.id not in kept(order)
    assert stock.differences() == []


def test_a_lot_goes_until_its_last_day_at_arrival(flow):
    order = flow.submit(product=flow.plain, quantity=1)
    arrives = stock.reservations_of(order.id)[0].arrives_on
    assert arrives > clock.today()
    last = make_lot(flow.plain, on_hand=1, expires_on=arrives)
    gone = make_lot(flow.plain, on_hand=1, expires_on=arrives - timedelta(days=1))
    other = flow.submit(product=flow.plain, quantity=2)
    assert kept(other)[last.id] == 1
    assert gone.id not in kept(other)


@pytest.mark.parametrize("verb", [inventory.hold_lot, inventory.recall_lot, inventory.reject_lot])
def test_a_lot_blocked_while_the_order_waits_is_made_up_for(flow, verb):
    bad = make_lot(flow.plain, on_hand=5, expires_on=clock.today() + timedelta(days=300))
    order = flow.submit(product=flow.plain, quantity=60)
    assert kept(order)[bad.id] == 5
    if verb is inventory.reject_lot:
        assert inventory.hold_lot(flow.actor("qa"), bad, reason="seal broken") == [order.id]
        assert verb(flow.actor("qa"), bad, reason="seal broken") == []
    else:
        assert verb(flow.actor("qa"), bad, reason="seal broken") == [order.id]
    assert reserved(order) == [50]
    make_lot(flow.plain, on_hand=10)
    assert flow.decide("planner", order, "recheck").status == "released"
    assert bad.id not in kept(order)
    assert reserved(order) == [60] == [sum(kept(order).values())]
    assert stock.differences() == []


def test_a_released_order_gets_another_lot_when_its_own_is_recalled(flow):
    bad = make_lot(flow.plain, on_hand=5, expires_on=clock.today() + timedelta(days=300))
    order = flow.submit(product=flow.plain, quantity=7)
    assert order.status == "released"
    assert inventory.recall_lot(flow.actor("qa"), bad, reason="recall 2026-1") == [order.id]
    assert bad.id not in kept(order)
    assert reserved(order) == [7] == [sum(kept(order).values())]
    papers = documents.documents_of(order.id)
    newest, first = [one for one in papers if one.kind == "order_confirmation"]
    assert (newest.number, newest.version, first.version) == (first.number, 2, 1)
    lots = {lot["lot_no"] for line in newest.content["lines"] for lot in line["lots"]}
    assert lots
    assert bad.lot_no not in lots


def test_a_released_order_says_so_when_no_other_lot_is_left(flow):
    order = flow.submit(product=flow.plain, quantity=50)
    (lot_id,) = kept(order)
    inventory.recall_lot(flow.actor("qa"), stock.get_lot(lot_id), reason="recall 2026-2")
    assert reserved(order) == [0]
    assert kept(order) == {}


def test_nothing_is_released_that_is_not_reserved_in_full(flow):
    order = flow.submit()
    call = StepCall(flow.actor("bob"), Subject("order", order.id), "i", {}, clock.now())
    with pytest.raises(NotCovered):
        steps.release_order(call)
    assert orders.get_order(order.id).status == "in_approval"


def test_the_database_keeps_a_lot_released_while_orders_have_it(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    (lot_id,) = kept(order)
    past_the_verbs = update(Lot).where(Lot.id == lot_id).values(status="quarantined")
    with pytest.raises(IntegrityError), session().begin_nested():
        session().execute(past_the_verbs)
