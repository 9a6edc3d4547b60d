"""One change among 100,000 open orders: from the marks it left to the standings of the orders it touches, written.

python -m tests.bench.bench_incremental [orders]

The world of `rerank_rows`, with products, customers, contracts and certificates that at most 20 orders share. Events
are those verbs of the house that people use; timed is what the job does that follows them: which orders, their facts,
three rule sets, when time changes them next, writing what moved, and the commit. As a worker does, it keeps what was
loaded at start out of the reach of Python's collector, and lets that work between two jobs, as it does with copying
SQLite's log back.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import create_engine, delete, select, text

from app.catalog.models import Contract, Customer, Licence, Product, Registration
from app.core import clock, db, wal
from app.core.jobs import worker
from app.core.jobs.models import Job
from app.core.permissions import SYSTEM
from app.core.tables import load_all
from app.inventory import service as inventory
from app.inventory.models import Lot, Warehouse
from app.operate import server
from app.orders.models import Order
from app.priority import rescoring
from config import normal_url
from tests.bench import rerank_rows
from tests.catalog.factories import make_contract, make_customer
from tests.postgres import embedded
from tests.priority.worlds import plain_product

MOST, RARE, EVENTS, WARM = 20, 40, 500, 60
COPIED = 50
"""So many events come in the time after which a worker copies SQLite's log back."""
AIM = 10.0


def main() -> None:
    """SQLite, then PostgreSQL."""
    count = int(sys.argv[-1]) if sys.argv[-1].isdigit() else 100_000
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), f"sqlite:///{folder}/bench.db", count)
        with embedded(hurried=False) as server:
            base = create_engine(normal_url(server), isolation_level="AUTOCOMMIT")
            with base.connect() as connection:
                connection.execute(text("CREATE DATABASE incremental"))
            url = base.url.set(database="incremental").render_as_string(hide_password=False)
            run(Path(folder), url, count)


def run(folder: Path, url: str, count: int) -> None:
    """Fill the database, then event after event."""
    engine = db.connect(rerank_rows.settings(folder, url))
    load_all()
    db.Base.metadata.create_all(engine)
    with db.transaction():
        rerank_rows.fill(count)
        rare = make_rare(count)
    with db.transaction():
        db.session().execute(delete(Job))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    gc.collect()
    server.freeze()
    gc.set_threshold(worker.UNTIDY, *worker.TIDY[1:])
    found = [one for number in range(WARM + EVENTS) if (one := one_event(number, rare)) is not None]
    report(engine.dialect.name, count, found[WARM:])
    gc.unfreeze()
    engine.dispose()


def make_rare(count: int) -> list[dict[str, str]]:
    """Ids of a product and a customer with its papers, each set shared by 1 to 20 orders of those that are there."""
    made = []
    for number in range(RARE):
        customer, product = make_customer(tier="B"), plain_product(stock=1000)
        contract = make_contract(customer)
        shared = number % MOST + 1
        taken = [f"{count - 1 - number * MOST - each:026d}" for each in range(shared)]
        orders = db.session().scalars(select(Order).where(Order.id.in_(taken)))
        for order in orders:
            order.customer_id, order.contract_number = customer.id, contract.number
            order.lines[0].product_id = product.id
        made.append({"customer": customer.id, "product": product.id, "contract": contract.id, "order": taken[0]})
    return made


def stock_comes(rare: dict[str, str], random: Random) -> None:
    product, warehouse = db.session().get(Product, rare["product"]), db.session().scalars(select(Warehouse)).first()
    given = {
        "lot_no": f"N{random.randrange(10**12)}", "made_on": clock.today().isoformat(), "quantity": 3, "document": "D",
        "expires_on": (clock.today() + timedelta(days=200)).isoformat(),
    }  # fmt: skip
    assert product is not None
    assert warehouse is not None
    inventory.receive(SYSTEM, product, warehouse, given)


def lot_is_held_or_freed(rare: dict[str, str], _random: Random) -> None:
    lot = (
        db.session().scalars(select(Lot).where(Lot.product_id == rare["product"], Lot.status != "quarantined")).first()
    )
    assert lot is not None
    if lot.status == "held":
        inventory.release_lot(SYSTEM, lot, reason="Good")
    else:
        inventory.hold_lot(SYSTEM, lot, reason="Look")


def licence_ends_or_not(rare: dict[str, str], random: Random) -> None:
    licence = db.session().scalars(select(Licence).where(Licence.customer_id == rare["customer"])).one()
    licence.valid_to = clock.today() + timedelta(days=random.choice((-1, 9, 400)))


def certificate_ends_or_not(rare: dict[str, str], random: Random) -> None:
    product = db.session().get(Product, rare["product"])
    found = db.session().get(Registration, product.registration_id) if product else None
    assert found is not None
    found.valid_to = clock.today() + timedelta(days=random.choice((-1, 9, 400)))


def contract_changes(rare: dict[str, str], random: Random) -> None:
    found = db.session().get(Contract, rare["contract"])
    assert found is not None
    found.valid_to = clock.today() + timedelta(days=random.choice((-1, 9, 400)))


def tier_changes(rare: dict[str, str], _random: Random) -> None:
    found = db.session().get(Customer, rare["customer"])
    assert found is not None
    found.tier = "A" if found.tier == "B" else "B"


def date_changes(rare: dict[str, str], random: Random) -> None:
    found = db.session().get(Order, rare["order"])
    assert found is not None
    found.requested_date = clock.today() + timedelta(days=random.randrange(40))


EVENT: list[Callable[[dict[str, str], Random], None]] = [
    stock_comes, lot_is_held_or_freed, licence_ends_or_not, certificate_ends_or_not, contract_changes, tier_changes,
    date_changes,
]  # fmt: skip


class Event(NamedTuple):
    """Which event, what came of it, and what following it took: milliseconds, and those of them the processor's."""

    name: str
    done: rescoring.Rescored
    took: float
    spent: float


def one_event(number: int, rare: list[dict[str, str]]) -> Event | None:
    """None when it changed nothing."""
    random = Random(number)
    event, one = EVENT[number % len(EVENT)], rare[number % len(rare)]
    with db.transaction():
        event(one, random)
    with db.transaction(write=False):
        job = db.session().scalars(select(Job).where(Job.kind == rescoring.JOB)).one_or_none()
        marks: Any = job.payload["marks"] if job else None
    if not marks:
        return None
    started, spent = time.perf_counter(), time.process_time()
    with db.transaction():
        done = rescoring.rescore_touched(marks)
    took, spent = (time.perf_counter() - started) * 1000, (time.process_time() - spent) * 1000
    with db.transaction():
        db.session().execute(delete(Job))
    worker.tidy()
    if db.engine().dialect.name == "sqlite" and number % COPIED == 0:
        wal.copy_back()
    assert 1 <= done.seen <= MOST, (event.__name__, done)
    return Event(event.__name__, done, took, spent)


def report(database: str, count: int, found: list[Event]) -> None:
    """p50 and p99 over all events, and what each kind takes."""
    touched, moved = (
        statistics.mean(values)
        for values in ([one.done.seen for one in found], [one.done.moved + one.done.given for one in found])
    )
    took, spent = (sorted(values) for values in ([one.took for one in found], [one.spent for one in found]))
    print(
        f"{database}, {count:,} open orders, {len(found)} events, each touches {touched:.1f} orders (1 to {MOST}), of "
        f"which {moved:.1f} move: p50 {statistics.median(took):.1f} ms, p99 {took[int(len(took) * 0.99)]:.1f} ms (aim "
        f"{AIM:g}); processor time p50 {statistics.median(spent):.1f}, p99 {spent[int(len(spent) * 0.99)]:.1f}"
    )
    for name in sorted({one.name for one in found}):
        own = [one.took for one in found if one.name == name]
        print(f"  {name}: p50 {statistics.median(own):.1f} ms, slowest {max(own):.1f}")


if __name__ == "__main__":
    main()
