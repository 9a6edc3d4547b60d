"""Webhooks in: 500 a second for 60 seconds on PostgreSQL, two web workers and the worker that carries events out.

Clients sign each event and send it again with the same id until it is taken (202). In the middle every web worker is
killed with SIGKILL, later the worker too. At the end each event must be there once, and its effect (a process started
under the event's id) once. The ceiling of the same stack is measured in the same run: a route of the same application
that does one INSERT and a commit. PostgreSQL waits for its disk here (fsync), unlike in the other benches.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app import create_app
from app.core import db
from app.core.permissions import SYSTEM
from app.identity import queries as people
from app.identity import service as identity
from app.integration import signing
from app.integration.inbound import mappings
from app.integration.inbound import service as hooks
from app.operate import schema
from app.processes import service as processes
from config import Settings
from tests.bench.bench_http import await_server, free_port
from tests.bench.hooks_app import ROWS
from tests.postgres import embedded

RATE = int(os.environ.get("BENCH_HOOKS_RATE", "500"))
SECONDS = int(os.environ.get("BENCH_HOOKS_SECONDS", "60"))
CLIENTS = 12
CEILING_SECONDS = 10.0
DIAGRAM = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="bench">
<process id="bench" name="bench" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="t"/>
<task id="t" name="t"/><sequenceFlow id="g" sourceRef="t" targetRef="e"/><endEvent id="e"/></process></definitions>"""


def main() -> None:
    """Set up, measure the ceilings, load, kill, drain, count."""
    with tempfile.TemporaryDirectory() as folder, embedded(hurried=False) as url:
        os.environ.update(DATABASE_URL=url, SECRET_KEY=secrets.token_hex(20), DATA=folder, PORT=str(free_port()))
        settings = Settings.from_env()
        create_app(replace(settings, testing=True))
        secret = prepare()
        command = [sys.executable, "-m", "flask", "--app", "tests.bench.hooks_app", "serve", "--workers", "2"]
        ceiling = measured(command, settings, secret)
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            await_server(settings.port)
            rate = loaded(server.pid, settings.port, secret)
            print(f"   {rate:.0f}/s are {rate / ceiling:.0%} of the one-INSERT ceiling ({ceiling:.0f}/s)")
        finally:
            server.terminate()
            server.wait()
            db.engine().dispose()


def prepare() -> str:
    """A source, its mapping to a process of three elements; the secret."""
    schema.migrate()
    with db.transaction():
        ROWS.create(db.session().connection())
        processes.deploy(SYSTEM, DIAGRAM.encode())
        user = identity.create_user(
            SYSTEM, login="robot", name="Robot", password=secrets.token_urlsafe(12), roles=["integration"]
        )
        admin = replace(people.actor_of(user), roles=frozenset({"admin", "integration"}))
        given = {"code": "load", "name": "Load", "auth": "signature", "format": "cloudevents", "acts_as": user.id}
        source = hooks.create_source(admin, {**given, "wait_hours": 1, "rate": 10_000})
        fields = {"process": "'bench'", "business_key": "event.id"}
        rule = {"name": "", "when": "", "action": "process.start", "fields": fields, "variables": {"n": "data.n"}}
        mappings.save_draft(admin, source, {"rules": [rule], "otherwise": "fail"}, "", seen=None)
        mappings.activate(admin, source)
        return hooks.new_secret(admin, source)


def measured(command: list[str], settings: Settings, secret: str) -> float:
    """Requests a second of the trivial route, and of the webhooks with nothing else running."""
    server = subprocess.Popen([*command, "--no-worker"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _turn in range(300):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", settings.port)) == 0:
                    break
            time.sleep(0.1)
        time.sleep(2)
        found = {}
        for name in ("trivial", "hooks", "trivial", "hooks"):
            sender = Sender(settings.port, secret, trivial=name == "trivial")
            count, seconds = sender.as_fast_as_possible(CEILING_SECONDS / 2)
            found.setdefault(name, []).append(count / seconds)
        trivial, webhook = (sum(found[name]) / 2 for name in ("trivial", "hooks"))
        print(f"   as fast as {CLIENTS} clients can, nothing else running: one INSERT {trivial:.0f}/s, ", end="")
        print(f"webhook (signature, JSON, INSERT) {webhook:.0f}/s: {webhook / trivial:.0%}")
        return trivial
    finally:
        server.terminate()
        server.wait()


class Sender:
    """Clients on connections of their own; an event is sent until it is taken."""

    def __init__(self, port: int, secret: str, *, trivial: bool = False) -> None:
        self.port, self.key, self.trivial = port, signing.key_of(secret), trivial
        self.run = secrets.token_hex(4)
        self.taken: Counter[str] = Counter()
        self.retried = 0
        self.waits: list[float] = []
        self._guard = threading.Lock()
        self._next = 0

    def request(self, number: int) -> tuple[str, bytes]:
        name = f"{self.run}-{number}"
        event = {"specversion": "1.0", "id": name, "source": "urn:load", "type": "load", "data": {"n": number}}
        body = json.dumps({**event, "subject": f"key-{number % 1000}"}).encode()
        at = int(time.time())
        path = "/hooks/bench/insert" if self.trivial else "/hooks/load"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/cloudevents+json\r\n"
            f"Content-Length: {len(body)}\r\nwebhook-id: {name}\r\nwebhook-timestamp: {at}\r\n"
            f"webhook-signature: {signing.sign(self.key, name, at, body)}\r\n\r\n"
        )
        return name, head.encode() + body

    def as_fast_as_possible(self, seconds: float) -> tuple[int, float]:
        began = time.monotonic()
        self._all(lambda _number: time.monotonic() < began + seconds)
        return sum(self.taken.values()), time.monotonic() - began

    def at_rate(self, rate: int, seconds: int) -> float:
        """Events due at even moments; seconds until the last one was taken."""
        began = time.monotonic()

        def due(number: int) -> bool:
            if number >= rate * seconds:
                return False
            left = began + number / rate - time.monotonic()
            if left > 0:
                time.sleep(left)
            return True

        self._all(due, lambda number: began + number / rate)
        return time.monotonic() - began

    def _all(self, due: Any, since: Any = None) -> None:
        threads = [threading.Thread(target=self._client, args=(due, since)) for _client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, due: Any, since: Any) -> None:
        connection: socket.socket | None = None
        while True:
            with self._guard:
                number = self._next
                self._next += 1
            if not due(number):
                break
            while True:
                try:
                    connection = connection or socket.create_connection(("127.0.0.1", self.port), timeout=30)
                    name, request = self.request(number)
                    status = ask(connection, request)
                except OSError:
                    status = 0
                if status == 202:
                    break
                if connection is not None:
                    connection.close()
                connection = None
                with self._guard:
                    self.retried += 1
                time.sleep(0.1)
            with self._guard:
                self.taken[name] += 1
                if since is not None:
                    self.waits.append(time.monotonic() - since(number))
        if connection is not None:
            connection.close()


def ask(connection: socket.socket, request: bytes) -> int:
    """Send it, read the answer whole; its status (0: the connection ended)."""
    connection.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return 0
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return 0
        body += more
    if b"connection: close" in lines:
        connection.close()
    return int(head[9:12])


def loaded(pid: int, port: int, secret: str) -> float:
    """The load with its kills; prints, and answers how many were accepted a second."""
    sender = Sender(port, secret)
    kills = threading.Thread(target=kill_in_the_middle, args=(pid,), daemon=True)
    kills.start()
    seconds = sender.at_rate(RATE, SECONDS)
    kills.join()
    count = len(sender.taken)
    waits = sorted(sender.waits)
    done = one("SELECT count(*) FROM hook_events WHERE state = 'done'")
    print(
        f"   offered {RATE}/s for {SECONDS} s: {count} accepted in {seconds:.1f} s, {count / seconds:.0f}/s; ", end=""
    )
    print(
        f"from due to 202 p50 {waits[count // 2] * 1000:.0f} ms, p99 {waits[int(count * 0.99)] * 1000:.0f} ms; ", end=""
    )
    print(f"{sender.retried} sent again; {done} carried out meanwhile")
    drained(count - done)
    check(sender)
    return count / seconds


def drained(left: int) -> None:
    """Wait until all is carried out."""
    began = time.monotonic()
    while one("SELECT count(*) FROM hook_events WHERE state = 'received'"):
        time.sleep(0.5)
        if time.monotonic() - began > 900:
            raise RuntimeError("it does not end")
    seconds = time.monotonic() - began
    print(f"   the other {left} carried out in {seconds:.0f} s: {left / max(seconds, 0.1):.0f}/s")


def check(sender: Sender) -> None:
    """None lost, none doubled: events and effects."""
    mine = f"{sender.run}-%"
    rows = one("SELECT count(*) FROM hook_events WHERE event_id LIKE :mine", mine=mine)
    twice = one("SELECT coalesce(sum(duplicates), 0) FROM hook_events WHERE event_id LIKE :mine", mine=mine)
    done = one("SELECT count(*) FROM hook_events WHERE event_id LIKE :mine AND state = 'done'", mine=mine)
    made = one("SELECT count(*) FROM process_instances WHERE business_key LIKE :mine", mine=mine)
    apart = one("SELECT count(DISTINCT business_key) FROM process_instances WHERE business_key LIKE :mine", mine=mine)
    sent = len(sender.taken)
    print(f"   {sent} accepted, {rows} stored, {done} done, {made} processes of {apart} keys; {twice} came twice")
    assert sent == rows == done == made == apart, "lost or doubled"
    assert set(sender.taken.values()) == {1}


def one(statement: str, **given: Any) -> int:
    """A number from the database."""
    with db.transaction(write=False):
        return int(db.session().execute(text(statement), given).scalar_one())


def children(pid: int) -> list[int]:
    """Processes that it started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_in_the_middle(pid: int) -> None:
    """Every web worker at a third of the time, the worker at two thirds."""
    time.sleep(SECONDS / 3)
    masters = [child for child in children(pid) if children(child)]
    for master in masters:
        for worker in children(master):
            os.kill(worker, signal.SIGKILL)
    time.sleep(SECONDS / 3)
    for worker in [child for child in children(pid) if child not in masters]:
        os.kill(worker, signal.SIGKILL)


if __name__ == "__main__":
    main()
