"""/api/v1/orders: shapes, refusals, rights, and what one order costs in statements."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.orders import queries as orders
from app.orders import service as order_verbs
from tests.fulfilment.entry_world import make_world
from tests.identity.factories import make_user, sign_in
from tests.inventory.factories import make_lot
from tests.orders.factories import given_order

URL = "/api/v1/orders"


@pytest.fixture
def world(client):
    found = make_world()
    sign_in(client, found.ann)
    client.set_cookie("language", "en")
    return found


def given(world, channel="direct", **over):
    customer = world.distributor if channel == "distributor" else world.hospital
    return given_order(channel, **{"product": world.product, "customer": customer, **over})


def error(answer, status, code):
    assert answer.status_code == status, answer.json
    assert answer.json["error"]["code"] == code
    assert answer.json["error"]["message"]
    return answer.json["error"]["details"]


def made(client, world, channel="direct", **over):
    answer = client.post(URL, json=given(world, channel, **over))
    assert answer.status_code == 201, answer.json
    return answer.json


@pytest.mark.parametrize("channel", ["direct", "distributor", "tender"])
def test_an_order_of_each_channel_is_created_ranked_and_found(channel, client, world):
    answer = client.post(URL, json=given(world, channel), headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"] == f"{URL}/{answer.json['id']}"
    assert answer.json["lines"][0]["amount"] == "200.00"
    assert answer.json["priority"]["band"] in ("P0", "P1", "P2", "P3")
    found = client.get(answer.headers["Location"])
    assert found.status_code == 200
    assert found.json["number"] == answer.json["number"]
    assert client.get(f"{URL}/{answer.json['number']}").json["id"] == answer.json["id"]


def test_the_same_request_again_gets_the_same_answer(client, world):
    body, headers = given(world), {"Idempotency-Key": "k-1"}
    first = client.post(URL, json=body, headers=headers)
    again = client.post(URL, json=body, headers=headers)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    error(client.post(URL, json=given(world, quantity=9), headers=headers), 422, "KeyReused")
    assert (
        "Idempotency-Key"
        in error(client.post(URL, json=body, headers={"Idempotency-Key": "a b"}), 422, "Invalid")["fields"]
    )


def test_every_fault_is_named_in_the_callers_language(client, world):
    body = given(world, requested_date="2020-01-01", quantity=0)
    fields = error(client.post(URL, json=body), 422, "Invalid")["fields"]
    assert set(fields) == {"requested_date", "lines.0.quantity"}
    client.set_cookie("language", "zh_Hans")
    chinese = client.post(URL, json=body).json["error"]
    assert chinese["details"]["fields"]["requested_date"] == ["已是过去的时间。"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"note": "\xff\xfe"}', "application/json", 400),
        (b'{"note": "\\ud800"}', "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b'{"lines": [[[]]]}', "application/json", 422),
        (b'{"lines": [{"quantity": 1e999}]}', "application/json", 400),
        (b'{"lines": [{"quantity": 123456789012345678901234567890}]}', "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b'{"note": "' + b"x" * (1024 * 1024) + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_order_is_refused(body, kind, status, client, world):
    answer = client.post(URL, data=body, content_type=kind)
    assert answer.status_code == status, answer.data[:300]
    assert set(answer.json["error"]) == {"code", "message", "details"}


def test_a_duplicate_reference_is_a_conflict_that_names_the_order(client, world):
    first = made(client, world, external_ref="PO-1")
    details = error(client.post(URL, json=given(world, external_ref="PO-1")), 409, "DuplicateReference")
    assert details == {"external_ref": "PO-1", "order": first["number"]}


def test_a_breach_is_created_and_blocked(client, world):
    answer = made(client, world, "tender", tender_award_number="none")
    assert answer["priority"]["blocked"] is True
    listed = client.get(URL, query_string={"blocked": "true"}).json
    assert [item["id"] for item in listed["items"]] == [answer["id"]]
    assert client.get(URL).json["total"] == 0


def test_html_comes_back_as_it_was_sent(client, world):
    assert made(client, world, note="<script>alert(1)</script>")["note"] == "<script>alert(1)</script>"


def test_a_change_replaces_fields_and_needs_the_version(client, world):
    order = made(client, world)
    address = f"{URL}/{order['id']}"
    assert error(client.patch(address, json={"note": "x"}), 422, "Invalid")["fields"] == {
        "version": ["This is required."]
    }
    changed = client.patch(address, json={"version": order["version"], "note": "x", "requested_date": "2026-12-09"})
    assert changed.status_code == 200, changed.json
    assert (changed.json["note"], changed.json["requested_date"]) == ("x", "2026-12-09")
    assert changed.json["version"] > order["version"]
    details = error(client.patch(address, json={"version": order["version"], "note": "y"}), 409, "StaleVersion")
    assert details["seen"] == order["version"]
    fields = error(client.patch(address, json={"version": changed.json["version"], "colour": "y"}), 422, "Invalid")
    assert list(fields["fields"]) == ["colour"]


def test_a_cancelled_order_stays_cancelled(client, world):
    order = made(client, world)
    address = f"{URL}/{order['id']}/cancel"
    assert "reason" in error(client.post(address, json={"version": order["version"]}), 422, "Invalid")["fields"]
    answer = client.post(address, json={"version": order["version"], "reason": "called off"})
    assert answer.json["status"] == "cancelled"
    again = client.post(address, json={"version": answer.json["version"], "reason": "again"})
    error(again, 409, "OrderClosed")


def test_a_released_order_can_be_neither_changed_nor_cancelled(client, world):
    order = made(client, world)
    found = orders.get_order(order["id"])
    if found.status != "released":
        order_verbs.release_order(SYSTEM, found)
    version = found.version
    error(client.patch(f"{URL}/{order['id']}", json={"version": version, "note": "x"}), 409, "OrderReleased")
    answer = client.post(f"{URL}/{order['id']}/cancel", json={"version": version, "reason": "x"})
    error(answer, 409, "OrderReleased")


@pytest.mark.each_database
def test_the_list_filters_and_pages(client, world):
    numbers = [made(client, world, requested_date=f"2026-12-{day:02}")["number"] for day in (3, 5, 8)]
    made(client, world, "distributor")

    def listed(**query):
        answer = client.get(URL, query_string={"status": "any", **query})
        assert answer.status_code == 200, answer.json
        return [item["number"] for item in answer.json["items"]]

    assert len(listed()) == 4
    assert set(listed(channel="direct")) == set(numbers)
    assert listed(q=numbers[1].lower()) == [numbers[1]]
    assert len(listed(customer_id=world.distributor.id)) == 1
    assert listed(size=1, page=2) == listed()[1:2]
    for query in ({"status": "gone"}, {"band": "P9"}, {"size": 0}, {"page": "x"}, {"size": 201}):
        answer = client.get(URL, query_string=query)
        assert answer.status_code == 422, query


def test_rights_are_asked(app, client, world):
    order = made(client, world)
    buyer = make_user(roles=("purchasing",))
    sign_in(client, buyer)
    assert client.get(URL).status_code == 200
    for answer in (
        client.post(URL, json=given(world)),
        client.patch(f"{URL}/{order['id']}", json={"version": 1}),
        client.post(f"{URL}/{order['id']}/cancel", json={"version": 1, "reason": "x"}),
    ):
        error(answer, 403, "NotPermitted")
    error(app.test_client().get(URL), 401, "Unauthenticated")
    error(client.get(f"{URL}/nothing"), 404, "OrderNotFound")


def test_the_document_tells_body_header_and_refusals(client, world):
    paths = client.get("/api/v1/openapi.json").json["paths"]
    post = paths["/api/v1/orders"]["post"]
    assert {"201", "400", "401", "403", "409", "413", "415", "422"} <= set(post["responses"])
    assert [one["name"] for one in post["parameters"]] == ["Idempotency-Key"]
    assert set(post["requestBody"]["content"]["application/json"]["examples"]) == {"direct", "distributor", "tender"}
    patch = paths["/api/v1/orders/{order_id}"]["patch"]
    assert "$ref" in str(patch["requestBody"])


def test_an_order_costs_a_bounded_number_of_statements(client, world, statements):
    make_lot(world.product, on_hand=100)
    made(client, world)  # caches of rule sets and diagram are warm now
    body = given(world)
    statements.clear()
    answer = client.post(URL, json=body, headers={"Idempotency-Key": "k-9"})
    assert answer.status_code == 201
    print(f"POST /orders: {len(statements)} statements, order {answer.json['status']}")
    assert len(statements) <= 60, "\n".join(statements)
