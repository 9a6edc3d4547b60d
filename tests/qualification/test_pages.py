"""The pages of the qualification and what programs are told, from starting it to signing the task."""

from __future__ import annotations

import io
import re

import pytest

from app.core.db import session
from app.core.subject import Subject
from app.qualification.filing import file_of
from app.qualification.models import PaperScan, Qualification
from tests.catalog.factories import make_product
from tests.identity.factories import PASSWORD, bearer, sign_in
from tests.qualification.world import PDF, give_papers, make_qualifying, make_supplier, supplier_subject


@pytest.fixture
def world(tx):
    return make_qualifying()


def test_clicked_through(world, client):
    supplier = make_supplier(uscc="9" * 18, code="V-1", product_ids=[make_product(risk_class=2).id])
    about = f"/qualifications/supplier/{supplier.id}"
    client.set_cookie("language", "en")
    sign_in(client, world.users["pat"])
    assert f'href="{about}"' in client.get(f"/suppliers/{supplier.id}").text
    assert "not on file" in client.get(about).text
    client.post(about, data={})
    give_papers(supplier, ("business", "trade", "agent"))
    for paper in file_of(supplier_subject(supplier)).papers:
        page = f"/papers/licence/{paper.record.id}"
        assert client.post(page, data={"file": (io.BytesIO(b"MZ"), "x.pdf")}).status_code == 422
        assert client.post(page, data={"file": (io.BytesIO(PDF), "x.pdf")}).status_code == 302
        assert "/verify" not in client.get(page).text  # not one's own
    case = session().query(Qualification).one()
    task = world.task(case)
    assert "Enter what is missing" in client.get(f"/tasks/{task.id}").text
    client.post(f"/tasks/{task.id}/complete", data={"outcome": "resubmit"})
    task = world.task(case)
    assert "You asked for this" in client.get(f"/tasks/{task.id}").text
    sign_in(client, world.users["pia"])
    client.post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})
    sign_in(client, world.users["quin"])
    task = world.task(case)
    assert client.get(f"/tasks/{task.id}").text.count("/verify") == 3
    for scan in session().query(PaperScan):
        answer = client.post(f"/scans/{scan.id}/verify", data={"task": task.id})
        assert (answer.status_code, answer.location) == (302, f"/tasks/{task.id}")
        assert client.get(f"/scans/{scan.id}").data == PDF
        assert client.post(f"/scans/{scan.id}/remove").status_code in (403, 409)
    for name in ("quin", "hedda"):
        sign_in(client, world.users[name])
        task = world.task(case)
        page = client.get(f"/tasks/{task.id}").text
        assert "the case as it is now with its papers" in page
        given = {"outcome": "approve", "meaning": re.search(r'name="meaning" value="(\w+)"', page)[1], "login": name}
        seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
        answer = client.post(f"/tasks/{task.id}/complete", data={**given, "seen": seen, "password": PASSWORD})
        assert answer.status_code == 302
    client.set_cookie("language", "zh_Hans")
    page = client.get(about).text
    assert "今日合格" in page
    assert page.count(">有效<") >= 2  # both signatures
    assert case.number in client.get("/qualifications?kind=supplier&status=approved&q=v-1").text
    assert "近期无到期证照" in client.get("/qualifications/expiring?within=30").text
    assert "核验" in client.get(f"/papers/licence/{paper.record.id}").text


def test_programs_ask(world, client):
    supplier = make_supplier(uscc="9" * 18)
    headers = bearer(world.users["pat"])
    here = f"/api/v1/qualifications/supplier/{supplier.id}"
    found = client.get(f"{here}?on=2027-01-01", headers=headers).json
    assert (found["qualified"], found["on"], found["reasons"][0]["code"]) == (False, "2027-01-01", "status")
    made = client.post(
        "/api/v1/qualifications", json={"about_kind": "supplier", "about_id": supplier.id}, headers=headers
    )
    assert (made.status_code, made.json["occasion"]) == (201, "first")
    assert client.get("/api/v1/qualifications?status=open", headers=headers).json["total"] == 1
    assert client.get(f"/api/v1/suppliers/{supplier.id}", headers=headers).json["status"] == "qualifying"
    assert client.get("/api/v1/suppliers?status=qualifying", headers=headers).json["total"] == 1
    for address in ("/api/v1/qualifications/warehouse/1", "/api/v1/qualifications/product/none"):
        assert client.get(address, headers=headers).status_code == 404
    again = {"about_kind": "supplier", "about_id": supplier.id}
    assert client.post("/api/v1/qualifications", json=again, headers=headers).status_code == 409


def test_a_supplier_is_entered_with_contacts_and_never_as_qualified(world, client):
    client.set_cookie("language", "en")
    sign_in(client, world.users["pat"])
    given = {"code": "V-9", "name": "供货商", "kind": "manufacturer", "uscc": "91110000600037341L", "status": "active"}
    rows = {"contacts-0-name": "Rae", "contacts-0-purpose": "recall", "contacts-0-phone": "1"}
    refused = client.post("/suppliers/new", data={**given, **rows})
    assert refused.status_code == 422
    assert "Only the qualification makes it so" in refused.text
    made = client.post("/suppliers/new", data={**given, **rows, "status": "prospect"})
    assert made.status_code == 302
    assert "Recall, 24 hours" in client.get(made.location).text
    assert client.post("/suppliers/new", data={**given, "status": "prospect", "uscc": "1" * 18}).status_code == 422
    about = file_of(Subject("supplier", made.location.rsplit("/", 1)[1]))
    assert about is not None
    assert about.record.recall_contact
