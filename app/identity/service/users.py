"""Verbs on users: create, change, set a password."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from app.audit.service import record
from app.core import clock, ids
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import LANGUAGES, _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity import queries
from app.identity.models import User
from app.identity.permissions import USER_ADMIN
from app.identity.roles import ROLES
from app.identity.service import passwords, sessions, tokens
from app.identity.service.guards import lift

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}\Z")
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,130}\Z")


class LoginTaken(Conflict):
    """Another user has the login."""

    message = _l("The login “%(login)s” is taken.")


class LastAdministrator(Conflict):
    """Nobody would be left to administer users."""

    message = _l("This is the last active administrator. Make another one first.")


def create_user(
    actor: Actor,
    *,
    login: str,
    name: str,
    password: str,
    roles: Sequence[str],
    email: str | None = None,
    locale: str | None = None,
    must_change_password: bool = False,
) -> User:
    """A new user who may sign in at once. Raises Invalid, LoginTaken, NotPermitted."""
    actor.must(USER_ADMIN)
    login = login.strip().lower()
    check_user(login=login, name=name, roles=roles, email=email, locale=locale)
    passwords.check_policy(password, login=login)
    if queries.find_by_login(login):
        raise LoginTaken(login=login)
    now = clock.now()
    user = User(
        id=ids.new_id(),
        login=login,
        name=name.strip(),
        email=email or None,
        roles=sorted(set(roles)),
        locale=locale or None,
        active=True,
        password_hash=passwords.hash_password(password),
        password_changed_at=now,
        must_change_password=must_change_password,
        created_at=now,
    )
    session().add(user)
    session().flush()
    record(actor, "user:create", Subject("user", user.id), login=login, name=user.name, roles=user.roles)
    return user


def check_user(*, login: str, name: str, roles: Sequence[str], email: str | None, locale: str | None) -> None:
    """Raises Invalid naming every field that is wrong."""
    wrong: dict[str, list[str]] = {}
    if not LOGIN.match(login):
        wrong["login"] = [_("Must have 2 to 64 characters: a–z, 0–9, dot, hyphen, underscore.")]
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        wrong["name"] = [_("Contains a character that cannot be shown.")]
    elif not 1 <= len(name.strip()) <= 200:
        wrong["name"] = [_("Must have %(least)s to %(most)s characters.", least=1, most=200)]
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        wrong["roles"] = [_("There is no role “%(role)s”.", role=", ".join(unknown))]
    if not roles:
        wrong["roles"] = [_("Choose at least one role.")]
    if email and not EMAIL.match(email):
        wrong["email"] = [_("Must be an e-mail address.")]
    if locale and locale not in LANGUAGES:
        wrong["locale"] = [_("Choose one of the languages.")]
    if wrong:
        raise Invalid(wrong)


def change_user(
    actor: Actor, user: User, *, name: str, roles: Sequence[str], email: str | None, locale: str | None, active: bool
) -> User:
    """Change what an administrator may; deactivation ends every session and token.

    Raises Invalid, LastAdministrator.
    """
    actor.must(USER_ADMIN)
    check_user(login=user.login, name=name, roles=roles, email=email, locale=locale)
    given: dict[str, Any] = {
        "name": name.strip(),
        "roles": sorted(set(roles)),
        "email": email or None,
        "locale": locale or None,
        "active": active,
    }
    if not (active and "admin" in roles):
        _keep_an_administrator(user)
    before = {field: getattr(user, field) for field in given}
    changed = {field: value for field, value in given.items() if value != before[field]}
    for field, value in changed.items():
        setattr(user, field, value)
    session().flush()
    if changed:
        was = {field: before[field] for field in changed}
        record(actor, "user:change", Subject("user", user.id), login=user.login, now=changed, was=was)
    if not active:
        sessions.end_all(user.id)
        tokens.revoke_all(actor, user)
    return user


def _keep_an_administrator(user: User) -> None:
    others = [one for one in queries.users_with_role("admin", lock=True) if one.id != user.id]
    if user.active and "admin" in user.roles and not others:
        raise LastAdministrator


def change_own_locale(actor: Actor, user: User, locale: str | None) -> None:
    """The language the user reads when the browser has not chosen one. Raises Invalid."""
    if locale and locale not in LANGUAGES:
        raise Invalid({"locale": [_("Choose one of the languages.")]})
    if user.locale != (locale or None):
        was, user.locale = user.locale, locale or None
        session().flush()
        record(actor, "user:change", Subject("user", user.id), now={"locale": user.locale}, was={"locale": was})


def change_own_email(actor: Actor, user: User, email: str) -> None:
    """Where the user wants to be written to; empty: nowhere. Raises Invalid."""
    wished = email.strip() or None
    if wished and not EMAIL.match(wished):
        raise Invalid({"email": [_("Must be an e-mail address.")]})
    if user.email != wished:
        was, user.email = user.email, wished
        session().flush()
        record(actor, "user:change", Subject("user", user.id), now={"email": wished}, was={"email": was})


def change_password(actor: Actor, user: User, *, old: str, new: str, keep_session: str | None = None) -> None:
    """The user's own change; ends every other session. Raises Invalid."""
    if not passwords.is_right(old, user.password_hash):
        raise Invalid({"old": [_("This is not your present password.")]})
    if old == new:
        raise Invalid({"new": [_("Must differ from the present password.")]})
    passwords.check_policy(new, login=user.login, field="new")
    _set(user, new, must_change=False)
    sessions.end_all(user.id, but=keep_session)
    record(actor, "user:password_change", Subject("user", user.id), login=user.login)


def reset_password(actor: Actor, user: User, *, password: str | None = None) -> str:
    """An administrator's reset: a generated password, answered once, that must be changed at the next sign-in.

    A password given (by command) is kept as it is. Ends every session and lifts a lock.
    """
    actor.must(USER_ADMIN)
    if password is not None:
        passwords.check_policy(password, login=user.login)
    new = password if password is not None else passwords.generate()
    _set(user, new, must_change=password is None)
    sessions.end_all(user.id)
    lift(user.login)
    record(actor, "user:password_reset", Subject("user", user.id), login=user.login)
    return new


def unlock(actor: Actor, user: User) -> None:
    """Let the user try again before the lock ends."""
    actor.must(USER_ADMIN)
    lift(user.login)
    record(actor, "user:unlock", Subject("user", user.id), login=user.login)


def _set(user: User, password: str, *, must_change: bool) -> None:
    user.password_hash = passwords.hash_password(password)
    user.password_changed_at = clock.now()
    user.must_change_password = must_change
    session().flush()
