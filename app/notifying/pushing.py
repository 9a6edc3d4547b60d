"""Web push: devices are woken through the push service of their browser's maker (RFC 8030), which can read nothing of
what is sent (RFC 8291) and knows us by a key of ours (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select

from app.audit.service import record
from app.core import clock, ids, jobs, jsontext, reaching, sealing
from app.core.conflicts import insert_into
from app.core.db import session, transaction
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.core.permissions import Actor
from app.core.subject import Subject
from app.notifying import sending, sources
from app.notifying.models import Channel, PushDevice, PushKey
from app.notifying.sending import Claim

PURPOSE = "push.vapid"
KEY = "vapid"
KEEP = 24 * 3600
"""Seconds that a push service keeps a message for a device that is off."""
TOKEN = timedelta(hours=12)
MOST_DEVICES = 10
LONGEST_ENDPOINT = 1000
CURVE = ec.SECP256R1()
POINT = 65
GONE = (404, 410)
log = structlog.get_logger()


def known_key() -> str:
    """The key that browsers subscribe with, base64url; empty before the first start has made it."""
    return session().scalar(select(PushKey.public).where(PushKey.id == KEY)) or ""


def make_key() -> ec.EllipticCurvePrivateKey:
    """The private key; made when there is none, and kept sealed by SECRET_KEY."""
    found = session().get(PushKey, KEY, populate_existing=True)
    if found is not None:
        try:
            return _opened(found)
        except sealing.CannotOpen:  # another SECRET_KEY: devices must subscribe anew, and will
            log.warning("push.key_lost")
            session().delete(found)
            session().execute(delete(PushDevice))
            session().flush()
    made = ec.generate_private_key(CURVE)
    secret = made.private_numbers().private_value.to_bytes(32, "big")
    row = {"id": KEY, "public": text_of(_point(made.public_key())), "created_at": clock.now()}
    # Of two first uses at once one wins.
    sealed = insert_into(PushKey).values(**row, private=sealing.seal(PURPOSE, secret))
    session().execute(sealed.on_conflict_do_nothing())
    return _opened(session().get_one(PushKey, KEY, populate_existing=True))


def _opened(row: PushKey) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sealing.unseal(PURPOSE, row.private), "big"), CURVE)


def devices_of(user_id: str) -> list[PushDevice]:
    """A user's devices, the newest first."""
    found = select(PushDevice).where(PushDevice.user_id == user_id).order_by(PushDevice.id.desc())
    return list(session().scalars(found))


def subscribe(actor: Actor, *, endpoint: str, p256dh: str, auth: str, label: str) -> PushDevice:
    """The actor's browser lets itself be woken; one that did so for somebody else is theirs from now on.

    Raises Invalid.
    """
    wrong: dict[str, list[str]] = {}
    if not _may_be_reached(endpoint):
        wrong["endpoint"] = [_("This address cannot be a push service's.")]
    if not _is_point(p256dh) or len(bytes_of(auth)) != 16:
        wrong["keys"] = [_("These are not the keys of a subscription.")]
    if wrong:
        raise Invalid(wrong)
    known = hashlib.sha256(endpoint.encode()).hexdigest()
    session().execute(delete(PushDevice).where(PushDevice.endpoint_hash == known))
    for old in devices_of(actor.id)[MOST_DEVICES - 1 :]:
        session().delete(old)
    words = "".join(char for char in label if char.isprintable()).strip()[:200] or "–"
    made = PushDevice(
        id=ids.new_id(),
        user_id=actor.id,
        endpoint=endpoint,
        endpoint_hash=known,
        p256dh=p256dh,
        auth=auth,
        label=words,
        created_at=clock.now(),
    )
    session().add(made)
    session().flush()
    record(actor, "user:device", Subject("user", actor.id), device=made.id, label=words)
    return made


def _may_be_reached(endpoint: str) -> bool:
    """As far as its text tells; the addresses of its name are checked whenever something is sent."""
    try:
        reaching.target_of(endpoint)
    except reaching.Refused:
        return False
    return len(endpoint) <= LONGEST_ENDPOINT


def unsubscribe(actor: Actor, device_id: str) -> None:
    """The actor's device is woken no more. Raises NotFound."""
    found = session().get(PushDevice, device_id)
    if found is None or found.user_id != actor.id:
        raise NotFound(device=device_id)
    record(actor, "user:device_end", Subject("user", actor.id), device=found.id, label=found.label)
    session().delete(found)
    session().flush()


@jobs.round_of.register("notifying.push")
def send_pushes() -> int:
    """Send what is due; how many were tried."""
    claims = sending.claim(Channel.PUSH)
    for one in claims:
        _send(one)
    return len(claims)


def _send(one: Claim) -> None:
    with transaction():
        device = session().get(PushDevice, one.target)
        parts = (device.endpoint, device.p256dh, device.auth) if device else None
        key = make_key()
    if parts is None:
        return sending.failed(one, "The device is no longer there.")
    endpoint, p256dh, auth = parts
    headers = {
        "TTL": str(KEEP),
        "Urgency": "normal",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Authorization": authorisation(key, endpoint),
    }
    answer = reaching.post(endpoint, headers, encrypted(one.text.encode(), bytes_of(p256dh), bytes_of(auth)))
    words = f"{answer.status or ''} {answer.error} {answer.excerpt}".strip()
    if answer.status is not None and 200 <= answer.status < 300:
        return sending.sent(one)
    if answer.status in GONE:
        with transaction():
            session().execute(delete(PushDevice).where(PushDevice.id == one.target))
        return sending.failed(one, words)
    if answer.error in (reaching.BAD_URL, reaching.NOT_ALLOWED, reaching.NOT_HTTPS, reaching.LEADS_ON):
        return sending.failed(one, words)
    if answer.status is not None and 400 <= answer.status < 500 and answer.status not in (408, 429):
        return sending.failed(one, words)
    return sending.later(one, words, wait=answer.retry_after)


def encrypted(content: bytes, device_key: bytes, auth: bytes) -> bytes:
    """For this device alone (RFC 8291): one record of aes128gcm (RFC 8188) under a key that is used once."""
    own = ec.generate_private_key(CURVE)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, device_key))
    mine, salt = _point(own.public_key()), os.urandom(16)
    secret = _derived(shared, auth, b"WebPush: info\x00" + device_key + mine, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
    sealed = AESGCM(key).encrypt(nonce, content + b"\x02", None)
    return salt + struct.pack("!IB", 4096, len(mine)) + mine + sealed


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def authorisation(key: ec.EllipticCurvePrivateKey, endpoint: str) -> str:
    """The header by which the push service knows us: a token for its origin, signed with our key (ES256)."""
    parts = urlsplit(endpoint)
    until = int((clock.now() + TOKEN).timestamp())
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": until, "sub": sources.contact()}
    told = ".".join(text_of(jsontext.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    first, second = decode_dss_signature(key.sign(told.encode(), ec.ECDSA(hashes.SHA256())))
    signature = first.to_bytes(32, "big") + second.to_bytes(32, "big")
    return f"vapid t={told}.{text_of(signature)}, k={text_of(_point(key.public_key()))}"


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _is_point(text: str) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes_of(text))
    except ValueError:
        return False
    return len(bytes_of(text)) == POINT


def text_of(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """What `text_of` made; empty when it is no base64url."""
    try:
        raw = text.rstrip("=").encode("ascii")
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
