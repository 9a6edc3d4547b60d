"""Pages of webhooks that come in: set up, map, try out, look, replay."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.core.db import session
from app.integration import alarms
from app.integration.inbound import mappings, processing
from app.integration.inbound.models import HookSource
from tests.identity.factories import make_user, sign_in
from tests.integration.hooks.test_inbound import ORDER, placed
from tests.integration.hooks.world import Sender, make_sender

__all__ = ["placed"]


@pytest.fixture
def designer(client):
    client.set_cookie("language", "en")
    return sign_in(client, make_user(roles=("integration", "designer", "operator", "admin")))


def form_of(body, prefix="rules"):
    """The fields of the mapping's form."""
    made = {"otherwise": body["otherwise"], "sample": body.get("sample", ""), "seen": ""}
    for place, rule in enumerate(body["rules"]):
        path = f"{prefix}.{place}"
        made |= {f"{path}.{name}": rule.get(name, "") for name in ("name", "when", "action")}
        for name, value in rule["fields"].items():
            if isinstance(value, dict):
                made[f"{path}.fields.{name}.each"] = value["each"]
                made |= {f"{path}.fields.{name}.columns.{c}": text for c, text in value["columns"].items()}
            else:
                made[f"{path}.fields.{name}"] = value
    return made


def test_a_source_is_set_up_with_its_secret_shown_once(client, designer):
    given = {"name": "LIMS", "code": "lims", "auth": "signature", "format": "cloudevents", "acts_as": designer.id}
    wrong = client.post("/webhooks/in/new", data={**given, "code": "No!", "wait_hours": "x", "rate": "0"})
    assert wrong.status_code == 422
    assert b"whsec_" not in wrong.data
    page = client.post("/webhooks/in/new", data={**given, "wait_hours": "24", "rate": "50", "masked": "data.patient"})
    assert page.status_code == 200
    assert page.data.count(b"whsec_") >= 2, "to copy, and in the command"
    source = session().query(HookSource).one()
    assert source.masked == ["data.patient"]
    shown = client.get(f"/webhooks/in/{source.id}").data.decode()
    assert "openssl" in shown
    assert "whsec_…" in shown
    changed = {**given, "name": "LIMS 2", "wait_hours": "24", "rate": "50", "version": source.version}
    assert client.post(f"/webhooks/in/{source.id}/change", data=changed).status_code == 302
    assert client.post(f"/webhooks/in/{source.id}/change", data=changed).status_code == 409
    assert client.post(f"/webhooks/in/{source.id}/secrets", data={"old": "0"}).data.count(b"whsec_") >= 2
    client.post(f"/webhooks/in/{source.id}/switch", data={"on": "0"})
    assert client.post("/hooks/lims", data=b"{}").status_code == 404


def test_nobody_maps_themselves_more_rights(client):
    user = sign_in(client, make_user(roles=("integration",)))
    strong = make_user(roles=("integration", "admin"))
    given = {"name": "X", "code": "x", "auth": "bearer", "format": "json", "wait_hours": "1", "rate": "1"}
    assert client.post("/webhooks/in/new", data={**given, "acts_as": strong.id}).status_code == 422
    assert client.post("/webhooks/in/new", data={**given, "acts_as": user.id}).status_code == 200


def test_a_mapping_is_tried_out_leaving_nothing_then_put_into_force(client, designer, placed):
    sender = make_sender(client)
    url = f"/webhooks/in/{sender.source.id}/mapping"
    body = {"rules": [ORDER], "otherwise": "ignore", "sample": json.dumps(sender.event("e1", placed))}
    before = session().connection().exec_driver_sql("SELECT count(*) FROM orders").scalar()
    tree = client.post(url, data={**form_of(body), "do": "refresh"}).data.decode()
    assert 'data-insert="data.items"' in tree
    assert 'data-insert="item.sku"' in tree
    assert 'data-guard="unsaved"' in tree
    broken = client.post(url, data={**form_of({**body, "sample": '{"id": '}), "do": "list"})
    assert broken.status_code == 422
    assert "the body is no JSON" in broken.data.decode()
    tried = client.post(url, data={**form_of(body), "do": "try"})
    assert tried.status_code == 200
    assert "SO-2026-" in tried.data.decode()
    assert "Order entered" in tried.data.decode()
    assert "Only tried, nothing is kept." in tried.data.decode()
    assert session().connection().exec_driver_sql("SELECT count(*) FROM orders").scalar() == before
    poor = {**ORDER, "fields": {**ORDER["fields"], "customer": "data.nobody", "channel": "'direct"}}
    faults = client.post(url, data={**form_of({**body, "rules": [poor]}), "do": "save"})
    assert faults.status_code == 422
    assert "rules-0-fields-channel" in faults.data.decode()
    missing = {**ORDER, "fields": {**ORDER["fields"], "customer": "data.nobody"}}
    said = client.post(url, data={**form_of({**body, "rules": [missing]}), "do": "try"}).data.decode()
    assert "<code>customer</code>" in said
    two = client.post(url, data={**form_of(body), "do": "add"}).data.decode()
    assert "rules.1.action" in two
    assert client.post(url, data={**form_of({**body, "sample": "{"}), "do": "activate"}).status_code == 422
    failing = form_of({**body, "rules": [missing]})
    told = client.post(url, data={**failing, "do": "activate"})
    assert told.status_code == 422
    assert "It is not put into force" in told.data.decode()
    assert mappings.current(sender.source.id) is None
    button = re.search(r'name="do" value="(activate\.[0-9a-f]{16})"', told.data.decode())[1]
    other = {
        **missing,
        "fields": {**missing["fields"], "customer": "data.nowhere"},
    }  # fails otherwise than one was told
    again = client.post(url, data={**form_of({**body, "rules": [other]}), "do": button})
    assert again.status_code == 422
    assert client.post(url, data={**failing, "do": button}).status_code == 302
    entry = session().scalars(select(AuditEntry).where(AuditEntry.action == "hook-mapping:activate")).one()
    assert "customer" in entry.details["despite"]
    lacking = {**ORDER, "fields": {**ORDER["fields"], "note": "data.reff"}, "when": "data.kind == 'x'"}
    rules = [lacking, {**lacking, "when": ""}]
    said = client.post(url, data={**form_of({**body, "rules": rules}), "do": "try"}).data.decode()
    assert "Rule 1: Condition: data.kind == &#39;x&#39; – there is no “data.kind”" in said
    assert "Rule 2: Note: data.reff – there is no “data.reff”" in said
    assert client.post(url, data={**form_of(body), "do": "activate"}).status_code == 302
    assert mappings.current(sender.source.id).status == "active"
    assert client.get(f"{url}?version=1").status_code == 200


def test_the_log_masks_filters_replays_and_discards(client, designer, placed):
    sender: Sender = make_sender(client, masked=["data.surgery_no", "data.items.*.price"])
    sender.map(ORDER)
    failed = sender.send("bad", {**placed, "customer": "NOBODY"}, subject="K1")
    again = sender.send("bad2", {**placed, "customer": "NOBODY", "ref": "2"})
    page = client.get(f"/webhooks/in/log/{failed.id}").data.decode()
    assert "•••" in page
    assert placed["surgery_no"] not in page
    assert "<code>customer</code>" in page
    alarms.forget()
    assert client.get("/menu/badges").json["integration.list_sources"] == "2"
    assert b"bad2" not in client.get("/webhooks/in/log?key=K1").data
    assert client.post("/webhooks/in/log", data={"event": failed.id, "do": "discard"}).status_code == 422
    client.post("/webhooks/in/log", data={"event": failed.id, "do": "discard", "reason": "test"})
    fields = {**ORDER["fields"], "customer": f"'{placed['customer']}'"}
    sender.map({**ORDER, "fields": fields})
    client.post("/webhooks/in/log", data={"which": "all", "do": "replay", "source": sender.source.id})
    processing.run_due()
    session().expire_all()
    assert {failed.state, again.state} == {"done"}
    alarms.forget()
    assert client.get("/menu/badges").json["integration.list_sources"] == ""
