"""A draft of the priority rules against the version in force: 100,000 open orders and 1,000 past decisions in SQLite.

python -m tests.bench.bench_simulate [orders]

The whole of a simulation as its page runs it: reading facts, deciding by both versions, comparing, past decisions,
keeping the finding, and then the page itself. Baseline of the same run: the oracle on each order singly, both versions,
its facts given.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import create_app
from app.core import clock, db
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.core.tables import load_all
from app.decisions import queries
from app.decisions import service as decisions
from app.decisions.models import RuleSetVersion
from app.decisions.simulation import runs
from app.decisions.simulation.models import Simulation
from app.orders.models import Order
from app.priority import service as priority
from app.priority.queries import RANKING
from tests.bench import rerank_rows
from tests.identity.factories import make_user, sign_in

ORDERS, PAST, ROUNDS, AIM = 100_000, 1_000, 3, 5


def main() -> None:
    """Fill, simulate, look at the page."""
    count = int(sys.argv[-1]) if sys.argv[-1].isdigit() else ORDERS
    with tempfile.TemporaryDirectory() as folder:
        given = rerank_rows.settings(Path(folder), f"sqlite:///{folder}/bench.db")
        app = create_app(given)
        load_all()
        db.Base.metadata.create_all(db.engine())
        with db.transaction():
            rerank_rows.fill(count)
        singly = decide_some()
        with db.transaction():
            draft = changed_draft()
        client = app.test_client()
        with db.transaction():
            sign_in(client, make_user(roles=("manager",)))
        address = f"/rules/{RANKING}/versions/{draft.number}/simulation"
        took, pages = [], []
        for _round in range(ROUNDS):
            started = time.perf_counter()
            one = simulate(draft)
            took.append(time.perf_counter() - started)
            started = time.perf_counter()
            assert client.get(address).status_code == 200
            pages.append(time.perf_counter() - started)
        tell(one, count, took, pages, singly)
        db.engine().dispose()


def within(work: Callable[[], Any], *, write: bool) -> Any:
    """Each in a transaction of its own."""
    with db.transaction(write=write):
        return work()


def decide_some() -> float:
    """Past decisions of the first orders; answers seconds per order to gather its facts and decide it, once."""
    with db.transaction(write=False):
        order_ids = list(db.session().scalars(select(Order.id).order_by(Order.id).limit(PAST)))
    now, spent = clock.now(), 0.0
    for order_id in order_ids:
        with db.transaction():
            started = time.perf_counter()
            facts = priority.facts_of(order_id, now)
            decisions.preview(RANKING, facts, as_of=now)
            spent += time.perf_counter() - started
            decisions.decide(RANKING, Subject("order", order_id), facts=facts, as_of=now)
    return spent / len(order_ids)


def changed_draft() -> RuleSetVersion:
    """Emergencies give less, samples lose their cap, surgery within a week is new: much moves."""
    active = queries.active_version(RANKING)
    body = active.body.replace(
        "points: 250, factor: clinical, floor: P0", "points: 180, factor: clinical, floor: P1", 1
    )
    assert body != active.body
    return decisions.submit(SYSTEM, body)


def simulate(draft: RuleSetVersion) -> Simulation:
    """From begin to end, as the page does it."""
    begun = within(lambda: runs.begin(SYSTEM, draft), write=True)
    assert runs.run(begun.id, within)
    found = within(lambda: read(begun.id), write=False)
    assert found.status == "done", found.fault
    return found


def read(simulation_id: str) -> Simulation:
    """With its finding."""
    one = db.session().get_one(Simulation, simulation_id)
    assert one.found is None or one.moves is not None
    return one


def tell(one: Simulation, count: int, took: list[float], pages: list[float], singly: float) -> None:
    """The figures."""
    found = one.found["open"]
    assert (found["count"], found["differing"], one.found["past"]["compared"]) == (count, 0, PAST)
    whole = statistics.median(took) + statistics.median(pages)
    print(
        f"sqlite, {count:,} open orders and {PAST:,} past decisions: {statistics.median(took):.2f} s "
        f"({min(took):.2f} at best), its page {statistics.median(pages):.2f} s; aim {AIM}"
    )
    print(
        f"{found['up']:,} up, {found['down']:,} down, {found['room']:,} make room; "
        f"{len(one.moves) / 1e6:.1f} MB kept; singly, facts and one version: {singly * 1000:.1f} ms an order, "
        f"{singly * 2 * count / whole:,.0f} x as long"
    )


if __name__ == "__main__":
    main()
