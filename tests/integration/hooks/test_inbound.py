"""Events come in: who may, what is taken, once; what is done with them, and what the status address says."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import session
from app.integration import signing
from app.integration.inbound import processing, refusals, service
from app.integration.inbound.queries import status_key
from app.orders import queries as orders
from tests.conftest import NOON
from tests.fulfilment.entry_world import make_world
from tests.identity.factories import actor_for
from tests.integration.hooks.world import Sender, make_sender
from tests.orders.factories import given_order


@pytest.fixture
def sender(client) -> Sender:
    return make_sender(client)


def test_the_standards_own_example_is_signed_as_there():
    key = signing.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signing.sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == wanted


def test_forged_old_and_stolen_signatures_are_refused_alike(sender):
    body = json.dumps(sender.event("e1", {})).encode()
    good = sender.signed(body)
    off = int(NOON.timestamp())
    other = signing.new_secret()
    forged = {
        "none": {},
        "other secret": {**good, "webhook-signature": signing.sign(signing.key_of(other), "m1", off, body)},
        "other id": {**good, "webhook-id": "m2"},
        "old": sender.signed(body, at=off - 301),
        "ahead": sender.signed(body, at=off + 301),
        "other version": {**good, "webhook-signature": good["webhook-signature"].replace("v1,", "v1a,")},
        "odd time": {**good, "webhook-timestamp": "١٢٣"},
        "empty": {**good, "webhook-signature": "v1,"},
        "many": {**good, "webhook-signature": " ".join(["v1,AAAA"] * 21 + [good["webhook-signature"]])},
        "bearer": {"Authorization": f"Bearer {sender.secret}"},
    }
    said = set()
    for name, headers in forged.items():
        answer = sender.client.post(
            "/hooks/erp", data=body, content_type="application/cloudevents+json", headers=headers
        )
        assert answer.status_code == 401, name
        said.add(answer.data)
    assert len(said) == 1
    tampered = sender.client.post(
        "/hooks/erp", data=body + b" ", content_type="application/cloudevents+json", headers=good
    )
    assert tampered.status_code == 401
    assert sender.client.post("/hooks/none", data=body, headers=good).status_code == 404


def test_secrets_rotate_and_are_kept_sealed(sender):
    old = sender.secret
    new = service.new_secret(actor_for(sender.user), sender.source, old_ends_in=timedelta(hours=1))
    for secret, later, status in ((old, 0, 202), (new, 0, 202), (old, 2, 401), (new, 2, 202)):
        sender.secret = secret
        with clock.moved(NOON + timedelta(hours=later)):
            assert sender.post(sender.event(f"{secret}{later}", {})).status_code == status
    kept = service.secrets_of(sender.source.id)
    assert all(old.encode() not in str(one.sealed).encode() and one.digest is None for one in kept)


def test_once_and_the_second_is_told_of_the_first(sender):
    first = sender.post(sender.event("e1", {"n": 1}, time="2026-11-23T04:00:00Z"))
    again = sender.post(sender.event("e1", {"n": 1}, time="2026-11-23T05:00:00Z"), "m2")
    other = sender.post(sender.event("e1", {"n": 2}), "m3")
    elsewhere = sender.post({**sender.event("e1", {"n": 2}), "source": "urn:wms"}, "m4")
    assert [first.status_code, again.status_code, other.status_code, elsewhere.status_code] == [202, 202, 409, 202]
    assert first.headers["Location"] == again.json["status_url"] == other.json["error"]["details"]["status_url"]
    assert [first.json["status"], again.json["status"]] == ["received", "duplicate"]
    assert elsewhere.json["status"] == "received"
    told = sender.client.get(first.headers["Location"]).json
    assert (told["duplicates"], told["with_other_contents"], told["status"]) == (1, 1, "received")
    assert [one.reason for one in refusals.lately(sender.source.id)] == ["id used again"]
    assert sender.client.get(first.headers["Location"][:-1] + "0").status_code in (200, 404)
    assert sender.client.get(first.headers["Location"][:-32] + "0" * 32).status_code == 404


def test_every_shape_of_cloudevents(sender):
    batch = [sender.event("b1", 1), sender.event("b2", [2]), sender.event("b1", 1)]
    answer = sender.post(batch, "x", "application/cloudevents-batch+json")
    assert [one["status"] for one in answer.json["events"]] == ["received", "received", "duplicate"]
    binary = {"ce_specversion": "1.0", "ce_id": "m9", "ce_source": "urn:erp", "ce_type": "t%20x"}
    assert sender.post({"a": 1}, "m9", "application/json", **binary).status_code == 202
    assert sender.post({"a": 1}, "m10", "application/json", **binary).status_code == 400, "ce-id is not signed"
    wrong = [
        (b"{", 400),
        (b"[" * 100_000, 400),
        (
            json.dumps(sender.event("d", {}))
            .encode()
            .replace(b'"data": {}', b'"data": ' + b'{"a":' * 100 + b"1" + b"}" * 100),
            400,
        ),
        (b'{"specversion": "1.0", "specversion": "1.0"}', 400),
        ({**sender.event("e", {}), "specversion": "0.3"}, 400),
        ({**sender.event("", {})}, 400),
        ({**sender.event("x" * 256, {})}, 400),
        ({**sender.event("e", "a\x00b")}, 400),
        ({**sender.event("e", 1), "data_base64": "MQ=="}, 400),
        ({**sender.event("e", {}), "Upper": 1}, 400),
    ]
    for body, status in wrong:
        assert sender.post(body).status_code == status, str(body)[:80]
    assert sender.post(sender.event("e", {}), kind="text/plain").status_code == 415
    assert sender.post(sender.event("e", {}), content_encoding="gzip").status_code == 415
    assert sender.post(b'"' + b"x" * (1 << 20) + b'"').status_code == 413


def test_any_json_with_a_token_and_the_id_where_the_source_says(client):
    sender = make_sender(client, auth="bearer", format="json", id_path="data.msg.no", key_path="data.order")
    done = sender.post({"msg": {"no": 7}, "order": "A"}, kind="application/json")
    assert (done.status_code, done.json["id"]) == (202, "7")
    assert sender.post({"msg": {}}, kind="application/json").status_code == 400
    sender.secret += "x"
    assert sender.post({"msg": {"no": 8}}, kind="application/json").status_code == 401


def test_a_flood_is_refused_and_adds_up_in_one_row(client):
    sender = make_sender(client, rate=1, code="slow")
    statuses = [sender.post(sender.event(f"e{n}", {})).status_code for n in range(4)]
    assert statuses == [202, 202, 429, 429]


ORDER = {
    "action": "order.create",
    "when": "event.type == 'order.placed'",
    "fields": {
        "channel": "'direct'",
        "customer": "data.customer",
        "external_ref": "data.ref",
        "requested_date": "data.wanted",
        "surgery_at": "data.surgery",
        "surgery_number": "data.surgery_no",
        "lines": {
            "each": "data.items",
            "columns": {"product": "item.sku", "quantity": "item.qty", "unit_price": "item.price"},
        },
    },
}


@pytest.fixture
def placed(tx):
    """What an ERP says of an order."""
    world = make_world()
    given = given_order("direct", product=world.product, customer=world.hospital)
    return {
        "customer": given["customer"],
        "ref": "PO-1",
        "wanted": given["requested_date"],
        "surgery": given["surgery_at"],
        "surgery_no": given["surgery_number"],
        "items": [{"sku": world.product.sku, "qty": "2", "price": 100}],
    }


def test_an_order_comes_changes_and_goes_by_webhook(sender, placed):
    sender.map(
        ORDER,
        {
            "action": "order.cancel",
            "when": "event.type == 'order.cancelled'",
            "fields": {"customer": "data.customer", "external_ref": "data.ref", "reason": "data.why"},
        },
    )
    data = placed
    early = sender.send(
        "c1", {"customer": data["customer"], "ref": "PO-1", "why": "off"}, "order.cancelled", subject="PO-1"
    )
    assert early.state == "waiting"
    made = sender.send("o1", data, subject="PO-1")
    assert made.state == "done", made.fault
    number = made.outcome["links"][0]["label"]
    order = orders.find_by_number(number)
    assert [line.quantity for line in order.lines] == [2]
    assert order.status == "cancelled", "the early one was carried out as soon as the order was there"
    status = sender.client.get(f"/hooks/erp/events/{made.id}/{status_key(made.id)}?lang=zh_Hans").json
    assert (status["status"], status["links"]) == ("done", [{"kind": "order", "label": number}])
    assert number in status["result"]
    assert "Order" not in status["result"]


def test_what_is_refused_names_the_field_and_is_replayed_when_corrected(sender, placed):
    sender.map(ORDER)
    failed = sender.send("o1", {**placed, "items": [{"sku": "NONE", "qty": "2", "price": 100}]})
    assert failed.state == "failed"
    assert list(failed.fault["fields"]) == ["lines.0.product"]
    assert failed.fault["fields"] != failed.fault["fields_zh"]
    lost = sender.send("o2", {**placed, "ref": "PO-2", "items": 5})
    assert list(lost.fault["fields"]) == ["lines.0.product", "lines.0.quantity", "lines.0.unit_price"]
    columns = {"product": f"'{placed['items'][0]['sku']}'", "quantity": "3", "unit_price": "'100.00'"}
    sender.map({**ORDER, "fields": {**ORDER["fields"], "lines": {"each": "data.items", "columns": columns}}})
    assert service.replay(actor_for(sender.user), [failed, lost]) == 2
    processing.run_due()
    session().refresh(failed)
    assert (failed.state, failed.mapping_version, failed.replays) == ("done", 2, 1), failed.fault
    with pytest.raises(service.CannotReplay):
        service.replay_one(actor_for(sender.user), failed)


def test_events_without_a_mapping_wait_for_it_and_are_given_up_in_time(sender):
    waits = sender.send("e1", {})
    assert waits.state == "waiting"
    dies = sender.send("e2", {})
    with clock.moved(NOON + timedelta(hours=25)):
        processing.run_due()
    session().refresh(dies)
    assert dies.state == "dead"
