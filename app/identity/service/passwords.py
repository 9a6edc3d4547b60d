"""Passwords: hashing (argon2id), policy, generated ones."""

from __future__ import annotations

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Invalid
from app.core.i18n import _

LEAST = 10
MOST = 128
"""Longer ones would only let a caller burn time."""
DIGITS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that are mistaken for one another on paper."""

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its parameters and a salt of its own."""
    return _hasher.hash(password)


def is_right(password: str, stored: str) -> bool:
    """True when the password belongs to the stored hash. Takes as long for a wrong one."""
    try:
        return _hasher.verify(stored, password[: MOST + 1])
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """True when the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """A hash that no password fits, so that an unknown login takes as long to refuse as a known one."""
    return _hasher.hash(secrets.token_urlsafe(32))


def generate() -> str:
    """A password to hand over once: 16 characters, about 79 bits."""
    text = "".join(secrets.choice(DIGITS) for _index in range(16))
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def check_policy(password: str, *, login: str, least: int = LEAST, field: str = "password") -> None:
    """Raises Invalid when the password is too short, too long or easily guessed from the login."""
    reasons = []
    if not least <= len(password) <= MOST:
        reasons.append(_("Must have %(least)s to %(most)s characters.", least=least, most=MOST))
    if login.casefold() in password.casefold() and len(password) < len(login) + least // 2:
        reasons.append(_("Must not be the login with little added."))
    if len(set(password)) < 4:
        reasons.append(_("Must have at least four different characters."))
    if reasons:
        raise Invalid({field: reasons})
