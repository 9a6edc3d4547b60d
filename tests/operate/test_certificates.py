"""HTTPS of our own making: trusted through its authority alone, renewed when it must be; the plain door."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import pytest
from cryptography import x509

from app.core import clock
from app.operate import certificates, trusting

pytestmark = pytest.mark.any_database


class Plain(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_given: object) -> None: ...


@contextmanager
def served(server: ThreadingHTTPServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_client_that_trusts_the_authority_comes_in_by_every_name(tmp_path):
    with clock.moved(datetime.now(UTC)):
        made = certificates.ready(tmp_path / "tls", "youxu.house.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting_it = ssl.create_default_context(cafile=str(made.authority))
    with served(server) as port:
        for name in ("127.0.0.1", "localhost"):
            connection = http.client.HTTPSConnection(name, port, context=trusting_it, timeout=5)
            connection.request("GET", "/")
            assert connection.getresponse().status == 204
            connection.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            http.client.HTTPSConnection("127.0.0.1", port, timeout=5).request("GET", "/")
    assert made.names[0] == "youxu.house.example"
    assert oct(made.key.stat().st_mode & 0o777) == "0o600"


def test_kept_and_made_anew_when_it_must_be(tmp_path):
    folder = tmp_path / "tls"

    def files() -> tuple[bytes, bytes]:
        made = certificates.ready(folder)
        return made.authority.read_bytes(), made.certificate.read_bytes()

    first = files()
    assert files() == first
    with patch.object(certificates, "addresses", lambda _extra: ["10.1.2.3", "localhost"]):
        moved = files()
    assert moved[0] == first[0]
    assert moved[1] != first[1]
    named = x509.load_pem_x509_certificate(moved[1]).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert [str(one) for one in named.value.get_values_for_type(x509.IPAddress)] == ["10.1.2.3"]
    with clock.moved(clock.now() + timedelta(days=370)):
        later = files()
    assert later[0] == first[0]
    assert later[1] != moved[1]
    (folder / "server.key").write_text("broken")
    assert files()[1] != later[1]
    (folder / "ca.key").unlink()
    assert files()[0] != first[0]


def test_the_plain_door_gives_the_certificate_and_leads_on(tmp_path):
    made = certificates.ready(tmp_path / "tls")
    with served(trusting.open_door(made, 8443, 0)) as port:

        def get(path: str, language: str = "zh") -> tuple[int, str, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path, headers={"Accept-Language": language})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location") or answer.headers["Content-Type"], answer.read()

        assert get("/ca.crt")[1:] == ("application/x-x509-ca-cert", made.authority.read_bytes())
        assert "获取证书".encode() in get("/")[2]
        assert b"Get the certificate" in get("/", "en-GB")[2]
        assert b"<svg" in get("/en")[2]
        assert get("/inbox")[:2] == (302, f"https://{made.names[0]}:8443/")
        assert b"BEGIN PRIVATE" not in get("/server.key")[2]
    said = "\n".join(trusting.lines(made, 8443, 8444))
    assert f"https://{made.names[0]}:8443" in said
    assert "█" in said
