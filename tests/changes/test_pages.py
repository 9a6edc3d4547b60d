"""People ask for changes on pages, see what they come to and decide them; programs ask by API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.changes.queries import changes_of
from app.core import clock
from app.fulfilment.entry_form import written
from app.orders import queries as orders
from app.tasks import queries as tasks
from tests.changes.world import make_changing, run_jobs
from tests.identity.factories import bearer, sign_in


@pytest.fixture
def flow(tx):
    return make_changing()


def form_of(order):
    """What the form of the order sends as it is."""
    given = written(order)
    lines = given.pop("lines")
    rows = {f"lines-{number}-{name}": value for number, line in enumerate(lines) for name, value in line.items()}
    return {**given, **rows, "version": str(order.version)}


def test_asked_decided_and_shown_in_both_languages(flow, client):
    order = flow.submit(product=flow.plain, quantity=20)
    waiting = flow.submit(product=flow.plain, quantity=60)
    sign_in(client, flow.users["ann"])
    client.set_cookie("language", "en")
    assert "Request a change" in client.get(f"/orders/{order.id}").text
    page = client.get(f"/orders/{order.id}/request-change").text
    assert f'action="/orders/{order.id}/request-change"' in page
    soon = clock.local(clock.now() + timedelta(days=6))
    dates = {"surgery_at": soon.strftime("%Y-%m-%dT%H:%M"), "requested_date": soon.date().isoformat()}
    given = form_of(order) | {"lines-0-quantity": "25", "customer": "H-0001", **dates}
    refused = client.post(f"/orders/{order.id}/request-change", data=given)
    assert (refused.status_code, "Please give a reason." in refused.text) == (422, True)
    made = client.post(f"/orders/{order.id}/request-change", data={**given, "reason": "five more beds"})
    assert made.status_code == 302, made.text
    (case,) = changes_of(order.id)
    shown = client.get(made.location).text
    assert f">{waiting.number}</a>" in shown
    assert "Take the request back" in shown
    twice = client.post(f"/orders/{order.id}/request-change", data={**given, "reason": "again"})
    assert (twice.status_code, "under way already" in twice.text) == (409, True)
    assert case.number in client.get(f"/changes?q={order.number}&status=open&kind=amend").text
    (task,) = tasks.open_tasks_of(case.subject)
    sign_in(client, flow.users["boss" if "manager" in tasks.candidates_of(task.id)["group"] else "bob"])
    page = client.get(f"/tasks/{task.id}").text
    assert "Who loses stock by it" in page
    assert waiting.number in page
    client.set_cookie("language", "zh_Hans")
    for address in ("/changes", f"/changes/{case.id}", f"/orders/{order.id}/request-change", f"/tasks/{task.id}"):
        assert client.get(address).status_code == 200
    assert "谁会失去库存" in client.get(f"/changes/{case.id}").text
    answer = client.post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    assert answer.status_code == 302
    run_jobs()
    assert "已执行" in client.get(f"/changes/{case.id}").text
    assert orders.get_order(order.id).lines[0].quantity == 25


def test_a_cancellation_is_asked_for_and_taken_back(flow, client):
    order = flow.submit(product=flow.plain, quantity=5)
    sign_in(client, flow.users["ann"])
    client.set_cookie("language", "en")
    same = client.post(
        f"/orders/{order.id}/request-change", data={**form_of(order), "customer": "H-0001", "reason": "x"}
    )
    assert (same.status_code, "Nothing of the order would change." in same.text) == (422, True)
    here = f"/orders/{order.id}/request-cancellation"
    assert client.get(here).status_code == 200
    assert client.post(here, data={"version": str(order.version), "reason": " "}).status_code == 422
    assert client.post(here, data={"version": "9", "reason": "x"}).status_code == 409
    made = client.post(here, data={"version": str(order.version), "reason": "called off"})
    assert client.post(f"{made.location}/withdraw").status_code == 302
    assert changes_of(order.id)[0].status == "withdrawn"
    assert client.get("/changes/none").status_code == 404


def test_programs_ask_once(flow, client):
    order = flow.submit(product=flow.plain, quantity=5)
    headers = {**bearer(flow.users["ann"]), "Idempotency-Key": "c-1"}
    here = f"/api/v1/orders/{order.number}/change-requests"
    body = {"version": order.version, "reason": "fewer beds", "wanted": {"note": "by the gate"}}
    made = client.post(here, json=body, headers=headers)
    assert (made.status_code, made.json["status"], made.json["number"][:3]) == (201, "applied", "CR-")
    again = client.post(here, json=body, headers=headers)
    assert (again.json["id"], again.headers["Idempotency-Replayed"]) == (made.json["id"], "true")
    assert client.post(here, json={**body, "cancel": True}, headers=bearer(flow.users["ann"])).status_code == 422
    assert client.post(here, json=body, headers=bearer(flow.users["ann"])).status_code == 409  # stale
    assert client.get(made.headers["Location"], headers=headers).json["what_if"]["stage"] == "allocated"
    assert client.get("/api/v1/change-requests?status=applied", headers=headers).json["total"] == 1
    assert client.post(f"{made.headers['Location']}/withdraw", headers=headers).status_code == 409
