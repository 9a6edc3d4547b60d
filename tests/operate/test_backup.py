"""Backup and restore: everything comes back, on either database; a file that is not whole is refused."""

from __future__ import annotations

import shutil
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import orjson
import pytest
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from app.audit import seals, verify
from app.audit.models import AuditEntry
from app.core import clock, db, i18n, ids
from app.core.append_only import PROTECTED
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import service as decisions
from app.decisions.models import Decision
from app.fulfilment import intake
from app.inventory import queries as stock
from app.inventory.models import Balance
from app.operate import backup as backups
from app.operate import schema
from app.operate.backup import BackupUnreadable, DatabaseNotEmpty, OtherSchema
from app.orders.models import Order
from app.processes import queries as processes
from app.processes import retention
from tests.conftest import NOON, close_whole, fresh_database
from tests.fulfilment.flow_world import make_flow


@contextmanager
def database(kind, settings, folder, request, like=None):
    """An empty database of that kind, or a copy, connected."""
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder.mkdir(exist_ok=True)
    before = db._engine
    with fresh_database(kind, folder, server, like=like) as url:
        engine = db.connect(replace(settings, database_url=url, data=folder))
        try:
            yield
        finally:
            engine.dispose()
            db._engine = before


@pytest.fixture(scope="module")
def migrated(app, settings, tmp_path_factory, request):
    """By kind: a database as migrations make it, to be copied."""
    with ExitStack() as stack:

        @cache
        def made(kind):
            folder = tmp_path_factory.mktemp("migrated")
            server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
            url = stack.enter_context(fresh_database(kind, folder, server))
            before, engine = db._engine, db.connect(replace(settings, database_url=url, data=folder))
            schema.migrate()
            close_whole(engine)
            db._engine = before
            return url

        yield made


def lived_in():
    """A small world with a history: orders released, waiting, rejected, changed; a seal over part of the trail."""
    with transaction():
        flow = make_flow()
        flow.submit(product=flow.plain, quantity=3)
        rejected = flow.submit(note="=HYPERLINK(1) <b>中文</b> \u2028 ' \" \\")
        flow.decide("bob", rejected, "reject", "没有库存")
    with transaction():
        seals.seal()
    with transaction():
        waiting = flow.submit(product=flow.valuable, unit_price="60000.00")
        intake.change(flow.actor("ann"), waiting.id, {"note": "快一点"}, seen_version=waiting.version)
        flow.submit(product=flow.plain, quantity=60)
    with clock.moved(NOON + timedelta(days=20 * 366)), transaction():
        old = processes.instance_of(Subject("order", rejected.id))
        assert retention.purge(SYSTEM, old.id) == 1
    return flow


def rows():
    """Everything, by table, whatever the order."""
    with transaction(write=False):
        return {
            table.name: sorted(
                orjson.dumps([backups._out(value) for value in row], option=orjson.OPT_SORT_KEYS)
                for row in session().execute(select(table))
            )
            for table in backups.tables()
        }


def refuse_changes():
    """Every append-only table still refuses UPDATE and DELETE."""
    for table in sorted(PROTECTED):
        with transaction(write=False):
            filled = session().scalar(select(func.count()).select_from(text(table)))
        if filled:
            with pytest.raises(DBAPIError, match="append-only"), transaction():
                session().execute(text(f"DELETE FROM {table}"))


def pairs():
    return [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres")]


@pytest.fixture(params=pairs(), ids="-".join)
def pair(request):
    if "postgres" in request.param and request.config.getoption("--db") != "postgres":
        pytest.skip("needs --db postgres")
    return request.param


def test_everything_comes_back(app, settings, tmp_path, request, pair, migrated):
    file = tmp_path / "all.zip"
    with database(pair[0], settings, tmp_path / "one", request, migrated(pair[0])):
        lived_in()
        counts = backups.backup(file)
        before = rows()
        with transaction(write=False):
            number = session().scalar(select(func.max(Order.number)))
    assert counts["orders"] == 4
    assert counts["process_purges"] == 1
    assert file.stat().st_mode & 0o777 == 0o600
    with database(pair[1], settings, tmp_path / "two", request):
        assert backups.restore(file) == counts
        assert rows() == before
        with transaction(write=False):
            checked = verify.verify(full=True)
            assert checked.ok
            assert checked.entries == counts["audit_entries"]
            assert checked.seals == 1
            assert stock.differences() == []
            for decision in session().scalars(select(Decision)):
                assert decisions.replay(decision).same
        refuse_changes()
        it_goes_on(number)


def it_goes_on(number):
    """Numbers continue, open tasks can be decided, the trail grows on."""
    with transaction():
        assert ids.next_number("SO") == f"SO-2026-{int(number[-6:]) + 1:06d}"
        running = list(session().scalars(select(Order).where(Order.status == "in_approval")))
        at = {
            element
            for order in running
            for element in processes.diagram_state(processes.instance_of(Subject("order", order.id)).id)["active"]
        }
        assert at == {"approve", "resolve_shortage"}
        for order in running:
            intake.cancel(SYSTEM, order.id, reason="after restore", seen_version=order.version)
        assert sum(row.reserved for row in session().execute(select(Balance.reserved))) == 3
        seals.seal()
    with transaction(write=False):
        assert verify.verify(full=True).ok


@pytest.fixture(scope="module")
def made_once(app, settings, tmp_path_factory, request, migrated):
    """A backup of a lived-in database of the kind under test."""
    kind = request.config.getoption("--db")
    folder = tmp_path_factory.mktemp("backup")
    file = folder / "all.zip"
    with (
        clock.moved(NOON),
        i18n.reading("en"),
        database(kind, settings, folder / "one", request, migrated(kind)),
    ):
        lived_in()
        backups.backup(file)
    return file


@pytest.fixture
def backed_up(made_once, tmp_path):
    """A copy of it, to be spoilt."""
    return Path(shutil.copy(made_once, tmp_path / "all.zip"))


@pytest.fixture
def target(app, settings, tmp_path, request):
    """An empty database, connected."""
    with database(request.config.getoption("--db"), settings, tmp_path / "two", request):
        yield


def copied(file, change):
    """The archive written anew; `change(name, content)` gives each part's content, None leaves it out."""
    made = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return made


def nothing_stored():
    there = set(inspect(db.engine()).get_table_names())
    with transaction(write=False):
        counts = [
            session().scalar(select(func.count()).select_from(one)) for one in backups.tables() if one.name in there
        ]
    return not any(counts)


def altered(name, content):
    return content.replace(b'"SO-2026-000001"', b'"SO-2026-000009"') if name == "orders.jsonl" else content


def a_row_less(name, content):
    return content.partition(b"\n")[2] if name == "audit_entries.jsonl" else content


def a_table_less(name, content):
    return None if name == "audit_entries.jsonl" else content


def no_json(name, content):
    return b"[oops\n" if name == "users.jsonl" else content


def no_manifest(name, content):
    return None if name == "manifest.json" else content


@pytest.mark.parametrize(
    "change",
    [
        a_row_less,
        *(pytest.param(one, marks=pytest.mark.any_database) for one in (altered, a_table_less, no_json, no_manifest)),
    ],
)
def test_an_altered_file_is_refused_and_nothing_is_stored(backed_up, target, change):
    with pytest.raises(BackupUnreadable):
        backups.restore(copied(backed_up, change))
    assert nothing_stored()


@pytest.mark.any_database
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(backed_up, target, share):
    whole = backed_up.read_bytes()
    backed_up.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BackupUnreadable):
        backups.restore(backed_up)


@pytest.mark.any_database
def test_flipped_bits_are_never_taken_for_good(backed_up, target):
    whole = backed_up.read_bytes()
    with zipfile.ZipFile(backed_up) as archive:
        parts = {info.filename: info for info in archive.infolist()}
    for name in ("orders.jsonl", "audit_entries.jsonl", "decisions.jsonl"):
        info = parts[name]
        for place in range(40, info.compress_size, max(1, info.compress_size // 25)):
            spot = info.header_offset + 30 + len(name) + place
            broken = bytearray(whole)
            broken[spot] ^= 0x41
            backed_up.write_bytes(bytes(broken))
            with pytest.raises(BackupUnreadable):
                backups.restore(backed_up)
    assert nothing_stored()


def test_a_database_with_data_is_refused(backed_up, settings, tmp_path, request, migrated):
    kind = request.config.getoption("--db")
    with database(kind, settings, tmp_path / "two", request, migrated(kind)):
        lived_in()
        before = rows()
        with pytest.raises(DatabaseNotEmpty):
            backups.restore(backed_up)
        assert rows() == before


def test_another_schema_is_refused(backed_up, target):
    def older(name, content):
        return content.replace(f'"schema": "{schema.latest()}"'.encode(), b'"schema": "0001"')

    with pytest.raises(OtherSchema):
        backups.restore(copied(backed_up, older))
    assert schema.current() is None, "nothing was made"


def test_a_backup_shows_one_moment(app, settings, tmp_path, request, migrated):
    """Rows written while it is read are not in it: the trail in it verifies."""
    kind = request.config.getoption("--db")
    file = tmp_path / "all.zip"
    with database(kind, settings, tmp_path / "one", request, migrated(kind)):
        flow = lived_in()
        other = create_engine(db.engine().url)
        seen = []
        lines = backups._lines

        def meanwhile(table):
            if table.name == "customers" and not seen:
                seen.append(table.name)
                with other.begin() as connection:
                    connection.execute(text("UPDATE number_series SET last = last + 7"))
            yield from lines(table)

        backups._lines = meanwhile
        try:
            counts = backups.backup(file)
        finally:
            backups._lines = lines
            other.dispose()
        assert seen
        with transaction(write=False):
            assert session().scalar(select(func.count()).select_from(AuditEntry)) == counts["audit_entries"]
        series = {line[0]: line[1] for line in stored(file, "number_series")}
        assert series["SO-2026"] == 4
        assert flow


def stored(file, table):
    with zipfile.ZipFile(file) as archive:
        return [orjson.loads(line) for line in archive.read(f"{table}.jsonl").splitlines()]
