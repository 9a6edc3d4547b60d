"""Instances by the hundred thousand: real ones, walked by the engine, and then copied by SQL with ids, keys and times
of their own, so that every row of every table is as the engine writes it. PostgreSQL only.

What is copied: instances, history, tasks with candidates, subscriptions, jobs, external tasks. Not copied: the audit
trail (its chains are per subject; nothing of what is measured reads it).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from app.core import db
from app.core.permissions import Actor
from app.core.subject import Subject
from app.processes import service
from app.tasks import queries as inbox_reads
from app.tasks import service as inbox
from tests.processes.diagrams import chain, end, flow, node, process, start, user

KEY = "scale"
GROUP = "manager"
"""One of twenty copied tasks is for them, the others for fifty groups that nobody is in."""
FINISHED_YEARS, OPEN_DAYS = 2, 30
DIAGRAM = process(
    start(),
    user("one"),
    node("exclusiveGateway", "gate", default="to_two"),
    user("two"),
    node("receiveTask", "answer", messageRef="m"),
    '<boundaryEvent id="late" attachedToRef="answer"><timerEventDefinition>'
    "<timeDuration>P40D</timeDuration></timerEventDefinition></boundaryEvent>",
    node("serviceTask", "work", camunda__type="external", camunda__topic="work"),
    end(),
    chain("s", "one", "gate"),
    flow("gate", "two", name="to_two"),
    flow("gate", "answer", "${kind == 'message'}"),
    flow("gate", "work", "${kind == 'external'}"),
    chain("two", "e"),
    chain("answer", "e"),
    chain("late", "e"),
    chain("work", "e"),
    key=KEY,
    before='<message id="m" name="answer"/>',
)
ORDER = {
    "number": "SO-2026-000123",
    "customer": "C-1024",
    "tier": "A",
    "lines": [{"sku": f"P-{number:05d}", "quantity": number + 1, "price": "1280.00"} for number in range(6)],
}
OPEN_SHARES = (("two", 0.65), ("message", 0.25), ("external", 0.1))
"""Where open instances stand: a task; a message with a timer beside it; an external task."""

_OWN = {
    "process_instances": "id",
    "process_events": "instance_id",
    "tasks": "source_id",
    "task_candidates": "task_id",
    "process_waits": "instance_id",
    "jobs": "source_id",
    "external_tasks": "instance_id",
}


def walked(actor: Actor, kind: str, business_key: str) -> str:
    """A real instance that stands at `one`, `two`, `message` or `external`, or is `finished`; its id."""
    with db.transaction():
        variables = {"order": ORDER, "kind": kind}
        made = service.start(actor, KEY, _subject(business_key), variables=variables, business_key=business_key).id
    for element in {"one": (), "finished": ("one", "two")}.get(kind, ("one",)):
        with db.transaction():
            (task,) = inbox_reads.tasks_of_source(made)
            assert task.element_id == element
            inbox.complete(actor, task.id, {"outcome": "done"})
    return made


def _subject(business_key: str) -> Any:
    return Subject("bench", business_key)


def fill(actor: Actor, *, finished: int = 0, opened: int = 0) -> None:
    """That many more instances, and statistics as the server itself would gather them in time."""
    wanted = [("finished", finished), *((kind, round(opened * share)) for kind, share in OPEN_SHARES)]
    for kind, count in wanted:
        if count:
            template = walked(actor, kind, f"template-{kind}")
            with _quick() as connection:
                _copy(connection, template, kind, count)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {', '.join(_OWN)}"))


@contextmanager
def _quick() -> Iterator[Connection]:
    """A transaction without foreign keys, the larger indexes put away meanwhile."""
    with db.engine().begin() as connection:
        for setting in ("session_replication_role = replica", "maintenance_work_mem = '512MB'"):
            connection.execute(text(f"SET LOCAL {setting}"))
        away = connection.execute(
            text(
                "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
                " WHERE indrelid::regclass::text = ANY(:tables) AND NOT indisprimary"
                " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
            ),
            {"tables": list(_OWN)},
        ).all()
        for name, _definition in away:
            connection.execute(text(f"DROP INDEX {name}"))
        yield connection
        for _name, definition in away:
            connection.execute(text(definition))


def _copy(connection: Connection, template: str, kind: str, count: int) -> None:
    tasks = connection.execute(text("SELECT id FROM tasks WHERE source_id = :id"), {"id": template}).scalars().all()
    for table, own in _OWN.items():
        columns = connection.execute(
            text("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :table"),
            {"table": table},
        ).all()
        given = ", ".join(_value(table, own, column, kind, "time" in type_) for column, type_ in columns)
        names = ", ".join(column for column, _type in columns)
        of = "t.task_id = ANY(:tasks)" if table == "task_candidates" else f"t.{own} = :template"
        connection.execute(
            text(
                f"INSERT INTO {table} ({names}) SELECT {given} FROM generate_series(1, {count}) g, {table} t"
                f" WHERE {of} ORDER BY g"
            ),
            {"template": template, "tasks": list(tasks), "count": count, **_ages(kind)},
        )


def _ages(kind: str) -> dict[str, Any]:
    """When the first and the last of them began."""
    oldest = timedelta(days=365 * FINISHED_YEARS + OPEN_DAYS if kind == "finished" else OPEN_DAYS)
    newest = timedelta(days=OPEN_DAYS) if kind == "finished" else timedelta(hours=1)
    return {"first": oldest, "span": oldest - newest}


def _value(table: str, own: str, column: str, kind: str, is_time: bool) -> str:
    """SQL for a column of a copy."""
    mark = f"00{kind[0].upper()}"
    instance = f"'{mark}' || lpad(g::text, 23, '0')"
    rows_own = f"'{mark}' || right(t.{{}}, 4) || lpad(g::text, 19, '0')"
    if column in (own, "root_id") and table != "task_candidates":
        return instance
    if column in ("id", "task_id"):
        return rows_own.format(column)
    if column == "subject_id":
        return f"'{kind}-' || g"
    if column == "business_key":
        return f"'{kind}-' || g"
    if column == "number":
        return f"left('{kind}-' || g, 40)"
    if (table, column) == ("task_candidates", "value"):
        return "CASE WHEN g % 20 = 0 OR t.kind <> 'group' THEN t.value ELSE 'ward-' || (g / 20) % 50 END"
    if column in ("completed_by", "started_by", "initiator_id", "assignee_id", "actor_id"):
        return f"CASE WHEN t.{column} IS NULL THEN NULL ELSE 'USER' || lpad((g % 300)::text, 22, '0') END"
    if is_time and table == "jobs" and column != "created_at":
        return f"t.{column} + (g % 900) * interval '1 hour'"
    if is_time:
        return f"t.{column} - CAST(:first AS interval) + CAST(:span AS interval) * (g / CAST(:count AS float8))"
    return f"t.{column}"


def count() -> dict[str, int]:
    """Rows by table."""
    with db.transaction(write=False):
        return {table: db.session().execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in _OWN}
