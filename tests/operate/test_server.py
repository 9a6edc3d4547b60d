"""The real server: web workers and the job worker as children of one process; killed, restarted, stopped."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core import clock, db, jobs
from app.core.jobs import WorkerBeat
from app.operate import schema
from tests.core.jobs.handlers import new
from tests.identity.factories import bearer, make_user

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.waits


@pytest.fixture
def place(live):
    """An empty database that a server can migrate, the environment of its processes, and the machine's clock."""
    db.Base.metadata.drop_all(db.engine())
    given = {
        "DATABASE_URL": live.database_url,
        "DATA": str(live.data),
        "SECRET_KEY": "s" * 40,
        "PORT": str(free_port()),
    }
    schema.migrate()
    with clock.moved(clock._machine_time):
        yield {**os.environ, **given}


def free_port():
    """A port that is free, as is the next (the plain door's), and that the machine gives to nobody who only asks for
    some port, as other tests do meanwhile."""
    while True:
        port = secrets.choice(range(20_000, 30_000))
        with socket.socket() as first, socket.socket() as second, suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port


@contextmanager
def flask(place, *words):
    """A `flask` command running meanwhile, with its process group."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    process = subprocess.Popen(
        command, cwd=ROOT, env=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def group(leader):
    """Ids of the living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, of = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


def ask(place, path, headers=None):
    """Status and text; 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", int(place["PORT"]), timeout=5)
    try:
        if place.get("TLS"):
            trusted = ssl.create_default_context(cafile=f"{place['DATA']}/tls/ca.crt")
            connection = http.client.HTTPSConnection("127.0.0.1", int(place["PORT"]), timeout=5, context=trusted)
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def until(condition, seconds=60.0):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited too long"
        time.sleep(0.1)


def worker_pids():
    with db.transaction(write=False):
        session = db.session()
        return set(session.scalars(select(WorkerBeat.pid)))


def test_a_killed_worker_is_started_again_and_an_interrupt_ends_all(place):
    with flask(place, "serve", "--workers", "1") as server:
        until(lambda: ask(place, "/readyz")[0] == 200)
        (first,) = worker_pids()
        os.kill(first, signal.SIGKILL)
        until(lambda: worker_pids() - {first}, 30)
        assert ask(place, "/healthz")[0] == 200
        assert len(group(server.pid)) >= 3
        os.killpg(server.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
        assert server.wait(40) == 0
        assert group(server.pid) == []
    assert worker_pids() <= {first}, "the one that was not killed signed off"


@pytest.mark.any_database
def test_nothing_stays_behind_when_the_watcher_is_killed(place):
    """Here the server speaks HTTPS, and beside it stands the plain door."""
    place = {**place, "TLS": "1"}
    with flask(place, "serve", "--workers", "1") as server:
        until(lambda: ask(place, "/readyz")[0] == 200)
        assert ask({**place, "TLS": ""}, "/readyz")[0] == 0
        door = {**place, "TLS": "", "PORT": str(int(place["PORT"]) + 1)}
        assert ask(door, "/ca.crt")[1] == Path(place["DATA"], "tls", "ca.crt").read_text()
        server.kill()
        until(lambda: group(server.pid) == [], 15)


def test_a_worker_of_its_own_makes_a_server_without_one_ready(place):
    with flask(place, "serve", "--workers", "1", "--no-worker"):
        until(lambda: ask(place, "/healthz")[0] == 200)
        status, said = ask(place, "/readyz")
        assert status == 503
        assert "worker" in said
        with db.transaction():
            jobs.schedule([new("nobody_knows", retries=1)])
            headers = bearer(make_user(roles=["operator"]))
        with flask(place, "worker") as worker:
            until(lambda: ask(place, "/readyz")[0] == 200)
            until(lambda: 'youxu_jobs_failed_total{kind="nobody_knows"} 1.0' in ask(place, "/metrics", headers)[1], 30)
            worker.terminate()
            assert worker.wait(15) == 0
        assert ask(place, "/readyz")[0] == 503
