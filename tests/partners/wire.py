"""How a partner speaks with Youxu: signed webhooks and REST to it, a small HTTP server that hears its signed webhooks.

Nothing of Youxu is imported: signatures are those of Standard Webhooks, as any other system would write them.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

AWAY = (429, 502, 503, 504)
TOLERANCE = 300


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,…` of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


class Refused(Exception):
    """Youxu said no by REST."""


class Youxu:
    """The server, as the holder of a token knows it."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url, self.retries = url.rstrip("/"), 0
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = "en"
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The answer's JSON. Tried again while the server is away. Raises Refused."""
        said = None if body is None else json.dumps(body).encode()
        answer = self._send(method, f"/api/v1{path}", said, {"Content-Type": "application/json"} if said else {}, query)
        if answer.status_code >= 400:
            raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def every(self, path: str, **query: Any) -> list[Any]:
        """The items of all pages."""
        found: list[Any] = []
        while True:
            page = self.ask("GET", path, page=len(found) // 200 + 1, size=200, **query)
            found += page["items"]
            if len(found) >= page["total"] or not page["items"]:
                return found

    def tell(self, source: str, secret: str, event: dict[str, Any]) -> requests.Response:
        """A signed webhook, as a structured CloudEvent."""
        body, at = json.dumps(event).encode(), str(int(time.time()))
        proof = {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": event["id"],
            "webhook-timestamp": at,
            "webhook-signature": signature(secret, event["id"], at, body),
        }
        return self._send("POST", f"/hooks/{source}", body, proof, {})

    def look(self, path: str) -> dict[str, Any]:
        """What became of an event, at its status address."""
        found: dict[str, Any] = self._send("GET", path, None, {}, {}).json()
        return found

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], query: dict[str, Any]
    ) -> requests.Response:
        for attempt in range(40):
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                answer = self.session.request(
                    method, self.url + path, data=body, headers=headers, params=query, timeout=20
                )
                if answer.status_code not in AWAY:
                    return answer
            self.retries += 1
            time.sleep(min(0.1 * 1.5**attempt, 3.0))
        raise Refused(f"{method} {path}: nobody answers")


class Door:
    """The HTTP server of a partner. `hear` gets each event whose signature is right, once by webhook-id, and answers
    whether to say so."""

    def __init__(self, hear: Callable[[dict[str, Any]], bool], busy: Callable[[], int]) -> None:
        self.hear, self.busy = hear, busy
        self.secret = ""
        self.seen: set[str] = set()
        self.heard = self.again = self.forged = self.turned_away = 0
        self._guard = threading.Lock()
        self._server = self._open(0)
        self.port: int = self._server.server_port

    @property
    def url(self) -> str:
        """Where Youxu is to send."""
        return f"http://127.0.0.1:{self.port}/youxu"

    def take(self, headers: Any, body: bytes) -> int:
        """The status to answer with."""
        if self.busy():
            self.turned_away += 1
            return 503
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        message, at, given = (headers.get(name, "") for name in names)
        fresh = at.isdigit() and abs(time.time() - int(at)) <= TOLERANCE
        right = fresh and any(
            hmac.compare_digest(signature(self.secret, message, at, body), one) for one in given.split(" ")
        )
        if not right:
            self.forged += 1
            return 401
        with self._guard:
            if message in self.seen:
                self.again += 1
                return 200
            self.seen.add(message)
            self.heard += 1
        return 204 if self.hear(json.loads(body)) else 500

    def shut_for(self, seconds: float) -> None:
        """Connections are refused for so long."""
        self.close()
        timer = threading.Timer(seconds, self._reopen)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """Hear nothing any more."""
        server = self._server
        threading.Thread(target=lambda: (server.shutdown(), server.server_close()), daemon=True).start()

    def _reopen(self) -> None:
        for _attempt in range(50):
            with contextlib.suppress(OSError):
                self._server = self._open(self.port)
                return
            time.sleep(0.1)

    def _open(self, port: int) -> ThreadingHTTPServer:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(door.take(self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Not on the console."""

        ThreadingHTTPServer.allow_reuse_address = True
        made = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        made.daemon_threads = True
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return made
