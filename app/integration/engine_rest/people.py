"""The dialect names people by login; we keep ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select

from app.core.db import session
from app.identity.models import User

NOBODY = "-"
"""An id that nobody has: a login that is not there finds nothing."""


def logins_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Logins by id. One statement; ids without a user stand for themselves."""
    wanted = {one for one in user_ids if one}
    if not wanted:
        return {}
    rows = session().execute(select(User.id, User.login).where(User.id.in_(wanted)))
    return {**{one: one for one in wanted}, **{row.id: row.login for row in rows}}


def ids_of(logins: Collection[str]) -> dict[str, str]:
    """Ids by login as given, of active users that exist. One statement."""
    by_name = {login.strip().lower(): login for login in logins}
    rows = session().execute(select(User.id, User.login).where(User.login.in_(by_name), User.active.is_(True)))
    return {by_name[row.login]: row.id for row in rows}


def id_of(login: str | None) -> str | None:
    """The id of a login; NOBODY when there is none, None for None."""
    return None if login is None else ids_of([login]).get(login, NOBODY)
