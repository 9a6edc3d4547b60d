"""What must be true of everything stored, whatever happened before: run it after a crash, a race, a fuzz, a migration.

    with db.transaction(write=False):
        assert invariants.broken() == []

Every waiting token has its one row and no row is without its token; history has no gap; nothing waits in what has
ended. Shared with the conformance walks: `tests.conformance.invariants` looks at the same through an engine's view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from app.audit.verify import verify
from app.core.db import do_due, session
from app.core.jobs import Job
from app.core.outbox import OutboxEvent, WaitingEvent
from app.core.outbox.models import OutboxFeed
from app.processes import engine
from app.processes.definitions import deployed
from app.processes.external.models import ExternalTask
from app.processes.keeping import SUBSCRIPTIONS
from app.processes.models import ProcessEvent, ProcessIncident, ProcessInstance, ProcessMessage, ProcessWait
from app.tasks.models import Task, TaskStatus
from app.tasks.records import TaskRung
from tests.conformance.invariants import broken as broken_view
from tests.conformance.youxu import Youxu

SOURCE = "process"
CLIMBED = {"remind": "task.reminded", "escalate": "task.escalated"}
ENDED = {"completed": "ended"}
"""How the end of an instance is told, where it is not called as its status."""
INNER = {"scope", "loop", "events", "compensation", "join", "fault", ""}
"""Waits without a row: what goes on inside, joins, parked tokens (their row is the incident)."""


def broken(*, audit: bool = True, skip: set[str] | None = None) -> list[str]:
    """What is wrong with any instance; nothing when all is well. Needs an open transaction.

    `skip`: instances that need not be looked at again; what is found ended and whole is added to it.
    """
    do_due()  # where a test holds the transaction open, what it told is not written yet
    found = list(_all(skip if skip is not None else set()))
    if audit:
        result = verify(full=True)
        found += [f"audit: {one.kind} {one.subject_kind} {one.subject_id}" for one in result.findings]
    return found


def _all(skip: set[str]) -> Iterator[str]:
    view = Youxu()
    running: dict[str, Any] = dict.fromkeys(skip)
    instances = [one for one in _fresh(ProcessInstance, ProcessInstance.id) if one.id not in skip]
    rows = _Rows([one.id for one in instances])
    for one in instances:
        running[one.id] = one if one.status == "running" else None
        for fault in _of_instance(one, rows):
            yield f"{one.key} {one.id}: {fault}"
        if one.status == "running":
            yield from (f"{one.key} {one.id}: {fault}" for fault in broken_view(view.view(one.id), None, []))
    for kind, instance in rows.owners():
        if running.get(instance) is None:
            yield f"a {kind} of {instance}, which does not run"
    yield from _messages(rows.messages, running)
    yield from _told(instances)
    skip.update(instance for instance, one in running.items() if one is None)


class _Rows:
    """Every row that belongs to a waiting token, by instance."""

    def __init__(self, instances: list[str]) -> None:
        self.tasks = _grouped(
            _fresh(Task).where_(Task.source_kind == SOURCE, Task.status == TaskStatus.OPEN.value), "source_id"
        )
        self.waits = _grouped(_fresh(ProcessWait), "instance_id")
        self.jobs = _grouped(_fresh(Job).where_(Job.source_kind == SOURCE), "source_id")
        self.external = _grouped(_fresh(ExternalTask), "instance_id")
        self.incidents = _grouped(_fresh(ProcessIncident).where_(ProcessIncident.resolved_at.is_(None)), "instance_id")
        self.called: dict[str, list[Any]] = {}
        for one in _fresh(ProcessInstance).where_(ProcessInstance.super_instance_id.is_not(None)):
            if one.status == "running":
                self.called.setdefault(one.super_instance_id, []).append(one)
        lines = _fresh(ProcessEvent, ProcessEvent.instance_id, ProcessEvent.seq)
        self.history = _grouped(lines.where_(ProcessEvent.instance_id.in_(instances)), "instance_id")
        self.messages = list(_fresh(ProcessMessage))

    def owners(self) -> Iterator[tuple[str, str]]:
        for kind in ("tasks", "waits", "jobs", "external", "incidents", "called"):
            for instance in getattr(self, kind):
                yield kind, instance


class _fresh:  # noqa: N801 - reads like a function
    """Rows as they are stored, past the session's cache."""

    def __init__(self, model: Any, *order: Any) -> None:
        self.statement = select(model).order_by(*order).execution_options(populate_existing=True)

    def of_tasks_(self, sources: Any) -> _fresh:
        self.statement = self.statement.join(Task).where(Task.source_id.in_(sources))
        return self

    def where_(self, *conditions: Any) -> _fresh:
        self.statement = self.statement.where(*conditions)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(session().scalars(self.statement).all())


def _grouped(rows: Any, owner: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, owner), []).append(row)
    return found


def _of_instance(one: ProcessInstance, rows: _Rows) -> Iterator[str]:
    numbers = [line.seq for line in rows.history.get(one.id, [])]
    if numbers != list(range(1, one.events + 1)):
        yield f"history {numbers}, but {one.events} lines are counted"
    last = rows.history[one.id][-1].kind if numbers else ""
    if one.status != "running":
        if one.ended_at is None:
            yield f"{one.status} without a moment of its end"
        if one.status != "completed" and last != one.status:
            yield f"{one.status}, but history ends with {last}"
        return
    if one.ended_at is not None:
        yield "runs, but has ended"
    tokens = engine.tokens(deployed(one.definition_id).definition, one.state)
    doubled = [number for number, times in Counter(token.token for token in tokens).items() if times > 1]
    if doubled:
        yield f"tokens twice: {doubled}"
    yield from _tokens_and_rows(one, tokens, rows)


def _tokens_and_rows(one: ProcessInstance, tokens: list[Any], rows: _Rows) -> Iterator[str]:
    wanted: dict[str, list[Any]] = {"task": [], "wait": [], "job": [], "external": [], "call": []}
    parked = []
    for token in tokens:
        if token.fault is not None:
            parked.append(token.token)
        elif token.waits == "user":
            wanted["task"].append(token.token)
        elif token.waits in SUBSCRIPTIONS:
            wanted["wait"].append((token.token, SUBSCRIPTIONS[token.waits], token.element.id))
        elif token.waits in ("timer", "job"):
            wanted["job"].append((token.token, token.waits, token.element.id))
        elif token.waits in ("external", "call"):
            wanted[token.waits].append(token.token)
        elif token.waits not in INNER and token.waits != "trigger" and not token.joined:
            yield f"a token waits for {token.waits!r}, which has no row"
    jobs = rows.jobs.get(one.id, [])
    there = {
        "task": [int(row.source_ref) for row in rows.tasks.get(one.id, [])],
        "wait": [(row.token, row.kind, row.element_id) for row in rows.waits.get(one.id, [])],
        "job": [(int(row.source_ref), row.payload.get("kind"), row.element_id) for row in jobs],
        "external": [row.token for row in rows.external.get(one.id, [])],
        "call": [row.super_token for row in rows.called.get(one.id, [])],
    }
    for kind, tokens_ in wanted.items():
        if sorted(tokens_) != sorted(there[kind]):
            yield f"{kind} tokens {sorted(tokens_)}, rows {sorted(there[kind])}"
    if any(row.suspended != one.suspended for row in jobs):
        yield f"halted {one.suspended}, its jobs {[row.suspended for row in jobs]}"
    yield from _incidents(one, parked, jobs, rows)
    if any((row.root_id, row.depth) != (one.root_id, one.depth + 1) for row in rows.called.get(one.id, [])):
        yield "what it has called has another root or depth"


def _incidents(one: ProcessInstance, parked: list[int], jobs: list[Any], rows: _Rows) -> Iterator[str]:
    external = rows.external.get(one.id, [])
    wanted = [("fault", token) for token in parked]
    wanted += [("failedJob", int(row.source_ref)) for row in jobs if row.retries == 0]
    wanted += [("failedExternalTask", row.token) for row in external if row.retries == 0]
    there = [
        (row.kind, row.token)
        for row in rows.incidents.get(one.id, [])
        if not (row.kind == "failedJob" and row.details.get("name"))  # a thrown message that could not be delivered
    ]
    if sorted(wanted) != sorted(there):
        yield f"incidents wanted at {sorted(wanted)}, there are {sorted(there)}"


def _told(instances: list[Any]) -> Iterator[str]:
    """What the feed tells of them is what is stored: each event once, none too many, none missing."""
    wanted: Counter[tuple[str, str]] = Counter()
    for one in instances:
        wanted["process.started", one.id] += 1
        if one.status != "running":
            wanted[f"process.{ENDED.get(one.status, one.status)}", one.id] += 1
    names = [one.id for one in instances]
    for task in _fresh(Task).where_(Task.source_id.in_(names)):
        wanted["task.opened", task.id] += 1
        if task.status != "open":
            wanted["task.completed" if task.status == "completed" else "task.closed", task.id] += 1
    for climbed in _fresh(TaskRung).of_tasks_(names):
        wanted[CLIMBED[climbed.rung], climbed.task_id] += 1
    for incident in _fresh(ProcessIncident).where_(ProcessIncident.instance_id.in_(names)):
        wanted["incident.raised", incident.id] += 1
        if incident.resolved_at is not None:
            wanted["incident.resolved", incident.id] += 1
    subjects = {subject for _name, subject in wanted}
    told = Counter(
        (row.type.removeprefix("youxu."), row.subject_id)
        for model in (WaitingEvent, OutboxEvent)
        for row in _fresh(model).where_(model.subject_kind.in_(("process", "task", "incident")))
        if row.subject_id in subjects
    )
    forgotten = any(feed.forgotten for feed in _fresh(OutboxFeed))
    for (name, subject), times in () if forgotten else (wanted - told).items():
        yield f"{name} of {subject} is not told ({times} times)"
    for (name, subject), times in (told - wanted).items():
        yield f"{name} of {subject} is told {times} times too often"
    positions = [row.position for row in _fresh(OutboxEvent, OutboxEvent.position)]
    if positions and positions != list(range(positions[0], positions[0] + len(positions))):
        yield f"positions of the feed have gaps: {positions}"


def _messages(messages: list[ProcessMessage], running: dict[str, Any]) -> Iterator[str]:
    for one in messages:
        if one.delivered_at is not None and one.instance_id not in running:
            yield f"message {one.name} {one.id} arrived at {one.instance_id}, which there is not"
