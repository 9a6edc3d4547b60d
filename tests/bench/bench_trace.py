"""Recall scope and trace of one unit over 1,000,000 ledger rows, two levels of distributors, 500 consignees.

python -m tests.bench.bench_trace [--postgres] [rows]

Each scope is compared with the recursive SQL of tests/traceability/oracle.py. Aims: scope 2 s on PostgreSQL and 5 s on
SQLite, one unit 100 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[2]))

from app import create_app
from app.core import db, i18n, logs
from app.core.db import session
from app.core.subject import Subject
from app.traceability.queries import chain_of, scope
from config import Settings
from tests.bench.databases import empty_database
from tests.bench.trace_rows import fill
from tests.conftest import build_schema
from tests.traceability.test_scope import check

ROWS, LOTS = 1_000_000, 200


def main() -> None:
    """On one database, or both."""
    logs.set_up(quiet=True)
    given = [int(word) for word in sys.argv[1:] if word.isdigit()]
    with empty_database(postgres="--postgres" in sys.argv) as settings:
        run(settings, given[0] if given else ROWS)


def run(settings: Settings, rows: int) -> None:
    """Fill, ask, compare."""
    create_app(settings)
    build_schema(db.engine())
    begun = time.perf_counter()
    with db.transaction(), i18n.reading("en"):
        if db.engine().dialect.name == "postgresql":
            session().execute(text("SET session_replication_role = replica"))  # the rows are right by construction
        lots, serials = fill(rows, LOTS)
    with db.transaction(), i18n.reading("en"):
        session().execute(text("ANALYZE"))
        written = session().scalar(text("SELECT count(*) FROM stock_ledger"))
        print(f"{db.engine().dialect.name}: {written:,} rows in {time.perf_counter() - begun:.0f} s")
        for title, wanted, times in (("one lot", lots[1:2], 5), ("20 lots", lots[1:21], 3), ("all lots", lots, 1)):
            took, found = timed(lambda wanted=wanted: scope(wanted), times)
            consignees = len({one.customer_id for one in found.consignees})
            deepest = max(one.level for one in found.consignees)
            print(
                f"scope of {title}: {took:,.0f} ms; {consignees} consignees, level {deepest}, kits {len(found.kit_lots)}"
            )
            if title != "all lots":
                took, _nothing = timed(lambda found=found, wanted=wanted: check(found, wanted), 1)
                print(f"  equal to the recursive SQL, reconciles ({took:,.0f} ms)")
        took, steps = timed(lambda: chain_of(Subject("serial", serials[7])), 20)
        print(f"trace of one unit: {took:.1f} ms (median of 20), {len(steps.steps)} steps")
        for kind, key in (("lot", lots[1]), ("customer", "c3"), ("customer", "c400")):
            took, chain = timed(lambda kind=kind, key=key: chain_of(Subject(kind, key)), 3)
            told = f"{len(chain.lot_ids)} lots, {len(chain.ways)} ways, {len(chain.steps)} steps, {chain.left_out} left out"
            print(f"chain of a {kind}: {took:,.0f} ms; {told}")


def timed(act: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Milliseconds (median), and what came of it."""
    took, found = [], None
    for _turn in range(times):
        begun = time.perf_counter()
        found = act()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took), found


if __name__ == "__main__":
    main()
