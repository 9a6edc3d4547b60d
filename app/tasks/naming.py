"""People as they are named while working together: logins in a field, @login in a text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select

from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.identity.models import User

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_MENTION = re.compile(r"(?<![\w@.])@([a-z0-9][a-z0-9._-]{0,63})", re.IGNORECASE)


def people_named(logins: Sequence[str], field: str, most: int) -> dict[str, str]:
    """Login → id of the people that a field names, in its order.

    Raises Invalid (the field: nobody, too many, unknown).
    """
    wanted = list(dict.fromkeys(login.strip().lstrip("@").lower() for login in logins if login.strip()))
    if not 0 < len(wanted) <= most:
        raise Invalid({field: [_("Name one to %(most)s people.", most=most)]})
    found = active_users(wanted)
    unknown = [login for login in wanted if login not in found]
    if unknown:
        raise Invalid({field: [_("There is nobody called %(logins)s.", logins=", ".join(unknown)[:200])]})
    return {login: found[login] for login in wanted}


def active_users(logins: Sequence[str]) -> dict[str, str]:
    """Login → id, of active users; what cannot be a login is nobody's."""
    known = [login for login in logins if _LOGIN.fullmatch(login)]
    rows = session().execute(select(User.login, User.id).where(User.login.in_(known), User.active.is_(True)))
    return {row.login: row.id for row in rows}


def mentions_in(text: str) -> list[str]:
    """Logins that a text mentions as @login, lower case, each once."""
    return list(dict.fromkeys(found.rstrip(".-_").lower() for found in _MENTION.findall(text)))
