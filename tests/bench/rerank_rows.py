"""Open orders by the hundred thousand in a real database, ranked anew a day later: SQL, rules and writing together.

A world of 200 customers and 60 products is made by the tests' factories; orders of one to three lines, their standings
and one open task each are written as columns. Standings are those of the first ranking, so that the second writes
what a day changes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from sqlalchemy import create_engine, func, select, text

from app.core import clock, columns, db
from app.core.jobs.models import Job
from app.core.permissions import SYSTEM
from app.core.tables import load_all
from app.decisions import service as decisions
from app.orders.models import Order
from app.priority import bulk
from app.priority.album import Album
from app.priority.queries import OPEN
from app.tasks import service as tasks
from app.tasks.models import NO_PROMISE
from config import Settings, normal_url
from tests.catalog.factories import make_authorisation, make_customer, make_licence
from tests.postgres import embedded
from tests.priority.worlds import plain_product

CUSTOMERS, PRODUCTS = 200, 60


def main() -> None:
    """SQLite with 100,000 orders, then PostgreSQL with a million (or as many as the last argument says)."""
    count = int(sys.argv[-1]) if sys.argv[-1].isdigit() else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        run(settings(Path(folder), f"sqlite:///{folder}/bench.db"), 100_000, aim=3)
        with embedded(buffers="4GB") as server:
            base = create_engine(normal_url(server), isolation_level="AUTOCOMMIT")
            with base.connect() as connection:
                connection.execute(text("CREATE DATABASE rerank"))
            run(
                settings(Path(folder), base.url.set(database="rerank").render_as_string(hide_password=False)),
                count,
                aim=30,
            )


def settings(folder: Path, url: str) -> Settings:
    """As in the tests."""
    return Settings(data=folder, database_url=url, embedded=url.startswith("sqlite"), secret_key="b" * 40, testing=True)


def run(given: Settings, count: int, *, aim: int) -> None:
    """Fill the database, rank all a day later, and again at the same moment."""
    engine = db.connect(given)
    load_all()
    db.Base.metadata.create_all(engine)
    with db.transaction():
        fill(count)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    later = clock.now() + timedelta(days=1)
    for told in ("a day later", "again, same moment"):
        started, spent = time.perf_counter(), time.process_time()
        with db.transaction():
            done = bulk.rerank(later)
            jobs = db.session().execute(select(func.count()).select_from(Job)).scalar_one()
        took, cpu = time.perf_counter() - started, time.process_time() - spent
        print(
            f"{engine.dialect.name}, {done.seen:,} open orders, {told}: {took:.1f} s ({cpu:.1f} s of ours; aim {aim}); "
            f"{done.moved:,} moved, {done.given:,} for {jobs:,} jobs, {done.differing} of {bulk.SAMPLE} differ"
        )
    engine.dispose()


def fill(count: int) -> None:
    """The world, its orders, their standings and tasks."""
    random = Random(8)
    decisions.seed(SYSTEM)
    make_licence()
    make_authorisation()
    customers = [make_customer(tier=random.choice("SABC")) for _each in range(CUSTOMERS)]
    products = [plain_product(stock=random.choice((5, 5_000_000))) for _each in range(PRODUCTS)]
    db.session().flush()
    now, today = clock.now(), clock.today()
    order_ids = pl.Series("id", [f"{number:026d}" for number in range(count)])
    picks = [random.randrange(3600) for _each in range(count)]
    days = pl.Series([today + timedelta(days=pick % 40) for pick in range(3600)])[picks]
    moments = pl.Series([now - timedelta(hours=pick % 400, seconds=pick) for pick in range(3600)])[picks]
    common = {
        "version": 1,
        "note": "",
        "currency": "CNY",
        "submitted_by": "0" * 26,
        "total": 100_000,
        "status": "in_approval",
        "delivery": "partial",
    }
    orders = pl.DataFrame({"id": order_ids}).with_columns(
        number=pl.concat_str(pl.lit("SO-"), pl.col("id").str.slice(16)),
        channel=pl.lit("direct"),
        order_type=pl.Series(["normal"] * 9 + ["emergency"] + ["sample"] * 2).gather(pl.Series(picks) % 12),
        customer_id=pl.Series([one.id for one in customers]).gather(pl.Series(picks) % CUSTOMERS),
        requested_date=days,
        submitted_at=moments,
        surgery_at=pl.when(pl.Series(picks) % 7 == 0).then(pl.lit(now) + pl.duration(hours=pl.Series(picks) % 200)),
        **{name: pl.lit(value) for name, value in common.items()},
    )
    load("orders", orders)
    lines = pl.concat(
        orders.filter(pl.Series(picks) % 3 >= number).select(order_id="id").with_columns(line_no=pl.lit(number + 1), seed=pl.int_range(pl.len()) * 7 + number)
        for number in range(3)
    )  # fmt: skip
    load(
        "order_lines",
        lines.select(
            pl.concat_str(pl.col("line_no").cast(pl.String), pl.col("order_id").str.slice(1)).alias("id"),
            "order_id",
            "line_no",
            product_id=pl.Series([one.id for one in products]).gather(lines["seed"] % PRODUCTS),
            quantity=lines["seed"] % 9 + 1,
            ordered_quantity=lines["seed"] % 9 + 1,
            ordered_uom=pl.lit("EA"),
            ordered_as=pl.lit(""),
            unit_price=pl.lit(10_000),
            reserved=pl.lit(0),
        ),
    )
    album = Album(Order.status.in_(OPEN), now)
    found = bulk.now_and_before(album, *bulk.decide(album))
    requested, submitted = columns.day_of(pl.col("requested_date")), columns.moment_of(pl.col("submitted_at"))
    moment = pl.lit(now, dtype=pl.Datetime("us", "UTC"))
    shown = ("number", "blocked", "band", "score")
    load(
        "order_standings",
        found.select(
            "order_id", *shown, "need_score", ranked_score=pl.col("score"), need=pl.lit("[]"),
            promise_days="promise_days", promise_rank=pl.col("promise_days").fill_null(NO_PROMISE),
            requested_date=requested, submitted_at=submitted, why=pl.lit("{}"), decision_id=pl.lit("0" * 26),
            gate_decision_id=pl.lit("0" * 26), order_version=pl.lit(1), trigger=pl.lit("submitted"), assessed_at=moment,
            next_change_at=columns.moment_of(pl.col("next_change_at")),
        ),
    )  # fmt: skip
    load(
        "tasks",
        found.select(
            "order_id", *shown, id=pl.concat_str(pl.lit("T"), pl.col("order_id").str.slice(1)), source_kind=pl.lit("process"),
            source_id=pl.col("order_id"), source_ref=pl.lit("1"), element_id=pl.lit("approve"), name=pl.lit("{}"),
            subject_kind=pl.lit("order"), status=pl.lit("open"), excluded_user_ids=pl.lit("[]"), due_at=moment,
            created_at=moment, changed_at=moment, promise_days="promise_days", requested_date=requested,
            submitted_at=submitted, rank_key=pl.lit(""), subject_version=pl.lit(1),
        ).rename({"order_id": "subject_id"}),
    )  # fmt: skip
    ranked = ("blocked", "band", "score", "promise_days", "requested_date", "submitted_at", "number")
    tasks.rerank_in_bulk("order", found.select(pl.col("order_id").alias("subject_id"), *ranked))


def load(table: str, frame: pl.DataFrame) -> None:
    """The rows into the table."""
    connection = db.session().connection()
    raw: Any = connection.connection.driver_connection
    names = ", ".join(frame.columns)
    if connection.dialect.name == "postgresql":
        stored = columns._stored(frame, "+00")
        with (
            raw.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv, NULL '\\N')") as copying,
        ):
            copying.write(stored.write_csv(include_header=False, null_value="\\N"))
        return
    marks = ", ".join("?" * frame.width)
    raw.cursor().executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", columns._stored(frame, "").rows())


if __name__ == "__main__":
    main()
