"""The links by which consignees answer without signing in: 32 bytes that only this server can make again (HMAC of the
notice under a key of its own), of which the database holds the hash alone."""

from __future__ import annotations

import hashlib

from app.core import sealing
from app.notifying.sources import public_url

_PURPOSE = "recall link"


def token_of(notice_id: str) -> str:
    """The token of a notice, in hex."""
    return sealing.mark(_PURPOSE, notice_id.encode())


def hash_of(token: str) -> str:
    """What is stored of it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def address_of(notice_id: str) -> str:
    """Where the consignee answers."""
    return f"{public_url()}/r/{token_of(notice_id)}"
