"""The pages of quality control, in both languages, and the panel beside a task."""

from __future__ import annotations

import orjson
import pytest

from app.core.db import session
from app.quality.models import SEVERITIES
from tests.identity.factories import sign_in
from tests.quality.world import make_quality


@pytest.fixture
def world(tx):
    return make_quality()


def test_clicked_through(world, client):
    client.set_cookie("language", "en")
    sign_in(client, world.flow.users["quin"])
    assert "Nothing is under inspection" in client.get("/quality/queue").text
    assert "No nonconformances" in client.get("/quality/nonconformances").text
    order = world.flow.submit(product=world.product, quantity=30)
    one = world.receive(100)
    world.check(one, label="wrong", note="torn <b>label</b>")
    page = client.get("/quality/queue").text
    assert all(text in page for text in (one.number, order.number, "R1", f'href="/tasks/{world.task(one).id}"'))
    page = client.get(f"/tasks/{world.task(one).id}").text
    assert all(text in page for text in ("mass", "-3 … 3 %", "torn &lt;b&gt;", "Test 13 units", order.number))
    complete = f"/tasks/{world.task(one).id}/complete"
    for measured, status in (("mass: ?", 422), ("mass: 9", 302)):
        answers = {"sampled": 13, "defective": 0, "measured": measured}
        assert client.post(complete, data={"answers": orjson.dumps(answers).decode()}).status_code == status
    session().expire_all()
    assert world.at(one) == ["review"]
    version = {"seen_version": world.lot(one).version, "report_no": "X-1"}
    refused = client.post(f"/lots/{one.lot_id}/status", data={"status": "released", "reason": "x", **version})
    assert refused.status_code == 409
    assert "is under inspection" in refused.text
    world.judge(one, "reject")
    client.set_cookie("language", "zh_Hans")
    for address in ("/quality/nonconformances?outcome=rejected", "/quality/nonconformances?q=r1"):
        assert all(text in client.get(address).text for text in ("NC-", "批次不合格", "R1"))
    assert "未找到" in client.get("/quality/nonconformances?q=zzz").text
    page = client.get(f"/quality/inspections/{one.id}").text
    assert page.count(">签名有效<") == 2
    assert "超限" in page
    assert client.get("/quality/inspections/none").status_code == 404


def test_the_head_of_quality_ends_a_discontinuation(world, client):
    one = world.receive(100)
    one.severity, one.supplier_id = SEVERITIES[3], "S1"
    session().flush()
    address = f"/quality/inspections/{one.id}/improved"
    sign_in(client, world.flow.users["quin"])
    assert client.post(address).status_code == 403
    sign_in(client, world.flow.users["hedda"])
    client.set_cookie("language", "en")
    assert client.post(address).status_code == 302
    assert "is inspected again, tightened" in client.get(f"/quality/inspections/{one.id}").text


def test_the_head_of_quality_agrees_to_reduced_inspection_and_ends_it(world, client):
    one = world.receive(100)
    one.supplier_id = "S1"
    session().flush()
    address = f"/quality/inspections/{one.id}/reduced"
    sign_in(client, world.flow.users["quin"])
    assert client.post(address, data={"reason": "steady"}).status_code == 403
    sign_in(client, world.flow.users["hedda"])
    client.set_cookie("language", "en")
    refused = client.post(address, data={"reason": " "})
    assert (refused.status_code, "Say why." in refused.text) == (422, True)
    assert "not agreed" in client.get(f"/quality/inspections/{one.id}").text
    assert client.post(address, data={"reason": "12 months without a complaint"}).status_code == 302
    page = client.get(f"/quality/inspections/{one.id}").text
    assert "12 months without a complaint" in page
    assert "reduced inspection agreed" in page
    client.post(address, data={"reason": "new tool at the supplier", "end": "1"})
    assert "not agreed · new tool at the supplier" in client.get(f"/quality/inspections/{one.id}").text
    nobody = world.receive(10)
    assert client.post(f"/quality/inspections/{nobody.id}/reduced", data={"reason": "x"}).status_code == 409
