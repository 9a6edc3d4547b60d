"""Proving again who one is, before an act that weighs: by password, counted against guessing as at the sign-in."""

from __future__ import annotations

from app.core.errors import TooMany
from app.core.permissions import Actor
from app.identity import queries
from app.identity.service import sign_in


def confirm(actor: Actor, password: str, address: str = "") -> bool:
    """True when the password is the actor's own. Raises TooMany.

    A wrong one is counted and on record when the caller's transaction commits: answer with a page, do not raise.
    """
    attempt = sign_in.begin(queries.get_user(actor.id).login, address)
    if attempt.retry_after:
        raise TooMany(retry_after=attempt.retry_after)
    return sign_in.prove(attempt, right=sign_in.check(attempt, password))
