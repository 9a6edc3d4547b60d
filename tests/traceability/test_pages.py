"""Pages and API of tracing in both languages."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import db
from app.core.permissions import SYSTEM
from app.inventory import service as inventory
from app.inventory.ledger import Movement, post
from app.inventory.models import LedgerEntry, Serial
from app.traceability.epcis.names import event_id
from config import Settings
from tests.catalog.factories import make_customer, make_product
from tests.identity.factories import bearer, make_user, sign_in
from tests.inventory.factories import make_lot, make_warehouse
from tests.traceability.test_epcis import EXAMPLES, VALID


@pytest.fixture
def lot(tx):
    product = make_product(serial_controlled=True, implantable=True)
    given = {"lot_no": "PG-1", "made_on": "2026-10-01", "expires_on": "2028-10-01", "quantity": 2, "document": "GR/9"}
    made = inventory.receive(SYSTEM, product, make_warehouse(), {**given, "serials": ["u1", "u2"]})
    inventory.release_lot(SYSTEM, made, reason="ok", report_no="R1")
    customer = make_customer(name="华山医院")
    at = inventory.outside("customer", customer.id)
    home = inventory.home_bin(make_warehouse(), made)
    unit = tx.scalars(select(Serial.id).where(Serial.serial_no == "u1")).one()
    post(SYSTEM, [Movement("ship", made.id, home, at, 1, serial_ids=(unit,), document="DN-9")])
    return made


def test_from_the_search_box_to_the_chain(lot, tx, client):
    sign_in(client, make_user(roles=("qa_ra",)))
    client.set_cookie("language", "en")
    assert "What do you want to trace?" in client.get("/trace").text
    assert client.get("/trace?q=PG-1").location == f"/trace/lot/{lot.id}"
    assert client.get("/trace?q=gr/9").location == "/trace/receipt/GR/9"
    assert "Nothing found" in client.get("/trace?q=nothing").text
    unit = tx.scalars(select(Serial.id).where(Serial.serial_no == "u1")).one()
    assert client.get("/trace?q=u1").location == f"/trace/serial/{unit}"
    page = client.get(f"/trace/lot/{lot.id}").text
    assert "data-drawing" in page
    assert "for ever" in page  # an implant
    assert "DN-9" in page
    receipt = client.get("/trace/receipt/GR/9").text
    assert f"/trace/serial/{unit}" in receipt
    client.set_cookie("language", "zh_Hans")
    chinese = client.get(f"/trace/serial/{unit}").text
    for text in ("货物流向", "入库", "华山医院", "永久"):
        assert text in chinese, text
    shown = client.get(f"/lots/{lot.id}").text
    assert f"/trace/serial/{unit}" in shown
    assert ">u1<" in shown
    for wrong in ("/trace/lot/x", "/trace/nothing/x", "/trace/receipt/x/y", "/epcis/movements/x", "/epcis/events/x"):
        assert client.get(wrong).status_code == 404, wrong


def test_events_by_page_from_import_to_declaration(lot, tx, client):
    sign_in(client, make_user(roles=("qa_ra",)))
    client.set_cookie("language", "zh_Hans")
    assert "尚无外部事件" in client.get("/epcis").text
    content = (EXAMPLES / "ErrorDeclarationAndCorrectiveEvent.jsonld").read_bytes()
    bad = content.replace(b"inputQuantityList", b"inputList")
    for file, said in ((bad, "inputList"), (b"{", "请选择 JSON-LD"), (b"", "请选择 JSON-LD")):
        answer = client.post("/epcis", data={"file": (io.BytesIO(file), "x.jsonld")})
        assert answer.status_code == 422
        assert said in answer.text
    answer = client.post("/epcis", data={"file": (io.BytesIO(content), "x.jsonld")})
    assert answer.status_code == 302
    page = client.get("/epcis").text
    assert page.count("TransformationEvent") == 2
    assert page.count("已声明有误") == 1
    entry = tx.scalars(select(LedgerEntry).where(LedgerEntry.lot_id == lot.id).order_by(LedgerEntry.seq)).first()
    address = f"/epcis/movements/{entry.id}"
    assert "recadv" in client.get(address).text
    assert client.post(address, data={"reason": "incorrect_data", "comment": ""}).status_code == 422
    assert client.post(address, data={"reason": "incorrect_data", "comment": "三件"}).status_code == 302
    assert client.post(address, data={"reason": "incorrect_data", "comment": "三件"}).status_code == 409
    assert "三件" in client.get(address).text
    assert "已声明有误" in client.get(f"/trace/lot/{lot.id}").text
    file = client.get(f"/epcis/events.jsonld?lot={lot.id}")
    VALID.validate(json.loads(file.data))
    sign_in(client, make_user(roles=("transport",)))
    assert client.post(address, data={}).status_code == 403
    assert client.post("/epcis", data={}).status_code == 403


def test_the_api_traces_exports_and_captures(lot, tx, client):
    auth: dict[str, Any] = {"headers": bearer(make_user(roles=("qa_ra",)))}
    assert client.get("/api/v1/trace?q=PG-1", **auth).json == [
        {"kind": "lot", "id": lot.id, "label": "PG-1", "beside": lot.product.sku}
    ]
    chain = client.get(f"/api/v1/trace/lot/{lot.id}", **auth).json
    assert [one["code"] for one in chain["steps"]][:1] == ["receipt"]
    assert chain["lots"][0]["keep_until"] is None
    assert {one["kind"] for one in chain["nodes"]} >= {"supplier", "customer"}
    assert client.get("/api/v1/trace/order/x", **auth).status_code == 404
    rows = tx.scalars(select(LedgerEntry).where(LedgerEntry.lot_id == lot.id)).all()
    found, address = [], f"/api/v1/epcis/events?lot={lot.id}&perPage=2"
    while address:
        answer = client.get(address, **auth)
        document = json.loads(answer.data)
        VALID.validate(document)
        found += [one["eventID"] for one in document["epcisBody"]["eventList"]]
        address = answer.headers["Link"][1 : answer.headers["Link"].index(">")] if "Link" in answer.headers else ""
    assert sorted(found) == sorted(event_id(row.id) for row in rows)
    document = json.loads((EXAMPLES / "Example_9.6.1-ObjectEvent.jsonld").read_text())
    first = client.post("/api/v1/epcis/capture", json=document, **auth)
    assert first.status_code == 201
    assert first.json["taken"]
    again = client.post("/api/v1/epcis/capture", json=document, **auth)
    assert again.json["taken"] == []
    document["epcisBody"]["eventList"][0]["action"] = "NO"
    refused = client.post("/api/v1/epcis/capture", json=document, **auth)
    assert refused.status_code == 422
    assert "epcisBody.eventList.0.action" in refused.json["error"]["details"]["fields"]
    given = {"event_id": found[0], "reason": "did_not_occur", "comment": "counted twice", "corrective": [found[1]]}
    assert client.post("/api/v1/epcis/errors", json=given, **auth).json["corrective"] == [found[1]]
    assert client.post("/api/v1/epcis/errors", json=given, **auth).status_code == 409


def test_from_the_command_line(live: Settings, app: Flask, tmp_path):
    with db.transaction():
        make_lot(lot_no="CLI-1")
    run = app.test_cli_runner().invoke
    done = run(args=["epcis", "export", "--lot", "CLI-1", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (document,) = (json.loads(file.read_text()) for file in tmp_path.glob("*.jsonld"))
    VALID.validate(document)
    assert document["epcisBody"]["eventList"][0]["quantityList"][0]["quantity"] == 100
    assert run(args=["epcis", "export", "--lot", "nothing", str(tmp_path)]).exit_code == 1
    file = EXAMPLES / "SensorDataExample1.jsonld"
    assert "0 known already" in run(args=["epcis", "import", str(file)]).output
    assert "0 new" in run(args=["epcis", "import", str(file)]).output
    (tmp_path / "bad.json").write_text('{"type": "EPCISDocument"}')
    bad = run(args=["epcis", "import", str(tmp_path / "bad.json")])
    assert bad.exit_code == 1
    assert "“epcisBody” is missing" in bad.output
