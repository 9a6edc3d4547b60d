"""Who sends this request: a browser by its session cookie, a program by its bearer token; and what each must prove.

A cookie travels with every request, even one that another site made the browser send: unsafe requests with it need the
token of our forms (or the header X-CSRFToken). A bearer token is put in by the caller itself and needs no such proof.
Bearer tokens are for the API and /metrics only, so that a leaked one opens no page where more could be made. Where
programs come that know no tokens (`web.takes_basic`), a login with its password or a token does, by HTTP Basic.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from flask import Response, abort, current_app, g, make_response, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError

from app.core import clock, db, i18n, web
from app.core.errors import DomainError, Unauthenticated
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.templating import csrf
from app.identity import queries
from app.identity.models import User
from app.identity.pages import basic
from app.identity.pages.blueprint import bp
from app.identity.service import sessions, tokens

NOTE_ACTIVITY_EVERY = 60
"""Seconds between two notes of activity in the cookie."""
BACKGROUND = "/stamp"
"""Addresses that end so are asked by open pages on their own: they keep nobody signed in."""
OPEN_TO_EXPIRED = frozenset({"identity.password", "identity.change_password", "identity.logout", "language"})

log = structlog.get_logger()


class FormExpired(DomainError):
    """An unsafe request with a cookie came without the proof that one of our pages sent it."""

    status = 400
    message = _l("This form has expired or was not sent from our own page. Load the page again and repeat it.")


class TokenNotValid(Unauthenticated):
    """The bearer token is unknown, revoked or expired, or its user is not active."""

    message = _l("This API token is unknown, revoked or expired.")


class PasswordMustChange(DomainError):
    """An administrator set the password: the user must choose one before anything else."""

    status = 403
    message = _l("Choose a password of your own first.")


@bp.record_once
def set_up(state: object) -> None:
    """Take over the check of forms from Flask-WTF, which knows no bearer tokens; tell core how to identify."""
    state.app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # type: ignore[attr-defined]
    web.identify_with(identify)


@bp.before_app_request
def protect() -> None:
    """Refuse unsafe requests that another site may have made a browser send."""
    if not current_app.config["WTF_CSRF_ENABLED"] or request.endpoint is None:
        return
    proven = bearer() is not None or basic.given() is not None or "sid" not in session
    if web.is_for_programs(request.path) and proven:
        return  # proves itself by its token, or is nobody and will be told so
    try:
        csrf.protect()
    except CSRFError:
        raise FormExpired from None


def bearer() -> str | None:
    """The bearer token of a request to the API."""
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" and web.is_for_programs(request.path) else None


def identify() -> Actor | None:
    """Who acts. Raises TokenNotValid for a bad token, PasswordMustChange (or redirects) after a reset."""
    secret = bearer()
    if secret is not None:
        return _by_token(secret)
    known = basic.given()
    if known is not None:
        return _by_basic(*known)
    found = session.get("sid")
    return _by_cookie(found) if isinstance(found, str) else None


def _by_basic(login: str, secret: str) -> Actor:
    if basic.is_token(secret):
        return _by_token(secret, login=login)
    user = basic.user_of(login)
    if user.must_change_password:
        raise PasswordMustChange
    _speak_to(user)
    return Actor(
        id=user.id, login=user.login, name=user.name, roles=frozenset(user.roles), origin=request.remote_addr or ""
    )


def _by_token(secret: str, *, login: str | None = None) -> Actor:
    found = queries.token_of(sessions.hashed(secret))
    if found is None or not tokens.is_live(found[0]) or not found[1].active:
        raise TokenNotValid
    if login is not None and found[1].login != login.strip().lower():
        raise TokenNotValid
    token, user = found
    if tokens.use_is_due(token):
        g.used_token = token.id  # the row itself does not outlive a transaction rolled back
    _speak_to(user)
    return Actor(
        id=user.id,
        login=user.login,
        name=user.name,
        roles=frozenset(user.roles),
        scopes=None if tokens.ALL in token.scopes else frozenset(token.scopes),
        kind="token",
        origin=f"{request.remote_addr or ''} {token.hint}…".strip(),
    )


def _by_cookie(secret: str) -> Actor | None:
    found = queries.session_of(sessions.hashed(secret))
    if found is None or not found[1].active or not sessions.is_alive(found[0], _last_seen()):
        session.pop("sid", None)
        return None
    row, user = found
    _note_activity()
    g.session_id = row.id
    _speak_to(user)
    if user.must_change_password and request.endpoint not in OPEN_TO_EXPIRED:
        _send_to_password_page()
    return Actor(
        id=user.id,
        login=user.login,
        name=user.name,
        roles=frozenset(user.roles),
        origin=request.remote_addr or "",
    )


def _last_seen() -> datetime | None:
    seen = session.get("seen")
    return datetime.fromtimestamp(seen, UTC) if isinstance(seen, int) else None


def _note_activity() -> None:
    """In the signed cookie rather than in the row: reading must not write to the database."""
    now = int(clock.now().timestamp())
    if not request.path.endswith(BACKGROUND) and now - int(session.get("seen", 0)) >= NOTE_ACTIVITY_EVERY:
        session["seen"] = now


def _speak_to(user: User) -> None:
    """The user's language, unless the browser's reader chose one here."""
    if user.locale and "lang" not in request.args and "language" not in request.cookies:
        i18n.use_language(user.locale)


def _send_to_password_page() -> None:
    if web.wants_json():
        raise PasswordMustChange
    if not web.is_fragment():
        abort(redirect(url_for("identity.password")))
    response = make_response("", 403)
    response.headers["HX-Redirect"] = url_for("identity.password")
    abort(response)


@bp.after_app_request
def note_use(response: Response) -> Response:
    """Remember a token's use after the request's own transaction, which may have been for reading only."""
    token: str | None = g.pop("used_token", None)
    if token is not None:
        try:
            if db.in_transaction():  # a test holds one open
                tokens.note_use(token)
            else:
                with db.transaction():
                    tokens.note_use(token)
        except OperationalError:
            log.warning("token.use_not_noted", token=token)
    return response
