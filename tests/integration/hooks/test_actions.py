"""What events do here: stock, lots, processes, messages; what comes early waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import session
from app.integration import periodic
from app.integration.inbound import processing
from app.integration.inbound.models import HookEvent
from app.inventory import queries as inventory
from app.processes import queries as processes
from tests.catalog.factories import make_product
from tests.conftest import NOON
from tests.identity.factories import actor_for
from tests.integration.hooks.world import Sender, make_sender
from tests.inventory.factories import make_warehouse
from tests.processes.cockpit_world import begin, deploy_all

LOT = {"product": "data.sku", "lot_no": "data.lot"}
PLACE = {**LOT, "warehouse": "'WH-SH'"}


def rule(action: str, when: str = "", **fields: str) -> dict:
    return {"action": action, "when": when and f"event.type == '{when}'", "fields": fields}


@pytest.fixture
def sender(client) -> Sender:
    return make_sender(client)


def state(event: HookEvent) -> str:
    session().refresh(event)
    return event.state


def test_goods_come_are_judged_counted_and_go(sender):
    make_product(sku="P-1")
    make_warehouse()
    passed = "data.result == 'pass' ? 'released' : 'rejected'"
    sender.map(
        rule("stock.receive", "in", **PLACE, quantity="data.n", made_on="data.made", expires_on="data.until"),
        rule("lot.status", "qc", **LOT, status=passed, reason="data.why", report_no="data.report"),
        rule("stock.count", "count", **PLACE, counted="data.n", reason="'yearly count'"),
        rule("stock.take_out", "out", **PLACE, quantity="data.n", reason="data.why"),
    )
    of = {"sku": "P-1", "lot": "L1"}
    early = sender.send("q1", {**of, "result": "pass", "why": "ok", "report": "R-1"}, "qc", subject="L1")
    assert early.state == "waiting"
    assert "L1" in early.fault["reason"]["zh"]
    goods = {**of, "n": "10.0", "made": "2026-06-01T00:00:00+08:00", "until": "2028-06-01"}
    assert sender.send("i1", goods, "in", subject="L1").state == "done"
    assert state(early) == "done", early.fault
    lot = session().get_one(type(inventory.get_lot(early.outcome["links"][0]["id"])), early.outcome["links"][0]["id"])
    assert (lot.status, lot.report_no, str(lot.made_on)) == ("released", "R-1", "2026-06-01")
    assert sender.send("c1", {**of, "n": 8}, "count").outcome["text"]["en"].endswith("-2.")
    assert sender.send("o1", {**of, "n": 3, "why": "sample"}, "out").state == "done"
    (held,) = inventory.lots_of(lot.id)
    assert held.on_hand == 5
    wrong = [
        ({**of, "n": 99, "why": "x"}, "out", []),
        ({**of, "sku": "NONE", "n": 1, "why": "x"}, "out", ["product"]),
        ({**of, "n": 1.5, "why": "x"}, "out", ["quantity"]),
        ({**of, "n": [1], "why": "x"}, "out", ["quantity"]),
        ({**of, "n": 10**9}, "count", ["counted"]),
        ({**of, "lot": "L2", "n": 1, "made": "soon"}, "in", ["made_on"]),
        ({**of, "result": "fail"}, "qc", ["reason"]),
    ]
    for place, (data, kind, fields) in enumerate(wrong):
        failed = sender.send(f"w{place}", data, kind)
        assert (failed.state, list(failed.fault["fields"])) == ("failed", fields), failed.fault


def test_a_message_waits_for_its_process_and_a_process_starts(sender):
    deploy_all()
    sender.map(
        {
            **rule("message.correlate", "arrived", message="'shipment.arrived'", business_key="data.key"),
            "variables": {"boxes": "data.boxes", "none": "data.absent"},
        },
        {**rule("process.start", "go", process="data.process", business_key="event.id"), "variables": {"a": "data"}},
    )
    early = sender.send("m1", {"key": "K1", "boxes": 3}, "arrived")
    assert (early.state, early.outcome["text"]["en"].split()[0]) == ("waiting", "Nobody")
    busy = begin(actor_for(sender.user), "busy", "K1")
    with clock.moved(NOON + timedelta(minutes=1)):
        processing.run_due()
    assert state(early) == "done"
    assert early.outcome["links"][0]["id"] == busy.id
    assert processes.variables_of(busy.id)["boxes"] == 3
    lost = sender.send("m2", {"key": "K9", "boxes": 3}, "arrived")
    with clock.moved(NOON + timedelta(hours=25)):
        processing.run_due()
    assert state(lost) == "dead"
    started = sender.send("p1", {"process": "inner"}, "go")
    assert processes.get_instance(started.outcome["links"][0]["id"]).business_key == "p1"
    assert list(sender.send("p2", {"process": "none"}, "go").fault["fields"]) == ["process"]


def test_what_was_done_long_ago_is_forgotten_and_what_failed_is_not(sender):
    sender.map(rule("process.start", "go", process="'none'"))
    done, failed = sender.send("a", {}), sender.send("b", {}, "go")
    assert (done.state, failed.state) == ("done", "failed")
    with clock.moved(NOON + periodic.KEPT - timedelta(hours=1)):
        periodic.forget_old()
    assert session().query(HookEvent).count() == 2
    with clock.moved(NOON + periodic.KEPT + timedelta(hours=1)):
        periodic.forget_old()
    assert [event.event_id for event in session().query(HookEvent)] == ["b"]
