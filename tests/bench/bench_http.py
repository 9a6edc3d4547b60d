"""`POST /orders` (priority computed, process started, task open) and completing that task, over real HTTP.

Baseline in the same run: `GET /readyz`, the cheapest request that touches the database.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

from app import create_app
from app.core import clock, db
from app.core.permissions import SYSTEM
from app.decisions import service as decisions
from app.demo import master
from app.identity import queries as people
from app.identity import service as identity
from app.operate import schema
from app.processes import service as processes
from config import Settings

ORDERS = 200
CLIENTS = 4


def main() -> None:
    """Set up a server with master data and no orders, then load it."""
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("BENCH_DATABASE_URL") or f"sqlite:///{folder}/bench.db"
        os.environ.update(DATABASE_URL=url, SECRET_KEY=secrets.token_hex(20), DATA=folder, PORT=str(free_port()))
        settings = Settings.from_env()
        app = create_app(replace(settings, testing=True))
        bodies, *tokens = prepare(app)
        count_statements(app, bodies.pop(), *tokens)
        server = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "serve"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await_server(settings.port)
            load(settings.port, bodies, *tokens)
        finally:
            server.terminate()
            server.wait()
            db.engine().dispose()


def prepare(app: Flask) -> tuple[list[dict[str, Any]], str, str]:
    """Master data, orders that can be filled and need one approval, tokens of who enters them and of who approves."""
    schema.migrate()
    with app.app_context(), db.transaction():
        decisions.seed(SYSTEM)
        processes.seed(SYSTEM)
        people_of = {
            login: identity.create_user(
                SYSTEM, login=login, name=login, password=secrets.token_urlsafe(12), roles=["admin", *roles]
            )
            for login, roles in (("enters", ("sales", "order_desk")), ("approves", ("order_desk", "manager")))
        }
        actor = people.actor_of(people_of["enters"])
        world = master.build(actor, random.Random(1))
        enters, approves = (
            identity.make_token(people.actor_of(user), user, label="bench")[1] for user in people_of.values()
        )
        hospitals = [one for one in world.hospitals if not one.overdue_days]
        products = [product for product in world.products if 500 <= product.list_price < 3000]
        wanted = (clock.today() + timedelta(days=9)).isoformat()
        surgery = (clock.now() + timedelta(days=10)).isoformat(timespec="minutes")
        bodies = [
            {
                "channel": "direct",
                "customer": hospitals[number % len(hospitals)].code,
                "external_ref": f"B-{number:05d}",
                "requested_date": wanted,
                "surgery_at": surgery,
                "surgery_number": f"OR-{number:05d}",
                "hospital_po": f"PO-{number}",
                "lines": [
                    {
                        "product": products[number % len(products)].sku,
                        "quantity": 1,
                        "unit_price": str(products[number % len(products)].list_price),
                    }
                ],
            }
            for number in range(ORDERS + 1)
        ]
    return bodies, enters, approves


def count_statements(app: Flask, body: dict[str, Any], enters: str, approves: str) -> None:
    """SQL statements of one POST /orders and one completion, in process."""
    seen: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda _c, _k, statement, *_r: seen.append(statement))
    client = app.test_client()
    headers = {"Authorization": f"Bearer {approves}"}
    client.get("/api/v1/tasks", headers=headers)
    seen.clear()
    order = client.post("/api/v1/orders", json=body, headers={"Authorization": f"Bearer {enters}"})
    print(f"   POST /orders: {order.status_code}, {len(seen)} SQL statements")
    task = client.get("/api/v1/tasks", headers=headers).json["items"][0]
    assert task["element_id"] == "approve", task
    client.post(f"/api/v1/tasks/{task['id']}/claim", headers=headers)
    seen.clear()
    answer = {"answers": {"outcome": "approve"}, "seen_version": task["subject_version"]}
    done = client.post(f"/api/v1/tasks/{task['id']}/complete", json=answer, headers=headers)
    print(f"   complete: {done.status_code}, {len(seen)} SQL statements")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def await_server(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(300):
        try:
            if ask(http.client.HTTPConnection("127.0.0.1", port, timeout=2), "GET", "/readyz", None, {})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any, headers: dict[str, str]
) -> tuple[int, bytes]:
    """One request; status and body."""
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, headers | ({"Content-Type": "application/json"} if text else {}))
    answer = connection.getresponse()
    return answer.status, answer.read()


def load(port: int, bodies: list[dict[str, Any]], enters: str, approves: str) -> None:
    """The three series; prints requests per second, p50, p99 and the ratio to the baseline's p50."""
    entering, headers = ({"Authorization": f"Bearer {token}"} for token in (enters, approves))
    base = series("GET /readyz (baseline)", port, [("GET", "/readyz", None)] * 400, headers)
    series("POST /orders", port, [("POST", "/api/v1/orders", body) for body in bodies], entering, base)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    _status, text = ask(connection, "GET", "/api/v1/tasks?size=200", None, headers)
    tasks = [task for task in json.loads(text)["items"] if task["element_id"] == "approve"]
    for task in tasks:
        ask(connection, "POST", f"/api/v1/tasks/{task['id']}/claim", None, headers)
    jobs = [
        (
            "POST",
            f"/api/v1/tasks/{task['id']}/complete",
            {"answers": {"outcome": "approve"}, "seen_version": task["subject_version"]},
        )
        for task in tasks
    ]
    series("POST /tasks/…/complete", port, jobs, headers, base)


def series(
    name: str, port: int, jobs: list[tuple[str, str, Any]], headers: dict[str, str], base: float | None = None
) -> float:
    """Do the jobs with CLIENTS connections; the median in milliseconds."""
    todo = list(reversed(jobs))
    took: list[float] = []
    statuses: dict[int, int] = {}
    lock = threading.Lock()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if not todo:
                    return
                job = todo.pop()
            began = time.perf_counter()
            method, path, body = job
            status, _body = ask(connection, method, path, body, headers)
            with lock:
                took.append((time.perf_counter() - began) * 1000)
                statuses[status] = statuses.get(status, 0) + 1

    began = time.perf_counter()
    run_all([client] * CLIENTS)
    wall = time.perf_counter() - began
    if not took:
        print(f"   {name}: nothing to do")
        return 0.0
    median = statistics.median(took)
    p99 = sorted(took)[min(len(took) - 1, int(len(took) * 0.99))]
    ratio = f", {median / base:.1f} x the baseline's p50" if base else ""
    print(f"   {name}: {len(took) / wall:.0f}/s, p50 {median:.1f} ms, p99 {p99:.1f} ms{ratio}; {statuses}")
    return median


def run_all(functions: list[Callable[[], None]]) -> None:
    """Run them at once."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
