"""Signing in by password, in three steps, because checking a password takes a tenth of a second on purpose:

attempt = begin(login, address)          # a short transaction: counts the attempt
right = check(attempt, password)         # no transaction: nobody waits for a lock meanwhile
secret = finish(attempt, right=right)    # a short transaction: the session, or the failure, and its audit entry
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from app.audit.service import record_alone
from app.core import clock
from app.core.db import session
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity import queries
from app.identity.models import User, UserSession
from app.identity.service import guards, passwords, sessions
from app.identity.service.users import LOGIN


@dataclass(frozen=True)
class Attempt:
    """A counted attempt. `retry_after` > 0: it may not go on; `of_login`: the login has to wait, not the address."""

    login: str
    address: str
    user_id: str | None = None
    stored: str | None = None
    retry_after: int = 0
    of_login: bool = False


def begin(login: str, address: str) -> Attempt:
    """Count the attempt, look the user up."""
    standing = guards.begin_attempt(address, login)
    user = queries.find_by_login(login) if LOGIN.match(login.strip().lower()) else None
    attempt = Attempt(
        login=login,
        address=address,
        user_id=user.id if user else None,
        stored=user.password_hash if user and user.active else None,
        retry_after=standing.retry_after,
        of_login=standing.of_login,
    )
    if standing.just_locked:
        _record("login:lock", attempt, locks="login" if standing.of_login else "address")
    return attempt


def check(attempt: Attempt, password: str) -> bool:
    """True when the password is the user's. As slow for a login that does not exist."""
    nobody = passwords.nobodys_hash()
    return passwords.is_right(password, attempt.stored or nobody) and attempt.stored is not None


def finish(attempt: Attempt, *, right: bool, password: str = "", agent: str = "", old: str = "") -> str | None:
    """The secret of a new session, or None when refused. `old` is the secret the browser had before, which ends."""
    user = session().scalar(select(User).where(User.id == attempt.user_id).with_for_update())
    if user is None or not right or not user.active or user.password_hash != attempt.stored:
        _record("login:fail", attempt)
        return None
    guards.take_back(attempt.address, attempt.login)
    if old:
        session().execute(
            update(UserSession)
            .where(UserSession.secret_hash == sessions.hashed(old), UserSession.ended_at.is_(None))
            .values(ended_at=clock.now())
        )
    if password and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    user.last_login_at = clock.now()
    secret = sessions.start(user, origin=attempt.address, agent=agent.replace("\x00", ""))
    actor = Actor(id=user.id, login=user.login, name=user.name, origin=attempt.address)
    record_alone(actor, "login:succeed", Subject("user", user.id), login=user.login)
    return secret


def prove(attempt: Attempt, *, right: bool, at: str = "") -> bool:
    """As `finish`, for who proves themselves once more: no session, and only a failure is on record, with `at` what."""
    user = session().scalar(select(User).where(User.id == attempt.user_id))
    if user is None or not right or not user.active or user.password_hash != attempt.stored:
        _record("login:fail", attempt, **({"at": at} if at else {}))
        return False
    guards.take_back(attempt.address, attempt.login)
    return True


def sign_out(actor: Actor, session_id: str) -> None:
    """End the session."""
    sessions.end(session_id)
    record_alone(actor, "login:end", Subject("user", actor.id), login=actor.login)


def _record(action: str, attempt: Attempt, **details: str) -> None:
    """Who is not signed in has no name. What was typed as login is kept only if it is one: it may be a password."""
    nobody = Actor(id="nobody", login="", name="", kind="nobody", origin=attempt.address)
    if attempt.user_id:
        record_alone(nobody, action, Subject("user", attempt.user_id), login=attempt.login.strip().lower(), **details)
    else:
        mark = guards.login_key(attempt.login).removeprefix("login:")[:12]
        record_alone(nobody, action, Subject("address", attempt.address), unknown_login=mark, **details)
