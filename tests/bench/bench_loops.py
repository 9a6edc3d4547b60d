"""What a step costs at iteration 5,000 of a loop against iteration 10, and how large the state is, on SQLite.

Baseline in the same run: a case of the same diagram at iterations 10 to 30. The long case is at iteration 5,000 and
more; steps of both alternate one by one, so load from outside falls on both. Whole steps of the product: load →
complete the task → run to the next wait → save, history, next task, audit → commit. CPU time of this process.
`python -m tests.bench.bench_loops`.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.core import db
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import service
from app.processes.models import ProcessInstance
from app.tasks import queries as inbox_reads
from app.tasks import service as inbox
from tests.bench.bench_engine import MANAGER, ORDER, database
from tests.processes.diagrams import chain, end, flow, fork, node, process, start, user
from tests.processes.diagrams import service as step_task

LONG, SHORT = 5_000, 10
CASES, ITERATIONS = 10, 20
TARGET = 1.2
AGAIN = "${answers.u.outcome == 'again'}"
PLAIN = process(
    start(),
    user("u"),
    step_task("work", "bench_nothing"),
    node("exclusiveGateway", "g", default="out"),
    end(),
    chain("s", "u", "work", "g"),
    flow("g", "u", AGAIN),
    flow("g", "e", name="out"),
    key="plain_loop",
)
PARALLEL = process(
    start(),
    node("exclusiveGateway", "m"),
    fork("split"),
    user("u"),
    user("v"),
    fork("join"),
    node("exclusiveGateway", "g", default="out"),
    end(),
    chain("s", "m", "split", "u", "join", "g"),
    chain("split", "v", "join"),
    flow("g", "m", AGAIN),
    flow("g", "e", name="out"),
    key="parallel_loop",
)


@dataclass
class Case:
    """A running case, CPU seconds of its measured iterations, bytes of its state after them."""

    subject: Subject
    taken: list[float] = field(default_factory=list)
    sizes: set[int] = field(default_factory=set)

    def iterate(self, times: int, *, measured: bool = False) -> None:
        """Go round so many times."""
        for _time in range(times):
            spent = 0.0
            with db.transaction(write=False):
                waiting = sorted(inbox_reads.open_tasks_of(self.subject), key=lambda task: task.element_id)
            for task in waiting:
                before = time.process_time()
                with db.transaction():
                    inbox.complete(MANAGER, task.id, {"outcome": "again"})
                spent += time.process_time() - before
            if measured:
                self.taken.append(spent)
                with db.transaction(write=False):
                    found = db.session().query(ProcessInstance).filter_by(subject_id=self.subject.id).one()
                    self.sizes.add(len(found.state))


def main() -> None:
    """Both loops."""
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)):
        for name, diagram in (("plain_loop", PLAIN), ("parallel_loop", PARALLEL)):
            with db.transaction():
                service.deploy(SYSTEM, diagram)
            compare(name)


def begun(key: str, number: int) -> Case:
    """A case at its first wait."""
    subject = Subject("bench", f"{key}{number}")
    with db.transaction():
        service.start(MANAGER, key, subject, variables={"order": ORDER})
    return Case(subject)


def compare(key: str) -> None:
    """One long case, several short ones beside it."""
    long, short = begun(key, 0), []
    long.iterate(LONG)
    gc.collect()
    for number in range(1, CASES + 1):
        case = begun(key, number)
        case.iterate(SHORT)
        for _each in range(ITERATIONS):
            case.iterate(1, measured=True)
            long.iterate(1, measured=True)
        short.append(case)
    early = [taken for case in short for taken in case.taken]
    base, late = statistics.median(early), statistics.median(long.taken)
    sizes = sorted({size for case in short for size in case.sizes})
    met = "met" if late / base <= TARGET else "MISSED"
    print(
        f"   {key}: {base * 1e3:.2f} ms an iteration at {SHORT}, {late * 1e3:.2f} ms at {LONG:,}: {late / base:.2f}x"
        f" (target ≤ {TARGET}: {met}); state {sizes[0]}–{sizes[-1]} bytes, then {min(long.sizes)}–{max(long.sizes)}"
    )


if __name__ == "__main__":
    main()
