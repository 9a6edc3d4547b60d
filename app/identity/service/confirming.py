"""Proving again who one is, before an act that weighs: by password, counted against guessing as at the sign-in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from app.core import clock
from app.core.db import session
from app.core.errors import TooMany
from app.core.permissions import Actor
from app.identity import queries
from app.identity.models import UserSession
from app.identity.service import sign_in
from app.identity.service.sign_in import Attempt

CONTINUOUS = timedelta(minutes=30)
"""Signings of one session that follow each other within this time are one series (21 CFR 11.200(a)(1)(i)): the first
asks for login and password, each later one for the password."""


def confirm(actor: Actor, password: str, address: str = "") -> bool:
    """True when the password is the actor's own. Raises TooMany.

    A wrong one is counted and on record when the caller's transaction commits: answer with a page, do not raise.
    """
    attempt = begin(actor, address)
    return sign_in.prove(attempt, right=sign_in.check(attempt, password))


def begin(actor: Actor, address: str) -> Attempt:
    """The first of three steps (as in `sign_in`): count the attempt. Raises TooMany when there were too many."""
    attempt = sign_in.begin(queries.get_user(actor.id).login, address)
    if attempt.retry_after:
        raise TooMany(retry_after=attempt.retry_after)
    return attempt


def signs_by_password(session_id: str | None) -> bool:
    """True when this session signed something a moment ago, so that the password alone signs. One statement."""
    if not session_id:
        return False
    last = session().scalar(select(UserSession.signed_at).where(UserSession.id == session_id))
    return last is not None and clock.now() - last < CONTINUOUS


def note_signing(session_id: str | None) -> None:
    """Something was signed in this session just now."""
    if session_id:
        session().execute(update(UserSession).where(UserSession.id == session_id).values(signed_at=clock.now()))
