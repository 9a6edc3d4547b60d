"""Users, sessions, API tokens and the guards against guessing."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Code, Id, JsonList, Moment, Name, UtcDateTime


class User(Base):
    """Somebody who may sign in. Never deleted: history names them; `active` ends their access."""

    __tablename__ = "users"

    id: Mapped[Id]
    login: Mapped[Code] = mapped_column(unique=True)
    """Lower case."""
    name: Mapped[Name]
    email: Mapped[str | None] = mapped_column(String(200))
    roles: Mapped[JsonList]
    """Codes of `identity.roles.ROLES`, sorted."""
    locale: Mapped[str | None] = mapped_column(String(10))
    """`zh_Hans`, `en` or None: as the browser wishes."""
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    password_changed_at: Mapped[Moment]
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[Moment]


class UserSession(Base):
    """A browser that is signed in. The cookie holds the secret, this row its SHA-256."""

    __tablename__ = "user_sessions"

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    expires_at: Mapped[Moment] = mapped_column(index=True)
    origin: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When something was last signed in this session: for a while the password alone signs the next."""


class ApiToken(Base):
    """A key for programs, shown once; kept as the SHA-256 of its 256 random bits."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    """The first characters, so that people can tell their tokens apart."""
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    label: Mapped[Name]
    scopes: Mapped[JsonList]
    """Permission names, or `["*"]`: all the user's."""
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInGuard(Base):
    """Failed sign-ins of one address, or for one login whether it exists or not. Shared by all workers."""

    __tablename__ = "sign_in_guards"
    __table_args__ = (Index("ix_sign_in_guards_since", "since"),)

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    """`address:…` or `login:` with the SHA-256 of the login as typed (lower case)."""
    failures: Mapped[int] = mapped_column(Integer)
    since: Mapped[Moment]
    """When the window of counting began."""
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Substitution(Base):
    """`substitute_id` stands in for `user_id` on these business days, both included. Never deleted: history asks."""

    __tablename__ = "substitutions"

    id: Mapped[Id]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    substitute_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    process_key: Mapped[str | None] = mapped_column(String(64))
    """Only tasks of this process; with `role` None too: everything."""
    role: Mapped[str | None] = mapped_column(String(40))
    """Only tasks that this group is asked to do."""
    reason: Mapped[str] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(26))
    set_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Ended early; it counts from that moment no more."""
    ended_by: Mapped[str | None] = mapped_column(String(26))

    __table_args__ = (
        Index(
            "ix_substitutions_substitute",
            "substitute_id",
            "last_day",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_substitutions_user", "user_id", "last_day"),
        Index(
            "ix_substitutions_days",
            "last_day",
            "first_day",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
