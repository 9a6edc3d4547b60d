"""Browsers that are signed in: a row each, found by the hash of the secret in the signed cookie."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from app.core import clock, ids
from app.core.db import session
from app.identity.models import User, UserSession

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
"""A working day: longer would outlive the shift."""
KEPT = timedelta(days=30)
"""How long an ended session can still be looked up."""


def hashed(secret: str) -> str:
    """How a secret is kept. High-entropy secrets need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def start(user: User, *, origin: str = "", agent: str = "") -> str:
    """A new session; answers the secret for the cookie."""
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    session().add(
        UserSession(
            id=ids.new_id(),
            secret_hash=hashed(secret),
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
            origin=origin[:64],
            agent=agent[:200],
        )
    )
    session().flush()
    return secret


def is_alive(found: UserSession, seen: datetime | None = None) -> bool:
    """True while neither ended nor expired; `seen` is the last activity that the signed cookie tells of."""
    now = clock.now()
    last = max(found.last_seen_at, seen) if seen else found.last_seen_at
    return found.ended_at is None and now < found.expires_at and now - last < IDLE


def end(session_id: str) -> None:
    """End one session (signing out)."""
    session().execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def end_all(user_id: str, *, but: str | None = None) -> int:
    """End every session of a user, except `but` (a session's id); how many."""
    statement = update(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if but:
        statement = statement.where(UserSession.id != but)
    return int(session().execute(statement.values(ended_at=clock.now())).rowcount)  # type: ignore[attr-defined]


def forget_old() -> int:
    """Remove sessions that expired a month ago; signing in and out stays in the audit trail. How many."""
    statement = delete(UserSession).where(UserSession.expires_at < clock.now() - KEPT)
    return int(session().execute(statement).rowcount)  # type: ignore[attr-defined]
