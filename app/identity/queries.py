"""Reading users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, String, bindparam, cast, or_, select

from app.audit.queries import subject_labels
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.core.permissions import Actor
from app.identity.models import ApiToken, User, UserSession

# With every request, so they are built once.
_SESSION = select(UserSession, User).join(User, User.id == UserSession.user_id)
_SESSION = _SESSION.where(UserSession.secret_hash == bindparam("hash"))
_TOKEN = select(ApiToken, User).join(User, User.id == ApiToken.user_id)
_TOKEN = _TOKEN.where(ApiToken.secret_hash == bindparam("hash"))


def get_user(user_id: str) -> User:
    """The user. Raises NotFound."""
    found = session().get(User, user_id)
    if found is None:
        raise NotFound(what="user", id=user_id)
    return found


def find_by_login(login: str) -> User | None:
    """The user of a login, in any case of letters."""
    return session().scalar(select(User).where(User.login == login.strip().lower()))


def user_id_of(name: str) -> str | None:
    """The id of the user who has this id or login; None for nobody."""
    return session().scalar(select(User.id).where(or_(User.id == name, User.login == name.lower())).limit(1))


def users_with_role(role: str, *, lock: bool = False) -> list[User]:
    """Active users who have the role, by name; `lock` keeps them as they are until the transaction ends."""
    statement = (
        select(User)
        .where(User.active.is_(True), cast(User.roles, String).contains(f'"{role}"', autoescape=True))
        .order_by(User.name, User.id)
    )
    return list(session().scalars(statement.with_for_update() if lock else statement))


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """Names by id, of those that exist."""
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    return {row.id: row.name for row in session().execute(select(User.id, User.name).where(User.id.in_(wanted)))}


def actor_of(user: User) -> Actor:
    """The user as one who acts."""
    return Actor(id=user.id, login=user.login, name=user.name, roles=frozenset(user.roles))


def users(text: str = "", role: str = "", *, inactive: bool = True) -> Select[User]:
    """Users whose login, name or e-mail contains the text, by login; to be paged."""
    statement = select(User).order_by(User.login)
    if text:
        statement = statement.where(
            or_(*(column.icontains(text, autoescape=True) for column in (User.login, User.name, User.email)))
        )
    if role:
        statement = statement.where(cast(User.roles, String).contains(f'"{role}"', autoescape=True))
    return statement if inactive else statement.where(User.active.is_(True))


def session_of(secret_hash: str) -> tuple[UserSession, User] | None:
    """The session with that hash and its user. One statement."""
    found = session().execute(_SESSION, {"hash": secret_hash}).first()
    return (found[0], found[1]) if found else None


def token_of(secret_hash: str) -> tuple[ApiToken, User] | None:
    """The token with that hash and its user. One statement."""
    found = session().execute(_TOKEN, {"hash": secret_hash}).first()
    return (found[0], found[1]) if found else None


def get_token(token_id: str) -> ApiToken:
    """The token. Raises NotFound."""
    found = session().get(ApiToken, token_id)
    if found is None:
        raise NotFound(what="token", id=token_id)
    return found


def tokens_of(user_id: str) -> list[ApiToken]:
    """A user's tokens, revoked and expired ones too, the newest first."""
    return list(session().scalars(select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id.desc())))


def tokens() -> Any:
    """Everybody's tokens with their users, the newest first; to be paged."""
    return select(ApiToken, User).join(User, User.id == ApiToken.user_id).order_by(ApiToken.id.desc())


def live_sessions(user_id: str) -> list[UserSession]:
    """Where a user is signed in, the latest first."""
    statement = select(UserSession).where(
        UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.expires_at > clock.now()
    )
    return list(session().scalars(statement.order_by(UserSession.id.desc())))


@subject_labels.register("user")
def logins_of(ids: Iterable[str]) -> dict[str, str]:
    """The logins of the users that exist, by id."""
    rows = session().execute(select(User.id, User.login).where(User.id.in_(set(ids))))
    return {row.id: row.login for row in rows}
