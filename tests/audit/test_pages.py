from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.audit import seals
from app.audit.actions import action_name
from app.audit.service import record
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from tests.audit.test_chain import unprotect
from tests.identity.factories import actor_for, bearer, make_user, sign_in

APP = Path(__file__).parents[2] / "app"


@pytest.fixture
def auditor(client):
    return sign_in(client, make_user("audrey", roles=["auditor"], name="Audrey"))


@pytest.mark.each_database
def test_the_trail_can_be_filtered(client, auditor):
    wang = actor_for(make_user(name="王丽"))
    record(wang, "order:create", Subject("order", "o1"), number="SO-1")
    record(SYSTEM, "order:cancel", Subject("order", "o2"), number="SO-2", note="<b>bold</b>")
    everything = client.get("/audit").text
    assert "SO-1" in everything
    assert "SO-2" in everything
    assert "<b>bold</b>" not in everything
    assert "&lt;b&gt;bold" in everything
    for query, there, absent in (
        ("actor=王", "SO-1", "SO-2"),
        (f"actor={wang.id}", "SO-1", "SO-2"),
        ("action=order:cancel", "SO-2", "SO-1"),
        ("kind=order&id=o1", "SO-1", "SO-2"),
        ("since=2026-11-23&until=2026-11-23&kind=order&id=o2", "SO-2", "SO-1"),
    ):
        page = client.get(f"/audit?{query}").text
        assert there in page, query
        assert absent not in page, query
    assert "SO-1" not in client.get("/audit?since=2026-11-24").text
    assert "SO-1" not in client.get("/audit?until=2026-11-22").text
    assert client.get("/audit?since=rubbish&page=x&kind=%27").status_code == 200


def test_one_subject_has_a_page(client, auditor):
    record(SYSTEM, "order:create", Subject("order", "o1"), note="first")
    assert "first" in client.get("/audit/order/o1").text
    assert client.get("/audit/order/nothing").status_code == 200


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_the_check_names_what_is_wrong(client, auditor, tx, language):
    record(SYSTEM, "order:create", Subject("order", "o77"))
    seals.seal()
    good = client.get(f"/audit/verify?lang={language}")
    assert good.status_code == 200
    unprotect(tx, "audit_entries")
    tx.connection().exec_driver_sql("UPDATE audit_entries SET action = 'order:cancel' WHERE subject_id = 'o77'")
    for path in ("/audit/verify", "/audit/verify?full=true"):
        page = client.get(f"{path}{'&' if '?' in path else '?'}lang={language}", headers={"HX-Request": "true"}).text
        assert "o77" in page
        assert "<html" not in page


def test_the_api_tells_a_program(client, tx):
    headers = bearer(make_user(roles=["auditor"]))
    record(SYSTEM, "order:create", Subject("order", "o77"))
    answer = client.get("/api/v1/audit/verify?full=true", headers=headers)
    assert answer.status_code == 200
    assert answer.json["ok"] is True
    assert answer.json["full"] is True
    unprotect(tx, "audit_entries")
    tx.connection().exec_driver_sql("UPDATE audit_entries SET action = 'order:cancel' WHERE subject_id = 'o77'")
    answer = client.get("/api/v1/audit/verify", headers=headers).json
    assert answer["ok"] is False
    assert [(f["kind"], f["subject_id"], f["subject_seq"]) for f in answer["findings"]] == [("altered", "o77", 1)]
    assert answer["findings"][0]["sentence"]
    assert client.get("/api/v1/audit/verify?full=perhaps", headers=headers).status_code == 422
    assert client.get("/api/v1/audit/verify").status_code == 401


@pytest.mark.parametrize(("role", "status"), [("sales", 403), ("qa_ra", 200), ("manager", 200), ("admin", 200)])
def test_who_may_read(client, role, status):
    sign_in(client, make_user(roles=[role]))
    for path in ("/audit", "/audit/verify", "/audit/order/o1"):
        assert client.get(path).status_code == status


def test_every_action_in_the_code_has_a_name():
    said = re.compile(r'(?:record|record_alone|_tell)\(\s*\w+,\s*"([\w-]+:\w+)"')
    codes = {code for file in APP.rglob("*.py") for code in said.findall(file.read_text())}
    assert len(codes) > 20
    assert [code for code in sorted(codes) if action_name(code) == code] == []


def test_subjects_are_called_by_what_people_call_them(client, auditor):
    wang = make_user("wangli", name="王丽")
    record(SYSTEM, "user:unlock", Subject("user", wang.id))
    assert "wangli" in client.get(f"/audit?kind=user&id={wang.id}").text
    assert "wangli" in client.get(f"/audit/user/{wang.id}").text
