"""Pages of a recall in both languages, the consignees' door, and what programs are told."""

from __future__ import annotations

import re
from html import unescape

import orjson
import pytest

from app.core import clock
from app.core.db import session
from app.core.permissions import SYSTEM
from app.inventory import service as inventory
from app.recalls import links, pace, queries, service
from app.recalls.models import RecallCase, RecallReply
from tests.identity.factories import PASSWORD, bearer, sign_in
from tests.recalls.world import make_recalling


@pytest.fixture
def world(tx):
    pace.forget()
    return make_recalling()


def test_clicked_through(world, client):
    client.set_cookie("language", "en")
    sign_in(client, world.users["sal"])
    assert client.get("/recalls/new").status_code == 403
    sign_in(client, world.users["rae"])
    assert "No recall" in client.get("/recalls").text
    given = {"lots": "nowhere", "jurisdiction": "cn", "hazard": "open barrier <b>"}
    assert "There is no lot nowhere" in client.post("/recalls/new", data=given).text
    assert client.post("/recalls/new", data={**given, "lots": world.lot.lot_no, "hazard": " "}).status_code == 422
    assert world.lot.status == "released"
    answer = client.post("/recalls/new", data={**given, "lots": world.lot.lot_no})
    case = session().query(RecallCase).one()
    assert (answer.location, world.lot.status) == (f"/recalls/{case.id}", "recalled")
    page = client.get(answer.location).text
    assert "open barrier &lt;b&gt;" in page
    assert "Consignees that will be told: 3." in page
    for name, element, answers in (
        ("rae", "intake", {"severity": "serious", "probability": "possible", "check_level": "E"}),
        ("rae", "confirm_level", {"outcome": "approve", "level": "class_i"}),
        ("hedda", "approve_plan", {"outcome": "approve"}),
    ):
        sign_in(client, world.users[name])
        task = world.tasks(case)[element]
        page = client.get(f"/tasks/{task.id}").text
        assert "Where every unit is" in page
        signed = re.search(r'name="meaning" value="(\w+)"', page)
        proof = {"meaning": signed[1], "login": name, "password": PASSWORD} if signed else {}
        seen = re.search(r'name="seen" value="([^"]+)"', page)
        plain = {"outcome": answers.pop("outcome")} if "outcome" in answers else {}
        typed = {**plain, "answers": orjson.dumps(answers).decode(), **proof, **({"seen": seen[1]} if seen else {})}
        assert client.post(f"/tasks/{task.id}/complete", data=typed).status_code == 302
    sign_in(client, world.users["rae"])
    here = f"/recalls/{case.id}"
    told = queries.notices_of(case)
    world.hospital.contacts = [{"name": "Qin", "purpose": "recall", "phone": "021-77", "email": ""}]
    page = client.get(here).text
    assert (page.count("Told on the phone"), page.count("021-77</a>"), "Order a replacement" in page) == (3, 1, False)
    assert client.post(f"{here}/told/{told[0].id}/call").status_code == 302
    assert client.post(f"{here}/told/{told[1].id}/send", data={"email": "no"}).status_code == 422
    assert client.post(f"{here}/told/{told[1].id}/send", data={"email": "a@b.example"}).status_code == 302
    assert client.post(f"{here}/told/{told[1].id}/check", data={"effective": "0"}).status_code == 302
    assert links.token_of(told[0].id) in client.get(f"{here}/told/{told[0].id}").text
    phoned = {f"on_hand-{world.lot.id}": "4", "person": "Zhao", "submission": "x"}
    assert client.post(f"{here}/told/{told[0].id}", data={**phoned, "person": ""}).status_code == 422
    assert client.post(f"{here}/told/{told[0].id}", data=phoned).status_code == 302
    assert "Zhao" in client.get(f"{here}/told/{told[0].id}").text
    assert "in the recall already" in client.post(f"{here}/widen", data={"lots": world.lot.lot_no, "reason": "x"}).text
    assert client.post(f"{here}/widen", data={"lots": world.other.lot_no, "reason": "x"}).status_code == 302
    sign_in(client, world.users["sal"])
    page = client.get(here).text
    (asked,) = re.findall(rf'href="(/orders/new[^"]*customer={world.clinic.code}[^"]*)"', page)
    page = client.get(unescape(asked)).text
    for shown in (
        'value="replacement" selected',
        f'value="{world.clinic.code}"',
        f'value="{world.lot.product.sku}"',
        f">{case.number}<",
    ):
        assert shown in page
    assert re.search(r'name="lines-0-quantity"[^>]*value="4"', page), "what it had and has not used"
    sign_in(client, world.users["rae"])
    client.set_cookie("language", "zh_Hans")
    page = client.get(here).text
    assert all(text in page for text in ("一级召回", "去向不明", "收货单位", "受影响订单"))
    assert case.number in client.get("/recalls?status=open").text


def test_the_door_of_consignees(world, client):
    case = world.open()
    world.answer("rae", case, "intake", severity="serious", probability="probable", check_level="E")
    world.answer("rae", case, "confirm_level", outcome="approve", level="class_i")
    world.answer("hedda", case, "approve_plan", outcome="approve")
    notice = next(one for one in queries.notices_of(case) if one.customer_id == world.hospital.id)
    door = f"/r/{links.token_of(notice.id)}"
    client.set_cookie("language", "en")
    page = client.get(door)
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert page.headers["Cache-Control"] == "no-store"
    assert 'name="robots" content="noindex' in page.text
    assert world.distributor.name not in page.text
    sent = re.search(r'name="submission" value="([^"]+)"', page.text)[1]
    given = {"submission": sent, "person": "李护士", f"used-{world.lot.id}": "5", f"on_hand-{world.lot.id}": "15"}
    assert client.post(door, data={**given, f"used-{world.lot.id}": "-5"}).status_code == 422
    for _twice in range(2):
        assert client.post(door, data=given).location == f"{door}?sent=1"
    assert session().query(RecallReply).count() == 1
    client.set_cookie("language", "zh_Hans")
    assert "已登记" in client.get(f"{door}?sent=1").text
    client.post(door, data={**given, "submission": "second", f"used-{world.lot.id}": "6"})
    assert [one.number for one in queries.replies_of(case)[notice.id]] == [1, 2]
    for wrong in ("x", "0" * 64, "%00", "..%2f", "a" * 5000):
        assert client.get(f"/r/{wrong}").status_code in (400, 404)
        assert client.post(f"/r/{wrong}", data=given).status_code in (400, 404)
    with clock.moved(clock.now().replace(year=2027)):
        service.close(world.actor("hedda"), case, "over", "told in the audit")
        assert "已关闭" in client.get(door).text
        assert client.post(door, data={**given, "submission": "third"}).status_code == 409
    assert session().query(RecallReply).count() == 2
    codes = [client.get(door).status_code for _many in range(62)]
    assert (codes[0], codes[-1]) == (200, 429)


def test_programs(world, client):
    headers = {**bearer(world.users["rae"]), "Idempotency-Key": "recall-1"}
    arrives = world.lot.made_on.replace(year=2027)
    inventory.reserve(SYSTEM, "order-1", "line-1", world.lot.product, 6, arrives_on=arrives)
    body = {"lot_ids": [world.lot.id], "hazard": "leaks"}
    assert client.post("/api/v1/recalls", json=body, headers=bearer(world.users["sal"])).status_code == 403
    for wrong in ({}, {"lot_ids": [], "hazard": "x"}, {"lot_ids": [world.lot.id], "hazard": ""}, {"lot_ids": "x"}):
        assert client.post("/api/v1/recalls", json=wrong, headers=headers).status_code == 422
    missing = client.post(
        "/api/v1/recalls", json={"lot_ids": ["nope"], "hazard": "x"}, headers=bearer(world.users["rae"])
    )
    assert missing.status_code == 404
    made = client.post("/api/v1/recalls", json=body, headers=headers)
    again = client.post("/api/v1/recalls", json=body, headers=headers)
    assert (made.status_code, again.status_code, again.json) == (201, 201, made.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert session().query(RecallCase).count() == 1
    (balance,) = made.json["balances"]
    assert (balance["received"], balance["in_stock"], balance["used"], balance["unaccounted"]) == (100, 70, 5, 25)
    assert client.get(made.headers["Location"], headers=headers).json["number"] == made.json["number"]
    assert client.get("/api/v1/recalls?status=open", headers=headers).json["total"] == 1
    assert client.get("/api/v1/recalls/RC-2026-999999", headers=headers).status_code == 404
