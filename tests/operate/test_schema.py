"""Migrations make exactly what the models say, up and down, and only once."""

import threading
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from app.core import clock, db, jobs
from app.core.append_only import PROTECTED
from app.core.tables import load_all
from app.operate import schema
from app.priority.queries import standing_of
from app.tasks import ladder
from app.tasks import service as task_verbs
from app.tasks.models import Rank, Task
from app.tasks.queries import candidates_of
from tests.priority.worlds import assessed, plain_world
from tests.tasks.factories import make_task


@pytest.fixture
def empty(live):
    """The process connected to a database without any table."""
    engine = db.engine()
    load_all()
    db.Base.metadata.drop_all(engine)
    return engine


@pytest.mark.filterwarnings("ignore:autogenerate skipping:UserWarning")
def test_migrations_make_what_the_models_say(empty):
    assert schema.migrate() is True
    assert schema.migrate() is False
    with empty.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), db.Base.metadata)
    # Indexes with a descending column cannot be read back whole, so they are compared by name.
    odd = {"ix_order_standings_rank", "ix_order_standings_need"}
    difference = [one for one in found if getattr(one[1], "name", None) not in odd]
    assert difference == []
    assert odd <= {index["name"] for index in inspect(empty).get_indexes("order_standings")}


def test_migrated_tables_that_only_grow_are_protected(empty):
    schema.migrate()
    if empty.dialect.name == "sqlite":
        wanted = {f"{table}_no_{verb}" for table in PROTECTED for verb in ("update", "delete")}
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        wanted = {f"{table}_no_change" for table in PROTECTED} | {f"{table}_no_truncate" for table in PROTECTED}
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with empty.connect() as connection:
        assert wanted <= set(connection.scalars(text(query)))


def test_migrations_go_down_to_nothing_and_up_again(empty):
    schema.migrate()
    schema.migrate("0001")
    assert set(inspect(empty).get_table_names()) <= {"alembic_version", "number_series", "periodic_runs"}
    schema.migrate()
    assert schema.current() == schema.latest()


def test_tasks_that_were_open_before_the_ladder_are_escalated_when_due(empty):
    schema.migrate()
    with db.transaction():
        task, done = make_task(groups=["order_desk"]), make_task()
        task_verbs.cancel_of(done.source_id, "gone")
    schema.migrate("0024")
    schema.migrate()
    with clock.moved(task.due_at):
        with db.transaction():
            assert ladder.look_for_ripe() == 1
        assert jobs.run_due() == 1
    with db.transaction():
        assert candidates_of(task.id)["group"] == ["manager", "order_desk"]


def test_what_was_promised_for_a_day_is_promised_in_days(empty):
    schema.migrate()
    with db.transaction():
        promised = make_task(rank=Rank(band="P1", score=7, promise_days=3, requested_date=clock.today(), number="SO-1"))
        open_ended = make_task(rank=Rank(number="SO-2"))
        order = plain_world().order()
        assert assessed(order).promise_date == clock.today() + timedelta(days=1)
        keys = promised.rank_key, open_ended.rank_key
    schema.migrate("0048")
    with db.transaction():
        told = dict(db.session().execute(text("SELECT id, rank_key FROM tasks")).all())
    day = (clock.today() + timedelta(days=3)).isoformat()
    assert told[promised.id] == keys[0].replace("|0003|", f"|{day}|")
    assert told[open_ended.id].split("|")[3:5] == ["9999-99-99", "9999-99-99"]
    schema.migrate()
    with db.transaction():
        again = {task.id: (task.rank_key, task.promise_days) for task in db.session().scalars(select(Task))}
        assert standing_of(order.id).promise_date == clock.today() + timedelta(days=1)
    assert again == {promised.id: (keys[0], 3), open_ended.id: (keys[1], None)}


def test_two_servers_may_start_at_once(empty):
    done, faults = [], []

    def start():
        try:
            done.append(schema.migrate())
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert schema.current() == schema.latest()
