"""Users for tests, without the price of hashing a password each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from flask.testing import FlaskClient

from app.core import clock, ids
from app.core.db import session
from app.core.permissions import Actor
from app.identity import queries
from app.identity.models import Substitution, User
from app.identity.service import name_substitute, passwords, sessions, tokens

TODAY = date(2026, 11, 23)
"""The day of `NOON`."""
PASSWORD = "correct horse battery"


@lru_cache(maxsize=1)
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)


def make_user(
    login: str | None = None, roles: Sequence[str] = ("sales",), name: str | None = None, **over: Any
) -> User:
    """A stored user; every one has PASSWORD."""
    made = ids.new_id()
    login = login or f"u{made[-10:]}"
    now = clock.now()
    fields = {
        "id": made,
        "login": login,
        "name": name or login.title(),
        "roles": sorted(roles),
        "active": True,
        "password_hash": password_hash(),
        "password_changed_at": now,
        "must_change_password": False,
        "created_at": now,
    }
    user = User(**{**fields, **over})
    session().add(user)
    session().flush()
    return user


def actor_for(user: User) -> Actor:
    """The user as one who acts."""
    return queries.actor_of(user)


def sign_in(client: FlaskClient, user: User) -> User:
    """Sign the client in as the user, without the password form."""
    secret = sessions.start(user, origin="127.0.0.1", agent="test")
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["sid"] = secret
    return user


def make_token(user: User, scopes: Sequence[str] = ()) -> str:
    """The secret of a new API token."""
    return tokens.make_token(queries.actor_of(user), user, label="test", scopes=scopes)[1]


def bearer(user: User, scopes: Sequence[str] = ()) -> dict[str, str]:
    """Headers of a request with a new API token."""
    return {"Authorization": f"Bearer {make_token(user, scopes)}"}


def stand_in(user: User, substitute: User, first: int = 0, last: int = 4, **given: Any) -> Substitution:
    """`substitute` stands in for `user` from day to day, counted from today."""
    days = {"first_day": TODAY + timedelta(days=first), "last_day": TODAY + timedelta(days=last)}
    return name_substitute(actor_for(user), user.id, substitute.id, **{**days, **given})
