"""SQLite's log is copied back beside who reads and writes, and nothing is lost by it."""

import shutil
import sqlite3
from threading import Event, Thread

import pytest

from app.core import db, ids, wal


@pytest.fixture
def sqlite(live):
    if db.engine().dialect.name != "sqlite":
        pytest.skip("only SQLite has such a log")


def numbers(count):
    for _each in range(count):
        with db.transaction():
            ids.next_number("SO")


def test_it_copies_while_others_write(sqlite):
    stop = Event()
    loop = Thread(target=wal.keep_short, args=(stop,))
    loop.start()
    writers = [Thread(target=numbers, args=(20,)) for _each in range(3)]
    for one in writers:
        one.start()
    for one in writers:
        wal.copy_back()
        one.join()
    stop.set()
    loop.join(5)
    assert not loop.is_alive()
    with db.transaction():
        assert ids.next_number("SO").endswith("000061")


def test_after_it_the_file_alone_has_all(sqlite, tmp_path):
    numbers(3)
    wal.copy_back()
    alone = tmp_path / "alone.db"
    shutil.copy(str(db.engine().url.database), alone)
    assert sqlite3.connect(alone).execute("SELECT last FROM number_series").fetchall() == [(3,)]
