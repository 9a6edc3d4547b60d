"""What an order costs does not grow with what was before it: no statement on its way walks a table that only grows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from app.core import db
from tests.shipping.world import make_dock

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
OPEN_ONLY = re.compile(r"ix_tasks_open_\w+|ix_inspections_open|ix_jobs_ready\w*")
"""Indexes of what is not done yet; walking one is no walk through the past."""


@pytest.fixture
def walked(tx: Session) -> Iterator[dict[str, str]]:
    """Statements that walk a growing table from end to end, with the step of their plan that does."""
    if tx.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by what there is; of a small table it walks all")
    found: dict[str, str] = {}
    seen: set[str] = set()

    def look(connection, _cursor, statement, given, _context, many) -> None:
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
    yield found
    event.remove(Engine, "before_cursor_execute", look)


def test_from_entry_to_signature_no_growing_table_is_walked(walked):
    assert set(GROWING) <= set(db.Base.metadata.tables), "each is a table"
    dock = make_dock()
    walked.clear()
    _order, shipment = dock.release()
    dock.pick_all(shipment)
    dock.do("wang", shipment)
    dock.do("wang", shipment)
    dock.say("shipment.pickup", shipment, vehicle="沪A12345")
    dock.deliver(shipment)
    assert walked == {}
