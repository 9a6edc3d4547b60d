"""Decisions made without a network, as they arrive: once, or refused in words; and what a scanned code opens."""

from __future__ import annotations

import pytest

from app.inventory.queries import stock_view
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import sign_in

pytestmark = pytest.mark.any_database


@pytest.fixture
def flow(tx):
    return make_flow()


def late(client, flow, task, key="k1", owner="bob", **over):
    body = {"owner": flow.users[owner].id, "seen_version": 1, "answers": {"outcome": "approve"}, **over}
    headers = {"Idempotency-Key": key, "Accept": "application/json"}
    return client.post(f"/waiting/decisions/{task.id}", json=body, headers=headers)


RELEASED = "Released: the goods are reserved and can be shipped."


def test_a_late_decision_counts_once(client, flow, tx):
    sign_in(client, flow.users["bob"])
    client.set_cookie("language", "en")
    task = flow.task(flow.submit())
    assert client.get("/waiting/token").json["user"] == flow.users["bob"].id
    first = late(client, flow, task)
    assert (first.status_code, first.json) == (200, {"done": f"Approve: order {task.number}. {RELEASED}"})
    tx.expire_all()
    assert (task.status, task.completed_by) == ("completed", flow.users["bob"].id)
    assert late(client, flow, task).json == first.json
    assert late(client, flow, task, key="k2").json == first.json  # the page sent it, only the answer was lost
    other = late(client, flow, task, answers={"outcome": "reject", "reason": "no"})
    assert other.json["error"]["code"] == "KeyReused"
    refused = late(client, flow, task, key="k3", answers={"outcome": "reject", "reason": "no"})
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "TaskClosed")


def test_what_cannot_be_done_any_more_is_refused_and_leaves_nothing(client, flow):
    sign_in(client, flow.users["bob"])
    client.set_cookie("language", "en")
    task = flow.task(flow.submit())
    codes = [
        late(client, flow, task, seen_version=7),
        late(client, flow, task, owner="ann"),
        late(client, flow, task, key="with space"),
        late(client, flow, task, seen_version="1"),
        late(client, flow, task, answers=[]),
        late(client, flow, task, answers={"outcome": "nonsense"}),
        late(client, flow, task, answers={"outcome": ["approve"]}),
        client.post(f"/waiting/decisions/{task.id}", data="[", headers={"Accept": "application/json"}),
    ]
    assert [one.status_code for one in codes] == [409, 409, 422, 422, 422, 422, 422, 422]
    assert codes[0].json["error"]["code"] == "StaleVersion"
    assert "somebody else on this device" in codes[1].json["error"]["message"]
    assert task.status == "open"
    assert late(client, flow, task, key="k9").status_code == 200


def test_without_a_session_the_device_is_told_to_sign_in(client, flow):
    task = flow.task(flow.submit())
    assert client.get("/waiting/token", headers={"Accept": "application/json"}).status_code == 401
    assert late(client, flow, task).status_code == 401


def test_a_code_opens_what_it_names(client, flow):
    sign_in(client, flow.users["qa"])
    client.set_cookie("language", "en")
    order, product = flow.submit(), flow.plain
    lot = stock_view(product.id).lots[0].lot

    def opened(code):
        answer = client.get("/scan", query_string={"code": code})
        return answer.headers["Location"] if answer.status_code == 302 else answer.get_data(as_text=True)

    assert opened(order.number) == f"/orders/{order.id}"
    assert opened(f"https://youxu.example/orders/{order.id}") == f"/orders/{order.id}"
    assert opened(product.udi_di) == f"/products/{product.id}"
    code = f"01{product.udi_di}10{lot.lot_no}"
    assert opened(f"{code}\x1d21S1") == f"/lots/{lot.id}"
    assert opened(f"{code}21S1") == f"/lots/{lot.id}"  # the scanner lost the separator
    assert "its lot NONE-1 is not in our stock" in opened(f"01{product.udi_di}10NONE-1")
    assert "No lot, product or order of ours" in opened("0106912345999997")
    sign_in(client, flow.users["ann"])
    assert client.get("/scan").status_code == 200
