"""What history and open work cost: PostgreSQL with few rows, with 100,000 open instances, then with 1,000,000 finished
ones beside them.

At each stage: reads and single writes through the application in this process, one after the other (best of 15);
at the first and the last stage also a real `flask serve --workers 4` whose tasks are completed by 8 clients at once
over HTTP. Baseline: the first stage of the same run. The server is as the package brings it (shared_buffers 128 MB).

`python -m tests.bench.bench_scale --full` for the million (4 minutes to make), else a tenth of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.core import db, jobs, logs
from app.core.permissions import SYSTEM, Actor
from app.decisions import service as decisions
from app.identity import queries as people
from app.identity import service as identity
from app.operate import schema
from app.processes import service
from app.tasks import queries as inbox_reads
from config import Settings
from tests.bench import scale_rows
from tests.bench.bench_http import ask, await_server, free_port
from tests.postgres import embedded

WORKERS, CLIENTS = 4, 8
STEPS = 1_200
TIMES = 15
TARGET = 1.2
TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD = secrets.token_urlsafe(12)
Call = Callable[[], Any]


def main() -> None:
    """Three stages."""
    full = "--full" in sys.argv
    finished, opened = (1_000_000, 100_000) if full else (100_000, 10_000)
    logs.set_up(quiet=True)
    with embedded() as url, tempfile.TemporaryDirectory() as folder, ready(url, folder) as (app, actor, token):
        stages: list[dict[str, float]] = []
        loads: list[float] = []
        for name, more in (
            ("few rows", {}),
            (f"{opened:,} open", {"opened": opened}),
            (f"{opened:,} open, {finished:,} finished", {"finished": finished}),
        ):
            began = time.perf_counter()
            if more:
                scale_rows.fill(actor, **more)
                print(f"   {name}: made in {time.perf_counter() - began:.0f} s, {size()}")
            if "opened" not in more:
                loads.append(load(actor, token))
            stages.append(measured(app, actor, token))
        ratio = loads[1] / loads[0]
        print(
            f"   processor time of a completion with all rows: {ratio:.2f}x few rows ({'met' if ratio <= TARGET else 'MISSED'})"
        )
        table(stages)


@contextmanager
def ready(url: str, folder: str) -> Iterator[tuple[Flask, Actor, str]]:
    """A migrated database with one manager, their token, and the diagram."""
    os.environ.update(DATABASE_URL=url, SECRET_KEY=secrets.token_hex(20), DATA=folder, PORT=str(free_port()))
    app = create_app(replace(Settings.from_env(), testing=True))
    app.config["WTF_CSRF_ENABLED"] = False
    schema.migrate()
    with app.app_context(), db.transaction():
        decisions.seed(SYSTEM)
        roles = ["admin", "manager", "order_desk"]
        user = identity.create_user(SYSTEM, login="bench", name="Bench", password=PASSWORD, roles=roles)
        actor = people.actor_of(user)
        _token, token = identity.make_token(actor, user, label="bench")
        service.deploy(SYSTEM, scale_rows.DIAGRAM)
    try:
        yield app, actor, token
    finally:
        db.engine().dispose()


def size() -> str:
    """Rows and bytes."""
    rows = scale_rows.count()
    with db.transaction(write=False):
        found = db.session().execute(text("SELECT pg_size_pretty(pg_database_size(current_database()))")).scalar_one()
    told = ", ".join(f"{rows[name]:,} {name.removeprefix('process_')}" for name in rows)
    return f"{found}: {told}"


def load(actor: Actor, token: str) -> float:
    """Complete STEPS tasks of STEPS / 2 instances over HTTP; prints the figures, answers seconds of processor time of one."""
    instances = [scale_rows.walked(actor, "one", f"load-{secrets.token_hex(6)}") for _each in range(STEPS // 2)]
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--workers", str(WORKERS)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env={**os.environ, "PORT": str(port)}, **quiet)  # type: ignore[call-overload]
    try:
        await_server(port)
        warm, rest = instances[:40], instances[40:]
        complete_all(port, token, warm)
        began, used = time.perf_counter(), processor(server.pid)
        took, errors = complete_all(port, token, rest)
        wall, spent = time.perf_counter() - began, (processor(server.pid) - used) / len(took)
    finally:
        server.terminate()
        server.wait()
    median, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(
        f"   {WORKERS} web workers, {CLIENTS} clients: {len(took) / wall:.0f} steps/s, p50 {median * 1e3:.0f} ms,"
        f" p99 {p99 * 1e3:.0f} ms, {errors} errors of {len(took)} completions;"
        f" {spent * 1e3:.1f} ms of processor time each, web and database"
    )
    return spent


def processor(server: int) -> float:
    """Seconds that the web server and the database server have used, with all their children."""
    with db.transaction(write=False):
        backend = db.session().execute(text("SELECT pg_backend_pid()")).scalar_one()
    stats = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                stats[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    roots = {server, stats[backend][0]}

    def is_ours(pid: int) -> bool:
        return pid in roots or (pid in stats and pid > 1 and is_ours(stats[pid][0]))

    return sum(used for pid, (_parent, used) in stats.items() if is_ours(pid)) / TICKS


def complete_all(port: int, token: str, instances: list[str]) -> tuple[list[float], int]:
    """Both tasks of each instance, by CLIENTS threads; seconds of each completion, how many were refused."""
    todo, took, errors, lock = list(instances), list[float](), [0], threading.Lock()
    headers = {"Authorization": f"Bearer {token}"}

    def client() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if not todo:
                    return
                instance = todo.pop()
            for _step in range(2):
                task = task_of(instance)
                began = time.perf_counter()
                path = f"/engine-rest/task/{task}/complete"
                status, _body = ask(connection, "POST", path, {"variables": {"ok": {"value": True}}}, headers)
                with lock:
                    took.append(time.perf_counter() - began)
                    errors[0] += status >= 400

    threads = [threading.Thread(target=client) for _each in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, errors[0]


def task_of(instance: str) -> str:
    """Its open task; looked up past the server, so that completions alone are measured."""
    with db.transaction(write=False):
        (task,) = inbox_reads.tasks_of_source(instance)
        return task.id


def measured(app: Flask, actor: Actor, token: str) -> dict[str, float]:
    """{what: seconds}."""
    page = signed_in(app)
    program = app.test_client()
    headers = {"Authorization": f"Bearer {token}"}

    def get(path: str, client: FlaskClient = page) -> Call:
        given = headers if client is program else {}
        return lambda: expect(client.get(path, headers=given), path)

    def post(path: str, body: Any) -> Call:
        return lambda: expect(program.post(path, json=body, headers=headers), path)

    fetch = {"workerId": "w", "maxTasks": 10, "topics": [{"topicName": "work", "lockDuration": 1000}]}
    calls: dict[str, Call | list[Call]] = {
        "inbox page": get("/inbox"),
        "inbox, everybody's": get("/inbox?tab=all"),
        "inbox, done": get("/inbox?tab=done"),
        "GET /api/v1/tasks": get("/api/v1/tasks", program),
        "cockpit start page": get("/processes"),
        "one process": get(f"/processes/{scale_rows.KEY}"),
        "heatmap": get(f"/processes/definitions/{scale_rows.KEY}/heat.json"),
        "instance list": get("/processes/instances"),
        "instance list, completed": get("/processes/instances?state=completed"),
        "instance list, any, one key": get("/processes/instances?state=any&key=message-77"),
        "GET /engine-rest/task": get("/engine-rest/task?maxResults=50", program),
        "GET /engine-rest/task by definition": get(
            f"/engine-rest/task?processDefinitionKey={scale_rows.KEY}&maxResults=50&sortBy=created&sortOrder=desc",
            program,
        ),
        "GET /engine-rest/task/count": get("/engine-rest/task/count", program),
        "GET /engine-rest/process-instance": get("/engine-rest/process-instance?maxResults=50", program),
        "GET /engine-rest/history/process-instance": get(
            "/engine-rest/history/process-instance?maxResults=50&sortBy=startTime&sortOrder=desc", program
        ),
        "GET /engine-rest/history/…/count": get("/engine-rest/history/process-instance/count?finished=true", program),
        "fetchAndLock": post("/engine-rest/external-task/fetchAndLock", fetch),
        "dispatcher tick": lambda: jobs.run_due(1),
        "GET /metrics": get("/metrics", program),
        "start": post(f"/engine-rest/process-definition/key/{scale_rows.KEY}/start", {}),
        "message correlation": correlations(actor, post),
    }
    found = {}
    for name, call in calls.items():
        found[name] = timed(call if isinstance(call, list) else [call] * (TIMES + 1))
    return found


def expect(answer: Any, path: str) -> None:
    """No refusals."""
    if answer.status_code >= 400:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")


def timed(calls: list[Call]) -> float:
    """Seconds of the quickest but the first: what others do on the machine only adds."""
    took = []
    for call in calls:
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return min(took[1:])


def correlations(_actor: Actor, post: Callable[[str, Any], Call]) -> list[Call]:
    """A message for each of some instances that wait for it."""
    found = []
    for _each in range(TIMES + 1):
        key = f"message-{secrets.token_hex(6)}"
        scale_rows.walked(_actor, "message", key)
        found.append(post("/engine-rest/message", {"messageName": "answer", "businessKey": key}))
    return found


def signed_in(app: Flask) -> FlaskClient:
    """A browser of the manager."""
    client = app.test_client()
    expect(client.post("/login", data={"login": "bench", "password": PASSWORD}), "/login")
    return client


def table(stages: list[dict[str, float]]) -> None:
    """Milliseconds of each stage; what grows is marked."""
    print(f"   {'milliseconds, best of ' + str(TIMES):44} few rows      open  + history  history costs")
    for name, first in stages[0].items():
        rest = [stage[name] for stage in stages[1:]]
        ratio = rest[1] / rest[0]
        mark = "  GROWS" if ratio > 1.5 and rest[1] - rest[0] > 0.003 else ""
        print(f"   {name:44} {first * 1e3:8.1f}  {rest[0] * 1e3:8.1f}  {rest[1] * 1e3:8.1f}  {ratio:8.2f}x{mark}")


if __name__ == "__main__":
    main()
