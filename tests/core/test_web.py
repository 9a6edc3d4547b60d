"""The edge of HTTP: refusals are clear in both dressings, nothing half-done, headers safe."""

import io

import pytest
from flask import flash, get_flashed_messages, request
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core import clock, db, ids, web
from app.core.ids import NumberSeries
from app.core.pages import local_address


def test_every_response_has_a_request_id_and_safe_headers(client):
    answer = client.get("/healthz", headers={"X-Request-ID": "abc-1"})
    assert answer.headers["X-Request-ID"] == "abc-1"
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(client.get("/healthz", headers={"X-Request-ID": "bad id\t"}).headers["X-Request-ID"]) == 26


def test_programs_get_errors_as_json_and_people_as_a_page(client):
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "NotFound"
    page = client.get("/nowhere?lang=zh_Hans")
    assert page.status_code == 404
    assert "text/html" in page.content_type


def test_a_wrong_method_says_which_are_right(client):
    answer = client.delete("/api/v1/openapi.json")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_who_opens_the_address_of_a_forms_answer_comes_to_its_page(client):
    answer = client.get("/tasks/x/complete?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks/x")
    assert client.get("/tasks/x/complete", headers={"Accept": "application/json"}).status_code == 405


def test_nul_in_an_address_is_refused(client):
    assert client.get("/api/v1/openapi.json?q=%00").status_code == 400


@pytest.mark.parametrize("wish", ["//evil.example", "/\\evil.example", "https://evil.example", "x", ""])
def test_redirects_stay_on_this_site(app, wish):
    with app.test_request_context():
        assert local_address(wish) in ("/", "") or local_address(wish).startswith("/")
        assert "evil" not in local_address(wish)


def test_the_language_follows_address_cookie_and_browser(app):
    for headers, query, wanted in (
        ({}, "", "zh_Hans"),
        ({"Accept-Language": "en-GB,en;q=0.9"}, "", "en"),
        ({"Accept-Language": "zh-TW"}, "", "zh_Hans"),
        ({"Accept-Language": "en"}, "?lang=zh_Hans", "zh_Hans"),
        ({"Cookie": "language=en"}, "", "en"),
        ({}, "hooks/erp", "en"),
        ({"Accept-Language": "zh-CN"}, "api/v1/orders", "zh_Hans"),
    ):
        with app.test_request_context("/" + query, headers=headers):
            assert web.chosen_language() == wanted


def test_a_lost_race_is_served_again_from_the_start(app, live, monkeypatch):
    tries = []

    def view():
        tries.append(1)
        ids.next_number("T")
        if len(tries) < 3:
            raise IntegrityError("x", {}, Exception("unique"))
        return "done"

    monkeypatch.setitem(app.view_functions, "language", view)
    with app.test_request_context("/language/en", method="POST"):
        request.url_rule = next(app.url_map.iter_rules("language"))
        request.view_args = {}
        monkeypatch.setattr(web, "_identify", lambda: None)
        assert app.dispatch_request().status_code == 200
    assert len(tries) == 3
    with db.transaction():
        assert db.session().scalar(select(func.sum(NumberSeries.last))) == 1


def test_the_clock_can_be_moved():
    noon = clock.now()
    with clock.moved(noon.replace(hour=23)):
        assert clock.now().hour == 23
        assert clock.today() > noon.date()
    assert clock.now() == noon


def test_a_request_served_again_finds_its_files_and_says_things_once(app, live, monkeypatch):
    read = []

    def view():
        read.append(request.files["file"].read())
        flash("saved")
        if len(read) < 3:
            raise IntegrityError("x", {}, Exception("unique"))
        return str(get_flashed_messages())

    monkeypatch.setitem(app.view_functions, "language", view)
    monkeypatch.setattr(web, "_identify", lambda: None)
    data = {"file": (io.BytesIO(b"a,b\n1,2\n"), "orders.csv")}
    with app.test_request_context("/language/en", method="POST", data=data):
        request.url_rule = next(app.url_map.iter_rules("language"))
        request.view_args = {}
        assert app.dispatch_request().get_data(as_text=True) == "['saved']"
    assert read == [b"a,b\n1,2\n"] * 3
