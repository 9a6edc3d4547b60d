"""Standard Webhooks: signatures of what comes and of what goes.

webhook-id, webhook-timestamp (seconds), webhook-signature: `v1,<base64>` and more, separated by spaces
v1 = HMAC-SHA256 of `id.timestamp.body` under the bytes that `whsec_<base64>` spells
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
TOLERANCE = 300
"""Seconds that a timestamp may be off."""
LEAST, MOST = 24, 64
"""Bytes of a secret, as the standard asks."""
MOST_SIGNATURES = 20


def new_secret() -> str:
    """A fresh secret, as people copy it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The bytes to sign with. Raises ValueError."""
    key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    if not LEAST <= len(key) <= MOST:
        raise ValueError("a secret has 24 to 64 bytes")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, `v1,…`."""
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed).decode()


def is_signed(
    keys: Iterable[bytes], message_id: str, timestamp: str, signatures: str, body: bytes, *, now: float
) -> bool:
    """True when one of the signatures is by one of the keys, and the timestamp is of these minutes."""
    if not message_id or len(message_id) > 255 or not timestamp.isascii() or not timestamp.isdigit():
        return False
    if len(timestamp) > 12 or abs(now - int(timestamp)) > TOLERANCE:
        return False
    given = [one.encode() for one in signatures.split(" ")[:MOST_SIGNATURES] if one.startswith("v1,")]
    wanted = [sign(key, message_id, int(timestamp), body).encode() for key in keys]
    fits = [hmac.compare_digest(one, other) for one in given for other in wanted]
    return any(fits)
