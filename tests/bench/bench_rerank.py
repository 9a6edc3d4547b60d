"""Ranking a million open orders: rules over columns, against zen-engine (PyPI) on an equivalent table, in one run.

python -m tests.bench.bench_rerank [--full]      --full: also a million orders in PostgreSQL and 100,000 in SQLite

In memory: the shipped gate and priority sets over columns drawn from the rules' own constants, lines included. zen gets
the priority set alone, every condition as it stands, and only says which rules fire; the sums are not asked of it.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from random import Random
from typing import Any

import polars as pl

from app.decisions.boundary import candidates, draw
from app.decisions.engines.columns import Columns
from app.decisions.engines.frames import ROWS, SUBJECT, Frames, frames_of
from app.decisions.engines.generated import Generated
from app.decisions.outcome import BANDS
from app.priority import bulk
from tests.bench import zen_table
from tests.decisions.factories import DAY, shipped

DRAWN = 20_000
ORDERS = 1_000_000
ROUNDS = 5
ZEN = 400


def drawn(plan: Any, count: int) -> tuple[list[Any], Frames]:
    """Facts of `DRAWN` subjects, and as many frames of them as make `count`."""
    random, values = Random(5), candidates(plan)
    given = [draw(plan, random, values) for _each in range(DRAWN)]
    small = frames_of(given, plan)
    source = pl.Series("source", [random.randrange(DRAWN) for _each in range(count)], dtype=ROWS)
    rows = source.to_frame().with_row_index(SUBJECT)
    many = {
        kind: rows.join(frame.rename({SUBJECT: "source"}), on="source").drop("source").sort(SUBJECT)
        for kind, frame in small.many.items()
    }
    return given, Frames(count, small.wide[source], many)


def in_memory() -> None:
    """Columns → fired set, scores, bands, blocks, routes, ranks."""
    gate, priority = shipped("compliance_gate"), shipped("priority")
    given, frames = drawn(priority, ORDERS)
    _none, gated = drawn(gate, ORDERS)
    engines = Columns(gate), Columns(priority)
    order = pl.DataFrame(
        {
            "promise_days": pl.Series(range(ORDERS)) % 37,
            "requested_date": pl.Series(range(ORDERS)) % 41 + 739_000,
            "submitted_at": pl.Series(range(ORDERS)) * 7_919_000 % 86_400_000_000,
            "number": pl.Series([f"SO-{n:07}" for n in range(ORDERS)]),
        }
    )
    made = zen_table.decision(priority)
    contexts = [{kind: many[0] if many else None for kind, many in facts.items()} for facts in given[:ZEN]]
    generated = Generated(priority)
    for context, facts in zip(contexts, given, strict=False):
        assert zen_table.fired(made, context) == [firing.rule for firing in generated.run(facts, DAY)]
    ours, baseline = [], []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        blocked = engines[0].run(gated, DAY)
        ranked = engines[1].run(frames, DAY)
        words = ranked.words()
        bands = pl.Series(BANDS).gather(ranked.outcome["band"])
        score = ranked.outcome["score"].alias("ranked_score")
        places = bulk.ranks(order.with_columns(blocked.outcome["blocked"], score, band=bands))
        ours.append(time.perf_counter() - started)
        assert places.len() == words.height == ORDERS
        started = time.perf_counter()
        for context in contexts:
            zen_table.fired(made, context)
        baseline.append((time.perf_counter() - started) / ZEN)
    rules = len(gate.rules) + len(priority.rules)
    seconds, each = statistics.median(ours), statistics.median(baseline)
    print(f"{ORDERS:,} orders x {rules} rules in memory: {seconds:.2f} s ({min(ours):.2f} at best); aim 3")
    ratio = statistics.median(zen * ORDERS / one for one, zen in zip(ours, baseline, strict=True))
    print(f"zen-engine, {len(priority.rules)} of them: {each * 1e6:.0f} µs an order; columns: {ratio:.0f} x; aim 100")
    print(f"resident at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


def main() -> None:
    """In memory; with --full in databases too."""
    in_memory()
    if "--full" in sys.argv:
        from tests.bench import rerank_rows

        rerank_rows.main()


if __name__ == "__main__":
    main()
