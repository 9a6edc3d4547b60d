"""API tokens, and who must prove that a form is ours."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit.queries import entries_of
from app.core import clock
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.identity import queries, service
from app.identity.models import ApiToken
from tests.identity.factories import actor_for, bearer, make_token, make_user, sign_in

VERIFY = "/api/v1/audit/verify"


@pytest.fixture
def auditor(tx):
    return make_user("audrey", roles=["auditor"])


@pytest.fixture
def forms_checked(app):
    app.config["WTF_CSRF_ENABLED"] = True
    yield
    app.config["WTF_CSRF_ENABLED"] = False


def form_token(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)


def test_a_token_acts_as_its_user(client, auditor):
    assert client.get(VERIFY, headers=bearer(auditor)).status_code == 200
    assert client.get(VERIFY, headers=bearer(make_user(roles=["sales"]))).status_code == 403


def test_a_token_is_kept_only_as_a_hash(auditor, tx):
    secret = make_token(auditor)
    assert re.fullmatch(r"yx_[A-Za-z0-9_-]{43}", secret)
    stored = tx.scalars(select(ApiToken)).one()
    assert secret not in (stored.secret_hash, stored.hint)
    assert secret.startswith(stored.hint)
    assert secret not in str([entry.details for entry in entries_of(Subject("user", auditor.id))])


def test_scopes_limit_a_token(client, auditor):
    assert client.get(VERIFY, headers=bearer(auditor, ["audit:verify"])).status_code == 200
    refused = client.get(VERIFY, headers=bearer(auditor, ["audit:read"]))
    assert refused.status_code == 403
    assert refused.json["error"]["details"]["permission"] == "audit:verify"


@pytest.mark.parametrize("value", ["Bearer yx_wrong", "Bearer ", "bearer", "Bearer \u00e9"])
def test_a_wrong_token_is_refused_even_beside_a_good_cookie(client, auditor, value):
    sign_in(client, auditor)
    answer = client.get(VERIFY, headers={"Authorization": value})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_revoked_and_expired_tokens_and_those_of_inactive_users_are_refused(client, auditor):
    token, secret = service.make_token(
        actor_for(auditor), auditor, label="nightly", expires_at=clock.now() + timedelta(days=1)
    )
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get(VERIFY, headers=headers).status_code == 200
    with clock.moved(clock.now() + timedelta(days=1)):
        assert client.get(VERIFY, headers=headers).status_code == 401
    service.revoke_token(actor_for(auditor), token)
    assert client.get(VERIFY, headers=headers).json["error"]["code"] == "TokenNotValid"
    headers = bearer(auditor)
    auditor.active = False
    assert client.get(VERIFY, headers=headers).status_code == 401


def test_deactivation_revokes_tokens(client, auditor):
    headers = bearer(auditor)
    same = {"name": auditor.name, "roles": auditor.roles, "email": None, "locale": None}
    service.change_user(SYSTEM, auditor, active=False, **same)
    service.change_user(SYSTEM, auditor, active=True, **same)
    assert client.get(VERIFY, headers=headers).status_code == 401


def test_a_token_opens_no_page(client, auditor):
    assert client.get("/account", headers=bearer(auditor)).status_code == 302


def test_a_scoped_token_makes_no_wider_one(auditor):
    from dataclasses import replace

    narrow = replace(actor_for(auditor), scopes=frozenset({"token:own", "audit:read"}), kind="token")
    for scopes in ([], ["audit:verify"]):
        with pytest.raises(Invalid):
            service.make_token(narrow, auditor, label="x", scopes=scopes)
    service.make_token(narrow, auditor, label="x", scopes=["audit:read"])


def test_nobody_makes_or_revokes_tokens_of_others(client, auditor):
    other = make_user(roles=["manager"])
    with pytest.raises(service.NotYourToken):
        service.make_token(actor_for(other), auditor, label="x")
    token, _secret = service.make_token(actor_for(auditor), auditor, label="x")
    sign_in(client, other)
    assert client.post(f"/account/tokens/{token.id}/revoke").status_code == 403
    sign_in(client, make_user(roles=["admin"]))
    assert client.post(f"/account/tokens/{token.id}/revoke").status_code == 302
    assert token.revoked_at


def test_a_token_is_shown_once(client, auditor):
    sign_in(client, auditor)
    made = client.post("/account/tokens", data={"label": "nightly job", "days": "30", "reach": "all"})
    assert made.status_code == 201
    (secret,) = set(re.findall(r"yx_[A-Za-z0-9_-]{43}", made.text))  # to read, and to copy
    again = client.get("/account/tokens").text
    assert secret not in again
    assert "nightly job" in again
    token = queries.tokens_of(auditor.id)[0]
    assert clock.local(token.expires_at).isoformat() == "2026-12-23T23:59:59+08:00"
    refused = client.post("/account/tokens", data={"label": " ", "days": "30", "reach": "some", "scopes": "x:y"})
    assert refused.status_code == 422
    assert client.post("/account/tokens", data={"label": "x", "reach": "some"}).status_code == 422
    assert client.post("/account/tokens", data={"label": "x", "days": "7"}).status_code == 422


def test_use_is_noted_once_an_hour_and_never_within_a_reading_transaction(app, live, statements):
    with transaction():
        headers = bearer(make_user(roles=["auditor"]))
    client = app.test_client()

    def updates(**moved):
        statements.clear()
        with clock.moved(clock.now() + timedelta(**moved)):
            assert client.get(VERIFY, headers=headers).status_code == 200
        return [one for one in statements if one.startswith("UPDATE api_tokens")]

    assert [len(updates(minutes=m)) for m in (0, 30, 59, 60, 61)] == [1, 0, 0, 1, 0]


def test_a_form_without_our_token_is_refused_in_both_languages(client, auditor, forms_checked):
    sign_in(client, auditor)
    for language, word in (("en", "has expired"), ("zh_Hans", "已过期")):
        answer = client.post(f"/account/language?lang={language}", data={"locale": "en"})
        assert answer.status_code == 400
        assert word in answer.text
    assert auditor.locale is None
    token = form_token(client.get("/account").text)
    assert client.post("/account/language", data={"locale": "en", "csrf_token": token}).status_code == 302
    assert client.post("/account/language", data={"locale": ""}, headers={"X-CSRFToken": token}).status_code == 302
    assert client.post("/login", data={"login": "x", "password": "y"}).status_code == 400


def test_a_form_token_of_another_session_is_worth_nothing(client, app, auditor, forms_checked):
    other = app.test_client()
    token = form_token(other.get("/login").text)
    sign_in(client, auditor)
    assert client.post("/account/language", data={"locale": "en", "csrf_token": token}).status_code == 400


def test_the_api_needs_the_form_token_with_a_cookie_but_not_with_a_bearer_token(client, app, auditor, forms_checked):
    """On an address that takes no POST, so that what is left is who gets through: 405."""
    assert client.post("/api/v1/openapi.json").status_code == 405
    probe = "/api/v1/probe"
    headers = bearer(auditor)
    assert _post(app, auditor, probe, signed_in=True).status_code == 400
    assert _post(app, auditor, probe, signed_in=True).json["error"]["code"] == "FormExpired"
    assert _post(app, auditor, probe, headers=headers).status_code == 200
    assert _post(app, auditor, probe).status_code == 401
    assert _post(app, auditor, probe, signed_in=True, headers={"Authorization": "Basic x"}).status_code == 400


def _post(app, user, path, *, signed_in=False, headers=None):
    one = app.test_client()
    if signed_in:
        sign_in(one, user)
    return one.post(path, headers=headers)


@pytest.fixture(scope="module", autouse=True)
def _probe(app):
    """A route of the API that changes something."""
    from app.core.permissions import requires
    from app.identity.permissions import ACCOUNT_OWN

    app._got_first_request = False
    app.add_url_rule("/api/v1/probe", "probe", requires(ACCOUNT_OWN)(lambda: "done"), methods=["POST"])
