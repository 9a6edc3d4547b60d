"""Another system sets itself up by REST: source with its secret, mapping, and what became of what it sent."""

from __future__ import annotations

import pytest

from app.core.errors import Invalid
from tests.catalog.factories import make_product
from tests.identity.factories import bearer, make_user
from tests.integration.hooks.test_actions import LOT, rule
from tests.integration.hooks.world import Sender
from tests.inventory.factories import make_lot

URL = "/api/v1/hook-sources"
GIVEN = {"code": "mes", "name": "MES", "auth": "signature", "format": "cloudevents", "wait_hours": 24, "rate": 100}


@pytest.mark.any_database
def test_a_system_sets_itself_up(client, tx):
    admin, robot = make_user(roles=("integration", "admin")), make_user(roles=("integration", "qa_ra"))
    head = bearer(admin)
    assert list(client.post(URL, json={**GIVEN, "acts_as": "nobody"}, headers=head).json["error"]["details"]["fields"])
    made = client.post(URL, json={**GIVEN, "acts_as": robot.login}, headers=head)
    assert (made.status_code, made.json["url"]) == (201, "/hooks/mes"), made.json
    assert client.post(URL, json={**GIVEN, "acts_as": robot.id}, headers=head).status_code == 422
    assert client.post(URL, json={**GIVEN, "acts_as": robot.id}, headers=bearer(make_user())).status_code == 403
    (listed,) = client.get(URL, headers=head).json["items"]
    where = made.headers["Location"]
    assert client.get(where, headers=head).json == listed == {k: v for k, v in made.json.items() if k != "secret"}
    assert client.get(f"{where}/mapping", headers=head).json["version"] == 0
    rules = [rule("lot.status", "qc", **LOT, status="data.status", reason="'tested'")]
    wrong = client.put(f"{where}/mapping", json={"version": 0, "rules": [{"action": "none"}]}, headers=head)
    assert list(wrong.json["error"]["details"]["fields"]) == ["rules.0.action"]
    body = {"version": 0, "rules": rules}
    assert client.put(f"{where}/mapping", json=body, headers=head).json["version"] == 1
    assert client.put(f"{where}/mapping", json=body, headers=head).status_code == 409
    assert client.get(f"{where}/mapping", headers=head).json["rules"][0]["action"] == "lot.status"
    make_lot(make_product(sku="P-1"), lot_no="L1", status="quarantined", report_no="R-1")
    sender = Sender(type("Source", (), {"code": "mes", "auth": "signature"})(), made.json["secret"], robot, client)
    for event_id, status in (("e1", "held"), ("e1", "held"), ("e2", "melted")):
        sender.send(event_id, {"sku": "P-1", "lot": "L1", "status": status}, "qc")
    found = client.get(f"{where}/events", headers=head).json
    first, second = sorted(found["items"], key=lambda one: one["event_id"])  # at one moment, the clock stands
    assert (first["event_id"], first["state"], first["duplicates"], bool(first["said"])) == ("e1", "done", 1, True)
    assert (second["event_id"], second["state"], second["duplicates"]) == ("e2", "failed", 0)
    assert (second["code"], list(second["fields"])) == (Invalid.__name__, ["status"])
    assert client.get(f"{where}/events?state=failed", headers=head).json["total"] == 1
