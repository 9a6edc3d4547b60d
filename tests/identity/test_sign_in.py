"""Signing in and out, guessing, sessions."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest

from app.audit.models import AuditEntry
from app.audit.queries import entries_of
from app.core import clock
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.identity import queries, service
from app.identity.models import UserSession
from app.identity.service import guards, passwords, sessions
from tests.identity.factories import PASSWORD, make_user, sign_in

RIGHT = {"login": "wang", "password": PASSWORD}
WRONG = {"login": "wang", "password": "not this one"}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    """The real hash costs a tenth of a second; one test below uses it."""
    monkeypatch.setattr(passwords, "is_right", lambda password, stored: password == PASSWORD and stored != "nobody")
    monkeypatch.setattr(passwords, "nobodys_hash", lambda: "nobody")


@pytest.fixture
def wang(tx):
    return make_user("wang", name="王丽")


def actions(user):
    return [entry.action for entry in entries_of(Subject("user", user.id))]


def at(minutes=0, hours=0):
    return clock.moved(clock.now() + timedelta(minutes=minutes, hours=hours))


def test_nobody_sees_a_page_before_signing_in(client):
    answer = client.get("/account?x=1")
    assert answer.status_code == 302
    assert answer.location == "/login?next=/account?x%3D1"
    assert client.get("/login").status_code == 200


def test_signing_in_leads_to_the_page_wanted(client, wang):
    answer = client.post("/login", data={**RIGHT, "next": "/account"})
    assert (answer.status_code, answer.location) == (302, "/account")
    assert "王丽" in client.get("/account").text
    assert actions(wang) == ["login:succeed"]
    assert wang.last_login_at == clock.now()
    assert client.get("/login?next=/account").location == "/account"


@pytest.mark.parametrize("wish", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(client, wang, wish):
    assert client.post("/login", data={**RIGHT, "next": wish}).location == "/"


def test_the_real_hash_is_checked(client, wang, monkeypatch):
    monkeypatch.undo()
    assert client.post("/login", data=WRONG).status_code == 401
    assert client.post("/login", data=RIGHT).status_code == 302


def test_a_wrong_password_is_refused_and_recorded(client, wang):
    answer = client.post("/login", data=WRONG)
    assert answer.status_code == 401
    assert "Login or password is wrong." in answer.text
    assert 'value="wang"' in answer.text
    assert "not this one" not in answer.text
    (entry,) = entries_of(Subject("user", wang.id))
    assert (entry.action, entry.actor_kind, entry.details) == ("login:fail", "nobody", {"login": "wang"})
    assert entry.request_id


def test_an_unknown_login_gets_the_same_answer_and_is_not_written_down(client, wang):
    known = client.post("/login", data=WRONG)
    unknown = client.post("/login", data={"login": "hunter2!", "password": "x"})
    clean = re.compile(r'value="[^"]*"|"X-CSRFToken": "[^"]*"|[0-9a-z]{26}')
    assert unknown.status_code == known.status_code
    assert clean.sub("", unknown.text) == clean.sub("", known.text)
    (entry,) = entries_of(Subject("address", "127.0.0.1"))
    assert "hunter2!" not in str(entry.details)


def test_an_unknown_login_costs_a_hash_too(client, monkeypatch, tx):
    checked = []
    monkeypatch.setattr(passwords, "is_right", lambda password, stored: bool(checked.append(stored)))
    client.post("/login", data={"login": "unknown", "password": "x"})
    client.post("/login", data={"login": "\x00 odd", "password": "x"})
    assert checked == ["nobody", "nobody"]


def test_an_inactive_user_may_not_sign_in(client):
    user = make_user("wang", active=False)
    assert client.post("/login", data=RIGHT).status_code == 401
    assert actions(user) == ["login:fail"]


def test_a_login_is_locked_after_five_wrong_passwords_even_for_the_right_one(client, wang):
    for _attempt in range(guards.PER_LOGIN):
        assert client.post("/login", data=WRONG).status_code == 401
    locked = client.post("/login", data=RIGHT)
    assert locked.status_code == 429
    assert locked.headers["Retry-After"] == str(15 * 60)
    assert "locked for 15 more minutes" in locked.text
    with at(minutes=14):
        assert "locked for 1 more minutes" in client.post("/login", data=RIGHT).text
    with at(minutes=15):
        assert client.post("/login", data=RIGHT).status_code == 302
    assert actions(wang) == ["login:fail"] * 5 + ["login:lock", "login:succeed"]


def test_a_lock_tells_nobody_which_logins_exist(client, wang):
    def statuses(login):
        return [client.post("/login", data={"login": login, "password": "x"}).status_code for _i in range(7)]

    assert statuses("wang") == statuses("nobody-here") == [401] * 5 + [429] * 2


def test_the_right_password_wipes_the_count(client, wang):
    for _round in range(3):
        for _attempt in range(guards.PER_LOGIN - 1):
            client.post("/login", data=WRONG)
        assert client.post("/login", data=RIGHT).status_code == 302


def test_old_failures_are_forgotten(client, wang):
    for _attempt in range(guards.PER_LOGIN):
        client.post("/login", data=WRONG)
    with at(minutes=16):
        assert guards.forget_old() == 2
        for _attempt in range(guards.PER_LOGIN):
            assert client.post("/login", data=WRONG).status_code == 401


def test_an_administrator_lifts_a_lock(client, wang):
    for _attempt in range(guards.PER_LOGIN + 1):
        client.post("/login", data=WRONG)
    assert guards.locked_until("wang")
    service.unlock(SYSTEM, wang)
    assert client.post("/login", data=RIGHT).status_code == 302


def test_one_address_may_not_try_many_logins(client, tx):
    for number in range(guards.PER_ADDRESS):
        assert client.post("/login", data={"login": f"guess{number}", "password": "x"}).status_code == 401
    answer = client.post("/login", data={"login": "another", "password": "x"})
    assert answer.status_code == 429
    assert "from your network" in answer.text
    other = client.post("/login", data={"login": "x", "password": "x"}, environ_base={"REMOTE_ADDR": "10.9.9.9"})
    assert other.status_code == 401


def test_many_attempts_at_once_are_many_failures(app, live):
    with transaction():
        make_user("wang")
    statuses = []

    def guess():
        statuses.append(app.test_client().post("/login", data=WRONG).status_code)

    threads = [threading.Thread(target=guess) for _index in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [401] * guards.PER_LOGIN + [429] * (12 - guards.PER_LOGIN)
    with transaction(write=False):
        assert session().query(AuditEntry).filter_by(action="login:fail").count() == guards.PER_LOGIN
        assert session().query(AuditEntry).filter_by(action="login:lock").count() == 1


def test_a_failure_stays_counted_with_real_commits(app, live):
    with transaction():
        make_user("wang")
    client = app.test_client()
    assert client.post("/login", data=WRONG).status_code == 401
    with transaction(write=False):
        assert {guard.failures for guard in session().query(guards.SignInGuard)} == {1}
    assert client.post("/login", data=RIGHT).status_code == 302
    assert client.get("/account").status_code == 200


def test_the_session_changes_at_sign_in_and_the_one_before_ends(client, wang):
    with client.session_transaction() as cookie:
        cookie["sid"] = "planted by somebody else"
    client.post("/login", data=RIGHT)
    with client.session_transaction() as cookie:
        first = cookie["sid"]
    assert first != "planted by somebody else"
    client.post("/login", data=RIGHT)
    with client.session_transaction() as cookie:
        second = cookie["sid"]
        assert second != first
        cookie["sid"] = first
    assert client.get("/account").status_code == 302
    stored = session().query(UserSession).all()
    assert all(second not in (row.secret_hash, row.id) for row in stored)


def test_signing_out_ends_the_session_on_the_server(client, wang):
    sign_in(client, wang)
    with client.session_transaction() as cookie:
        secret = cookie["sid"]
    assert client.post("/logout").location == "/login"
    with client.session_transaction() as cookie:
        cookie["sid"] = secret  # a copy of the old cookie
    assert client.get("/account").status_code == 302
    assert actions(wang) == ["login:end"]


def test_an_idle_session_expires_and_a_used_one_does_not_until_the_day_is_over(client, wang):
    sign_in(client, wang)
    for hours in (1.5, 3, 4.5, 6, 7.5, 9, 10.5, 11.9):
        with at(hours=hours):
            assert client.get("/account").status_code == 200
    with at(hours=12.1):
        assert client.get("/account").status_code == 302
    sign_in(client, wang)
    with at(hours=2.1):
        assert client.get("/account").status_code == 302


def test_what_a_page_asks_on_its_own_keeps_nobody_signed_in(client, wang):
    sign_in(client, wang)
    for hours in (0.5, 1, 1.5):
        with at(hours=hours):
            client.get("/inbox/stamp")
    with at(hours=2.1):
        assert client.get("/account").status_code == 302


def test_reading_pages_writes_nothing(client, wang, statements):
    sign_in(client, wang)
    statements.clear()
    client.get("/account")
    assert [one for one in statements if not one.startswith("SELECT")] == []


def test_a_deactivated_user_is_out_at_once(client, wang):
    sign_in(client, wang)
    service.change_user(SYSTEM, wang, name=wang.name, roles=wang.roles, email=None, locale=None, active=False)
    assert client.get("/account").status_code == 302


def test_a_changed_password_ends_other_browsers_but_not_this_one(client, wang, app, monkeypatch):
    monkeypatch.undo()
    other = app.test_client()
    sign_in(other, wang)
    sign_in(client, wang)
    answer = client.post(
        "/account/password", data={"old": PASSWORD, "new": "brand new words", "again": "brand new words"}
    )
    assert answer.status_code == 302
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert actions(wang)[-1] == "user:password_change"


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"old": "wrong"}, "This is not your present password."),
        ({"again": "something else"}, "The two entries differ."),
        ({"new": "short", "again": "short"}, "10 to 128 characters"),
    ],
)
def test_a_refused_password_change_says_why(client, wang, over, sentence):
    sign_in(client, wang)
    given = {"old": PASSWORD, "new": "brand new words", "again": "brand new words"}
    answer = client.post("/account/password", data={**given, **over})
    assert answer.status_code == 422
    assert sentence in answer.text


def test_signing_out_everywhere_else(client, wang, app):
    other = app.test_client()
    sign_in(other, wang)
    sign_in(client, wang)
    client.post("/account/sessions/end")
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 302


def test_a_password_that_was_given_must_be_changed_first(client, wang):
    wang.must_change_password = True
    sign_in(client, wang)
    assert client.get("/account").location == "/account/password"
    assert client.get("/account/password").status_code == 200
    fragment = client.get("/account", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/account/password"
    program = client.get("/api/v1/audit/verify")
    assert (program.status_code, program.json["error"]["code"]) == (403, "PasswordMustChange")
    assert client.post("/logout").status_code == 302


def test_the_user_is_spoken_to_in_their_language_unless_the_browser_chose_one(client):
    user = make_user(locale="zh_Hans")
    english = {"Accept-Language": "en"}
    sign_in(client, user)
    assert client.get("/account", headers=english).headers["Content-Language"] == "zh-Hans"
    assert client.get("/account?lang=en", headers=english).headers["Content-Language"] == "en"
    client.set_cookie("language", "en")
    assert client.get("/account").headers["Content-Language"] == "en"
    client.post("/account/language", data={"locale": ""})
    assert user.locale is None
    assert client.get("/account", headers=english).headers["Content-Language"] == "en"


def test_sessions_long_over_are_removed(wang):
    sessions.start(wang)
    with at(hours=24 * 32):
        sessions.start(wang)
        assert sessions.forget_old() == 1
        assert len(queries.live_sessions(wang.id)) == 1
