"""API tokens: made, shown once, limited to scopes, revoked."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.audit.service import record
from app.core import clock, ids, permissions
from app.core.db import session
from app.core.errors import Forbidden, Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.core.subject import Subject
from app.identity.models import ApiToken, User
from app.identity.permissions import TOKEN_ADMIN, TOKEN_OWN
from app.identity.service.sessions import hashed

PREFIX = "yx_"
ALL = "*"
MOST_PER_USER = 50
USE_NOTED_EVERY = timedelta(hours=1)


class NotYourToken(Forbidden):
    """The token belongs to somebody else."""

    message = _l("This token belongs to somebody else.")


def make_token(
    actor: Actor, user: User, *, label: str, scopes: Sequence[str] = (), expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is not kept. No scopes: all the user's rights. Raises Invalid, NotYourToken."""
    _must_own(actor, user.id)
    _check(actor, user, label=label, scopes=scopes, expires_at=expires_at)
    secret = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken(
        id=ids.new_id(),
        secret_hash=hashed(secret),
        hint=secret[:8],
        user_id=user.id,
        label=label.strip(),
        scopes=sorted(set(scopes)) or [ALL],
        created_at=clock.now(),
        created_by=actor.id,
        expires_at=expires_at,
    )
    session().add(made)
    session().flush()
    record(
        actor,
        "token:create",
        Subject("user", user.id),
        login=user.login,
        token=made.id,
        label=made.label,
        scopes=made.scopes,
        expires_at=expires_at,
    )
    return made, secret


def _check(actor: Actor, user: User, *, label: str, scopes: Sequence[str], expires_at: datetime | None) -> None:
    wrong: dict[str, list[str]] = {}
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in label):
        wrong["label"] = [_("Contains a character that cannot be shown.")]
    elif not 1 <= len(label.strip()) <= 200:
        wrong["label"] = [_("Must have %(least)s to %(most)s characters.", least=1, most=200)]
    unknown = sorted(set(scopes) - {right.name for right in permissions.declared()})
    if unknown:
        wrong["scopes"] = [_("There is no right “%(right)s”.", right=", ".join(unknown))]
    elif actor.scopes is not None and not (scopes and set(scopes) <= actor.scopes):
        wrong["scopes"] = [_("A token cannot make one with more rights than its own.")]
    if expires_at is not None and expires_at <= clock.now():
        wrong["expires_at"] = [_("Must lie in the future.")]
    if not user.active:
        wrong["user"] = [_("This user is not active.")]
    if len(live_tokens(user.id)) >= MOST_PER_USER:
        wrong["label"] = [_("There are %(count)s tokens already. Revoke one first.", count=MOST_PER_USER)]
    if wrong:
        raise Invalid(wrong)


def live_tokens(user_id: str) -> list[ApiToken]:
    """A user's tokens that are not revoked, the newest first."""
    statement = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return list(session().scalars(statement.order_by(ApiToken.id.desc())))


def revoke_token(actor: Actor, token: ApiToken) -> None:
    """From now on the token is refused. Raises NotYourToken."""
    _must_own(actor, token.user_id)
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        session().flush()
        record(actor, "token:revoke", Subject("user", token.user_id), token=token.id, label=token.label)


def revoke_all(actor: Actor, user: User) -> None:
    """Revoke every token of a user (deactivation)."""
    for token in live_tokens(user.id):
        token.revoked_at = clock.now()
        record(actor, "token:revoke", Subject("user", user.id), token=token.id, label=token.label)
    session().flush()


def is_live(token: ApiToken) -> bool:
    """True while neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or clock.now() < token.expires_at)


def use_is_due(token: ApiToken) -> bool:
    """True when the last noted use is an hour old: more often would make every reading request write."""
    return token.last_used_at is None or clock.now() - token.last_used_at >= USE_NOTED_EVERY


def note_use(token_id: str) -> None:
    """Remember that the token was used now."""
    session().execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=clock.now()))


def _must_own(actor: Actor, user_id: str) -> None:
    if actor.id == user_id:
        actor.must(TOKEN_OWN)
    elif not actor.may(TOKEN_ADMIN):
        raise NotYourToken
