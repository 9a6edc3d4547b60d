"""Against guessing: failures are counted per address and per login, in the database, so that all workers share them.

An attempt counts as a failure before its password is looked at, and is taken back when it was right: a hundred
attempts at once are a hundred failures, not one. A login is counted whether it exists or not, so that a lock tells
nobody which logins exist.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, null, update

from app.core import clock
from app.core.conflicts import insert_into
from app.core.db import session
from app.identity.models import SignInGuard

PER_ADDRESS = 30
"""Failures in one window. A hospital shares one address, so this is well above the limit per login."""
PER_LOGIN = 5
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)

_guards: Any = SignInGuard.__table__


@dataclass(frozen=True)
class Standing:
    """How an attempt stands: seconds to wait (0: go on), whether the login or the address waits, and since just now."""

    retry_after: int
    of_login: bool = False
    just_locked: bool = False


def address_key(address: str) -> str:
    """Key of an address."""
    return f"address:{address[:64]}"


def login_key(login: str) -> str:
    """Key of a login as typed."""
    return "login:" + hashlib.sha256(login.strip().lower().encode("utf-8", "replace")).hexdigest()


def begin_attempt(address: str, login: str) -> Standing:
    """Count one attempt; answers whether it may go on."""
    now = clock.now()
    until, just_locked = _count(address_key(address), PER_ADDRESS, now)
    of_login = until is None
    if until is None:
        until, just_locked = _count(login_key(login), PER_LOGIN, now)
    if until is None:
        return Standing(0)
    return Standing(max(1, int((until - now).total_seconds())), of_login, just_locked)


def _count(key: str, most: int, now: datetime) -> tuple[datetime | None, bool]:
    """Count an attempt under the key; until when it waits if there were too many, and whether it is the first to."""
    fresh = _guards.c.since <= now - WINDOW
    locked = _guards.c.locked_until.is_not(None) & (_guards.c.locked_until > now)
    counted = case((fresh & ~locked, 1), else_=_guards.c.failures + 1)
    statement = (
        insert_into(_guards)
        .values(key=key, failures=1, since=now, locked_until=None)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "failures": counted,
                "since": case((locked, _guards.c.since), (fresh, now), else_=_guards.c.since),
                "locked_until": case(
                    (locked, _guards.c.locked_until),
                    (counted > most, now + LOCK),
                    else_=null(),
                ),
            },
        )
        .returning(_guards.c.locked_until, _guards.c.failures)
    )
    until, failures = session().execute(statement).one()
    return until, failures == most + 1


def take_back(address: str, login: str) -> None:
    """The attempt was right: it was no failure of the address, and the login starts anew."""
    session().execute(
        update(_guards)
        .where(_guards.c.key == address_key(address), _guards.c.failures > 0)
        .values(failures=_guards.c.failures - 1)
    )
    lift(login)


def lift(login: str) -> None:
    """Forget the login's failures and its lock."""
    session().execute(delete(_guards).where(_guards.c.key == login_key(login)))


def locked_until(login: str) -> datetime | None:
    """When the login's lock ends, if it is locked now."""
    found = session().get(SignInGuard, login_key(login))
    return found.locked_until if found and found.locked_until and found.locked_until > clock.now() else None


def forget_old() -> int:
    """Remove counts whose window and lock have passed; how many."""
    before = clock.now() - max(WINDOW, LOCK)
    return int(session().execute(delete(_guards).where(_guards.c.since <= before)).rowcount)  # type: ignore[attr-defined]
