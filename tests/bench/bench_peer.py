"""Steps per CPU-second against npm `bpmn-engine` on the same flow: start → user → exclusive → service → user → end.

A step ends with a saved state: the start, and each completed user task. The peer (tests/bench/peer) makes its state
JSON text and keeps it in memory; each task is completed in a new engine recovered from that text. It runs once as its
documentation says (state with the parsed diagram in it) and once as fast as it can (diagram parsed once and shared,
kept out of the state, no tracking of activities); the ratio is to the better one. It has no database, no history, no
inbox. Ours stores each step in SQLite in a transaction of its own (WAL, synchronous=NORMAL): the instance, its
history, the next task with its candidates; "with inbox and audit" is the whole verb of the product.

CPU time of the whole process on both sides (also of the compiler's and the collector's threads), after a warm-up; the
two take turns. Needs node and npm; the package is put into `var/bench-peer`. `python -m tests.bench.bench_peer`.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.core import db
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import service
from app.tasks import service as inbox
from app.tasks.models import Task
from tests.bench.bench_engine import MANAGER, ORDER, database, waiting
from tests.processes.diagrams import chain, end, flow, node, process, start, user
from tests.processes.diagrams import service as step_task

FOLDER = Path(__file__).parent / "peer"
PLACE = Path(__file__).parents[2] / "var" / "bench-peer"
TARGET = 5.0
ROUNDS = 5
SECONDS = 2.0
FLOW = process(
    start(),
    user("one"),
    node("exclusiveGateway", "gate", default="d"),
    step_task("work", "bench_nothing"),
    user("two"),
    end(),
    chain("s", "one", "gate"),
    flow("gate", "work", "${answers.one.outcome == 'yes'}"),
    flow("gate", "e", name="d"),
    chain("work", "two", "e"),
    key="flow",
)


def main() -> None:
    """Print steps per CPU-second and the ratio."""
    missing = install()
    if missing:
        print(f"   skipped: {missing}")
        return
    found: dict[str, list[float]] = {"engine": [], "whole": [], "documented": [], "shared": []}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)):
        with db.transaction():
            service.deploy(SYSTEM, FLOW)
        for whole in (False, True):
            ours(SECONDS, whole=whole)
        for _round in range(ROUNDS):
            for name, rate in (("engine", ours(SECONDS, whole=False)), ("whole", ours(SECONDS, whole=True))):
                found[name].append(rate)
            for name, one in theirs().items():
                found[name].append(one["steps"] / one["cpu"])
                sizes[name] = one["bytes"]
    report(found, sizes)


def report(found: dict[str, list[float]], sizes: dict[str, int]) -> None:
    """Rates with their spread, then the ratio."""
    rates = {name: statistics.median(values) for name, values in found.items()}
    names = {
        "engine": "ours, in SQLite",
        "whole": "ours, with inbox and audit",
        "documented": f"bpmn-engine as documented ({sizes['documented']} bytes)",
        "shared": f"bpmn-engine, diagram shared ({sizes['shared']} bytes)",
    }
    for name, title in names.items():
        low, high = min(found[name]), max(found[name])
        print(f"   {title:44} {rates[name]:6.0f} steps per CPU-second ({low:.0f}–{high:.0f})")
    ratio = rates["engine"] / max(rates["documented"], rates["shared"])
    whole = rates["whole"] / max(rates["documented"], rates["shared"])
    met = "met" if ratio >= TARGET else "MISSED"
    print(f"   {ratio:.1f}x bpmn-engine (target {TARGET:.0f}x: {met}); with inbox and audit {whole:.1f}x")


def install() -> str:
    """Put the peer where it is run from; answers why that is not possible, or nothing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "flow.mjs", "flow.bpmn"):
        shutil.copyfile(FOLDER / name, PLACE / name)
    stamp = PLACE / "node_modules" / ".package-lock.json"
    if stamp.exists() and stamp.stat().st_mtime > (FOLDER / "package-lock.json").stat().st_mtime:
        return ""
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=PLACE, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else f"npm could not fetch it: {done.stderr.strip()[-200:]}"


def theirs() -> dict[str, Any]:
    """{mode: {"steps", "cpu" in seconds, "bytes" of the largest state}}."""
    command = ["node", "flow.mjs", str(SECONDS)]
    done = subprocess.run(command, cwd=PLACE, input=json.dumps(ORDER), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ours(seconds: float, *, whole: bool) -> float:
    """Steps per CPU-second of cases walked for about that long. Looking the next task up is not counted."""
    spent, steps = 0.0, 0
    while spent < seconds:
        subject = Subject("bench", f"f{next(_numbers)}")
        before = time.process_time()
        with db.transaction():
            service.start(MANAGER, "flow", subject, variables={"order": ORDER})
        spent += time.process_time() - before
        for element, answer in (("one", "yes"), ("two", "done")):
            task = waiting(subject, element)
            before = time.process_time()
            complete(task, {"outcome": answer}, whole=whole)
            spent += time.process_time() - before
            if not whole:
                with db.transaction():
                    close = text("UPDATE tasks SET status = 'completed' WHERE id = :id")
                    db.session().execute(close, {"id": task.id})
        steps += 3
    return steps / spent


_numbers = iter(range(1, 1_000_000_000))


def complete(task: Task, answers: dict[str, str], *, whole: bool) -> None:
    """One step: of the process alone, or through the inbox."""
    task.answers = answers
    with db.transaction():
        if whole:
            inbox.complete(MANAGER, task.id, answers)
        else:
            service.go_on(MANAGER, task, {})


if __name__ == "__main__":
    main()
