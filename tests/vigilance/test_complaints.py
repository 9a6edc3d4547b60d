"""Complaints: recorded by page, API and program, investigated, decided on, concluded; what follows from one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.audit.queries import entries_of
from app.catalog.udi import gs1
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.permissions import NotPermitted
from app.documents.queries import documents_of
from app.quality.models import Nonconformance
from app.tasks.records import Notice
from app.vigilance import clocks, service
from app.vigilance.models import Complaint
from tests.identity.factories import bearer, sign_in
from tests.vigilance.world import make_vigilance

pytestmark = pytest.mark.any_database
URL = "/api/v1/complaints"


@pytest.fixture
def world(tx):
    return make_vigilance()


def told_in(refusal):
    return refusal.value.details["fields"]


def test_quality_is_told_and_a_person_decides(world):
    one = world.complain(harm="serious", jurisdiction="eu", aware_at=clock.now().isoformat())
    told = {row.user_id for row in session().query(Notice).filter_by(kind="complaint", path=f"/complaints/{one.id}")}
    assert told == {world.users[name].id for name in ("rae", "rio", "hedda")}
    assert clocks.decide_by(one) == one.aware_at + timedelta(days=2)
    rae = world.actor("rae")
    with pytest.raises(Invalid) as refusal:
        service.conclude(rae, one, "confirmed", "found")
    assert list(told_in(refusal)) == ["conclusion"], "nobody has investigated it"
    service.take_up(rae, one)
    with pytest.raises(Invalid) as refusal:
        service.conclude(rae, one, "guess", " ")
    assert set(told_in(refusal)) == {"conclusion", "finding"}
    for reportable, reason in ((None, "x"), (True, " ")):
        with pytest.raises(Invalid):
            service.decide_reporting(rae, one, reportable=reportable, reason=reason)
    assert clocks.report_by(one) is None
    service.decide_reporting(rae, one, reportable=True, reason="patient reoperated")
    assert clocks.report_by(one).at == one.aware_at + timedelta(days=15), "Article 87(3)"
    one.jurisdiction = "cn"
    assert clocks.report_by(one) is None, "no number of that law is on file: none is claimed"
    service.conclude(rae, one, "confirmed", "seal not closed")
    assert (one.status, one.conclusion, one.closed_by) == ("closed", "confirmed", rae.id)
    with pytest.raises(service.ComplaintClosed):
        service.decide_reporting(rae, one, reportable=False, reason="after all")


def test_harm_is_not_concluded_without_a_decision(world):
    one = world.complain(harm="possible")
    service.take_up(world.actor("rae"), one)
    with pytest.raises(Invalid):
        service.conclude(world.actor("rae"), one, "unfounded", "nothing")
    service.decide_reporting(world.actor("rae"), one, reportable=False, reason="no causal link")
    service.conclude(world.actor("rae"), one, "unfounded", "nothing")
    assert one.status == "closed"


def test_what_follows(world):
    one = world.complain()
    with pytest.raises(NotPermitted):
        service.hold_lot(world.actor("sal"), one, "stop")
    service.hold_lot(world.actor("rae"), one, "stop")
    assert world.lot.status == "held"
    made = service.raise_nonconformance(world.actor("rae"), one, "major", 3, "open pouch")
    assert (made.complaint_id, made.inspection_id, made.outcome) == (one.id, None, "open")
    with pytest.raises(Invalid) as refusal:
        service.raise_nonconformance(world.actor("rae"), one, "none", 0, " ")
    assert set(told_in(refusal)) == {"severity", "quantity", "description"}
    stranger = world.complain(lot_no="NOT-OURS")
    assert (stranger.lot_id, stranger.lot_no) == (None, "NOT-OURS")
    with pytest.raises(service.NoLot):
        service.raise_nonconformance(world.actor("rae"), stranger, "major", 3, "open pouch")


def test_programs(world, client):
    headers = bearer(world.users["sal"])
    product = world.lot.product
    product.udi_di = gs1.with_check_digit("0690123400001")
    session().flush()
    code = gs1.human(gs1.device(di=product.udi_di, lot_no=world.lot.lot_no, serial="S-9"))
    body = {"customer": "RH", "code": code, "description": "bent", "reference": "CRM-7", "harm": "none"}
    assert client.post(URL, json=body, headers=bearer(world.users["fin"])).status_code == 403
    for over, field in (
        ({"code": "nonsense"}, "code"),
        ({"customer": "NOBODY"}, "customer"),
        ({"customer": ""}, "customer"),
        ({"order": "SO-NONE"}, "order"),
        ({"shipment": "SH-NONE"}, "shipment"),
        ({"aware_at": "2999-01-01T00:00:00Z"}, "aware_at"),
        ({"harm": "some"}, "harm"),
        ({"description": " "}, "description"),
    ):
        answer = client.post(URL, json={**body, **over}, headers=headers)
        assert (answer.status_code, list(answer.json["error"]["details"]["fields"])) == (422, [field])
    keyed = {**headers, "Idempotency-Key": "c-1"}
    made, again = (client.post(URL, json=body, headers=keyed) for _twice in range(2))
    assert (made.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert (made.json["product"], made.json["lot_id"], made.json["serial_no"]) == (product.sku, world.lot.id, "S-9")
    assert client.post(URL, json=body, headers=headers).status_code == 409, "told before"
    assert session().query(Complaint).count() == 1
    for asked, count in (
        ({"lot": world.lot.lot_no}, 1),
        ({"customer": "RH", "status": "open"}, 1),
        ({"harm": "death"}, 0),
    ):
        assert client.get(URL, query_string=asked, headers=headers).json["total"] == count
    assert client.get(made.headers["Location"], headers=headers).json["number"] == made.json["number"]
    assert client.get(f"{URL}/CP-2026-999999", headers=headers).status_code == 404


def test_clicked_through(world, client):
    client.set_cookie("language", "en")
    sign_in(client, world.users["rae"])
    assert "No complaints" in client.get("/complaints").text
    assert "Record it" in client.get("/complaints/new").text
    given = {"customer": "RH", "product": world.lot.product.sku, "lot_no": world.lot.lot_no, "description": "<b>open"}
    wrong = client.post("/complaints/new", data={**given, "product": "NONE"})
    assert wrong.status_code == 422
    told = {**given, "lot_no": "UNKNOWN", "harm": "possible", "sample_returned": "1"}
    made = client.post("/complaints/new", data=told)
    one = session().query(Complaint).one()
    here = f"/complaints/{one.id}"
    assert made.headers["Location"] == here
    page = client.get(here).text
    assert all((text in page) is shown for text, shown in (("Say which lot it is", True), ("Hold it", False)))
    lot = {"lot_no": world.lot.lot_no, "correction": "read from the sample"}
    for wrong, said in (({"lot_no": ""}, "required"), ({"correction": " "}, "Say why")):
        answer = client.post(f"{here}/lot", data={**lot, **wrong})
        assert (answer.status_code, said in answer.text) == (422, True)
    assert client.post(f"{here}/lot", data=lot).status_code == 302
    assert client.post(f"{here}/lot", data=lot).status_code == 422, "it is that already"
    (entry,) = (row for row in entries_of(one.subject) if row.action == "complaint:correct")
    assert (entry.details["before"], entry.details["lot_no"]) == ("UNKNOWN", world.lot.lot_no)
    page = client.get(here).text
    assert all(
        text in page
        for text in ("&lt;b&gt;open", "Investigate it", "Hold it", "/recalls/new?lots=", "Record the decision")
    )
    for act, data, status in (
        ("take", {}, 302),
        ("close", {"conclusion": "confirmed", "finding": "so"}, 422),
        ("report", {"reportable": "0", "reason": "no injury"}, 302),
        ("nonconformance", {"severity": "major", "quantity": "2"}, 302),
        ("lot", {"lot_no": "OTHER", "correction": "misread"}, 422),
        ("hold", {"hold_reason": "until looked at"}, 302),
        ("close", {"conclusion": "confirmed", "finding": "so"}, 302),
    ):
        assert client.post(f"{here}/{act}", data=data).status_code == status, act
    assert client.post(f"{here}/paper").status_code == 302
    (paper,) = documents_of(one.subject)  # made when it was concluded; nothing has changed since
    assert (paper.content["lot_is_ours"], paper.content["finding"]) == (True, "so")
    assert paper.number in client.get(here).text
    assert client.get(f"/documents/{paper.id}").status_code == 200, "who sees the complaint sees its paper"
    found = session().query(Nonconformance).one()
    there = f"/nonconformances/{found.id}"
    assert "Settle it" in client.get(there).text
    assert client.post(f"{there}/settle", data={"disposition": "", "reason": ""}).status_code == 422
    assert client.post(f"{there}/settle", data={"disposition": "scrap", "reason": "unfit"}).status_code == 302
    assert client.post(f"{there}/settle", data={"disposition": "scrap", "reason": "unfit"}).status_code == 409
    client.set_cookie("language", "zh_Hans")
    for address, word in (
        (here, "属实：产品存在问题"),
        ("/complaints?status=closed&q=rh", one.number),
        (there, "质量部已处置"),
        ("/quality/nonconformances?outcome=settled", found.number),
        (f"/recalls/new?lots={world.lot.lot_no}&source={one.number}", one.number),
    ):
        assert word in client.get(address).text
    sign_in(client, world.users["fin"])
    assert client.get(here).status_code == 200
    assert client.post(f"{here}/take").status_code == 403
