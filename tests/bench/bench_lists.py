"""The three ranked lists at 100,000 open orders, as pages with their HTML: p50 and p95 of each, on SQLite and PostgreSQL.

Baseline: the same pages with 1,000 open orders, in the same run. `python -m tests.bench.bench_lists [--postgres]`
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

sys.path.insert(0, str(Path(__file__).parents[2]))

from app import create_app
from app.core import clock, db, ids, logs
from app.core.permissions import SYSTEM
from app.orders.models import Order, OrderLine
from app.priority import service as priority
from app.priority.models import OrderStanding
from app.tasks.models import Task, TaskCandidate
from config import Settings
from tests.bench.databases import empty_database
from tests.catalog.factories import make_customer, make_product, make_region
from tests.conftest import build_schema
from tests.identity.factories import make_user, sign_in
from tests.priority.worlds import plain_world

FEW, MANY = 1_000, 100_000
TIMES = 20
ROLES = ("order_desk", "manager", "qa_ra", "planner", "finance")
CHUNK = 5_000
PAGES = {
    "acts first": "/priority",
    "acts first, one role": "/priority?list=act&role=finance",
    "acts first, a role without tasks": "/priority?list=act&role=transport",
    "acts first, region and tier": "/priority?region=R7&tier=S",
    "delivered first": "/priority?list=deliver",
    "delivered first, region, tier, product": "/priority?list=deliver&region=R7&tier=S&product=P-3",
    "delivered first, page 200": "/priority?list=deliver&page=200",
    "needs it most": "/priority?list=need",
    "needs it most, product": "/priority?list=need&product=P-3",
    "moves by hand": "/priority/overrides",
}


def main() -> None:
    """Both stages on one database."""
    logs.set_up(quiet=True)
    with empty_database(postgres="--postgres" in sys.argv) as settings:
        run(settings)


def run(settings: Settings) -> None:
    """Few, then many; prints a line per page."""
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    build_schema(db.engine())
    rng = random.Random(7)
    with db.transaction():
        world = plain_world()
        user = make_user(login="bench", roles=("admin",))
        example = priority.assess(SYSTEM, world.order().id, trigger="submitted").decision_id
        customers, products = masters(rng)
    stages = []
    for count in (FEW, MANY - FEW):
        began = time.perf_counter()
        with db.transaction():
            fill(rng, count, customers, products, example)
        if not settings.embedded:
            with db.engine().connect() as connection:
                connection.execute(text("ANALYZE"))
        client = app.test_client()
        with db.transaction():
            sign_in(client, user)
        print(f"   made in {time.perf_counter() - began:.0f} s", flush=True)
        stages.append({name: timed(client, path) for name, path in PAGES.items()})
        print({name: round(took[0]) for name, took in stages[-1].items()}, flush=True)
    print(f"   {'page':42} {'p50 few':>9} {'p50 many':>9} {'p95 many':>9}")
    for name in PAGES:
        few, many = stages[0][name], stages[1][name]
        print(f"   {name:42} {few[0]:>6.0f} ms {many[0]:>6.0f} ms {many[1]:>6.0f} ms")


def masters(rng: random.Random) -> tuple[list[str], list[str]]:
    """Ids of customers in ten regions and of products."""
    for number in range(10):
        make_region(f"R{number}")
    customers = [make_customer(tier=rng.choice("SABC"), region_code=f"R{number % 10}").id for number in range(200)]
    return customers, [make_product(sku=f"P-{number}").id for number in range(100)]


def timed(client: Any, path: str) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    took = []
    for turn in range(TIMES + 2):
        began = time.perf_counter()
        answer = client.get(path)
        if turn > 1:
            took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def fill(rng: random.Random, count: int, customers: list[str], products: list[str], decision: str) -> None:
    """So many orders with lines, standings, open tasks and candidates."""
    for start in range(0, count, CHUNK):
        rows = [made(rng, customers, products, decision) for _ in range(min(CHUNK, count - start))]
        for model, place in ((Order, 0), (OrderLine, 1), (OrderStanding, 2), (Task, 3)):
            db.session().execute(insert(model), [row[place] for row in rows])
        db.session().execute(insert(TaskCandidate), [one for row in rows for one in row[4]])


def made(rng: random.Random, customers: list[str], products: list[str], decision: str) -> tuple[Any, ...]:
    """One open order with all around it."""
    now, order_id = clock.now(), ids.new_id()
    number, due = f"B-{order_id[-16:]}", clock.today() + timedelta(days=rng.randint(-5, 40))
    band, score = rng.choices(("P0", "P1", "P2", "P3"), (3, 12, 35, 50))[0], rng.randint(0, 900)
    blocked, submitted = rng.random() < 0.1, now - timedelta(minutes=rng.randint(0, 40_000))
    order = {
        "id": order_id,
        "number": number,
        "channel": rng.choice(("direct", "distributor", "tender")),
        "order_type": "normal",
        "customer_id": rng.choice(customers),
        "requested_date": due,
        "note": "",
        "currency": "CNY",
        "status": "in_approval",
        "version": 1,
        "submitted_at": submitted,
        "submitted_by": "bench",
        "total": 100,
    }
    line = {
        "id": ids.new_id(),
        "order_id": order_id,
        "line_no": 1,
        "product_id": rng.choice(products),
        "quantity": 2,
        "ordered_quantity": 2,
        "ordered_uom": "EA",
        "ordered_as": "",
        "unit_price": 50,
        "reserved": 0,
    }
    need = rng.choice((0, 0, 40, 110, 430))
    standing = {
        "order_id": order_id,
        "number": number,
        "blocked": blocked,
        "band": band,
        "score": score,
        "ranked_score": score,
        "need_score": need,
        "promise_days": 3,
        "promise_rank": 3,
        "requested_date": due,
        "need": [{"rule": "N9", "points": need, "reason": {"en": "Includes an implant", "zh": "含植入器械"}}],
        "submitted_at": submitted,
        "why": {"en": "Due pressure", "zh": "交期压力"},
        "decision_id": decision,
        "gate_decision_id": decision,
        "order_version": 1,
        "trigger": "bench",
        "assessed_at": now,
    }
    rank = priority.rank_of(OrderStanding(**standing))
    task_id = ids.new_id()
    task = {
        "id": task_id,
        "source_kind": "bench",
        "source_id": order_id,
        "source_ref": "1",
        "element_id": "approve",
        "name": {"en": "Approve", "zh": "审批"},
        "subject_kind": "order",
        "subject_id": order_id,
        "status": "open",
        "excluded_user_ids": [],
        "due_at": now,
        "created_at": now,
        "changed_at": now,
        **vars(rank),
        "rank_key": rank.key(),
    }
    groups = rng.sample(ROLES[:4], 2) if rng.random() > 0.001 else ["finance"]
    return order, line, standing, task, [{"task_id": task_id, "kind": "group", "value": one} for one in groups]


if __name__ == "__main__":
    main()
