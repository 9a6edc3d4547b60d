"""Changes of released orders from end to end: every way of deciding, holding, undoing and returning."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.audit import signatures
from app.catalog.models import TenderAwardLine
from app.changes import service
from app.changes.models import ChangeRequest
from app.changes.queries import changes_of
from app.changes.wanted import NothingWouldChange
from app.core import clock
from app.core.db import session
from app.core.errors import DomainError, Invalid, NotFound, StaleVersion
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import documents, intake
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import LedgerEntry, Reservation
from app.inventory.service import outside
from app.orders import amending
from app.orders import queries as orders
from app.planning import queries as allocation
from app.planning import service as planning
from app.priority import queries as priority
from app.priority.facts import award_facts
from app.processes import queries as instances
from app.processes import service as processes
from app.tasks import queries as tasks
from app.tasks.notices import notices_of
from app.tasks.refusing import FourEyes
from tests.catalog.factories import make_customer, make_product, make_registration
from tests.changes.world import make_changing, run_jobs
from tests.orders.factories import given_order

pytestmark = pytest.mark.usefixtures("tx")


@pytest.fixture
def flow(app):
    return make_changing()


def test_texts_only_go_through_by_themselves(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    assert order.status == "released"
    case = flow.ask(order, note="call at the back door")
    assert (case.status, case.number[:3]) == ("applied", "CR-")
    order = orders.get_order(order.id)
    assert (order.status, order.note, order.version) == ("released", "call at the back door", case.applied_version)
    assert flow.kept(order) == 5
    assert [one.version for one in documents.documents_of(order.id)] == [2, 1]
    with pytest.raises(NothingWouldChange):
        flow.ask(order, note="call at the back door")


def test_less_is_reserved_anew_and_the_rest_is_free(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    case = flow.ask(order, quantity=2)
    assert flow.at(case) != []
    run_jobs()  # nobody waits for a hold: nothing is under way
    order = orders.get_order(order.id)
    assert (case.status, case.hold, flow.kept(order), order.lines[0].reserved) == ("applied", "nobody", 2, 2)
    assert {row.level for row in stock.reservations_of(order.id)} == {"firm"}
    assert stock.differences() == []


def scarce(flow):
    """All 50 are taken: 20 by a released order, 30 by one that waits for more; answers both."""
    released = flow.submit(product=flow.plain, quantity=20)
    waiting = flow.submit(product=flow.plain, quantity=60)
    assert (flow.kept(released), flow.kept(waiting)) == (20, 30)
    return released, waiting


def urgent(flow, **over):
    soon = clock.now() + timedelta(days=6)
    dates = {"surgery_at": soon.isoformat(), "requested_date": soon.date().isoformat()}
    return {**dates, **over}


def ledger():
    rows = session().execute(select(LedgerEntry.id, LedgerEntry.hash).order_by(LedgerEntry.id))
    kept = session().execute(select(Reservation.id, Reservation.status, Reservation.quantity).order_by(Reservation.id))
    return [tuple(row) for row in rows], [tuple(row) for row in kept]


def test_who_is_displaced_is_told_before_and_after(flow):
    order, waiting = scarce(flow)
    before = ledger()
    case = flow.ask(order, quantity=25, **urgent(flow))
    (one,) = case.what_if["displaced"]
    assert (one["number"], one["change"]) == (waiting.number, -5)
    assert ledger() == before
    assert orders.get_order(order.id).version == case.base_version
    element = flow.at(case)[0]
    assert element == ("manager_decides" if one["band"] in ("P0", "P1") else "desk_decides")
    flow.answer("bob", case, "approve")
    run_jobs()
    assert (case.status, flow.kept(order), flow.kept(waiting)) == ("applied", 25, 25)
    assert orders.get_order(waiting.id).lines[0].reserved == 25
    turn = allocation.story_of(waiting.id).turns[0]
    assert (turn.before, turn.after, turn.winner) == (30, 25, order.number)
    told = [str(one.about) for one in notices_of(flow.users["ann"].id).items]
    assert [text for text in told if waiting.number in text]
    assert stock.differences() == []


def test_a_manager_signs_for_an_urgent_order_and_the_order_desk_cannot(flow):
    order = flow.submit(product=flow.plain, quantity=20)
    waiting = flow.submit(product=flow.plain, quantity=60, order_type="replacement", **urgent(flow))
    standing = priority.standing_of(waiting.id)
    assert standing.band in ("P0", "P1")
    soon = clock.now() + timedelta(hours=30)
    dates = {"surgery_at": soon.isoformat(), "requested_date": soon.date().isoformat()}
    case = flow.ask(order, quantity=25, order_type="emergency", **dates)
    assert [one["band"] for one in case.what_if["displaced"]] == [standing.band]
    assert flow.at(case) == ["manager_decides"]
    (task,) = tasks.open_tasks_of(case.subject)
    assert tasks.candidates_of(task.id)["group"] == ["manager"]
    flow.answer("boss", case, "approve")
    run_jobs()
    assert (case.status, flow.kept(order)) == ("applied", 25)
    (signed,) = signatures.signatures_of(case.subject)
    assert signed.meaning == "approval"
    assert not any(signatures.faults_of([signed]).values())
    session().execute(update(ChangeRequest).values(wanted={**case.wanted, "note": "forged"}))
    assert signatures.faults_of([signed])[signed.id]


def test_held_put_back_changed_and_the_shipment_starts_over(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    shipment = flow.shipment(order)
    (kept,) = stock.reservations_of(order.id)
    inventory.pick(flow.actor("will"), kept.id, 3)
    case = flow.ask(order, quantity=2)
    assert (case.what_if["stage"], flow.at(case)) == ("picking", ["manager_decides"])
    assert case.what_if["cost"]["fee_fen"] == 20000
    flow.answer("boss", case, "approve")
    run_jobs()
    assert (case.hold, flow.at(case)) == ("confirmed", ["put_back"])
    flow.answer("will", case, "approve")
    assert (case.status, flow.kept(order)) == ("applied", 2)
    assert ended(shipment) == "starts_over"
    assert {row.place.zone_kind for row in stock.reservations_of(order.id)} == {"qualified"}
    assert stock.differences() == []


def drawn(flow):
    """Base units that orders have drawn on the only award."""
    session().expire_all()
    return session().scalars(select(TenderAwardLine.consumed_qty)).one()


def tender_order(flow, quantity):
    given = given_order("tender", product=flow.world.product, customer=flow.world.hospital, quantity=quantity)
    return intake.take_in(flow.actor("ann"), given).order


def test_a_tender_order_draws_on_its_award_once_released_and_a_cancellation_gives_it_back(flow):
    order, other = tender_order(flow, 5), tender_order(flow, 3)
    assert (order.status, drawn(flow)) == ("in_approval", 0)
    left = award_facts(Subject("order", order.id), clock.now())[0]["remaining_quantity"]
    order = flow.decide("bob", order, "approve")
    assert (order.status, drawn(flow)) == ("released", 5)
    assert award_facts(Subject("order", order.id), clock.now())[0]["remaining_quantity"] == left == 995
    with amending.supposed(order, flow.changed(order, quantity=1001)):  # more than is committed is seen before
        assert award_facts(Subject("order", order.id), clock.now())[0]["remaining_quantity"] == -1
    flow.decide("bob", other, "approve")
    assert drawn(flow) == 8
    for change, sum_of_both in (({"quantity": 9}, 12), ({"note": "at the back door"}, 12), ({"cancel": True}, 3)):
        case = flow.ask(orders.get_order(order.id), **change)
        if case.status != "applied":
            flow.answer("bob", case, "approve")
            run_jobs()
        assert (case.status, drawn(flow)) == ("applied", sum_of_both)
    amending.cancel_rest(
        flow.actor("bob"), other, {other.lines[0].id: 1}, seen_version=other.version, reason="one has left"
    )
    assert drawn(flow) == 1


def test_nobody_answers_so_somebody_calls_and_it_is_cancelled(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    shipment = flow.shipment(order, answer="never.heard.of")
    late = {"business_key": order.number, "ttl": timedelta(days=9)}
    processes.correlate(flow.actor("will"), "hold.confirmed", **late)  # to a question of last week
    case = flow.ask(order, cancel=True)
    assert flow.at(case) == ["desk_decides"]
    flow.answer("bob", case, "approve")
    run_jobs()
    assert (case.hold, "hold_confirmed" in flow.at(case)) == ("asked", True)
    with clock.moved(clock.now() + timedelta(minutes=31)):
        run_jobs()
        assert flow.at(case) == ["call_warehouse"]
        flow.answer("bob", case, "approve")
    order = orders.get_order(order.id)
    assert (case.status, order.status, flow.kept(order)) == ("applied", "cancelled", 0)
    assert ended(shipment) == "ends"


def test_it_has_left_and_comes_back_for_inspection(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    flow.shipment(order, answer="already.shipped")
    case = flow.ask(order, cancel=True)
    flow.answer("bob", case, "approve")
    (kept,) = stock.reservations_of(order.id)
    inventory.pick(flow.actor("will"), kept.id, 5)
    inventory.ship(flow.actor("will"), kept.id, outside("customer", order.customer_id))
    run_jobs()
    assert (case.hold, flow.at(case)) == ("shipped", ["agree_return"])
    assert case.what_if["cost"]["fee_fen"] == int(order.total * 100) // 10
    flow.answer("bob", case, "approve")
    assert case.rma_number.startswith("RMA-")
    with pytest.raises(service.ReturnUnderWay):
        service.withdraw(flow.actor("ann"), case.id)
    lot = kept.lot
    with pytest.raises(Invalid), session().begin_nested():
        flow.answer("will", case, "approve", goods=f"{lot.lot_no} 6")
    flow.answer("will", case, "approve", goods=f"{lot.lot_no} 4")
    assert (case.status, orders.get_order(order.id).status) == ("returned", "released")
    assert [
        (row.place.zone_kind, row.on_hand) for row in stock.bins_of(lot.id) if row.place.zone_kind == "returns"
    ] == [("returns", 4)]
    assert stock.differences() == []


def test_an_order_in_approval_that_is_changed_meanwhile_is_weighed_again(flow):
    order = flow.submit(product=flow.world.product)
    stale = order.version
    case = flow.ask(order, delivery="complete")
    assert flow.at(case) == ["desk_decides"]
    with pytest.raises(service.ChangeUnderWay):
        flow.ask(order, by="bob", note="me too")
    intake.change(flow.actor("ann"), order.id, {"note": "other"}, seen_version=order.version)
    flow.answer("bob", case, "approve")
    assert flow.at(case) == ["desk_decides"]
    assert (case.notice["was"], case.notice["paths"], case.base_version) == (stale, ["note"], stale + 1)
    flow.answer("bob", case, "approve")
    order = orders.get_order(order.id)
    assert (case.status, order.delivery, order.note, order.version) == ("applied", "complete", "other", stale + 2)
    with pytest.raises(StaleVersion):
        flow.ask(order, seen=stale, note="x")


def test_both_changed_the_same_so_it_is_refused_with_the_reason(flow):
    order = flow.submit(product=flow.world.product)
    case = flow.ask(order, delivery="complete")
    intake.change(flow.actor("ann"), order.id, {"delivery": "complete"}, seen_version=order.version)
    flow.answer("bob", case, "approve")
    assert (case.status, case.notice["conflict"]) == ("refused", ["delivery"])


def test_withdrawn_by_the_requester_only_and_held_goods_go_on(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    shipment = flow.shipment(order)
    (kept,) = stock.reservations_of(order.id)
    inventory.pick(flow.actor("will"), kept.id, 3)
    case = flow.ask(order, quantity=2, by="bob")
    flow.answer("boss", case, "approve")
    run_jobs()
    with pytest.raises(service.NotTheRequester):
        service.withdraw(flow.actor("ann"), case.id)
    service.withdraw(flow.actor("bob"), case.id)
    assert (case.status, tasks.open_tasks_of(case.subject), ended(shipment)) == ("withdrawn", [], "goes_on")
    with pytest.raises(service.ChangeClosed):
        service.withdraw(flow.actor("bob"), case.id)
    flow.ask(order, note="the next one may come")


def test_too_much_goes_back_to_approval_and_waits_and_nobody_is_displaced(flow):
    order, waiting = scarce(flow)
    case = flow.ask(order, quantity=90)
    assert (case.what_if["short"], case.what_if["displaced"]) == (70, [])
    with pytest.raises(FourEyes):
        flow.answer("ann", case, "approve")
    flow.answer("bob", case, "approve")
    run_jobs()
    order = orders.get_order(order.id)
    assert (case.status, order.status, flow.at(order)) == ("applied", "in_approval", flow.at(order))
    assert flow.kept(order) + flow.kept(waiting) == 50
    assert stock.differences() == []


def test_compliance_refuses_what_could_not_be_released(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    outsider = make_customer(code="H-0009", licensed=False)
    case = flow.ask(order, customer=outsider.code)
    assert (case.status, bool(case.what_if["blocks"]), flow.kept(order)) == ("refused", True, 5)


def test_more_than_was_approved_needs_who_would_have_approved_it(flow):
    order = flow.submit(product=flow.plain, quantity=1, unit_price="100.00")
    assert order.status == "released"
    case = flow.ask(order, quantity=2)  # more value: the order desk, for it has been approved for less
    assert flow.at(case) == ["desk_decides"]
    flow.answer("bob", case, "reject", reason="not agreed with the customer")
    assert (case.status, case.outcome) == ("refused", "not agreed with the customer")
    flow.plain.list_price = Decimal("9000.00")
    given = flow.changed(order, quantity=40)
    given["lines"][0]["unit_price"] = "9000.00"
    case = flow.ask(order, lines=given["lines"])
    assert (case.what_if["approval"]["route"], flow.at(case)) == ("two", ["manager_decides"])


def test_asked_for_by_message(flow):
    order = flow.submit(product=flow.plain, quantity=5)
    told = {"order": order.number, "version": order.version, "reason": "the hospital called", "wanted": {"note": "x"}}
    processes.correlate(flow.actor("ann"), "change.requested", business_key=order.number, variables=told)
    (case,) = changes_of(order.id)
    assert (case.status, case.source, orders.get_order(order.id).note) == ("applied", "message", "x")
    for wrong in ({"version": "1"}, {"wanted": []}, {"order": "SO-0"}):
        with pytest.raises((Invalid, NotFound)):
            processes.correlate(flow.actor("ann"), "change.requested", variables={**told, **wrong})


def ended(instance_id):
    ends = ("starts_over", "ends", "goes_on")
    return next(one for one in instances.diagram_state(instance_id)["done"] if one in ends)


def test_others_lose_more_than_was_agreed_so_it_is_decided_again(flow):
    order, waiting = scarce(flow)
    case = flow.ask(order, quantity=25, **urgent(flow))
    assert [one["number"] for one in case.what_if["displaced"]] == [waiting.number]
    third = flow.submit(product=flow.plain, quantity=40, **urgent(flow, order_type="emergency"))
    planning.run(planning.SYSTEM, "test")
    assert (flow.kept(third), flow.kept(waiting)) == (30, 0)  # it has what the change was to take from the other
    flow.answer("bob", case, "approve")
    assert (case.status, bool(case.notice)) == ("open", True)
    displaced = [one["number"] for one in case.what_if["displaced"]]
    assert (displaced == [] and case.what_if["short"]) or displaced == [third.number]
    assert (flow.kept(order), flow.kept(third)) == (20, 30)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 45), st.booleans()), min_size=1, max_size=5))
def test_whatever_is_changed_all_stock_is_accounted_for(flow, acts):
    """Four orders, 50 units; each act changes one to a quantity (nought: cancels it), urgently or not."""
    undone = session().begin_nested()
    try:
        made = [flow.submit(product=flow.plain, quantity=number) for number in (20, 10, 15, 30)]
        for place, quantity, soon in acts:
            order, before = orders.get_order(made[place].id), ledger()
            over = {"quantity": quantity, **(urgent(flow) if soon else {})}
            try:
                case = flow.ask(order, cancel=not quantity, **over)
            except DomainError:  # closed, or nothing would change
                continue
            assert case.status != "open" or ledger() == before  # weighed with nothing changed
            flow.decide_all(case)
            settled(made)
    finally:
        undone.rollback()


def settled(made):
    """Every unit kept is kept once, for a line that wants it; a released order has all it wants, firmly."""
    assert stock.differences() == []
    for order in made:
        session().refresh(order)
        kept = stock.kept_by_line([order.id])
        assert kept == {line.id: line.reserved for line in order.lines if line.reserved}
        if order.status == "released":
            assert all(line.reserved == line.quantity for line in order.lines)
            assert {row.level for row in stock.reservations_of(order.id)} == {"firm"}
        if order.status == "cancelled":
            assert kept == {}
    assert sum(sum(stock.kept_by_line([order.id]).values()) for order in made) <= 50


RETURNS_INSPECTED = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
  <message id="m" name="goods.returned"/>
  <process id="tiny_inspection" isExecutable="true">
    <startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><receiveTask id="wait" messageRef="m2"/>
    <endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="wait"/>
    <sequenceFlow id="f2" sourceRef="wait" targetRef="e"/>
  </process>
  <message id="m2" name="inspected"/>
</definitions>"""


def test_units_by_serial_are_put_back_and_an_implant_that_returns_is_rejected_unless_quality_says_otherwise(flow):
    processes.deploy(SYSTEM, RETURNS_INSPECTED)
    implant = make_product(
        sku="PLATE-1",
        udi_di="06912345000031",
        implantable=True,
        serial_controlled=True,
        registration_id=make_registration().id,
    )
    dates = {"made_on": "2026-06-01", "expires_on": "2028-06-01"}
    site, will = stock.warehouses()[0], flow.actor("will")
    numbers = ["P1", "P2", "P3", "P4"]
    lot = inventory.receive(will, implant, site, {"lot_no": "L1", "quantity": 4, "serials": numbers, **dates})
    inventory.release_lot(flow.actor("qa"), lot, reason="ok", report_no="R-1")
    order = flow.submit(product=implant, quantity=2, unit_price="100.00")
    flow.decide("bob", order, "approve")
    order = orders.get_order(order.id)
    assert order.status == "released"
    (kept,) = stock.reservations_of(order.id)
    inventory.pick(will, kept.id, 2, serials=["P2", "P3"])
    case = flow.ask(order, quantity=1)
    flow.answer("boss", case, "approve")
    run_jobs()
    flow.answer("will", case, "approve")
    assert (case.status, flow.kept(order)) == ("applied", 1)
    (kept,) = stock.reservations_of(order.id)
    inventory.pick(will, kept.id, 1, serials=["P3"])
    truck, there = outside("transit", "truck"), outside("customer", order.customer_id)
    inventory.ship(will, kept.id, truck, serials=["P3"])
    inventory.hand_over(will, "deliver", inventory.Goods(lot, 1, ("P3",)), truck, there)
    case = flow.ask(order, cancel=True)
    assert (case.what_if["stage"], flow.at(case)) == ("shipped", ["agree_return"])
    flow.answer("bob", case, "approve")
    flow.answer("will", case, "approve")
    places = {serial.serial_no: place.zone_kind for serial, place in session().execute(stock.serials_of(lot.id))}
    assert (places["P3"], places["P2"]) == ("returns", "qualified")
    inspected = instances.instance_of(Subject("lot", lot.id), "tiny_inspection")
    assert inspected is not None
    assert {name: instances.variables_of(inspected.id)[name] for name in ("default", "rma", "quantity")} == {
        "default": "reject",
        "rma": case.rma_number,
        "quantity": 1,
    }
