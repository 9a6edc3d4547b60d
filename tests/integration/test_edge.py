"""Who gets in and how they are answered: tokens, passwords, browsers of modelers."""

from __future__ import annotations

from base64 import b64encode

import pytest

from app.core import clock
from app.identity.pages import basic
from app.identity.service import guards
from tests.identity.factories import PASSWORD, bearer, make_token, make_user, sign_in
from tests.integration import diagrams

LIST = "/engine-rest/deployment?maxResults=0"


@pytest.fixture(autouse=True)
def _nobody_is_remembered():
    basic._right.clear()


def basic_header(login, secret):
    return {"Authorization": "Basic " + b64encode(f"{login}:{secret}".encode()).decode()}


def test_nobody_is_told_how_to_prove_themselves(client):
    answer = client.get(LIST)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json) == {"type", "message", "code"}
    told = answer.headers.getlist("WWW-Authenticate")
    assert told[0].startswith('Basic realm="Youxu"')
    assert "Bearer" in told


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"nocolon").decode(),
        "Basic " + b64encode(b"\xff:\xff").decode(),
        "Digest x",
    ],
)
def test_what_proves_nothing_is_refused(header, client):
    assert client.get(LIST, headers={"Authorization": header}).status_code == 401


def test_login_and_password(client):
    user = make_user(login="robot", roles=["integration"])
    assert client.get(LIST, headers=basic_header("robot", PASSWORD)).status_code == 200
    assert client.get(LIST, headers=basic_header("Robot", PASSWORD)).status_code == 200
    assert client.get(LIST, headers=basic_header("robot", "wrong")).status_code == 401
    assert client.get("/api/v1/orders", headers=basic_header("robot", PASSWORD)).status_code == 401
    user.active = False
    assert client.get(LIST, headers=basic_header("robot", PASSWORD)).status_code == 401


def test_a_right_password_is_not_computed_each_time(client, monkeypatch):
    make_user(login="robot", roles=["integration"])
    computed = []
    check = basic.sign_in.check
    monkeypatch.setattr(basic.sign_in, "check", lambda *given: computed.append(1) or check(*given))
    for _time in range(3):
        assert client.get(LIST, headers=basic_header("robot", PASSWORD)).status_code == 200
    assert len(computed) == 1


def test_a_changed_password_counts_at_once(client):
    user = make_user(login="robot", roles=["integration"])
    client.get(LIST, headers=basic_header("robot", PASSWORD))
    user.password_hash = basic.sign_in.passwords.hash_password("another secret 1")
    assert client.get(LIST, headers=basic_header("robot", PASSWORD)).status_code == 401
    assert client.get(LIST, headers=basic_header("robot", "another secret 1")).status_code == 200


def test_guessing_is_stopped(client):
    make_user(login="robot", roles=["integration"])
    for _time in range(guards.PER_LOGIN):
        assert client.get(LIST, headers=basic_header("robot", "wrong")).status_code == 401
    answer = client.get(LIST, headers=basic_header("robot", PASSWORD))
    assert answer.status_code == 429
    assert set(answer.json) == {"type", "message", "code"}
    assert answer.headers["Retry-After"]


def test_a_password_that_must_change_opens_nothing(client):
    make_user(login="robot", roles=["integration"], must_change_password=True)
    assert client.get(LIST, headers=basic_header("robot", PASSWORD)).status_code == 403


def test_login_and_token(client):
    user, other = make_user(login="robot", roles=["integration"]), make_user(login="other", roles=["integration"])
    token = make_token(user)
    assert client.get(LIST, headers=basic_header("robot", token)).status_code == 200
    assert client.get(LIST, headers=basic_header(other.login, token)).status_code == 401
    assert client.get(LIST, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_scopes_of_a_token_hold(client):
    user = make_user(roles=["integration"])
    headers = bearer(user, scopes=["engine:work"])
    fetch = {"workerId": "w", "maxTasks": 1, "topics": []}
    assert client.post("/engine-rest/external-task/fetchAndLock", json=fetch, headers=headers).status_code == 200
    assert client.get(LIST, headers=headers).status_code == 403


def test_a_browser_cannot_be_made_to_act_for_who_is_signed_in(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    sign_in(client, make_user(roles=["integration", "designer"]))
    forged = client.post("/engine-rest/message", json={"messageName": "x"}, headers={"Origin": "http://localhost:3000"})
    assert forged.status_code == 400
    assert forged.json["type"] == "InvalidRequestException"
    assert "Access-Control-Allow-Credentials" not in forged.headers
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("origin", ["null", "file://", "http://localhost:8080", "https://127.0.0.1"])
def test_a_modeler_on_a_desk_may_read_the_answers(origin, client):
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = client.options("/engine-rest/deployment/create", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    plain = client.get("/engine-rest/version", headers={"Origin": origin})
    assert plain.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in plain.headers["Vary"]
    refused = client.get(LIST, headers={"Origin": origin})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, origin)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "http://localhost:1@evil.example", ""]
)
def test_other_pages_may_not(origin, client):
    answer = client.options("/engine-rest/deployment/create", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" not in client.get("/orders", headers={"Origin": "null"}).headers


def test_every_refusal_speaks_the_dialect(client, rest):
    answers = [
        client.delete("/engine-rest/version"),
        client.get("/engine-rest/nowhere/at/all"),
        client.put("/engine-rest/task", headers=rest.headers),
        client.post("/engine-rest/message", data=b"x" * 1_100_000, headers=rest.headers),
        client.get("/engine-rest/task?name=%00", headers=rest.headers),
    ]
    assert [answer.status_code for answer in answers] == [405, 404, 405, 413, 400]
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/json"
        assert set(answer.json) == {"type", "message", "code"}
    assert answers[0].headers["Allow"]


def test_the_language_is_english_unless_asked_for(client, rest):
    answer = rest.deploy(("x.bpmn", b"<a/>"), status=400)
    assert answer["details"]["x.bpmn"]["errors"][0]["message"].isascii()
    headers = {**rest.headers, "Accept-Language": "zh-CN"}
    said = client.get("/engine-rest/process-instance/x", headers=headers).json
    assert said["message"] == "Process instance with id x does not exist"


def test_no_variable_of_the_engine_can_be_set_or_seen(rest):
    rest.deploy(diagrams.one_user())
    instance = rest.start("ask", a=1)
    assert rest.variables(instance) == {"a": 1}
    for name in ("answers", "decisions", "initiator", "answered", "_types"):
        rest.post("/process-definition/key/ask/start", {"variables": {name: {"value": 1}}}, 400)
    assert rest.get("/process-instance", variables="initiator_like_%") == []


def test_time_is_the_applications(rest):
    rest.deploy(diagrams.one_external())
    rest.start("job")
    (task,) = rest.fetch(lock=10_000)
    assert task["createTime"] == "2026-11-23T04:00:00.000+0000"
    assert clock.now().isoformat() == "2026-11-23T04:00:00+00:00"
