"""Secrets that must be used again, not only recognised: kept encrypted, under a key derived from `SECRET_KEY`.

AES-256-GCM; the key is HKDF-SHA256 of `SECRET_KEY` and the purpose, so that a sealed text of one purpose opens for no
other. Whoever has the database alone learns nothing; with another `SECRET_KEY` what is sealed cannot be opened, and
new secrets must be made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MARK = "1:"
_NONCE = 12
_root: bytes | None = None


class NoKey(RuntimeError):
    """`use_key` was not called."""


class CannotOpen(ValueError):
    """Sealed under another key or for another purpose, or damaged."""


def use_key(secret_key: str) -> None:
    """Seal and open with this key from now on."""
    global _root  # noqa: PLW0603 - one key per process
    _root = secret_key.encode()
    _cipher.cache_clear()
    _derived.cache_clear()


def seal(purpose: str, secret: bytes) -> str:
    """The secret as text that tells nothing of it."""
    nonce = os.urandom(_NONCE)
    return _MARK + base64.b64encode(nonce + _cipher(purpose).encrypt(nonce, secret, purpose.encode())).decode()


def unseal(purpose: str, sealed: str) -> bytes:
    """The secret again. Raises CannotOpen."""
    try:
        raw = base64.b64decode(sealed.removeprefix(_MARK), validate=True)
        return _cipher(purpose).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotOpen(purpose) from error


def mark(purpose: str, text: bytes) -> str:
    """HMAC-SHA256 of the text in hex, which nobody can make without the key."""
    return hmac.digest(_derived(purpose), text, hashlib.sha256).hex()


@lru_cache(maxsize=16)
def _cipher(purpose: str) -> AESGCM:
    return AESGCM(_derived(purpose))


@lru_cache(maxsize=16)
def _derived(purpose: str) -> bytes:
    if _root is None:
        raise NoKey(purpose)
    return HKDF(algorithm=SHA256(), length=32, salt=b"youxu", info=purpose.encode()).derive(_root)
