"""A decision table is uploaded, shown, replaced and downloaded; wrong files are told what is wrong."""

from __future__ import annotations

import io

import pytest

from app.decisions import queries
from tests.decisions.dmn.factories import dmn
from tests.identity.factories import make_user, sign_in

GOOD = dmn(
    [("express", "boolean"), ("weight", "number")], [("fee", "integer")], [["true", "< 5", "12"], ["false", "-", "3"]]
)
NEW = "/rules/new-table"


def upload(client, text: str | bytes, to: str = NEW, **fields):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(to, data={"file": (io.BytesIO(data), "freight.dmn"), **fields})


@pytest.fixture
def designer(client, tx):
    sign_in(client, make_user("dora", roles=["designer"]))
    return client


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_uploaded_shown_downloaded_and_replaced(designer, language):
    designer.post("/language", data={"language": language})
    assert designer.get(NEW).status_code == 200
    made = upload(designer, GOOD)
    assert made.status_code == 302, made.text
    page = designer.get(made.location).text
    for text in ("express", "&lt; 5", "UNIQUE", "12"):
        assert text in page
    assert designer.get("/rules").text.count("Freight") >= 1
    file = f"{made.location}/file"
    assert designer.get(file).text == GOOD
    version = queries.numbered_version("freight", 1)
    assert upload(designer, GOOD.replace(">12<", ">13<"), file, revision=str(version.revision)).status_code == 302
    assert ">13<" in designer.get(file).text
    upload(designer, GOOD.replace(">12<", ">x<"), file, revision="2")
    assert ">13<" in designer.get(file).text  # nothing of it is stored


@pytest.mark.parametrize(
    "text", ["", "rules: []", b"\xff\xfe\x00", "<a/>", GOOD.replace("&lt; 5", "about 5"), "<" * 1000]
)
def test_wrong_files_are_told(designer, text):
    answer = upload(designer, text)
    assert answer.status_code == 200
    assert "tone-danger" in answer.text
    assert queries.drafts() == []


def test_forms_of_rule_files_leave_tables_alone(designer):
    upload(designer, GOOD)
    for path in ("/rules/freight/versions/1/new-rule", "/rules/freight/versions/1/rules/row1/form"):
        assert designer.get(path).status_code == 409
    for path in ("settings", "cases", "text", "history"):
        assert designer.get(f"/rules/freight/versions/1/{path}").status_code in (200, 404), path
    assert designer.get("/rules/freight/history").status_code == 200


def test_who_may_not_write_rules_may_not_upload(client, tx):
    sign_in(client, make_user("sally", roles=["sales"]))
    assert client.get(NEW).status_code == 403
    assert upload(client, GOOD).status_code == 403
