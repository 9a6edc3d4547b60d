"""The page of the working calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.core import clock
from tests.identity.factories import make_user, sign_in

pytestmark = pytest.mark.any_database


def test_months_sources_and_what_is_missing(client):
    sign_in(client, make_user(roles=["operator"]))
    page = client.get("/calendar?year=2026&lang=zh").text
    assert "国务院办公厅关于2026年部分节假日安排的通知" in page
    assert 'title="春节: 调休上班"' in page
    assert "尚未录入" not in page
    assert client.get("/menu/badges").json["operate.calendar"] == ""
    assert "Not announced: in 2030" in client.get("/calendar?year=2030&lang=en").text
    assert "2031" in client.get("/calendar?year=99999999999999&lang=en").text
    with clock.moved(datetime(2026, 12, 5, tzinfo=UTC)):
        sign_in(client, make_user(roles=["manager"]))
        assert "The public holidays of 2027 are not listed" in client.get("/calendar?lang=en").text
        assert client.get("/menu/badges").json["operate.calendar"] == "!"


def test_only_who_has_the_right_sees_it(client):
    sign_in(client, make_user(roles=["sales"]))
    assert client.get("/calendar").status_code == 403
