"""Laboratories, MES and quality systems by REST: read inspections, tell results, decide with a signature."""

from __future__ import annotations

import pytest

from app.core.db import session
from app.quality import queries
from tests.identity.factories import PASSWORD, bearer, make_user
from tests.quality.world import make_quality

pytestmark = pytest.mark.any_database
URL = "/api/v1/inspections"


@pytest.fixture
def world(tx):
    return make_quality()


def test_from_receipt_to_release(world, client):
    one = world.receive(100)
    lims, users = make_user(login="lims", roles=("integration", "qa_ra")), world.flow.users
    headers = bearer(lims)

    def tell(key=None, **over):
        body = {"sampled": 13, "defective": 0, "measured": {"mass": ["0.1", "-0.2"]}, "instrument": "B-7"} | over
        more = {"Idempotency-Key": key} if key else {}
        return client.post(f"{URL}/{one.number}/results", json=body, headers=headers | more)

    assert tell().status_code == 409, "nobody has checked the goods yet"
    world.check(one)
    assert client.post(f"{URL}/{one.id}/results", json={}, headers=bearer(users["wanda"])).status_code == 422
    for over, field in (
        ({"measured": {"mass": ["x"]}}, "measured"),
        ({"measured": {"none": ["1"]}}, "measured"),
        ({"measured": {"mass": [1]}}, "measured"),
        ({"defective": 14}, "defective"),
        ({"sampled": True}, "sampled"),
        ({"signature": {"login": "lims", "password": PASSWORD, "meaning": "review", "seen": "x"}}, "signature"),
    ):
        inside = session().begin_nested()  # a refused request is rolled back, in a test with all that was before it
        answer = tell(**over)
        inside.rollback()
        assert answer.status_code == 422, answer.json
        assert next(iter(answer.json["error"]["details"]["fields"])).startswith(field)
    told = tell("r-1")
    assert (told.status_code, told.json["found"]["sampled"], told.json["lot_status"]) == (200, 13, "inspecting")
    assert tell("r-1").headers["Idempotency-Replayed"] == "true"
    assert tell("r-2").status_code == 409, "nothing more is to be tested"
    shown = client.get(f"{URL}/{one.number}", headers=headers).json
    assert (shown["tester"], shown["samples"][0]["measured"], shown["nonconformance"]) == (
        *(lims.id, {"mass": ["0.1", "-0.2"]}),
        None,
    )
    for name in ("qora", "hedda"):
        (task,) = client.get(f"{URL}/{one.id}", headers=headers).json["tasks"]
        mine = bearer(users[name])
        wanted = client.get(f"/api/v1/tasks/{task['id']}", headers=mine).json["signature"]
        proof = {**wanted, "login": users[name].login, "password": PASSWORD}
        body = {"seen_version": 1, "outcome": "approve", "signature": proof}
        assert client.post(f"/api/v1/tasks/{task['id']}/complete", json=body, headers=mine).status_code == 200
    session().expire_all()
    shown = client.get(f"{URL}/{one.id}", headers=headers).json
    assert (shown["status"], shown["lot_status"], shown["decided_by"]) == ("released", "released", users["hedda"].id)
    assert {(each["meaning"], each["valid"]) for each in shown["signatures"]} == {("review", True), ("release", True)}
    assert shown["report_no"]


def test_listed_and_filtered(world, client):
    bad, other = world.receive(100), world.receive(50)
    world.check(bad)
    world.test(bad, defective=13)
    headers = bearer(world.flow.users["quin"])

    def numbers(path, **asked):
        answer = client.get(f"/api/v1/{path}", query_string=asked, headers=headers)
        assert answer.status_code == 200, answer.json
        return sorted(one["number"] for one in answer.json["items"])

    assert numbers("inspections") == [bad.number, other.number]
    assert numbers("inspections", status="created", product=world.product.sku) == [other.number]
    assert numbers("inspections", lot="R1") == numbers("inspections", lot=bad.lot_id) == [bad.number]
    assert numbers("inspections", product="none") == numbers("inspections", since="2099-01-01") == []
    (number,) = numbers("nonconformances", lot="R1", outcome="open")
    found = queries.nonconformance_of(bad.id)
    assert client.get(f"/api/v1/nonconformances/{found.id}", headers=headers).json["number"] == number
    for path in ("inspections/none", "inspections/QC-1", "nonconformances/none"):
        assert client.get(f"/api/v1/{path}", headers=headers).status_code == 404
    assert client.get(f"{URL}?status=none", headers=headers).status_code == 422
    assert client.get(URL, headers=bearer(world.flow.users["ann"])).status_code == 403
