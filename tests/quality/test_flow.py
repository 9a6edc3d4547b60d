"""Inspection and release from end to end, through the engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.audit import signatures
from app.core import clock, jobs
from app.core.db import session
from app.core.errors import Invalid
from app.core.subject import Subject
from app.documents import queries as documents
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.places import REJECTED_GOODS, RETURNS
from app.inventory.service.places import first_bin
from app.processes import queries as process_queries
from app.processes import service as processes
from app.quality import following, history, queries, service, supply
from app.quality.models import Inspection
from app.tasks import ladder
from app.tasks import queries as tasks
from app.tasks.refusing import FourEyes
from tests.catalog.factories import make_customer, make_product
from tests.conftest import NOON
from tests.identity.factories import sign_in
from tests.inventory.factories import make_lot, make_warehouse
from tests.quality.world import make_quality, settle


@pytest.fixture
def world(tx):
    return make_quality()


def zones_of(lot):
    return {row.zone.kind: row.on_hand for row in stock.bins_of(lot.id) if row.on_hand}


def test_released_for_some_customers_only(world):
    ours, theirs = make_customer(), make_customer()
    one = world.receive(100)
    world.check(one)
    world.test(one)
    world.answer("qora", one, outcome="approve")
    for wrong, field in (({"customers": ""}, "customers"), ({"customers": "nobody"}, "customers")):
        with pytest.raises(Invalid) as refused, session().begin_nested():
            world.answer("hedda", one, outcome="conditional", **wrong)
        assert refused.value.details["fields"].keys() == {field}
    until = clock.today() + timedelta(days=60)
    world.answer("hedda", one, outcome="conditional", customers=ours.code, until=until.isoformat())
    lot = world.lot(one)
    assert (lot.status, lot.conditional, lot.only_until, one.state) == ("released", True, until, "released")
    assert stock.customers_allowed([lot]) == {lot.id: frozenset({ours.id})}
    assert theirs.id not in stock.customers_allowed([lot])[lot.id]


def test_from_receipt_to_release(world):
    one = world.receive(100)
    lot = world.lot(one)
    assert (lot.status, world.at(one), zones_of(lot)) == ("inspecting", ["receiving_check"], {"quarantine": 100})
    world.check(one)
    assert (one.route, one.plan["size"], one.plan["accept"], one.plan["aql"]) == ("full", 13, 0, "1.0")  # a first lot
    with pytest.raises(Invalid), session().begin_nested():
        world.test(one, measured="mass: about 3")
    world.test(one, sampled=5)
    assert (world.at(one), one.found["sampled"], one.accepted) == (["test"], 5, None)
    world.test(one)
    assert (world.at(one), one.accepted) == (["review"], True)
    with pytest.raises(FourEyes):
        world.answer("quin", one, outcome="approve")
    world.answer("qora", one, outcome="approve")
    with pytest.raises(FourEyes):
        world.answer("quin", one, outcome="approve")
    world.answer("hedda", one, outcome="approve")
    lot = world.lot(one)
    assert (one.state, lot.status, lot.report_no, zones_of(lot)) == (
        "released",
        "released",
        one.report_no,
        {"qualified": 100},
    )
    assert [paper.kind for paper in documents.documents_of(Subject("lot", lot.id))] == ["inspection_report"]
    signed = signatures.signatures_of(one.subject)
    assert sorted(sign.meaning for sign in signed) == ["release", "review"]
    assert not any(signatures.faults_of(signed).values())


def test_a_lot_that_does_not_conform(world):
    one = world.receive(100)
    world.check(one)
    world.test(one, defective=3)
    record = queries.nonconformance_of(one.id)
    assert (world.at(one), one.accepted, record.severity, record.outcome) == (["review"], False, "major", "open")
    world.answer("qora", one, outcome="approve")
    with pytest.raises(service.NotAcceptable), session().begin_nested():
        world.answer("hedda", one, outcome="approve")
    world.answer("hedda", one, outcome="reject", reason="torn")
    lot = world.lot(one)
    assert (one.state, lot.status, record.outcome, record.proposed) == ("rejected", "rejected", "rejected", "scrap")
    assert zones_of(lot) == {REJECTED_GOODS: 100}


def test_struck_results_more_samples_and_more_goods(world):
    one = world.receive(100)
    world.check(one)
    world.test(one, measured="mass: 5")  # outside its limits; not a key characteristic, yet the unit is defective
    assert (one.accepted, one.found["failed"], one.found["defective"]) == (False, ["mass"], 1)
    world.answer("qora", one, outcome="rework", reason="misread")
    assert (world.at(one), one.accepted, one.found["sampled"], one.results[0]["struck"]) == (
        ["test"],
        None,
        0,
        world.flow.users["qora"].id,
    )
    world.test(one)
    assert (one.accepted, queries.nonconformance_of(one.id) is not None) == (True, True)
    again = world.receive(60, lot_no="R1")
    assert (again.id, again.quantity) == (one.id, 160)
    world.answer("qora", one, outcome="approve")
    with pytest.raises(service.NotAllSampled), session().begin_nested():
        world.answer("hedda", one, outcome="approve")
    world.answer("hedda", one, outcome="rework", reason="60 more came")
    assert (one.plan["planned_for"], one.plan["size"], one.plan["accept"]) == (160, 63, 1)
    world.test(one, by="quin")
    world.judge(one)
    assert (one.state, zones_of(world.lot(one))) == ("released", {"qualified": 160})


def test_nobody_releases_it_by_hand_and_a_recall_stops_it(world):
    one = world.receive(100)
    lot = world.lot(one)
    with pytest.raises(service.UnderInspection):
        inventory.refuse_claimed(lot, "released")
    world.check(one)
    inventory.recall_lot(world.flow.actor("qora"), lot, reason="notice 7")
    session().refresh(one)
    assert (one.state, one.reason, world.at(one), world.lot(one).status) == ("stopped", "notice 7", [], "recalled")
    two = world.receive(100)
    processes.suspend(world.flow.actor("hedda"), process_queries.instance_of(two.subject).id, "looked into")
    inventory.recall_lot(world.flow.actor("qora"), world.lot(two), reason="notice 8")
    session().refresh(two)
    assert (two.state, process_queries.instance_of(two.subject).status, world.lot(two).status) == (
        "stopped",
        "cancelled",
        "recalled",
    )
    inventory.refuse_claimed(lot, "released")  # nothing is in the way now but its status


def test_documents_a_hold_and_a_refusal(world):
    world.product.risk_class = 1
    for number in range(3):
        make_receipt(world, number)
    one = world.receive(50)
    world.check(one)
    assert (one.route, one.plan, world.at(one)) == ("documents", {}, ["test"])
    world.answer("quin", one, sampled=0, defective=0)
    with pytest.raises(FourEyes):
        world.answer("quin", one, outcome="approve")
    world.judge(one)
    assert (one.state, one.accepted, world.lot(one).status) == ("released", None, "released")
    world.product.storage_min_c, world.product.storage_max_c = 2, 8
    two = world.receive(50)
    world.check(two, temperature="incomplete")
    assert (two.route, world.at(two)) == ("hold", ["resolve_hold"])
    world.answer("quin", two, outcome="rework", reason="here it is")
    world.check(two, temperature="incomplete")
    world.answer("quin", two, outcome="reject", reason="never came")
    assert (two.state, world.lot(two).status) == ("rejected", "rejected")


def make_receipt(world, number):
    """A lot of the product that came from nobody in particular, released long ago."""
    given = {"lot_no": f"OLD{number}", "made_on": "2026-01-01", "expires_on": "2028-01-01", "quantity": 5}
    inventory.receive(world.flow.actor("wanda"), world.product, make_warehouse(), given, inspected=True)


def test_goods_that_came_back(world):
    lot = make_lot(world.product, on_hand=40)
    actor, site = world.flow.actor("wanda"), make_warehouse()
    with pytest.raises(service.NothingReturned), session().begin_nested():
        processes.start_about(actor, "goods.returned", Subject("lot", lot.id), variables={"quantity": 3})
    inventory.take_out(actor, lot, site, 10, to="customer", reason="sold")
    customer = next(row[0] for row in stock.holdings_of(lot.id) if row[0].kind == "customer")
    bin_ = next(zone for zone in site.zones if zone.kind == RETURNS)
    for kept, outcome in ((True, "approve"), (False, "reject")):
        inventory.hand_over(actor, "return", inventory.Goods(lot, 3), customer, first_bin(bin_), reason="RMA")
        told = {"quantity": 3, "rma": "RMA-1", "default": "inspect" if kept else "reject"}
        processes.start_about(actor, "goods.returned", Subject("lot", lot.id), business_key="RMA-1-L", variables=told)
        one = queries.open_of_lot(lot.id)
        assert (one.origin, one.quantity, one.document, world.lot(one).status) == ("return", 3, "RMA-1", "released")
        world.check(one)
        assert (one.route, one.checks.get("agreed")) == ("full", None if kept else "reject")
        world.test(one, defective=0 if kept else 2)
        world.judge(one, outcome)
        assert (one.accepted, world.lot(one).status) == (None, "released")
        assert RETURNS not in zones_of(lot)
    assert zones_of(lot) == {"qualified": 33}
    assert stock.differences() == []


def test_what_takes_too_long_goes_to_the_head_of_quality(world):
    one = world.receive(100)
    world.check(one)
    task = world.task(one)
    assert task.due_at - NOON > timedelta(days=1)  # nothing waits: two working days
    soon = clock.now() + timedelta(days=1)
    dates = {"surgery_at": soon.isoformat(), "requested_date": soon.date().isoformat()}
    world.flow.submit(product=world.product, quantity=5, order_type="emergency", **dates)
    late = world.receive(100)
    world.check(late)
    assert world.task(late).due_at - NOON == timedelta(hours=4)  # round the clock
    with clock.moved(NOON + timedelta(hours=5)):
        ladder.look_for_ripe()
        while jobs.run_due():
            pass
    groups = tasks.candidates_of(world.task(late).id)["group"]
    assert groups == ["qa_ra", "quality_head"]
    assert tasks.candidates_of(task.id)["group"] == ["qa_ra"]


def test_the_queue_costs_the_same_for_many(world, client, statements):
    sign_in(client, world.flow.users["wanda"])
    client.get("/quality/queue")
    counts = []
    for quantity in (10, 20, 30):
        world.receive(quantity, product=make_product(risk_class=2))
        session().flush()
        session().expire_all()
        statements.clear()
        assert client.get("/quality/queue").text.count("/tasks/") >= len(counts) + 1
        counts.append(len(statements))
    assert len(set(counts)) == 1


def test_what_waits_for_stock_is_covered_by_the_release(world):
    later = world.receive(10, product=world.flow.plain)
    one = world.receive(100)
    assert [row.inspection.id for row in queries.queue()] == [later.id, one.id]
    order = world.flow.submit(product=world.product, quantity=30)
    assert (following.follow_demand(), following.follow_demand()) == (1, 0)
    session().expire_all()
    assert [row.inspection.id for row in queries.queue()] == [one.id, later.id]
    assert queries.queue()[0].waits.first.order_id == order.id
    assert world.task(one).band == queries.queue()[0].waits.first.band
    world.check(one)
    world.test(one)
    world.judge(one)
    settle()
    session().refresh(order)
    assert [line.reserved for line in order.lines] == [30]
    assert order.status == "released"


def earlier_lots(one, count=15):
    """Lots of the same supplier before this one, all accepted on normal inspection."""
    told = {"lot_id": one.lot_id, "product_id": one.product_id, "warehouse_id": one.warehouse_id, "quantity": 1}
    told |= {"supplier_id": "S1", "route": "normal", "state": "released", "accepted": True, "points": 2}
    for number in range(count):
        session().add(
            Inspection(
                **{**told, "id": f"0000000000000000000000{number:04}", "number": f"QC-0-{number}"},
                started_at=clock.now(),
            )
        )
    session().flush()


def test_reduced_inspection_once_agreed_and_what_ends_it(world, monkeypatch):
    monkeypatch.setattr(history, "lots_before", lambda _one: 20)
    severities, routes = [], []
    for number, (agreed, defective) in enumerate([(False, 0), (True, 0), (True, 2), (True, 0)]):
        with clock.moved(NOON + timedelta(hours=number)):  # what comes later is later
            one = world.receive(1000)
            one.supplier_id = "S1"
            if not number:
                earlier_lots(one)
            if agreed and number == 1:
                supply.agree_reduced(world.flow.actor("hedda"), one, "steady for a year")
            world.check(one)
            severities.append(one.severity)
            routes.append((one.route, one.plan["size"], one.plan["accept"], one.plan["clear"]))
            world.test(one, defective, measured="")
            assert one.accepted
            world.judge(one)
            assert world.lot(one).status == "released"
    assert severities == ["normal", "reduced", "reduced", "normal"]  # the third lot had one more than the number
    assert routes == [("normal", 80, 2, 2), ("reduced", 32, 2, 1), ("reduced", 32, 2, 1), ("normal", 80, 2, 2)]
