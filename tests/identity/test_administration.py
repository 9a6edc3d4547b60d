"""Pages of administrators, and commands."""

from __future__ import annotations

import re

import pytest

from app.audit.queries import entries_of
from app.core.db import transaction
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.identity import queries, service
from app.identity.roles import ROLES
from app.identity.service import guards, passwords
from tests.identity.factories import PASSWORD, make_user, sign_in

PASSWORD_SHOWN = re.compile(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}")


@pytest.fixture
def admin(client):
    return sign_in(client, make_user("admin", roles=["admin"], name="Administrator"))


def test_a_user_is_made_with_a_password_shown_once(client, admin):
    made = client.post(
        "/users/new", data={"login": "Li", "name": "李强", "roles": ["sales", "planner"], "locale": "en"}
    )
    assert made.status_code == 201
    (password,) = set(PASSWORD_SHOWN.findall(made.text))
    user = queries.find_by_login("li")
    assert (user.roles, user.locale, user.must_change_password) == (["planner", "sales"], "en", True)
    assert passwords.is_right(password, user.password_hash)
    assert not PASSWORD_SHOWN.findall(client.get(f"/users/{user.id}").text)


@pytest.mark.parametrize(
    ("over", "status", "sentence"),
    [
        ({"login": "admin"}, 409, "is taken"),
        ({"login": "bad login"}, 422, "2 to 64 characters"),
        ({"roles": []}, 422, "at least one role"),
        ({"roles": ["boss"]}, 422, "There is no role"),
        ({"name": "a\x00b"}, 422, "cannot be shown"),
        ({"email": "x"}, 422, "e-mail address"),
    ],
)
def test_a_refused_user_says_why_and_keeps_what_was_typed(client, admin, over, status, sentence):
    answer = client.post("/users/new", data={"login": "li", "name": "Li Qiang", "roles": ["sales"], **over})
    assert answer.status_code == status
    assert sentence in answer.text
    if "name" not in over:
        assert "Li Qiang" in answer.text
    assert queries.find_by_login("li") is None


@pytest.mark.each_database
def test_users_are_found_by_name_login_and_role(client, admin):
    make_user("wang", name="王丽", roles=["planner"])
    make_user("li", name="李强", roles=["sales"])
    assert "王丽" in client.get("/users").text
    for query, there, absent in (("q=王", "王丽", "李强"), ("q=LI", "李强", "王丽"), ("role=planner", "王丽", "李强")):
        page = client.get(f"/users?{query}", headers={"HX-Request": "true"}).text
        assert there in page
        assert absent not in page
        assert "<html" not in page
    assert client.get("/users?q=100%25_&page=abc").status_code == 200


def test_a_user_is_changed_and_the_change_is_recorded(client, admin):
    user = make_user("wang", name="王丽")
    path = f"/users/{user.id}"
    given = {"name": "王莉", "roles": ["finance"], "email": "wang@example.org", "locale": "", "active": "1"}
    assert client.post(path, data=given).status_code == 302
    assert (user.name, user.roles, user.email) == ("王莉", ["finance"], "wang@example.org")
    (entry,) = entries_of(Subject("user", user.id))
    assert (entry.actor_name, entry.details["was"]["name"]) == ("Administrator", "王丽")
    wrong = client.post(path, data={**given, "roles": []})
    assert wrong.status_code == 422
    assert user.roles == ["finance"]
    assert "User: changed" in client.get(path).text


def test_the_last_administrator_cannot_lock_everybody_out(client, admin):
    answer = client.post(f"/users/{admin.id}", data={"name": "A", "roles": ["sales"], "active": "1"})
    assert answer.status_code == 409
    assert "last active administrator" in answer.text


def test_a_reset_shows_the_new_password_and_ends_sessions(client, admin, app):
    user = make_user("wang")
    other = app.test_client()
    sign_in(other, user)
    shown = client.post(f"/users/{user.id}/password").text
    (password,) = set(PASSWORD_SHOWN.findall(shown))
    assert passwords.is_right(password, user.password_hash)
    assert other.get("/account").status_code == 302


def test_a_locked_user_can_be_unlocked(client, admin):
    user = make_user("wang")
    for _attempt in range(guards.PER_LOGIN + 1):
        guards.begin_attempt("10.0.0.1", "wang")
    assert "Locked until" in client.get(f"/users/{user.id}").text
    client.post(f"/users/{user.id}/unlock")
    assert "Locked until" not in client.get(f"/users/{user.id}").text


@pytest.mark.parametrize("path", ["/users", "/users/new", "/users/tokens", "/users/{id}"])
def test_administration_is_for_administrators(client, path):
    user = sign_in(client, make_user(roles=[role for role in ROLES if role != "admin"]))
    assert client.get(path.format(id=user.id)).status_code == 403


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize(
    "path", ["/users", "/users/new", "/users/tokens", "/users/{id}", "/roles", "/account", "/account/tokens",
             "/account/password"],
)  # fmt: skip
def test_every_page_opens_in_both_languages(client, admin, path, language):
    service.make_token(SYSTEM, admin, label="nightly", scopes=["audit:read"])
    answer = client.get(path.format(id=admin.id) + f"?lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language.replace("_", "-")


def test_an_unknown_user_is_not_found(client, admin):
    assert client.get("/users/nobody").status_code == 404
    assert client.post("/account/tokens/nothing/revoke").status_code == 404


def test_the_role_table_lists_every_right(client, admin):
    page = client.get("/roles?lang=en").text
    assert "audit:verify" in page
    assert "Quality and regulatory affairs" in page


def test_commands_for_users(app, live):
    runner = app.test_cli_runner()
    made = runner.invoke(args=["users", "add", "wang", "--name", "王丽", "--role", "sales", "--role", "planner"])
    assert made.exit_code == 0
    assert PASSWORD_SHOWN.fullmatch(made.output.strip())
    assert "wang\tactive\tplanner,sales\t王丽" in runner.invoke(args=["users", "list"]).output
    robot = runner.invoke(args=["users", "add", "robot", "--role", "integration", "--token"])
    password, token = robot.output.split()
    assert len(password) > 11
    assert token[:6] in runner.invoke(args=["tokens", "list"]).output
    again = runner.invoke(args=["users", "add", "wang", "--role", "sales"])
    assert (again.exit_code, "is taken" in again.output) == (1, True)
    assert "roles: There is no role" in runner.invoke(args=["users", "add", "li", "--role", "boss"]).output
    assert runner.invoke(args=["users", "passwd", "wang", "--password-stdin"], input=PASSWORD + "\n").exit_code == 0
    with transaction(write=False):
        assert passwords.is_right(PASSWORD, queries.find_by_login("wang").password_hash)
    assert "There is no user" in runner.invoke(args=["users", "passwd", "nobody"]).output


def test_commands_for_tokens(app, live):
    runner = app.test_cli_runner()
    with transaction():
        make_user("audrey", roles=["auditor"])
    made = runner.invoke(args=["tokens", "create", "audrey", "--scopes", "audit:verify", "--days", "1"])
    assert made.exit_code == 0
    secret = made.output.strip()
    assert re.fullmatch(r"yx_\S{43}", secret)
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/audit/verify", headers=headers).status_code == 200
    listed = runner.invoke(args=["tokens", "list"]).output
    assert "audrey\tvalid\taudit:verify" in listed
    assert runner.invoke(args=["tokens", "revoke", listed.split("\t")[0]]).output == "Revoked.\n"
    assert app.test_client().get("/api/v1/audit/verify", headers=headers).status_code == 401
    assert runner.invoke(args=["tokens", "create", "audrey", "--scopes", "no:such"]).exit_code == 1
    assert runner.invoke(args=["tokens", "revoke", "nothing"]).exit_code == 1
