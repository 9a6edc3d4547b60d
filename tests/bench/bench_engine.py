"""One engine step: load → complete a user task → run to the next wait → save → commit, on SQLite; no HTTP, no rules.

The mean of one walk through the core of the approval, a diagram that the stock library can read: returned for rework, submitted again, approved, approved by the second
(stock falls short). Each step is a transaction of its own and starts from what is stored.

Baseline in the same run: the same diagram on stock SpiffWorkflow, kept as JSON with the spec inside (its serializer's
own form), one row in the same kind of database. Ours writes history and the next task too. A second figure is the
whole step of the product: the inbox's checks, the closed task and the audit trail on top. CPU time of this process,
all in blocks that take turns; run with `python -m tests.bench.bench_engine`.

A block takes the first step of all its cases, then the second of all, so that steps follow each other. Looking the next
task up, which ours needs and stock does not, lies between. A last pair of figures has it, and what closes the done
task, before every single step of either: a processor that has just done something else is slower at both.
"""

from __future__ import annotations

import gc
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import Engine, event, text

from app.core import db, tables
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import deciding, engine, service, world
from app.processes.steps import step
from app.tasks import queries as inbox_reads
from app.tasks import service as inbox
from app.tasks.models import Task
from config import Settings

SHIPPED = (Path(__file__).parents[2] / "bpmn" / "approval.bpmn").read_text()
"""Has events, several flows from one activity and many instances of one, which the stock library refuses."""
APPROVAL = Path(__file__).with_name("approval_core.bpmn").read_text()
APPROVAL = APPROVAL.replace(' youxu:signature="approval"', "")  # proving who signs is no step of an engine
TARGET = 5.0
MOST_STATEMENTS, LARGEST_STATE = 8, 4096
CASES = 120
ORDER = {
    "number": "SO-2026-000123",
    "customer": "C-1024",
    "tier": "A",
    "region": "CN-31",
    "total": "128000.00",
    "lines": [{"sku": f"P-{number:05d}", "quantity": number + 1, "price": "1280.00"} for number in range(12)],
}
ROUTES = {"compliance_gate": "clear", "approval_matrix": "two", "stock_gate": "short"}
WALK = (("approve", "rework"), ("rework", "resubmit"), ("approve", "approve"), ("second_approval", "approve"))
SALES, MANAGER, SECOND = (
    Actor(id=name, login=name, name=name, roles=frozenset({"sales" if name == "sal" else "manager"}))
    for name in ("sal", "anna", "bo")
)


@step.register("bench_nothing")
def nothing(_call: Any) -> dict[str, Any]:
    """A step without work of its own."""
    return {"done": True}


def route(rule_set: str, _subject: Any, answer: dict[str, Any] | None, _as_of: Any, **_more: Any) -> dict[str, Any]:
    """Gateways without rules."""
    return {"id": None, "route": ROUTES.get(rule_set) or (answer or {})["outcome"]}


def main() -> None:
    """Print the ratios and the figures behind them."""
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)), patch.object(world, "decide_route", route):
        step_, whole, shipped, stock = measure(
            *((ours_prepared, engine_walk), (ours_prepared, product_walk)),
            *((shipped_prepared, engine_walk), (stock_prepared, stock_walk)),
        )
        step_after, stock_after = measure(
            (ours_prepared, engine_walk), (stock_beside_prepared, stock_walk_beside), one_by_one=True
        )
    told = (
        ("engine step", step_),
        ("with inbox and audit", whole),
        ("of bpmn/approval.bpmn", shipped),
        ("stock", stock),
    )
    for name, figures in told:
        print(f"  {name:21} {figures.cpu * 1e3:5.2f} ms CPU, {figures.statements:2} statements, {figures.size} bytes")
    ratio = stock.cpu / step_.cpu
    print(
        f"  engine step {ratio:.1f}x cheaper than stock (target {TARGET:.0f}x: {'met' if ratio >= TARGET else 'MISSED'})"
    )
    print(f"  with inbox and audit {stock.cpu / whole.cpu:.1f}x cheaper")
    print(
        f"  each step after other work: {step_after.cpu * 1e3:.2f} ms against {stock_after.cpu * 1e3:.2f} ms, "
        f"{stock_after.cpu / step_after.cpu:.1f}x cheaper"
    )
    for what, found, most in (
        ("SQL statements of a step", step_.statements, MOST_STATEMENTS),
        ("bytes of state", step_.size, LARGEST_STATE),
    ):
        print(f"  {found} {what} (at most {most}: {'met' if found <= most else 'MISSED'})")
    print(f"  engine alone, without database: {engine_alone() * 1e3:.3f} ms CPU")


@dataclass
class Figures:
    """CPU seconds per step of each case, most SQL statements of a step, most bytes that a case keeps."""

    taken: list[float]
    statements: int
    size: int

    @property
    def cpu(self) -> float:
        """Median CPU seconds of a step."""
        return statistics.median(self.taken)


WARM_UP = 5
ROUNDS = 6
Walk = Iterator[Callable[[], int]]
Bench = tuple[Callable[[], Any], Callable[[Any], Walk]]


def measure(*benches: Bench, one_by_one: bool = False) -> list[Figures]:
    """Each bench on fresh cases, in blocks that take turns: so load from outside falls on all, garbage on its maker."""
    block = CASES // ROUNDS + WARM_UP
    cases = [[prepare() for _ in range(block * ROUNDS)] for prepare, _walk in benches]
    found = [Figures([], 0, 0) for _ in benches]
    for turn in range(ROUNDS):
        for which, (_prepare, walk) in enumerate(benches):
            walks = [walk(case) for case in cases[which][turn * block : (turn + 1) * block]]
            gc.collect()
            spent = [each for one in walks for each in together([one])] if one_by_one else together(walks)
            found[which].size = max(found[which].size, *(size for _seconds, size in spent))
            found[which].taken += [seconds for seconds, _size in spent[WARM_UP:]]
    for which, (prepare, walk) in enumerate(benches):
        for act in walk(prepare()):
            with counted() as seen:
                act()
            found[which].statements = max(seen[0], found[which].statements)
    return found


def together(walks: list[Walk]) -> list[tuple[float, int]]:
    """Mean CPU seconds of the steps of each case, the largest state; all take a step before one takes the next."""
    spent, sizes, count = [0.0] * len(walks), [0] * len(walks), 0
    for acts in zip(*walks, strict=True):
        for number, act in enumerate(acts):
            before = time.process_time()
            size = act()
            spent[number] += time.process_time() - before
            sizes[number] = max(size, sizes[number])
        count += 1
    return [(seconds / count, size) for seconds, size in zip(spent, sizes, strict=True)]


@contextmanager
def database(folder: Path) -> Iterator[None]:
    """An empty SQLite database with both engines' tables. It does not wait for the disk: CPU time is compared."""
    made = db.connect(
        Settings(
            data=folder,
            database_url=f"sqlite:///{folder}/bench.db",
            embedded=True,
            secret_key="b" * 40,
            sqlite_synchronous="NORMAL",
        )
    )
    tables.load_all()
    db.Base.metadata.create_all(made)
    with db.transaction(), patch.object(deciding, "rule_set_names", lambda: {*ROUTES, "task_outcome"}):
        session = db.session()
        for key, diagram in (("approval", APPROVAL), ("shipped", SHIPPED)):
            xml = re.sub(r'youxu:step="\w+"', 'youxu:step="bench_nothing"', diagram)
            xml = re.sub(r' camunda:formKey="\w+"| youxu:signature="\w+"', "", xml)
            xml = xml.replace('<bpmn:process id="approval"', f'<bpmn:process id="{key}"')
            service.deploy(SALES, xml.replace('processRef="approval"', f'processRef="{key}"').encode())
        session.execute(text("CREATE TABLE stock (id INTEGER PRIMARY KEY, state TEXT)"))
    yield
    made.dispose()


@contextmanager
def counted() -> Iterator[list[int]]:
    """Statements sent within the block."""
    seen = [0]

    def count(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen[0] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", count)


_numbers = iter(range(1, 1_000_000))


def ours_prepared(key: str = "approval") -> Subject:
    """A case that waits for the first approval."""
    subject = Subject("bench", str(next(_numbers)))
    with db.transaction():
        service.start(SALES, key, subject, variables={"order": ORDER})
    return subject


def shipped_prepared() -> Subject:
    """The same in the diagram as it is shipped."""
    return ours_prepared("shipped")


def waiting(subject: Subject, element: str) -> Task:
    """The open task; looked up outside of what is measured."""
    with db.transaction(write=False):
        (task,) = inbox_reads.open_tasks_of(subject)
        assert task.element_id == element
        return task


def who(task: Task) -> Actor:
    """Somebody who may do it."""
    return {"rework": SALES, "second_approval": SECOND}.get(task.element_id, MANAGER)


def engine_walk(subject: Subject) -> Iterator[Callable[[], int]]:
    """The steps of the process alone: instance, history, next task. The done task is closed beside it."""
    for element, outcome in WALK:
        task = waiting(subject, element)
        task.answers = {"outcome": outcome}

        def act(task: Task = task) -> int:
            with db.transaction():
                kept: Any = service.go_on(who(task), task, {})
                return len(kept.state)

        yield act
        close(task, "completed")


def close(task: Task, status: str) -> None:
    """What the inbox does beside the step."""
    with db.transaction():
        db.session().execute(
            text("UPDATE tasks SET status = :status WHERE id = :id"), {"id": task.id, "status": status}
        )


def product_walk(subject: Subject) -> Iterator[Callable[[], int]]:
    """The steps through the inbox: its checks, the closed task and the audit trail too."""
    for element, outcome in WALK:
        task = waiting(subject, element)

        def act(task: Task = task, outcome: str = outcome) -> int:
            with db.transaction():
                inbox.complete(who(task), task.id, {"outcome": outcome})
            return 0

        yield act


_stock_serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
_stock_engine = PythonScriptEngine()


def stock_xml() -> bytes:
    """The same diagram as the stock parser understands it: steps are scripts, conditions are Python."""
    xml = re.sub(r"<bpmn:serviceTask([^>]*)>", r"<bpmn:scriptTask\1><bpmn:script>done = True</bpmn:script>", APPROVAL)
    xml = xml.replace("</bpmn:serviceTask>", "</bpmn:scriptTask>")
    xml = re.sub(r"\$\{(.*?)\}(?=</bpmn:cond)", r"\1", xml)
    xml = xml.replace("decisions.matrix.route", "routes['matrix']")
    for gateway in re.findall(r'<bpmn:exclusiveGateway id="(\w+)"', xml):
        pattern = rf'(sourceRef="{gateway}"[^>]*>\s*<bpmn:conditionExpression>)decision\.route'
        xml = re.sub(pattern, rf"\1routes['{gateway}']", xml)
    return xml.encode()


def stock_prepared() -> int:
    """The same case on the stock engine, as JSON in a row."""
    parser = SpiffBpmnParser()
    parser.add_bpmn_str(stock_xml())
    workflow = BpmnWorkflow(
        parser.get_spec("approval"), parser.get_subprocess_specs("approval"), script_engine=_stock_engine
    )
    workflow.task_tree.data.update(
        order=ORDER,
        initiator="sal",
        routes={"compliance": "clear", "compliance_again": "clear", "matrix": "two", "stock": "short"},
    )
    workflow.do_engine_steps()
    number = next(_numbers)
    with db.transaction():
        session = db.session()
        state = _stock_serializer.serialize_json(workflow)
        session.execute(text("INSERT INTO stock VALUES (:id, :state)"), {"id": number, "state": state})
    return number


def stock_walk(number: int) -> Iterator[Callable[[], int]]:
    """The same steps on the stock engine."""
    for element, outcome in WALK:
        yield partial(stock_step, number, element, outcome)


def stock_beside_prepared() -> tuple[int, Subject]:
    """The same, and a case of ours that stands still."""
    return stock_prepared(), ours_prepared()


def stock_walk_beside(case: tuple[int, Subject]) -> Iterator[Callable[[], int]]:
    """The same steps with all that lies between ours before each."""
    number, idle = case
    for act in stock_walk(number):
        task = waiting(idle, WALK[0][0])
        yield act
        close(task, "open")


def stock_step(number: int, element: str, outcome: str) -> int:
    """Load, complete, run, save, commit."""
    with db.transaction():
        session = db.session()
        stored = session.execute(text("SELECT state FROM stock WHERE id = :id"), {"id": number}).scalar_one()
        workflow = _stock_serializer.deserialize_json(stored)
        workflow.script_engine = _stock_engine
        task = workflow.get_next_task(state=TaskState.READY, manual=True)
        assert task.task_spec.name == element
        task.data["routes"] = {**task.data["routes"], ANSWERED_AT.get(element, ""): outcome}
        task.run()
        workflow.do_engine_steps()
        state = _stock_serializer.serialize_json(workflow)
        session.execute(text("UPDATE stock SET state = :state WHERE id = :id"), {"id": number, "state": state})
    return len(state)


ANSWERED_AT = {"approve": "approve_answer", "second_approval": "second_answer"}


class Nothing:
    """Callbacks without a world."""

    as_of = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    context: ClassVar[dict[str, Any]] = {}
    depth = 0

    def decide(self, gateway: Any, variables: dict[str, Any]) -> dict[str, Any]:
        return {"route": ROUTES.get(gateway.rule_set) or variables["answers"][variables["answered"]]["outcome"]}

    def perform(self, _element: Any, _variables: dict[str, Any], _token: int) -> dict[str, Any]:
        return {"done": True}


def engine_alone() -> float:
    """CPU seconds of unpack, complete, run, pack."""
    definition = engine.compile_definition(APPROVAL.encode())

    def walk(first: engine.Step) -> Walk:
        step_ = first
        for element, outcome in WALK:
            (opened,) = step_.opened
            command = engine.Complete(opened.token, {"outcome": outcome}, element)  # four eyes: each by another person

            def act(state: bytes = step_.state, command: engine.Complete = command) -> int:
                nonlocal step_
                step_ = engine.act(definition, state, command, Nothing())
                return len(step_.state)

            yield act

    return measure((lambda: engine.begin(definition, {"order": ORDER, "initiator": "sal"}, Nothing()), walk))[0].cpu


if __name__ == "__main__":
    main()
