"""Signing in and out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Response, flash, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock, db
from app.core.i18n import _
from app.core.pages import local_address
from app.core.permissions import actor_or_none, current_actor, public, requires
from app.core.web import needs_no_database
from app.identity.pages.blueprint import bp
from app.identity.permissions import ACCOUNT_OWN
from app.identity.service import sign_in

LONGEST = 200


@bp.get("/login")
@public
def login() -> str | BaseResponse:
    """The form; who is signed in already goes on."""
    if actor_or_none():
        return redirect(local_address(request.args.get("next", "")))
    return render_template("identity/login.html", next=request.args.get("next", ""), login="")


@bp.post("/login")
@public
@needs_no_database
def login_by_password() -> Response | BaseResponse:
    """Check login and password; 401 when wrong, 429 when tried too often. Opens its own short transactions."""
    login_typed = request.form.get("login", "")[:LONGEST]
    password = request.form.get("password", "")[:LONGEST]
    with _short():
        attempt = sign_in.begin(login_typed, request.remote_addr or "")
    if attempt.retry_after:
        return _locked(attempt)
    right = sign_in.check(attempt, password)
    with _short():
        secret = sign_in.finish(
            attempt,
            right=right,
            password=password,
            agent=request.headers.get("User-Agent", ""),
            old=str(session.get("sid", "")),
        )
    if secret is None:
        return _again(401, _("Login or password is wrong."), login_typed)
    session.clear()  # a new cookie and a new form token: nothing of before is worth anything now
    session["sid"] = secret
    session["seen"] = int(clock.now().timestamp())
    return redirect(local_address(request.form.get("next", "")))


@bp.post("/logout")
@requires(ACCOUNT_OWN)
def logout() -> BaseResponse:
    """End the session here and on the server."""
    sign_in.sign_out(current_actor(), g.session_id)
    session.clear()
    flash(_("You are signed out."), "success")
    return redirect(url_for("identity.login"))


def _short() -> AbstractContextManager[Any]:
    return nullcontext() if db.in_transaction() else db.transaction()  # a test holds one open


def _locked(attempt: sign_in.Attempt) -> Response:
    minutes = -(-attempt.retry_after // 60)
    if attempt.of_login:
        sentence = _(
            "Too many wrong attempts: this login is locked for %(minutes)s more minutes. "
            "An administrator can unlock it.",
            minutes=minutes,
        )
    else:
        sentence = _("Too many wrong attempts from your network. Try again in %(minutes)s minutes.", minutes=minutes)
    response = _again(429, sentence, attempt.login)
    response.headers["Retry-After"] = str(attempt.retry_after)
    return response


def _again(status: int, sentence: str, login_typed: str) -> Response:
    page = render_template(
        "identity/login.html", next=request.form.get("next", ""), login=login_typed, sentence=sentence
    )
    return make_response(page, status)
