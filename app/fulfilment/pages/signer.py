"""Who signs proves who they are again, at that moment (21 CFR 11.200), before the request's own transaction begins:
checking a password takes a tenth of a second on purpose, and a wrong one stays counted whatever becomes of the request.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from flask import g, request

from app.core import db, web
from app.core.errors import DomainError, Invalid
from app.core.i18n import _
from app.fulfilment.pages.inbox_blueprint import bp
from app.fulfilment.signing.verbs import Signed
from app.identity import service as identity
from app.identity.service import confirming, sign_in
from app.processes.service import SignatureNeeded

LONGEST = 200


@dataclass(frozen=True)
class Proof:
    """Whether the signer proved who they are, and how."""

    right: bool
    method: str


@bp.before_request
def prove_on_page() -> None:
    """Check what was typed into the signature of a task's page. Raises TooMany."""
    if request.endpoint == "fulfilment.complete" and request.form.get("password"):
        _prove(request.form.get("login", ""), request.form["password"])


def prove_in_api() -> None:
    """Check the signature in the body of the API. Raises TooMany."""
    signs = request.method == "POST" and request.path.endswith(("/complete", "/results"))
    body = request.get_json(silent=True) if signs else None
    given = body.get("signature") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        return
    login, password = given.get("login"), given.get("password")
    if isinstance(login, str) and isinstance(password, str) and password:
        _prove(login, password)


def _prove(login: str, password: str) -> None:
    actor = web.who()
    if actor is None:
        return  # the request itself will be refused
    address = request.remote_addr or ""
    with _short():
        by_password = not login and identity.signs_by_password(g.get("session_id"))
        attempt = confirming.begin(actor, address)
    same = by_password or login.strip().lower() == actor.login
    right = sign_in.check(attempt, password[:LONGEST].replace("\x00", ""))
    with _short():
        proven = sign_in.prove(attempt, right=right and same, at="signature")
    g.signer = Proof(proven, "password" if by_password else "login_password")


def _short() -> AbstractContextManager[Any]:
    return nullcontext() if db.in_transaction() else db.transaction()  # a test holds one open


def signed(meaning: str, seen: str, *, field: str = "password") -> Signed | None:
    """What the request signs; None when it signs nothing. Raises Invalid naming the field of a wrong password."""
    proof: Proof | None = g.get("signer")
    if proof is None:
        return None
    if not proof.right:
        raise Invalid({field: [_("Login or password is wrong.")]})
    return Signed(meaning, seen, proof.method)


def note() -> None:
    """It is signed: for a while the password alone signs in this session."""
    if g.get("signer") is not None:
        identity.note_signing(g.get("session_id"))


def said(refusal: DomainError) -> DomainError:
    """A missing signature as a field of the page that was left empty."""
    return (
        Invalid({"password": [_("Sign it: enter your password.")]}) if isinstance(refusal, SignatureNeeded) else refusal
    )


def asks_login() -> bool:
    """True when the next signature of this session needs the login besides the password. One statement."""
    return not identity.signs_by_password(g.get("session_id"))
