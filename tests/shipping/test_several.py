"""One order in several shipments: what waits for stock goes on by itself, the rest follows, goods in two warehouses,
what was called back or refused is sent anew. To the unit."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.audit.queries import entries_of
from app.core import jobs
from app.core.db import session
from app.core.errors import Invalid
from app.core.subject import Subject
from app.documents import queries as documents
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.orders import queries as orders
from app.planning.models import AllocationRun, WaitingOrder
from app.priority.models import OrderStanding
from app.shipping import dispatch, missing, parting, shipments
from app.tasks import drafts
from app.tasks import service as tasks
from app.tasks.records import Notice
from tests.catalog.factories import make_product
from tests.changes.world import make_changing
from tests.identity.factories import bearer, make_user, sign_in
from tests.inventory.factories import make_lot, make_warehouse
from tests.shipping.world import Dock, make_dock

pytestmark = pytest.mark.any_database


@pytest.fixture
def dock(tx):
    return make_dock()


def run_jobs():
    while jobs.run_due():
        pass


def freed(dock, units, **over):
    """QC releases a lot of so many units, and the allocation runs."""
    lot = make_lot(dock.flow.plain, on_hand=units, status="quarantined", **over)
    inventory.release_lot(dock.flow.actor("qa"), lot, reason="report", report_no="QC-1")
    run_jobs()
    return lot


def short(dock, **over):
    """A released order whose lot is rejected before it leaves; nothing else is there."""
    order, one = dock.release(**over)
    lot = shipments.goods_of(one)[0].kept.lot
    inventory.reject_lot(dock.flow.actor("qa"), lot, reason="weak pouches")
    assert dock.at(one) == ["resolve_dispatch"]
    return order, one


def shares(order):
    """State and units of each shipment, the oldest first."""
    return [(one.status, shipments.units_of([one.id])[one.id]) for one in shipments.shipments_of(order.id)[::-1]]


def reconciled(order):
    """The shares of its shipments sum to what is ordered, line by line, and the ledger agrees with itself."""
    brought = Counter()
    for one in shipments.live_of(order.id):
        brought.update(shipments.shares_of([one.id])[one.id])
    assert dict(brought) == {line.id: line.quantity for line in orders.get_order(order.id).lines}
    assert stock.differences() == []


def waiting():
    return set(session().scalars(select(WaitingOrder.order_id)))


def test_freed_stock_wakes_what_waits_for_it_and_tells_who_had_the_task(dock):
    order, one = short(dock)
    assert waiting() == {order.id}
    task = dock.task(one)
    tasks.claim(dock.flow.actor("qa"), task.id)
    drafts.save(dock.flow.actor("bob"), task, {"reason": "asked the maker"}, "f" * 64)
    freed(dock, 3)
    assert dock.task(one).id == task.id, "three of five: nobody is disturbed"
    assert [line.reserved for line in order.lines] == [3]
    runs = len(list(session().scalars(select(AllocationRun))))
    run_jobs()
    assert len(list(session().scalars(select(AllocationRun)))) == runs, "it does not set itself off again"
    freed(dock, 2)
    assert (dock.at(one), waiting()) == (["pick"], set())
    told = {row.user_id for row in session().scalars(select(Notice).where(Notice.kind == "gone"))}
    assert told == {dock.flow.users["qa"].id, dock.flow.users["bob"].id}
    assert [row.action for row in entries_of(Subject("order", order.id))].count("shipment:covered") == 1
    assert {one.kept.level for one in shipments.goods_of(one)} == {"firm"}
    dock.leave(one)
    dock.deliver(one)
    reconciled(order)


def test_who_ranks_first_gets_what_comes_first(dock):
    calm, one = short(dock)
    urgent = dock.flow.submit(product=dock.flow.plain, quantity=5)
    for order, band in ((calm, "P3"), (urgent, "P0")):
        session().get(OrderStanding, order.id).band = band
    session().flush()
    freed(dock, 5)
    assert dock.flow.at(urgent) == []
    assert orders.get_order(urgent.id).status == "released"
    assert dock.at(one) == ["resolve_dispatch"], "the urgent order has them"
    late = dock.flow.submit(product=dock.flow.plain, quantity=5)
    session().get(OrderStanding, late.id).band = "P0"
    session().flush()
    make_lot(dock.flow.plain, on_hand=5)
    dock.do("qa", one, outcome="recheck")
    assert dock.at(one) == ["resolve_dispatch"], "asking again is no way past the queue"
    run_jobs()
    assert (dock.at(one), orders.get_order(late.id).status) == (["resolve_dispatch"], "released")
    freed(dock, 5)
    assert dock.at(one) == ["pick"]


def test_what_is_there_leaves_and_the_rest_follows(dock, client):
    order, one = dock.release(quantity=50)
    (goods,) = shipments.goods_of(one)
    wang = dock.flow.actor("wang")
    assert missing.report_missing(wang, one, goods.kept.id, 30, reason="not there") == 20
    dock.pick_all(one)
    with pytest.raises(Invalid):
        dock.do("wang", one, outcome="split")
    dock.do("wang", one, outcome="split", reason="the rest is on order")
    assert (dock.at(one), shares(order)) == (["pick"], [("picking", 30), ("planned", 20)])
    rest = shipments.live_of(order.id)[1]
    assert dock.at(rest) == ["resolve_dispatch"]
    shown = client.get(f"/api/v1/shipments/{rest.number}", headers=bearer(dock.flow.users["wang"], ("shipment:read",)))
    assert (shown.json["units"], shown.json["short"], shown.json["goods"]) == (20, 20, [])
    dock.leave(one)
    freed(dock, 20)
    assert (dock.at(rest), shares(order)) == (["pick"], [("in_transit", 30), ("picking", 20)])
    assert [line.reserved for line in order.lines] == [50]
    dock.deliver(one)
    notes = {paper.content["note"]: paper for paper in documents.documents_of(order_subject(order), "delivery_note")}
    assert list(notes) == [one.number]
    dock.leave(rest)
    dock.deliver(rest)
    notes = {paper.content["note"]: paper for paper in documents.documents_of(order_subject(order), "delivery_note")}
    assert {number: sum(row["quantity"] for row in paper.content["goods"]) for number, paper in notes.items()} == {
        one.number: 30,
        rest.number: 20,
    }
    assert {(paper.number, paper.version) for paper in notes.values()} == {(p.number, 1) for p in notes.values()}
    reconciled(order)


def test_blocked_for_want_of_stock_it_may_leave_in_parts(dock):
    order, one = short(dock)
    with pytest.raises(dispatch.NothingToShip):
        dock.do("qa", one, outcome="split", reason="now")
    freed(dock, 2)
    dock.do("qa", one, outcome="split", reason="two today")
    assert (dock.at(one), shares(order)) == (["pick"], [("picking", 2), ("planned", 3)])
    reconciled(order)
    rest = shipments.live_of(order.id)[1]
    dock.do("qa", rest, outcome="reject", reason="the maker has none")
    assert (rest.status, waiting(), [line.reserved for line in order.lines]) == ("void", set(), [2])


def test_what_goes_in_one_go_is_not_parted(dock):
    order, one = short(dock, delivery="complete")
    freed(dock, 2)
    assert stock.kept_by_line([order.id]) == {}, "all or nothing"
    with pytest.raises(parting.MustGoWhole):
        dock.do("qa", one, outcome="split", reason="now")
    assert shares(order) == [("planned", 5)]
    freed(dock, 3, warehouse=make_warehouse(code="WH-N"))
    assert (dock.at(one), len({row.kept.warehouse_id for row in shipments.goods_of(one)})) == (["pick"], 2)
    assert shares(order) == [("picking", 5)], "two warehouses, one shipment"


def test_goods_in_two_warehouses_leave_from_each(dock):
    make_lot(dock.flow.plain, on_hand=50, warehouse=make_warehouse(code="WH-N"))
    order, one = dock.release(quantity=70)
    assert shares(order) == [("picking", 50), ("picking", 20)]
    other = shipments.live_of(order.id)[1]
    for each in (one, other):
        assert len({row.kept.warehouse_id for row in shipments.goods_of(each)}) == 1
    dock.leave(one)
    dock.deliver(one)
    assert (shares(order), dock.at(other)) == ([("delivered", 50), ("picking", 20)], ["pick"])
    dock.leave(other)
    dock.deliver(other)
    reconciled(order)


def test_pages_show_every_shipment_and_offer_parts_only_where_it_is_of_use(dock, client):
    make_lot(dock.flow.plain, on_hand=20, warehouse=make_warehouse(code="WH-N"))
    order, one = dock.release(quantity=70)
    other = shipments.live_of(order.id)[1]
    sign_in(client, dock.flow.users["wang"])
    client.set_cookie("language", "en")
    shown = client.get(f"/orders/{order.id}").text
    assert all(text in shown for text in (one.number, other.number, "Shipments of the order"))
    assert other.number in client.get(f"/shipments/{one.id}").text
    task = f"/tasks/{dock.task(one).id}"
    assert 'value="split"' not in client.get(task).text, "nothing is missing"
    (goods,) = shipments.goods_of(one)
    missing.report_missing(dock.flow.actor("wang"), one, goods.kept.id, 40, reason="not there")
    assert 'value="split"' in client.get(task).text
    order.delivery = "complete"
    session().flush()
    assert 'value="split"' not in client.get(task).text, "the customer wants it in one go"
    client.set_cookie("language", "zh_Hans")
    assert all(text in client.get(f"/shipments/{one.id}").text for text in ("缺10件", "该订单的其他发货单"))


def test_a_lot_recalled_on_its_way_is_replaced_by_another_shipment(dock):
    order, one = dock.release()
    lot = shipments.goods_of(one)[0].kept.lot
    dock.leave(one)
    inventory.recall_lot(dock.flow.actor("qa"), lot, reason="notice 7")
    first, again = shipments.live_of(order.id)
    assert (first.status, dock.at(first), dock.at(again)) == ("returning", ["receive_back"], ["resolve_dispatch"])
    assert [row["into"] for row in told(order, "shipment:sent-anew")] == [again.number]
    other = freed(dock, 5)
    assert dock.at(again) == ["pick"]
    dock.do("wang", first)
    dock.leave(again)
    dock.deliver(again)
    assert shares(order) == [("returned", 0), ("delivered", 5)]
    assert {p.kind: n for p, _o, n in stock.holdings_of(other.id) if p.kind != "supplier"} == {"customer": 5}
    reconciled(order)


@pytest.mark.parametrize(("outcome", "expected"), [("approve", [5]), ("resend", [3, 2])])
def test_what_is_refused_is_settled_or_sent_anew(dock, outcome, expected):
    order, one = dock.release()
    lot = shipments.goods_of(one)[0].kept.lot
    dock.leave(one)
    dock.deliver(one, refused=[{"lot_no": lot.lot_no, "quantity": 2, "reason": "torn"}])
    dock.do("qa", one, outcome=outcome, reason="agreed")
    assert [units for _status, units in shares(order)] == expected
    assert sum(n for p, _o, n in stock.holdings_of(lot.id) if p.kind == "transit") == 0
    reconciled(order)
    if outcome == "resend":
        assert dock.at(shipments.live_of(order.id)[1]) == ["pick"]


def test_a_block_stops_only_the_shipment_with_the_lot(dock):
    lot = make_lot(dock.flow.plain, on_hand=50, expires_on=date(2028, 9, 1), warehouse=make_warehouse(code="WH-N"))
    order, one = dock.release(quantity=70)
    other = shipments.live_of(order.id)[1]
    dock.pick_all(one)
    dock.do("wang", one)
    inventory.hold_lot(dock.flow.actor("qa"), lot, reason="complaint")
    assert (dock.at(one), dock.at(other)) == (["pack"], ["resolve_dispatch"])
    inventory.release_lot(dock.flow.actor("qa"), lot, reason="unfounded")
    run_jobs()
    assert (dock.at(one), dock.at(other), shares(order)) == (["pack"], ["pick"], [("picked", 50), ("picking", 20)])
    reconciled(order)


def test_what_covers_one_shipment_anew_wakes_the_other(dock):
    """The rest waits, another lot is released, and before the allocation has run the lot of the first is recalled:
    begun anew the first keeps goods for both."""
    order, one = dock.release(quantity=50)
    (goods,) = shipments.goods_of(one)
    missing.report_missing(dock.flow.actor("wang"), one, goods.kept.id, 30, reason="not there")
    dock.pick_all(one)
    dock.do("wang", one, outcome="split", reason="the rest later")
    first, rest = shipments.live_of(order.id)
    assert dock.at(rest) == ["resolve_dispatch"]
    spare = make_lot(dock.flow.plain, on_hand=60, status="quarantined")
    inventory.release_lot(dock.flow.actor("qa"), spare, reason="report", report_no="QC-1")
    inventory.recall_lot(dock.flow.actor("qa"), goods.kept.lot, reason="notice 9")
    assert (dock.at(first), dock.at(rest)) == (["pick"], ["pick"])
    assert {row.kept.lot_id for each in (first, rest) for row in shipments.goods_of(each)} == {spare.id}
    reconciled(order)


def test_a_change_holds_and_changes_every_shipment_that_has_not_left(tx):
    flow = make_changing(shipping=True)
    flow.users |= {login: make_user(roles=("warehouse",), name=login.title()) for login in ("wang", "li")}
    dock = Dock(flow)
    make_lot(flow.plain, on_hand=50, warehouse=make_warehouse(code="WH-N"))
    order, one = dock.release(quantity=70)
    other = shipments.live_of(order.id)[1]
    dock.pick_all(other)
    case = flow.ask(order, quantity=60)
    flow.answer("boss", case, "approve") if flow.at(case) == ["manager_decides"] else flow.answer(
        "bob", case, "approve"
    )
    run_jobs()
    assert (one.held, other.held, flow.at(case)) == (True, True, ["put_back"])
    with pytest.raises(dispatch.IsHeld):
        dock.pick_all(one)
    flow.answer("will", case, "approve")
    run_jobs()
    assert case.status == "applied"
    assert sum(units for status, units in shares(order) if status != "void") == 60
    assert not any(each.held for each in shipments.live_of(order.id))
    reconciled(order)
    case = flow.ask(orders.get_order(order.id), cancel=True)
    flow.decide_all(case)
    assert (case.status, orders.get_order(order.id).status) == ("applied", "cancelled")
    assert ({status for status, _units in shares(order)}, flow.kept(order)) == ({"void"}, 0)


def test_of_an_order_half_delivered_the_rest_is_cancelled_then_the_other_half_is_a_return(tx):
    flow = make_changing(shipping=True)
    flow.users |= {login: make_user(roles=("warehouse",), name=login.title()) for login in ("wang", "li")}
    dock = Dock(flow)
    make_lot(flow.plain, on_hand=50, warehouse=make_warehouse(code="WH-N"))
    order, one = dock.release(quantity=70)
    dock.leave(one)
    dock.deliver(one)
    case = flow.ask(order, cancel=True)
    assert (case.what_if["left"], case.what_if["freed"], case.what_if["stage"]) == (50, 20, "allocated")
    flow.decide_all(case)
    assert (case.status, orders.get_order(order.id).status) == ("applied", "released")
    assert (shares(order), flow.kept(order)) == ([("delivered", 50), ("void", 20)], 0)
    assert [line.reserved for line in orders.get_order(order.id).lines] == [50]
    case = flow.ask(orders.get_order(order.id), cancel=True)
    assert case.what_if["stage"] == "shipped"
    assert stock.differences() == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(("miss", "part", "leave", "refuse", "recall", "freed")), max_size=9))
def test_to_the_unit_whatever_happens(tx, acts):
    """Whatever is missed, parted, refused, recalled and comes, each unit ordered is brought by one shipment."""
    with session().begin_nested() as undone:
        dock = make_dock()
        make_lot(dock.flow.plain, on_hand=10, warehouse=make_warehouse())
        order, _first = dock.release(quantity=55)
        for act in acts:
            _act(dock, order, act)
            run_jobs()
            reconciled(order)
        away = [goods for one in shipments.live_of(order.id) for goods in shipments.carried_by(one)]
        assert sum(line.quantity for line in orders.get_order(order.id).lines) == 55
        assert all(goods.quantity > 0 for goods in away)
        undone.rollback()


def _act(dock, order, act):
    open_ = [one for one in shipments.open_of(order.id) if dock.at(one) == ["pick"]]
    if act == "freed":
        freed(dock, 20)
        return
    for one in open_[:1]:
        goods = shipments.goods_of(one)
        match act:
            case "miss":
                loose = [row.kept for row in goods if not row.is_picked and row.kept.quantity > 1]
                for kept in loose[:1]:
                    missing.report_missing(dock.flow.actor("wang"), one, kept.id, 1, reason="not there")
            case "part" if parting.may_part(one):
                dock.do("wang", one, outcome="split", reason="the rest later")
            case "leave" | "refuse" | "recall" if not shipments.lacking([one]):
                dock.leave(one)
                lot = shipments.carried_by(one)[0].lot
                if act == "recall":
                    inventory.recall_lot(dock.flow.actor("qa"), lot, reason="notice")
                    continue
                refused = [{"lot_no": lot.lot_no, "quantity": 1, "reason": "torn"}] if act == "refuse" else []
                dock.deliver(one, refused=refused)
                if refused:
                    dock.do("qa", one, outcome="resend", reason="agreed")


def told(order, action):
    return [row.details for row in entries_of(order_subject(order)) if row.action == action]


def order_subject(order):
    return Subject("order", order.id)


@pytest.mark.parametrize("delivery", ["partial", "complete"])
def test_what_no_box_keeps_at_once_leaves_apart(dock, delivery):
    def goods(low, high, sku):
        cold = {"storage_min_c": low, "storage_max_c": high} if high else {}
        made = make_product(risk_class=2, sku=sku, registration_id=dock.flow.plain.registration_id, **cold)
        make_lot(made, on_hand=9)
        return {"product": made.sku, "quantity": 3, "uom": "EA", "unit_price": "10.00"}

    lines = [goods(2, 8, "CHILLED"), goods(-25, -15, "FROZEN"), goods(None, None, "PLAIN")]
    order, _first = dock.release(lines=lines, delivery=delivery)
    found = {
        tuple(sorted(row.product.sku for row in shipments.goods_of(each))): dock.at(each)
        for each in shipments.live_of(order.id)
    }
    reconciled(order)
    assert found == {("CHILLED", "PLAIN"): ["pick"], ("FROZEN",): ["pick"]}


def test_as_few_boxes_as_suit_all_ranges():
    def product(name, low, high):
        degrees = {"storage_min_c": None if low is None else Decimal(low), "storage_max_c": high and Decimal(high)}
        return SimpleNamespace(id=name, **degrees)

    chilled, cool, dry = product("chilled", 2, 8), product("cool", 4, 10), product("dry", None, 25)
    frozen, deep = product("frozen", -25, -15), product("deep", None, -18)
    assert parting.climates_of([chilled, cool, dry, product("any", None, None)]) == {}
    found = parting.climates_of([deep, chilled, frozen, cool, dry])
    assert found == {
        **dict.fromkeys(("deep", "frozen"), "-25 … -18 °C"),
        **dict.fromkeys(("chilled", "cool", "dry"), "4 … 8 °C"),
    }
