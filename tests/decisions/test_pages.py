"""The pages show rules and decisions in both languages, to those who may."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.core.subject import Subject
from app.decisions import publish, service
from tests.decisions.factories import SHIPPED, rule, seed, shipped, text_of, whole
from tests.identity.factories import actor_for, make_user, sign_in


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    seed()
    sign_in(client, make_user(roles=("sales",)))
    return client


@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_rule_sets_in_words(reader: FlaskClient, lang: str) -> None:
    listed = reader.get(f"/rules?lang={lang}").get_data(as_text=True)
    assert ("Order priority" if lang == "en" else "订单优先级") in listed
    for name in SHIPPED:
        assert reader.get(f"/rules/{name}?lang={lang}").status_code == 200
    shown = reader.get(f"/rules/compliance_gate?lang={lang}").get_data(as_text=True)
    assert ("line: authorised in the region = no" if lang == "en" else "订单行：区域已授权 = 否") in shown
    assert ("No. 153 of 2023" if lang == "en" else "2023年第153号") in shown
    shown = reader.get(f"/rules/priority?lang={lang}").get_data(as_text=True)
    assert ("Region availability" if lang == "en" else "区域可用性") in shown


@pytest.mark.parametrize("lang", ["en", "zh_Hans"])
def test_the_trace_of_a_decision(reader: FlaskClient, lang: str) -> None:
    given = whole(shipped("priority"), order={"order_type": "emergency", "number": "<b>SO</b>"})
    made = service.decide("priority", Subject("order", "o1"), facts=given)
    shown = reader.get(f"/decisions/{made.id}?lang={lang}").get_data(as_text=True)
    assert ("The hospital flagged this order as an emergency" if lang == "en" else "医院标记为急救订单") in shown
    assert "+250" in shown
    assert "S8S" in shown  # among those that did not fire
    assert "<b>SO" not in shown


def test_blocks_in_the_trace(reader: FlaskClient) -> None:
    given = whole(shipped("compliance_gate"), customer={"licence_valid": False})
    made = service.decide("compliance_gate", Subject("order", "o1"), facts=given)
    shown = reader.get(f"/decisions/{made.id}?lang=en").get_data(as_text=True)
    assert "File the renewed licence" in shown


def test_unknown_things(reader: FlaskClient) -> None:
    for path in (
        "/rules/nowhere",
        "/rules/priority/versions/99",
        "/rules/priority/versions/99999999999999",
        "/decisions/x",
    ):
        assert reader.get(path).status_code == 404


def test_a_draft_is_put_into_force_by_those_who_may(reader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "try_out", lambda _job: None)  # a process of its own is tried in test_service
    author = make_user(roles=("qa_ra",))
    version = service.submit(actor_for(author), text_of(rule("R1", "all: [{order: po_present}]")))
    path = f"/rules/trial/versions/{version.number}"
    assert reader.get(path).status_code == 200
    for verb in ("test", "approve", "activate", "discard", "draft"):
        assert reader.post(f"{path}/{verb}").status_code == 403
    sign_in(reader, author)
    assert reader.post(f"{path}/approve").status_code == 409  # not tested
    assert reader.post(f"{path}/test").status_code == 302
    assert reader.post(f"{path}/approve").status_code == 403  # wrote it
    sign_in(reader, make_user(roles=("manager",)))
    assert "Approve" in reader.get(f"{path}?lang=en").get_data(as_text=True)
    assert reader.post(f"{path}/activate").status_code == 409  # not approved
    assert reader.post(f"{path}/approve", data={"reason": "agreed with QA"}).status_code == 302
    assert reader.post(f"{path}/approve").status_code == 409  # once is enough
    assert reader.post(f"{path}/activate").status_code == 302
    assert reader.get("/rules/trial").status_code == 200
    assert "agreed with QA" in reader.get("/rules/trial/history?lang=en").get_data(as_text=True)
