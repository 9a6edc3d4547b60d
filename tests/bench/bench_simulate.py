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
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.core import clock, db
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.core.tables import load_all
from app.decisions import queries
from app.decisions import service as decisions
from app.decisions.models import RuleSetVersion
from app.decisions.simulation.models import Simulation
from app.orders.models import Order
from app.priority import service as priority
from app.priority.queries import RANKING
from tests.bench import rerank_rows
from tests.identity.factories import make_user, sign_in

ORDERS, PAST, ROUNDS, AIM = 100_000, 1_000, 3, 5


def main() -> None:
    """Fill, simulate by the page's own requests, tell."""
    count = int(sys.argv[-1]) if sys.argv[-1].isdigit() else ORDERS
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(rerank_rows.settings(Path(folder), f"sqlite:///{folder}/bench.db"))
        app.config["WTF_CSRF_ENABLED"] = False
        load_all()
        db.Base.metadata.create_all(db.engine())
        with db.transaction():
            rerank_rows.fill(count)
        singly = decide_some()
        client = app.test_client()
        with db.transaction():
            number = changed_draft().number
            sign_in(client, make_user(roles=("manager",)))
        address = f"/rules/{RANKING}/versions/{number}/simulation"
        rounds = [simulate(client, address) for _round in range(ROUNDS)]
        with db.transaction(write=False):
            tell(count, rounds, singly)
        db.engine().dispose()


def simulate(client: FlaskClient, address: str) -> tuple[float, float]:
    """Seconds from the button to the finding on the page, and of them in the run itself."""
    started = time.perf_counter()
    assert client.post(address, data={"last": PAST}).status_code == 302
    assert "simulation-progress" in client.get(address).get_data(as_text=True)
    begun = time.perf_counter()
    assert client.post(f"{address}/run", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    ran = time.perf_counter() - begun
    assert "simulation-sentence" in client.get(address).get_data(as_text=True)
    return time.perf_counter() - started, ran


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


def tell(count: int, rounds: list[tuple[float, float]], singly: float) -> None:
    """The figures."""
    one = db.session().scalars(select(Simulation).order_by(Simulation.id.desc()).limit(1)).one()
    assert one.found is not None
    assert one.moves is not None
    found, past = one.found["open"], one.found["past"]
    assert (found["count"], found["differing"], past["compared"]) == (count, 0, PAST)
    whole, ran = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"sqlite, {count:,} open orders and {PAST:,} past decisions, from the button to the finding on the page: "
        f"{whole:.2f} s ({min(rounds)[0]:.2f} at best), of which the run {ran:.2f}; aim {AIM}"
    )
    print(
        f"{found['up']:,} up, {found['down']:,} down, {found['room']:,} make room; {len(one.moves) / 1e6:.1f} MB kept; "
        f"singly, facts and one version: {singly * 1000:.1f} ms an order, {singly * 2 * count / whole:,.0f} x as long"
    )


if __name__ == "__main__":
    main()
