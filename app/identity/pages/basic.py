"""HTTP Basic: a program sends login and password (or login and API token) with each request.

Checking a password takes a tenth of a second on purpose, so what was right is remembered for some minutes, as a digest
with a key of this process; a password changed or a user deactivated meanwhile is refused at once. It is checked before
the request's transaction begins: nobody waits for a lock meanwhile. Wrong ones are counted as at the sign-in page.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import g, request

from app.core import clock, db, web
from app.core.errors import TooMany, Unauthenticated
from app.core.i18n import _l
from app.identity import queries
from app.identity.models import User
from app.identity.pages.blueprint import bp
from app.identity.service import sign_in, tokens

REMEMBERED = 300.0
"""Seconds for which a right password is not computed again."""
MOST = 1000
"""Logins remembered per process."""

_key = secrets.token_bytes(32)
_right: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
"""Digest of login and password → the stored hash it fitted, and until when (ticks)."""
_turns = [threading.Lock() for _number in range(64)]
"""One login is checked once at a time: twenty workers that start together are not twenty attempts at guessing."""


class WrongPassword(Unauthenticated):
    """The login or the password is not right."""

    message = _l("Login or password is wrong.")


def given() -> tuple[str, str] | None:
    """Login and secret of this request, where Basic is taken."""
    if not web.takes_basic(request.path):
        return None
    found = request.authorization
    if found is None or found.type != "basic" or found.username is None or found.password is None:
        return None
    return found.username, found.password


def is_token(secret: str) -> bool:
    """True when it is one of our API tokens rather than a password."""
    return secret.startswith(tokens.PREFIX)


def user_of(login: str) -> User:
    """The user whose password `prove` found right. Raises WrongPassword."""
    user = queries.find_by_login(login)
    if user is None or not user.active or user.password_hash != g.get("basic_stored"):
        raise WrongPassword
    return user


@bp.before_app_request
def prove() -> None:
    """Check the password unless it was right a moment ago. Raises WrongPassword, TooMany."""
    found = given()
    if found is None or is_token(found[1]) or request.endpoint is None or request.method == "OPTIONS":
        return
    login, password = found
    digest = hmac.digest(_key, f"{len(login)} {login} {password}".encode("utf-8", "replace"), hashlib.sha256)
    g.basic_stored = _remembered(digest)
    if g.basic_stored is None:
        with _turns[hashlib.sha256(login.encode("utf-8", "replace")).digest()[0] % len(_turns)]:
            g.basic_stored = _remembered(digest) or _check(login, password, digest)


def _remembered(digest: bytes) -> str | None:
    stored, until = _right.get(digest, ("", 0.0))
    return stored if until > clock.ticks() else None


def _check(login: str, password: str, digest: bytes) -> str:
    with _transaction():
        attempt = sign_in.begin(login.replace("\x00", ""), request.remote_addr or "")
    if attempt.retry_after:
        raise TooMany(retry_after=attempt.retry_after)
    right = sign_in.check(attempt, password)
    with _transaction():
        proven = sign_in.prove(attempt, right=right)
    if not proven or attempt.stored is None:
        raise WrongPassword
    _right[digest] = (attempt.stored, clock.ticks() + REMEMBERED)
    while len(_right) > MOST:
        _right.popitem(last=False)
    return attempt.stored


def _transaction() -> AbstractContextManager[Any]:
    return nullcontext() if db.in_transaction() else db.transaction()
