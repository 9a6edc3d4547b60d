"""Web push against an endpoint of a test, which opens what it gets as a device would."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select

from app.core import jobs, reaching
from app.core.db import session, transaction
from app.core.errors import Invalid, NotFound
from app.notifying import pushing
from app.notifying.models import Letter, PushDevice
from app.notifying.pushing import CURVE, bytes_of, text_of
from app.tasks import notices
from app.tasks.records import NoticeKind
from tests.identity.factories import actor_for, make_user, sign_in
from tests.notifying.post_office import numbered_task


class Device:
    """A browser: its keys, and what its push service got."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(CURVE)
        self.auth = b"0123456789abcdef"
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.url = ""

    def subscription(self) -> dict[str, Any]:
        return {
            "endpoint": self.url,
            "keys": {"p256dh": text_of(pushing._point(self.key.public_key())), "auth": text_of(self.auth)},
        }

    def opened(self, body: bytes) -> dict[str, Any]:
        """RFC 8291 from the device's side."""
        salt, (size, length) = body[:16], struct.unpack("!IB", body[16:21])
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        mine = pushing._point(self.key.public_key())
        secret = derived(shared, self.auth, b"WebPush: info\0" + mine + theirs, 32)
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        opened = AESGCM(key).decrypt(derived(secret, salt, b"Content-Encoding: nonce\0", 12), sealed, None)
        assert opened.endswith(b"\x02")
        return json.loads(opened[:-1])


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


@contextmanager
def push_service() -> Iterator[Device]:
    device = Device()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            device.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(device.statuses.pop(0) if device.statuses else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_given: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    device.url = f"http://127.0.0.1:{server.server_port}/push/1"
    before = reaching._allowed
    reaching.allow(["127.0.0.1"])
    try:
        yield device
    finally:
        reaching._allowed = before
        server.shutdown()
        server.server_close()


def subscribe(user: Any, device: Device) -> PushDevice:
    given = device.subscription()
    return pushing.subscribe(actor_for(user), endpoint=given["endpoint"], **given["keys"], label="Phone")


def test_a_device_is_told_can_read_it_alone_and_is_forgotten_when_gone(live):
    with push_service() as device:
        with transaction():
            pushing.make_key()
            task = numbered_task()
            bob, ann = make_user(login="bob", locale="zh_Hans"), actor_for(make_user(login="ann", name="Ann"))
            subscribe(bob, device)
            notices.notify(ann, NoticeKind.MENTION, task.id, [bob.id], "Patient 王小明")
        jobs.run_due()
        device.statuses = [503]
        pushing.send_pushes()
        with transaction():
            (letter,) = session().scalars(select(Letter))
            assert letter.status == "waiting"
            letter.ready_at = letter.created_at
            public = pushing.known_key()
        pushing.send_pushes()
        assert pushing.send_pushes() == 0
        headers, body = device.got[-1]
        told = device.opened(body)
        tag = letter.notice_ids[0]
        assert told == {
            "title": "Ann 提到了您",
            "body": "审批、SO-2026-000123",
            "url": f"/tasks/{task.id}",
            "tag": tag,
            "lang": "zh-Hans",
        }
        assert headers["TTL"] == "86400"
        assert_signed(headers["Authorization"], public, device.url)
        with transaction():
            notices.notify(ann, NoticeKind.URGE, task.id, [bob.id])
        jobs.run_due()
        device.statuses = [410]
        pushing.send_pushes()
        with transaction(write=False):
            assert session().scalars(select(PushDevice)).all() == []
            assert sorted(session().scalars(select(Letter.status))) == ["failed", "sent"]


def assert_signed(header: str, public: str, url: str) -> None:
    """The token is ours, for this service (RFC 8292)."""
    token, key = header.removeprefix("vapid t=").split(", k=")
    assert key == public
    told, _dot, signature = token.rpartition(".")
    raw = bytes_of(signature)
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes_of(public)).verify(
        encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
        told.encode(),
        ec.ECDSA(hashes.SHA256()),
    )
    assert json.loads(bytes_of(told.split(".")[1]))["aud"] == url.removesuffix("/push/1")


def test_where_a_device_may_not_be(tx):
    """No inner address by its text, and none by its name when something is sent."""
    bob = make_user(login="bob")
    for url in (
        "http://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.7/x",
        "ftp://push.example/x",
        "https://p.example/" + "x" * 1000,
    ):
        device = Device()
        device.url = url
        with pytest.raises(Invalid):
            subscribe(bob, device)
    assert reaching.post("https://localhost/x", {}, b"").error == reaching.NOT_ALLOWED


@pytest.mark.any_database
def test_pages(client, tx):
    bob, other = make_user(login="bob"), make_user(login="other")
    device = Device()
    device.url = "https://push.example/1"
    sign_in(client, bob)
    assert client.get("/account/devices/key").json == {"key": "", "devices": {}}
    pushing.make_key()
    for wrong in (
        "",
        "{",
        "[]",
        "{}",
        '{"endpoint": 1, "keys": {}}',
        '{"endpoint": "https://p.example", "keys": {"p256dh": "x", "auth": "y"}}',
    ):
        assert client.post("/account/devices", data={"subscription": wrong}).status_code == 422
    client.post("/account/devices", data={"subscription": json.dumps(device.subscription())})
    sign_in(client, other)  # the same browser, used by another person: it is theirs now
    client.post("/account/devices", data={"subscription": json.dumps(device.subscription())})
    assert pushing.devices_of(bob.id) == []
    (mine,) = pushing.devices_of(other.id)
    assert list(client.get("/account/devices/key").json["devices"].values()) == [mine.id]
    with pytest.raises(NotFound):
        pushing.unsubscribe(actor_for(bob), mine.id)
    assert client.post(f"/account/devices/{mine.id}/end").status_code == 302
    assert pushing.devices_of(other.id) == []


def test_a_key_of_another_secret_is_replaced(tx):
    first = pushing._point(pushing.make_key().public_key())
    assert pushing._point(pushing.make_key().public_key()) == first
    row = session().get_one(pushing.PushKey, "vapid")
    row.private = "1:AAAA"
    session().flush()
    assert pushing._point(pushing.make_key().public_key()) != first
