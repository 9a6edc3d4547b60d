"""Nobody makes this host ask what only it can reach, wait for ever, or read without end."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from app.core import reaching

pytestmark = pytest.mark.any_database


@pytest.fixture
def _only_public():
    reaching.allow(())
    yield
    reaching.allow(())


@pytest.fixture
def _loopback_allowed():
    reaching.allow(("127.0.0.0/8", "hooks.test"))
    yield
    reaching.allow(())


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[str]]]:
    """Port of a server that reads a request and then does that; who connected, as (host it asked for)."""
    seen: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                one, _address = listening.accept()
            except OSError:
                return
            with one:
                try:
                    seen.append(one.recv(65536).decode("latin-1"))
                    answer(one)
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], seen
    finally:
        listening.close()


def reply(text: bytes) -> Callable[[socket.socket], None]:
    return lambda one: one.sendall(text)


PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254"),
    *("100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "203.0.113.1"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "::127.0.0.1"),
    *("2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "100::1"),
)


def test_every_kind_of_private_address_is_known():
    assert [text for text in PRIVATE if reaching.is_public(ipaddress.ip_address(text))] == []
    public = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
    assert [text for text in public if not reaching.is_public(ipaddress.ip_address(text))] == []


@pytest.mark.usefixtures("_only_public")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254"])
def test_a_name_with_one_private_address_is_refused_whole(address):
    answer = reaching.post("https://evil.test/", {}, b"", resolve=lambda _host, _port: ["8.8.8.8", address])
    assert (answer.status, answer.error) == (None, reaching.NOT_ALLOWED)


@pytest.mark.usefixtures("_only_public")
def test_odd_spellings_of_this_host_are_resolved_and_refused():
    for host in (
        "127.1",
        "2130706433",
        "0x7f.1",
        "017700000001",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:7f00:1]",
    ):
        answer = reaching.post(f"https://{host}/", {}, b"")
        assert answer.status is None, host
        assert answer.error in (reaching.NOT_ALLOWED, reaching.NOT_RESOLVED), (host, answer)
    for url in (
        "ftp://x.test/",
        "https://",
        "https://a@x.test/",
        "https://x.test/#a",
        "https://x.test:99999/",
        "//x",
        "https://x.test/\r\nX: y",
        "http://x.test\\@y/",
        "https://x.test/ a",
        "file:///etc/passwd",
        "https://[::1/",
    ):
        assert reaching.post(url, {}, b"").error == reaching.BAD_URL, url
    assert reaching.post("http://8.8.8.8/", {}, b"").error == reaching.NOT_HTTPS


@pytest.mark.usefixtures("_loopback_allowed")
def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked():
    asked = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with server(reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as (port, seen):
        answer = reaching.post(f"http://rebound.test:{port}/x?y=1", {"webhook-id": "1"}, b"{}", resolve=rebinding)
    assert (answer.status, answer.excerpt, asked) == (200, "ok", ["rebound.test"])
    assert seen[0].startswith("POST /x?y=1 HTTP/1.1\r\n")
    assert f"Host: rebound.test:{port}\r\n" in seen[0]


@pytest.mark.usefixtures("_loopback_allowed")
def test_redirects_are_not_followed_and_large_or_broken_answers_bounded():
    big = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3_000_000
    cases = {
        reaching.LEADS_ON: (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", 302),
        "": (big, 200),
        reaching.BROKEN: (b"SSH-2.0-OpenSSH\r\n", None),
    }
    for error, (text, status) in cases.items():
        with server(reply(text)) as (port, seen):
            answer = reaching.post(f"http://127.0.0.1:{port}/", {}, b"")
        assert (answer.status, answer.error, len(seen)) == (status, error, 1)
        assert len(answer.excerpt) <= reaching.EXCERPT
    with server(reply(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n")) as (port, _seen):
        assert reaching.post(f"http://127.0.0.1:{port}/", {}, b"").error == reaching.BROKEN
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert reaching.post(f"http://127.0.0.1:{port}/", {}, b"").error == reaching.NO_CONNECTION


@pytest.mark.usefixtures("_loopback_allowed")
@pytest.mark.parametrize("drip", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nx"])
def test_an_answer_that_drips_is_ended(drip, monkeypatch):
    monkeypatch.setattr(reaching, "LONGEST", 0.5)

    def slowly(one: socket.socket) -> None:
        for _turn in range(100):
            one.sendall(drip)
            threading.Event().wait(0.05)

    with server(slowly) as (port, _seen):
        answer = reaching.post(f"http://127.0.0.1:{port}/", {}, b"")
    assert answer.millis < 2000
    assert answer.error == reaching.TOO_SLOW or answer.status == 200


@pytest.mark.waits
@pytest.mark.usefixtures("_loopback_allowed")
def test_tls_is_for_the_name_and_a_bad_certificate_or_a_silent_one_ends_it(monkeypatch):
    monkeypatch.setattr(reaching, "LONGEST", 0.5)
    wanted = []
    real = ssl.SSLContext.wrap_socket

    def noting(self, made, **given):
        wanted.append(given["server_hostname"])
        return real(self, made, **given)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", noting)
    here = lambda _host, _port: ["127.0.0.1"]  # noqa: E731
    with server(reply(b"not TLS at all")) as (port, _seen):
        assert reaching.post(f"https://hooks.test:{port}/", {}, b"", resolve=here).error == reaching.TLS_FAILED
    with server(lambda _one: threading.Event().wait(1.5)) as (port, _seen):
        answer = reaching.post(f"https://hooks.test:{port}/", {}, b"", resolve=here)
    assert answer.error == reaching.TOO_SLOW
    assert answer.millis < 1400
    assert wanted == ["hooks.test", "hooks.test"]
