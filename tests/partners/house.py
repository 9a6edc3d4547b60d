"""A house for the partners: master data without stock or orders, in a fresh database, and the server on a free port.

python -m tests.partners.house      # fills the database of the environment (DATA or DATABASE_URL)
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import requests

from app import create_app
from app.core import clock, db
from app.core.permissions import SYSTEM
from app.decisions import service as decisions
from app.identity import service as identity
from app.operate import schema
from app.processes import service as processes
from config import Settings
from tests.catalog.factories import make_authorisation, make_customer, make_licence, make_product, make_registration
from tests.inventory.factories import make_warehouse

ROOT = Path(__file__).parents[2]
WAREHOUSE, CUSTOMERS, WARM, COLD = "WH-SH", 6, 4, 2


def build() -> None:
    """Rules, diagrams, an administrator, a warehouse, hospitals and class II products, two of them cold."""
    decisions.seed(SYSTEM)
    processes.seed(SYSTEM)
    identity.create_user(SYSTEM, login="house", name="House", password=os.urandom(16).hex(), roles=["admin"])
    years = {"valid_from": clock.today() - timedelta(days=700), "valid_to": clock.today() + timedelta(days=1100)}
    make_licence(**years)
    make_authorisation(**years)
    make_warehouse(code=WAREHOUSE)
    registration = make_registration(risk_class=2, **years).id
    for number in range(1, CUSTOMERS + 1):
        tier = "A" if number % 2 else "B"
        customer = make_customer(code=f"H-{number:04d}", prepaid=True, tier=tier, licensed=False)
        make_licence(customer_id=customer.id, **years)
    for number in range(1, WARM + COLD + 1):
        range_ = {"storage_min_c": Decimal(2), "storage_max_c": Decimal(8)} if number > WARM else {}
        about = {"risk_class": 2, "list_price": Decimal("40.00"), "registration_id": registration, **range_}
        make_product(sku=f"GOODS-{number}", udi_di=f"0691234500{number:03d}", **about)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Of a server with its data there, that may send webhooks to its own host."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    ours = {"DATA": str(folder), "PORT": port, "HOOK_ALLOW": "127.0.0.0/8", "HOOK_PAUSE_MS": "500"}
    return {**os.environ, **ours, **more}


@contextlib.contextmanager
def served(place: dict[str, str]) -> Iterator[str]:
    """The address of a server on a filled database; it ends with the block."""
    subprocess.run([sys.executable, "-m", "tests.partners.house"], cwd=ROOT, env=place, check=True)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve"]
    with Path(place["DATA"], "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=place, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{place['PORT']}"
    try:
        for _attempt in range(600):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{url}/readyz", timeout=5).status_code == 200:
                    break
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def command_line(place: dict[str, str]) -> object:
    """`flask …` against the server's database: `run("users", "add", …, given=password)` answers what it prints."""

    def run(*words: str, given: str = "") -> str:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        done = subprocess.run(command, cwd=ROOT, env=place, input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    return run


if __name__ == "__main__":
    create_app(Settings.from_env())
    schema.migrate()
    with db.transaction():
        build()
