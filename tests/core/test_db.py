"""One transaction per request; exact types; tables that only grow."""

import sqlite3
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, MetaData, String, Table, create_engine, delete, event, insert, select, text
from sqlalchemy import update as sql_update
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core import db, ids
from app.core.append_only import PROTECTED, append_only
from app.core.db import NestedTransaction, NoTransaction, Scaled, UtcDateTime, session, transaction
from app.core.errors import Invalid
from app.core.prepared import Prepared


def test_a_transaction_commits_at_its_end_and_only_there(live):
    with transaction():
        ids.next_number("SO")
    with pytest.raises(ValueError, match="stop"), transaction():  # noqa: PT012
        ids.next_number("SO")
        raise ValueError("stop")
    with transaction():
        assert ids.next_number("SO") == "SO-2026-000002"


def test_transactions_do_not_nest(live):
    with transaction(), pytest.raises(NestedTransaction), transaction():
        pass


def test_there_is_no_session_outside_a_transaction(app):
    with pytest.raises(NoTransaction):
        db.session()


def test_numbers_given_to_many_threads_at_once_have_no_gap_and_no_double(live):
    given_numbers: list[str] = []

    def take():
        for _ in range(10):
            with transaction():
                given_numbers.append(ids.next_number("SO"))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given_numbers) == [f"SO-2026-{n:06d}" for n in range(1, 81)]


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_scaled_decimals_come_back_exactly(amount):
    kind = Scaled(2)
    stored = kind.process_bind_param(amount, None)
    assert isinstance(stored, int)
    assert kind.process_result_value(stored, None) == amount


def test_scaled_decimals_refuse_what_they_cannot_keep():
    with pytest.raises(ValueError, match="more than 2"):
        Scaled(2).process_bind_param(Decimal("0.001"), None)


def test_a_naive_moment_is_refused_and_an_aware_one_comes_back_in_utc():
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), None)  # noqa: DTZ001
    assert UtcDateTime().process_result_value(datetime(2026, 1, 1), None) == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001


def test_an_append_only_table_refuses_update_and_delete(live):
    table = Table("notes_of_test", MetaData(), Column("id", BigInteger, primary_key=True), Column("text", String(20)))
    append_only(table)
    engine = db.engine()
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(insert(table).values(id=1, text="kept"))
    for statement in (sql_update(table).values(text="altered"), delete(table)):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)
    with engine.connect() as connection:
        assert connection.scalar(select(table.c.text)) == "kept"
    table.drop(engine)
    PROTECTED.discard(table.name)


def test_sqlite_readers_do_not_take_the_write_lock(live):
    if db.engine().dialect.name != "sqlite":
        pytest.skip("about SQLite")
    with transaction(write=False):
        reading = session()
        reading.execute(text("SELECT 1"))
        other = create_engine(live.database_url, connect_args={"timeout": 1})
        with other.begin() as connection:
            connection.execute(text("INSERT INTO number_series VALUES ('X', 1)"))
        other.dispose()


_number = Prepared(insert(ids.NumberSeries.__table__), "name", "last")


def names() -> list[str]:
    with transaction(write=False):
        return sorted(session().scalars(select(ids.NumberSeries.name)))


def test_what_goes_straight_to_the_driver_lies_within_the_savepoint_too(live):
    with transaction():
        _number.run({"name": "before", "last": 1})
        part = session().begin_nested()
        _number.run({"name": "undone", "last": 1})
        part.rollback()
        with session().begin_nested():
            _number.run({"name": "within", "last": 1})
    assert names() == ["before", "within"]


def test_what_is_done_regardless_survives_a_refusal_but_not_a_try(live):
    done = []

    def refused(word, *, tried):
        with db.transaction():
            db.regardless(lambda: done.append(word))
            if tried:
                db.leave_no_trace()
            raise Invalid({})

    for word in ("refused", "tried"):
        with pytest.raises(Invalid):
            refused(word, tried=word == "tried")
    assert done == ["refused"]


def test_what_is_put_off_until_the_commit_is_stored_with_the_rest_or_not_at_all(live):
    def put_off(name):
        db.before_commit(lambda: _number.run({"name": name, "last": 1}))

    with transaction():
        put_off("first")
        assert session().scalars(select(ids.NumberSeries.name)).all() == []
        with pytest.raises(ValueError, match="undo"), session().begin_nested():  # done before, so not undone by it
            raise ValueError("undo")
        put_off("second")
    assert names() == ["first", "second"]
    with pytest.raises(ValueError, match="undo"), transaction():  # noqa: PT012
        put_off("third")
        raise ValueError("undo")
    assert names() == ["first", "second"]


@pytest.fixture
def impatient(live):
    """SQLite, waiting for a lock only for a moment; somebody else has the write lock."""
    if db.engine().dialect.name != "sqlite":
        pytest.skip("about SQLite")
    db.engine().dispose()
    event.listen(db.engine(), "connect", lambda made, _record: made.execute("PRAGMA busy_timeout=10"))
    other = sqlite3.connect(db.engine().url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


def write_straight():
    with transaction():
        _number.run({"name": "a", "last": 1})


def write_by_session():
    with transaction():
        session().execute(insert(ids.NumberSeries), {"name": "a", "last": 1})


@pytest.mark.parametrize("write", [write_straight, write_by_session])
def test_a_lock_that_is_not_given_is_an_error_that_the_edge_knows(impatient, write):
    with pytest.raises(OperationalError) as refused:
        write()
    assert db.is_lost_race(refused.value)


def test_who_asks_meanwhile_is_told_that_it_is_busy(impatient, app):
    answer = app.test_client().post("/api/v1/orders", headers={"Authorization": "Bearer yx_unknown"}, json={})
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2")
    assert answer.json["error"]["code"] == "Busy"


def cut_off():
    """The server ends every connection of ours but the one that asks for it."""
    other = create_engine(db.engine().url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(text(f"{mine} AND pid <> pg_backend_pid()"))
    other.dispose()


@pytest.mark.parametrize("straight", [True, False])
def test_a_server_that_went_away_is_an_error_that_the_edge_knows(live, straight):
    if db.engine().dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    with pytest.raises(OperationalError) as refused, transaction():  # noqa: PT012 - it fails at the commit
        if straight:
            _number.run({"name": "a", "last": 1})
        else:
            session().execute(insert(ids.NumberSeries), {"name": "a", "last": 1})
        cut_off()
    assert db.is_unreachable(refused.value)
    assert not db.is_lost_race(refused.value), "whether it was stored is not known"
    write_straight()
    assert names() == ["a"]


def test_a_server_that_is_not_there_is_busy_not_broken(live, app):
    if db.engine().dialect.name != "postgresql":
        pytest.skip("about PostgreSQL")
    there = db._engine
    db._engine = db.make_engine(str(db.engine().url.set(port=1, host="127.0.0.1")))
    try:
        with pytest.raises(OperationalError):
            write_straight()
        answer = app.test_client().get("/readyz", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "2")
    finally:
        db._engine = there
