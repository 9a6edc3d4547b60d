"""The inbox and the priority for programs."""

from __future__ import annotations

import pytest

from app.core.ids import new_id
from app.orders import queries as orders
from app.tasks import queries as tasks
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import bearer


@pytest.fixture
def flow(tx):
    return make_flow()


def api(client, flow, name):
    """GET and POST as somebody."""
    headers = bearer(flow.users[name])

    def call(path, body=None, method=None):
        verb = method or ("get" if body is None else "post")
        kwargs = {"headers": headers, **({} if verb == "get" else {"json": body})}
        return getattr(client, verb)(f"/api/v1{path}", **kwargs)

    return call


def error_of(response):
    return response.get_json()["error"]


def test_from_list_to_release(client, flow):
    order = flow.submit()
    call = api(client, flow, "bob")
    listed = call("/tasks").get_json()
    assert listed["total"] == 1
    task = listed["items"][0]
    assert task["number"] == order.number
    assert task["subject_version"] == order.version
    detail = call(f"/tasks/{task['id']}").get_json()
    assert detail["outcomes"].keys() == {"approve", "rework", "reject"}
    assert detail["groups"] == ["order_desk"]
    assert call(f"/tasks/{task['id']}/claim", {}).get_json()["assignee_id"] == flow.users["bob"].id
    assert call("/tasks?list=mine").get_json()["total"] == 1
    assert call(f"/tasks/{task['id']}/release", {}).get_json()["assignee_id"] is None
    done = call(f"/tasks/{task['id']}/complete", {"seen_version": order.version, "outcome": "approve"})
    assert done.status_code == 200, done.get_json()
    assert done.get_json()["status"] == "completed"
    assert orders.get_order(order.id).status == "released"
    assert call("/tasks?list=done").get_json()["items"][0]["answers"] == {"outcome": "approve"}


def test_a_list_is_walked_behind_marks(client, flow):
    numbers = {flow.submit().number for _number in range(3)}
    call = api(client, flow, "bob")
    first = call("/tasks?size=2").get_json()
    assert (first["page"], first["total"], first["more"]) == (1, 3, True)
    rest = call(f"/tasks?size=2&after={first['next']}").get_json()
    assert [rest[name] for name in ("page", "total", "more", "next")] == [None, None, False, None]
    assert {task["number"] for task in first["items"] + rest["items"]} == numbers
    for query, field in (
        (f"page=2&after={first['next']}", "page"),
        ("after=x", "after"),
        (f"list=all&after={first['next']}", "after"),
    ):
        refused = call(f"/tasks?{query}")
        assert refused.status_code == 422
        assert field in error_of(refused)["details"]["fields"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"outcome": "approve"}, 422, "seen_version"),
        ({"seen_version": 1}, 422, "outcome"),
        ({"seen_version": 1, "outcome": "explode"}, 422, "outcome"),
        ({"seen_version": 1, "outcome": "reject"}, 422, "reason"),
        ({"seen_version": 1, "outcome": "reject", "reason": "x" * 2001}, 422, "reason"),
        ({"seen_version": 1, "outcome": "approve", "answers": {"colour": "red"}}, 422, "colour"),
        ({"seen_version": 1, "outcome": "approve", "answers": {"reason": 5}}, 422, "reason"),
        ({"seen_version": "1", "outcome": "approve"}, 422, "seen_version"),
        ([], 422, None),
    ],
)
def test_wrong_answers_name_the_field(client, flow, body, status, field):
    task = flow.task(flow.submit())
    refused = api(client, flow, "bob")(f"/tasks/{task.id}/complete", body)
    assert refused.status_code == status
    if field:
        assert field in error_of(refused)["details"]["fields"]
    assert tasks.get_task(task.id).status == "open"


def test_refusals(client, flow):
    order = flow.submit()
    task = flow.task(order)
    stranger, bob, desk = (api(client, flow, name) for name in ("other", "bob", "desk2"))
    assert error_of(stranger(f"/tasks/{task.id}/claim", {}))["code"] == "NotCandidate"
    assert stranger(f"/tasks/{task.id}").status_code == 403
    assert bob(f"/tasks/{new_id()}").status_code == 404
    assert bob(f"/tasks/{new_id()}/complete", {"seen_version": 1, "outcome": "approve"}).status_code == 404
    bob(f"/tasks/{task.id}/claim", {})
    taken = desk(f"/tasks/{task.id}/claim", {})
    assert taken.status_code == 409
    assert error_of(taken)["details"]["holder"] == "Bob"
    stale = bob(f"/tasks/{task.id}/complete", {"seen_version": 7, "outcome": "approve"})
    assert stale.status_code == 409
    assert error_of(stale)["code"] == "StaleVersion"
    assert client.get("/api/v1/tasks").status_code == 401


def test_priority_sums_exactly(client, flow):
    order = flow.submit()
    call = api(client, flow, "bob")
    for key in (order.id, order.number):
        found = call(f"/orders/{key}/priority").get_json()
        assert sum(line["points"] for line in found["lines"]) == found["score"]
        assert found["place"] == 1
        assert {one["rule_set"] for one in found["rule_sets"]} == {"compliance_gate", "priority"}
        assert found["facts"]["customer"][0]["tier"] == "B"
    assert call("/orders/none/priority").status_code == 404


def test_priority_of_a_blocked_order_names_basis_and_remedy(client, flow):
    from tests.catalog.factories import make_customer

    order = flow.submit(customer=make_customer(licensed=False))
    found = api(client, flow, "qa")(f"/orders/{order.id}/priority").get_json()
    assert found["blocked"] is True
    assert found["place"] is None
    assert found["blocks"][0]["rule"] == "H1"
    assert found["blocks"][0]["basis"]["zh"]
    assert found["blocks"][0]["unblock"]["en"]
