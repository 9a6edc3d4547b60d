"""Whether statements walk tables that only grow from end to end: what costs more with each order that ever was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from app.core import db

GROWING = [
    "audit_entries",
    "decisions",
    "documents",
    "inspections",
    "jobs",
    "lots",
    "notices",
    "nonconformances",
    "order_lines",
    "order_standings",
    "order_versions",
    "orders",
    "outbox_feed",
    "process_events",
    "process_incidents",
    "process_instances",
    "reservations",
    "serials",
    "shipment_lines",
    "shipment_picks",
    "shipments",
    "signatures",
    "stock_balances",
    "stock_ledger",
    "task_candidates",
    "task_extras",
    "tasks",
]
OPEN_ONLY = re.compile(r"ix_tasks_open_\w+|ix_inspections_open|ix_process_incidents_open|ix_jobs_ready\w*")
"""Indexes of what is not done yet; walking one is no walk through the past."""


@contextmanager
def walks() -> Iterator[dict[str, str]]:
    """Statements of the block that do, with the step of SQLite's plan that says so. Skips elsewhere: PostgreSQL plans by
    what there is, and walks all of a small table."""
    if db.engine().dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what is stored: there is too little of it here")
    assert set(GROWING) <= set(db.Base.metadata.tables), "each is a table"
    found: dict[str, str] = {}
    seen: set[str] = set()

    def look(connection, _cursor, statement, given, _context, many) -> None:  # type: ignore[no-untyped-def]
        if statement in seen or not statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        seen.add(statement)
        plan = connection.connection.driver_connection.cursor()
        plan.execute(f"EXPLAIN QUERY PLAN {statement}", given[0] if many and given else given)
        for *_ids, step in plan:
            table = re.match(r"SCAN (\w+)", step)
            if table and table[1] in GROWING and not OPEN_ONLY.search(step):
                found[statement] = step

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", look)
