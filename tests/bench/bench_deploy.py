"""Deploying a diagram of 100 elements, and what 500 compiled definitions keep in memory.

Diagrams of mixed elements (user, service, script, business-rule tasks, gateways, subprocesses with boundary events)
in SQLite. Baselines in the same run: reading the same XML with lxml, and the memory of the process before. The cache
of a worker keeps KEPT definitions at most; for the figure it is opened to all of them, as if 500 were in use.
`python -m tests.bench.bench_deploy`.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from lxml import etree

from app.core import db
from app.core.permissions import SYSTEM
from app.processes import definitions, service
from tests.bench.bench_engine import database
from tests.processes.diagrams import chain, end, flow, node, process, start, user
from tests.processes.diagrams import service as step_task

ELEMENTS, DEFINITIONS = 100, 500
SECONDS, MEGABYTES = 1.0, 300
BLOCK = 14
"""Elements of each block below, the boundary event and what is in the subprocess included."""


def diagram(elements: int, key: str) -> bytes:
    """About that many elements in a row of blocks; flows are not counted."""
    parts, last = [start()], "s"
    for number in range((elements - 2) // BLOCK):
        n = f"b{number}_"
        inner = start(f"{n}s") + user(f"{n}u") + step_task(f"{n}w", "bench_nothing") + end(f"{n}e")
        inner += chain(f"{n}s", f"{n}u", f"{n}w", f"{n}e")
        timer = "<timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition>"
        parts += [
            user(f"{n}ask"),
            node("exclusiveGateway", f"{n}gate", default=f"{n}no"),
            node("scriptTask", f"{n}script", "<script>total = price * 2</script>", scriptFormat="youxu"),
            node("subProcess", f"{n}sub", inner),
            f'<boundaryEvent id="{n}late" attachedToRef="{n}sub">{timer}</boundaryEvent>',
            step_task(f"{n}work", "bench_nothing"),
            node("parallelGateway", f"{n}fork"),
            user(f"{n}left"),
            user(f"{n}right"),
            node("parallelGateway", f"{n}join"),
            chain(last, f"{n}ask", f"{n}gate"),
            flow(f"{n}gate", f"{n}script", "${amount > 1000 and kind == 'A'}"),
            flow(f"{n}gate", f"{n}work", name=f"{n}no"),
            chain(f"{n}script", f"{n}sub", f"{n}work"),
            chain(f"{n}late", f"{n}work", f"{n}fork", f"{n}left", f"{n}join"),
            chain(f"{n}fork", f"{n}right", f"{n}join"),
        ]
        last = f"{n}join"
    return process(*parts, end(), flow(last, "e"), key=key)


def resident() -> float:
    """Megabytes of memory of this process."""
    gc.collect()
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Print both figures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        database(Path(folder)),
        patch.object(definitions, "KEPT", DEFINITIONS + 10),
    ):
        sources = [diagram(ELEMENTS, f"bench{number}") for number in range(DEFINITIONS)]
        began = time.process_time()
        for source in sources[:20]:
            etree.fromstring(source)
        parsing = (time.process_time() - began) / 20
        before, took, spent = 0.0, [], []
        for number, source in enumerate(sources):
            if number == 10:  # what is loaded once is there
                before = resident()
            began, used = time.perf_counter(), time.process_time()
            with db.transaction():
                made = service.deploy(SYSTEM, source)
            took.append(time.perf_counter() - began)
            spent.append(time.process_time() - used)
        elements = len(made.definition.elements)
        grown = (resident() - before) * DEFINITIONS / (DEFINITIONS - 10)
    middle, worst = statistics.median(took), statistics.quantiles(took, n=100)[98]
    print(
        f"   deploying {elements} elements ({len(sources[0]) / 1024:.0f} KB): {middle * 1e3:.0f} ms, p99"
        f" {worst * 1e3:.0f} ms of {DEFINITIONS} (target < {SECONDS:.0f} s: {'met' if worst < SECONDS else 'MISSED'});"
        f" {statistics.median(spent) * 1e3:.0f} ms CPU, {statistics.median(spent) / parsing:.0f}x parsing its XML"
    )
    print(
        f"   {DEFINITIONS} of them keep {grown:.0f} MB (target < {MEGABYTES} MB:"
        f" {'met' if grown < MEGABYTES else 'MISSED'}); a worker keeps {definitions.KEPT} at most"
    )


if __name__ == "__main__":
    main()
