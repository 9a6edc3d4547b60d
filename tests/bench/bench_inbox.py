"""The inbox at 100,000 open tasks, as pages with their HTML: p50 and p95 of each filter, for people of four kinds.

Baseline: the same pages with 1,000 open tasks, in the same run. `python -m tests.bench.bench_inbox [--sqlite]`
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, text

from app import create_app
from app.core import clock, db, logs
from app.core.permissions import SYSTEM
from app.fulfilment.worklist import saved
from app.fulfilment.worklist.wanted import Wanted
from app.operate.server import freeze
from app.orders.models import Order, OrderLine, OrderWords
from app.orders.queries import plain
from app.priority import service as priority
from app.priority.models import OrderStanding
from app.tasks.models import Task, TaskCandidate
from config import Settings
from tests.bench.bench_lists import CHUNK, FEW, MANY, made
from tests.bench.databases import empty_database
from tests.catalog.factories import make_customer, make_product, make_region
from tests.conftest import build_schema
from tests.identity.factories import actor_for, bearer, make_user, sign_in, stand_in
from tests.priority.worlds import plain_world

TIMES, FEWER = 20, 5
PEOPLE = {
    "order desk (half of all)": ("order_desk",),
    "finance (1 in 1,000)": ("finance",),
    "manager (sees all)": ("manager",),
    "stands in for the desk": ("transport",),
}
ELEMENTS = (("approve", "审批"), ("check_credit", "核对信用"), ("second_approval", "复核"), ("rare_step", "罕见步骤"))
PAGES = {
    "opens": "/inbox",
    "today": "/inbox?tab=today",
    "my groups": "/inbox?tab=groups",
    "page 100": "/inbox?tab=groups&page=100",
    "band P2": "/inbox?tab=groups&band=P2",
    "what is asked: rare": "/inbox?tab=groups&element=rare_step",
    "overdue": "/inbox?tab=groups&due=overdue",
    "due this week": "/inbox?tab=groups&due=week",
    "blocked": "/inbox?tab=groups&blocked=yes",
    "channel": "/inbox?tab=groups&channel=tender",
    "customer": "/inbox?tab=groups&customer=H-50",
    "by due time": "/inbox?tab=groups&sort=due",
    "by age": "/inbox?tab=groups&sort=age",
    "text: Chinese, 1 %": "/inbox?tab=groups&q=第七人民",
    "text: two words": "/inbox?tab=groups&q=协和+支架",
    "text: one order": "/inbox?tab=groups&q=NUMBER",
    "text: nothing": "/inbox?tab=groups&q=没有这样的",
    "all at once": "/inbox?tab=groups&q=医院&band=P1&due=overdue&channel=direct&blocked=no",
    "all at once, none": "/inbox?tab=groups&band=P3&due=today&element=rare_step&blocked=yes",
    "for others": "/inbox?tab=for",
    "for others, page 20": "/inbox?tab=for&page=20",
    "stamp": "/inbox/stamp?tab=groups",
    "stamp of a search": "/inbox/stamp?tab=groups&q=协和",
    "counts of 8 kept filters": "/inbox/filters/counts",
    "for programs: all": "/api/v1/tasks?list=all",
    "for programs: all, page 100": "/api/v1/tasks?list=all&page=100",
    "for programs: my groups": "/api/v1/tasks?list=groups",
    "for programs: for others": "/api/v1/tasks?list=for",
}


def main() -> None:
    """Both stages on one database."""
    logs.set_up(quiet=True)
    with empty_database(postgres="--sqlite" not in sys.argv) as settings:
        run(settings)


def run(settings: Settings) -> None:
    """Few, then many; prints a line per page and person."""
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    build_schema(db.engine())
    rng = random.Random(7)
    with db.transaction():
        world = plain_world()
        example = priority.assess(SYSTEM, world.order().id, trigger="submitted").decision_id
        customers, products = masters(rng)
        users = {
            name: make_user(login=f"bench-{place}", roles=roles) for place, (name, roles) in enumerate(PEOPLE.items())
        }
        for user in users.values():
            keep_filters(user)
        days = {"first_day": clock.today(), "last_day": clock.today() + timedelta(days=4)}
        stand_in(users["order desk (half of all)"], users["stands in for the desk"], **days)
        tokens = {name: bearer(user) for name, user in users.items()}
    stages = []
    for count in (FEW, MANY - FEW):
        began = time.perf_counter()
        with db.transaction():
            number = fill(rng, count, customers, products, example)
        if not settings.embedded:
            with db.engine().begin() as connection:
                connection.execute(text("ANALYZE"))
        print(f"   {count} made in {time.perf_counter() - began:.0f} s", flush=True)
        stages.append({})
        freeze()  # as a server does, which has not made a hundred thousand tasks itself either
        for name, user in users.items():
            client = app.test_client()
            with db.transaction():
                sign_in(client, user)
            for page, path in PAGES.items():
                address = path.replace("NUMBER", number)
                stages[-1][name, page] = timed(client, address, tokens[name], TIMES if count > FEW else FEWER)
    print(f"   {'':26} {'page':26} {'p50 few':>9} {'p50 many':>9} {'p95 many':>9}")
    for key in stages[0]:
        few, many = stages[0][key], stages[1][key]
        print(f"   {key[0]:26} {key[1]:26} {few[0]:>6.0f} ms {many[0]:>6.0f} ms {many[1]:>6.0f} ms")
    print(f"   load of the machine, 1 minute: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    every = sorted(many[1] for (_name, page), many in stages[1].items() if page != "counts of 8 kept filters")
    print(f"   the slowest page's p95: {every[-1]:.0f} ms", flush=True)


def keep_filters(user: Any) -> None:
    """Eight, of all kinds."""
    actor = actor_for(user)
    given = [{"q": "协和"}, {"q": "没有这样的"}, {"customer": "H-50"}, {"channel": "tender"}]
    given += [{"band": "P0"}, {"due": "overdue"}, {"blocked": "yes"}, {"element": "rare_step", "band": "P3"}]
    for place, one in enumerate(given):
        saved.keep(actor, "groups", Wanted(**one), name=f"{place}")


def masters(rng: random.Random) -> tuple[dict[str, str], dict[str, str]]:
    """Words of 200 customers and 100 products, by id."""
    for number in range(10):
        make_region(f"R{number}")
    names = ("北京协和医院", "第七人民医院", "中山大学附属医院", "华西医院", "瑞金医院")
    customers = {}
    for number in range(200):
        name = f"{names[number % 5] if number % 5 != 1 or number < 10 else '康复医院'}{number}分院"
        found = make_customer(code=f"H-{number}", name=name, tier=rng.choice("SABC"), region_code=f"R{number % 10}")
        customers[found.id] = f"{found.code} {name} {found.name_en or ''}"
    goods = ("冠状动脉支架系统", "一次性使用手套", "人工髋关节假体", "留置针")
    products = {}
    for number in range(100):
        product = make_product(sku=f"P-{number}", name=f"{goods[number % 4]}{number}型")
        products[product.id] = f"{product.sku} {product.name} {product.name_en or ''}"
    return customers, products


def timed(client: Any, path: str, token: dict[str, str], times: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    took = []
    for turn in range(times + 2):
        began = time.perf_counter()
        answer = client.get(path, headers=token if path.startswith("/api/") else {})
        if turn > 1:
            took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def fill(rng: random.Random, count: int, customers: dict[str, str], products: dict[str, str], decision: str) -> str:
    """So many orders with lines, words, standings, open tasks and candidates; the number of the last order."""
    for start in range(0, count, CHUNK):
        rows = [varied(rng, customers, products, decision) for _ in range(min(CHUNK, count - start))]
        for model, place in ((Order, 0), (OrderLine, 1), (OrderStanding, 2), (Task, 3), (OrderWords, 5)):
            db.session().execute(insert(model), [row[place] for row in rows])
        db.session().execute(insert(TaskCandidate), [one for row in rows for one in row[4]])
    return str(rows[-1][0]["number"])


def varied(rng: random.Random, customers: dict[str, str], products: dict[str, str], decision: str) -> tuple[Any, ...]:
    """One open order with all around it; one task in five is taken."""
    order, line, standing, task, candidates = made(rng, list(customers), list(products), decision)
    element, zh = ELEMENTS[3] if rng.random() < 0.001 else rng.choice(ELEMENTS[:3])
    opened = clock.now() - timedelta(minutes=rng.randint(0, 40_000))
    task |= {
        "element_id": element,
        "name": {"en": element.replace("_", " ").capitalize(), "zh": zh},
        "created_at": opened,
        "due_at": opened + timedelta(minutes=rng.randint(30, 60_000)),
        "assignee_id": f"USER{rng.randint(0, 99):022d}" if rng.random() < 0.2 else None,
    }
    text_ = plain(f"{order['number']} {customers[order['customer_id']]} {products[line['product_id']]}")
    words = {
        "order_id": order["id"],
        "channel": order["channel"],
        "customer_id": order["customer_id"],
        "text": text_,
    }
    return order, line, standing, task, candidates, words


if __name__ == "__main__":
    main()
