"""Backup and restore of everything, independent of the database's kind: one ZIP with a JSON line per row.

`manifest.json` holds the schema revision and, per table, its number of rows and the SHA-256 of its lines. A backup of
SQLite restores into PostgreSQL and back. It is read in one transaction, so it shows one moment.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, cast

import orjson
from sqlalchemy import Column, Date, DateTime, LargeBinary, Table, TypeDecorator, func, insert, select, text

from app.core import clock
from app.core.changing import changing
from app.core.db import Base, Scaled, session, transaction
from app.core.errors import DomainError
from app.core.i18n import _l
from app.core.tables import load_all
from app.operate import schema

BATCH = 500


class BackupUnreadable(DomainError):
    """The file is not a backup of ours, was cut short or was altered."""

    message = _l("This file cannot be restored: %(reason)s")


class DatabaseNotEmpty(DomainError):
    """Restoring would mix two histories."""

    message = _l(
        "The database already holds data (%(table)s): restore into an empty one (another DATA or DATABASE_URL)."
    )


class OtherSchema(DomainError):
    """The backup was written by another version of the program."""

    message = _l(
        "The backup has schema %(found)s, this program needs %(wanted)s: restore it with the version that wrote it."
    )


def tables() -> list[Table]:
    """Every table, those referred to first."""
    load_all()
    return list(Base.metadata.sorted_tables)


def backup(target: Path) -> dict[str, int]:
    """Write the backup; number of rows per table.

    The file appears only when it is whole; only its owner may read it.
    """
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        counts = _write(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return counts


def _write(partial: Path) -> dict[str, int]:
    told: dict[str, dict[str, Any]] = {}
    manifest = {"format": 1, "schema": schema.current(), "made_at": clock.now().isoformat(), "tables": told}
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive, transaction(write=False):
        reading = session()
        if reading.get_bind().dialect.name == "postgresql":
            reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        for table in tables():
            sha, count = hashlib.sha256(), 0
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
                for line in _lines(table):
                    sha.update(line)
                    out.write(line)
                    count += 1
            told[str(table.name)] = {"rows": count, "sha256": sha.hexdigest()}
        archive.writestr("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return {name: table["rows"] for name, table in told.items()}


def _lines(table: Table) -> Iterator[bytes]:
    order = list(table.primary_key.columns)
    for row in session().execute(select(table).order_by(*order).execution_options(yield_per=BATCH)):
        yield orjson.dumps([_out(value) for value in row]) + b"\n"


def _out(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def restore(source: Path) -> dict[str, int]:
    """Load a backup into the migrated, empty database; number of rows per table. All or nothing.

    The whole file is checked before the database is touched. Raises BackupUnreadable, OtherSchema, DatabaseNotEmpty.
    """
    with _opened(source) as archive:
        told = _checked(archive)
        schema.migrate()
        with transaction():
            for table in tables():
                if session().scalar(select(func.count()).select_from(table)):
                    raise DatabaseNotEmpty(table=table.name)
            with _unguarded():
                for table in tables():
                    _load(archive, table)
    return {name: part["rows"] for name, part in told.items()}


@contextmanager
def _unguarded() -> Iterator[None]:
    """Without the triggers that judge a row as it is written: what was right at its time comes back as it was, though
    its lot has been recalled since."""
    if session().get_bind().dialect.name == "postgresql":
        for verb in ("DISABLE", "ENABLE"):
            for table in tables():
                session().execute(text(f'ALTER TABLE "{table.name}" {verb} TRIGGER USER'))
            if verb == "DISABLE":
                yield
        return
    guards = session().execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    judging = [row for row in guards if " BEFORE INSERT " in row.sql]
    for row in judging:
        session().execute(text(f'DROP TRIGGER "{row.name}"'))
    yield
    for row in judging:
        session().connection().exec_driver_sql(row.sql)


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise BackupUnreadable(reason=str(error)) from None


def _checked(archive: zipfile.ZipFile) -> dict[str, dict[str, Any]]:
    """What the manifest promises per table, after every part was found to be as promised."""
    try:
        manifest = orjson.loads(archive.read("manifest.json"))
        told: dict[str, dict[str, Any]] = manifest["tables"]
        found = manifest["schema"] if manifest["format"] == 1 else f"format {manifest['format']}"
        if found == schema.latest():
            for table in tables():
                if (told[table.name]["rows"], told[table.name]["sha256"]) != _digest(archive, table):
                    raise BackupUnreadable(reason=f"{table.name} was altered or cut short")
    except (KeyError, ValueError, TypeError, EOFError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise BackupUnreadable(reason=str(error)) from None
    if found != schema.latest():
        raise OtherSchema(found=found, wanted=schema.latest())
    return told


def _digest(archive: zipfile.ZipFile, table: Table) -> tuple[int, str]:
    sha, count = hashlib.sha256(), 0
    with archive.open(f"{table.name}.jsonl") as part:
        for line in io.BufferedReader(cast("io.RawIOBase", part)):
            sha.update(line)
            count += 1
    return count, sha.hexdigest()


def _load(archive: zipfile.ZipFile, table: Table) -> None:
    columns = list(table.columns)
    with archive.open(f"{table.name}.jsonl") as part:
        lines = io.BufferedReader(cast("io.RawIOBase", part))
        while batch := list(islice(lines, BATCH)):
            rows = (zip(columns, orjson.loads(line), strict=True) for line in batch)
            session().execute(
                insert(table),
                [{column.name: _in(column, value) for column, value in row} for row in rows],
                execution_options=changing([]),  # what follows from it comes back with it
            )
    _continue_sequence(table)


def _in(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(column.type, Scaled):
        return Decimal(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return value


def _continue_sequence(table: Table) -> None:
    column = table.autoincrement_column
    if column is None or session().get_bind().dialect.name != "postgresql":
        return
    session().execute(
        text(f"SELECT setval(pg_get_serial_sequence(:table, :column), max({column.name})) FROM {table.name}"),  # noqa: S608 - names are ours
        {"table": table.name, "column": column.name},
    )
