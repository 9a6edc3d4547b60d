"""Partners ship and do tasks by webhook: picked, missed, fetched, measured, handed over; early, twice, wrong, signed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from app.core import clock
from app.core.db import session
from app.integration.inbound import processing
from app.inventory import queries as stock
from app.orders import queries as orders
from app.shipping import shipments
from tests.integration.hooks.test_actions import rule, state
from tests.integration.hooks.world import make_sender
from tests.inventory.factories import make_lot
from tests.quality.world import IN_ORDER, make_quality
from tests.shipping.world import make_dock

SHIPMENT = {"shipment": "data.shipment"}
TASK = {"kind": "data.kind", "number": "data.number", "element": "data.element"}


@pytest.fixture
def dock(tx):
    return make_dock()


def make_partner(client, *roles):
    """Warehouse and carrier in one, unless told otherwise."""
    sender = make_sender(client, roles=("integration", *(roles or ("warehouse", "transport"))))
    readings = {"each": "data.readings", "columns": {"at": "item.at", "celsius": "item.c"}}
    refused = {"each": "data.refused", "columns": {name: f"item.{name}" for name in ("lot_no", "quantity", "reason")}}
    answers = {name: f"data.answers.{name}" for name in ("outcome", "reason", "logger", "box_celsius", *IN_ORDER)}
    sender.map(
        rule("shipment.pick", "pick", **SHIPMENT, order="data.order", lot_no="data.lot", quantity="data.n"),
        rule("shipment.missing", "missing", **SHIPMENT, lot_no="data.lot", found="data.n", reason="data.why"),
        rule("shipment.pickup", "pickup", **SHIPMENT, vehicle="data.vehicle"),
        {
            "action": "shipment.readings",
            "when": "event.type == 'temps'",
            "fields": {**SHIPMENT, "logger": "data.logger", "readings": readings},
        },
        {
            "action": "shipment.delivery",
            "when": "event.type == 'pod'",
            "fields": {**SHIPMENT, "receiver": "data.receiver", "celsius": "data.c", "refused": refused},
        },
        {**rule("task.complete", "task", task="data.task", seen_version="data.version", **TASK), "variables": answers},
    )
    return sender


def make_partner_of(client, role, code):
    """Does tasks alone."""
    sender = make_sender(client, roles=("integration", role), code=code)
    sender.map({**rule("task.complete", **TASK), "variables": {"outcome": "data.answers.outcome"}})
    return sender


def said(event):
    return event.outcome["text"]["en"]


def test_picked_packed_fetched_and_handed_over(dock, client):
    sender = make_partner(client)
    order, shipment = dock.release()
    lot, of = shipments.goods_of(shipment)[0].kept.lot, {"shipment": shipment.number}
    at = {"kind": "shipment", "number": shipment.number}
    early = [
        sender.send("p0", {"shipment": "SH-2026-999999", "lot": lot.lot_no}, "pick"),
        sender.send("c0", {**of, "vehicle": "V1"}, "pickup"),
        sender.send("t0", {**at, "element": "pack", "answers": {"outcome": "approve"}}, "task"),
        sender.send("d0", {**of, "receiver": "Dr Chen"}, "pod"),
    ]
    assert {event.state for event in early} == {"waiting"}, [event.fault for event in early]
    for number, (kind, data, fields) in enumerate(
        [
            ("pick", {"lot": lot.lot_no}, ["shipment"]),
            ("pick", {**of}, ["lot_no"]),
            ("pick", {**of, "lot": "NONE"}, ["lot_no"]),
            ("pick", {**of, "lot": lot.lot_no, "n": "many"}, ["quantity"]),
            ("missing", {**of, "lot": lot.lot_no, "n": 5, "why": "gone"}, ["found"]),
            ("task", {"number": shipment.number, "answers": {}}, ["kind", "element"]),
            ("task", {**at, "element": "pick", "answers": {"outcome": "perhaps"}}, ["outcome"]),
        ]
    ):
        failed = sender.send(f"w{number}", data, kind)
        assert (failed.state, list(failed.fault["fields"])) == ("failed", fields), failed.fault
    early.append(sender.send("t9", {**at, "element": "pick", "answers": {"outcome": "approve"}}, "task"))
    assert (early[-1].state, early[-1].fault["code"]) == ("waiting", "CameEarly"), "nothing is picked yet"
    assert sender.send("p1", {"order": order.number, "lot": lot.lot_no, "n": 5}, "pick").state == "done"
    assert sender.send("p2", {**of, "lot": lot.lot_no, "n": 5}, "pick").state == "failed"
    for _again in range(3):
        with clock.moved(clock.now() + timedelta(minutes=1 + _again)):
            processing.run_due()
    assert [state(event) for event in early] == ["waiting", "done", "done", "done", "done"], [
        event.fault for event in early
    ]
    assert (shipment.status, said(early[-1])) == ("delivered", "Task “pick” completed.")
    assert "before" in said(sender.send("t2", {**at, "element": "pick", "answers": {"outcome": "approve"}}, "task"))
    assert "before" in said(sender.send("c1", {**of, "vehicle": "V1"}, "pickup"))
    assert "before" in said(sender.send("d1", {**of, "receiver": "Dr Chen"}, "pod"))
    assert sender.send("d2", {**of, "receiver": "Dr Li"}, "pod").state == "failed"
    assert shipments.proof_of(shipment).receiver == "Dr Chen"
    assert stock.differences() == []


def test_missing_goods_cold_goods_and_refused_ones(dock, client):
    sender, product = make_partner(client), dock.flow.plain
    product.storage_min_c, product.storage_max_c = Decimal(2), Decimal(8)
    session().flush()
    make_lot(product, on_hand=60)
    _order, shipment = dock.release(quantity=40)
    lot, of = shipments.goods_of(shipment)[0].kept.lot, {"shipment": shipment.number}
    told = sender.send("m", {**of, "lot": lot.lot_no, "n": 30, "why": "not there"}, "missing")
    assert said(told).endswith("0 units without replacement."), told.fault
    dock.leave(shipment, logger="T-1", box_celsius=4.5)
    with clock.moved(clock.now() + timedelta(hours=1)):
        read = {"at": clock.now().isoformat(), "c": "4.5"}
        assert sender.send("r1", {**of, "logger": "T-1", "readings": [read]}, "temps").state == "done"
        assert " 0 new" in said(sender.send("r2", {**of, "logger": "T-1", "readings": [read]}, "temps"))
        for number, wrong in enumerate(
            ({"at": "soon", "c": 4}, {"at": read["at"], "c": "warm"}, {"at": read["at"], "c": 1e9})
        ):
            failed = sender.send(f"x{number}", {**of, "logger": "T-1", "readings": [wrong]}, "temps")
            assert failed.fault["fields"].keys() <= {"readings.0.at", "readings.0.celsius"}, failed.fault
        warm = {"at": (clock.now() - timedelta(minutes=9)).isoformat(), "c": 15}
        assert "outside" in said(sender.send("r3", {**of, "logger": "T-1", "readings": [warm]}, "temps"))
        handover = {
            **of,
            "receiver": "Dr Chen",
            "c": 5,
            "refused": [{"lot_no": lot.lot_no, "quantity": 2, "reason": "torn"}],
        }
        early = sender.send("d1", handover, "pod")
        assert early.state == ("waiting" if dock.at(shipment) == ["assess"] else "done"), early.fault
    if dock.at(shipment) == ["assess"]:
        dock.do("qa", shipment, outcome="approve", reason="minutes only")
        with clock.moved(clock.now() + timedelta(hours=2)):
            processing.run_due()
    assert state(early) == "done", early.fault
    late = sender.send("r4", {**of, "logger": "T-1", "readings": [read]}, "temps")
    assert "before" in said(late), late.fault
    fresh = {"at": clock.now().isoformat(), "c": 4}
    assert sender.send("r5", {**of, "logger": "T-1", "readings": [fresh]}, "temps").fault["code"] == "NotUnderWay"
    assert (shipments.proof_of(shipment).refused[0]["quantity"], dock.at(shipment)) == (2, ["settle"])


def test_tasks_keep_their_people_four_eyes_and_signatures(client, tx):
    world = make_quality()
    sender = make_partner(client, "warehouse", "qa_ra", "quality_head")
    one = world.receive(100)
    early = sender.send("t0", {"task": "none", "answers": {}}, "task")
    assert early.state == "waiting"
    check = {"task": f"task/{world.task(one).id}", "answers": {**IN_ORDER, "counted": 100}}
    assert said(sender.send("t1", check, "task")) == "Task “receiving_check” completed."
    assert "before" in said(sender.send("t2", check, "task"))
    clash = sender.send("t3", {**check, "answers": {**check["answers"], "counted": 99}}, "task")
    assert (clash.state, clash.fault["code"]) == ("failed", "TaskClosed")
    world.test(one)
    at = {"kind": "inspection", "number": one.number, "element": "review", "answers": {"outcome": "approve"}}
    assert sender.send("t4", at, "task").fault["code"] == "FourEyes"
    world.answer("qora", one, outcome="approve")
    carrier = make_partner_of(client, "transport", "carrier")
    assert carrier.send("t5", {**at, "element": "decide"}, "task").fault["code"] == "NotCandidate"
    stranger = make_partner_of(client, "quality_head", "lims")
    refused = stranger.send("s1", {**at, "element": "decide"}, "task")
    assert (refused.fault["code"], "signature" in refused.fault["reason"]["en"]) == ("SignatureNeeded", True)


def test_a_task_about_an_order_needs_its_version(dock, client):
    sender = make_partner(client, "order_desk", "manager")
    order = dock.flow.submit()
    at = {"kind": "order", "number": order.number, "element": "approve", "answers": {"outcome": "approve"}}
    assert list(sender.send("a1", at, "task").fault["fields"]) == ["seen_version"]
    version = orders.version_of(order.id)
    assert sender.send("a2", {**at, "version": version + 1}, "task").fault["code"] == "StaleVersion"
    assert sender.send("a3", {**at, "version": version}, "task").state == "done"
