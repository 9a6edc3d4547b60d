"""Backup and restore of everything, independent of the database's kind: one ZIP with a JSON line per row.

`manifest.json` holds the schema revision and, per table, its number of rows and the SHA-256 of its lines. A backup of
SQLite restores into PostgreSQL and back. It is read in one transaction, so it shows one moment.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import orjson
from sqlalchemy import Column, LargeBinary, Table, func, insert, select, text

from app.core import clock
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

    message = _l("The database already holds data (%(table)s): restore into an empty one (another DATA or DATABASE_URL).")


class OtherSchema(DomainError):
    """The backup was written by another version of the program."""

    message = _l("The backup has schema %(found)s, this program needs %(wanted)s: restore it with the version that wrote it.")


def tables() -> list[Table]:
    """Every table, those referred to first."""
    load_all()
    return list(Base.metadata.sorted_tables)


def backup(target: Path) -> dict[str, int]:
    """Write the backup; number of rows per table. The file appears only when it is whole."""
    counts: dict[str, int] = {}
    manifest: dict[str, Any] = {"format": 1, "schema": schema.current(), "made_at": clock.now().isoformat(), "tables": {}}
    partial = target.with_name(target.name + ".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive, transaction(write=False) as reading:
        if reading.get_bind().dialect.name == "postgresql":
            reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        for table in tables():
            sha, count = hashlib.sha256(), 0
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
                for line in _lines(table):
                    sha.update(line)
                    out.write(line)
                    count += 1
            manifest["tables"][table.name] = {"rows": count, "sha256": sha.hexdigest()}
            counts[table.name] = count
        archive.writestr("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    partial.chmod(0o600)
    partial.replace(target)
    return counts


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
    """Load a backup into the migrated, empty database; number of rows per table. All or nothing."""
    with _opened(source) as archive:
        manifest = _manifest(archive)
        if manifest["schema"] != schema.latest():
            raise OtherSchema(found=manifest["schema"], wanted=schema.latest())
        schema.migrate()
        with transaction():
            for table in tables():
                if session().scalar(select(func.count()).select_from(table)):
                    raise DatabaseNotEmpty(table=table.name)
            return {table.name: _load(archive, table, manifest["tables"].get(table.name)) for table in tables()}


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile) as error:
        raise BackupUnreadable(reason=str(error)) from None


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(archive.read("manifest.json"))
        if found["format"] != 1 or not isinstance(found["tables"], dict):
            raise ValueError("unknown format")
        return found
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BackupUnreadable(reason=f"manifest.json: {error}") from None


def _load(archive: zipfile.ZipFile, table: Table, promised: dict[str, Any] | None) -> int:
    if promised is None:
        raise BackupUnreadable(reason=f"{table.name} is missing")
    sha, count, batch = hashlib.sha256(), 0, []
    columns = list(table.columns)
    try:
        with archive.open(f"{table.name}.jsonl") as lines:
            for line in io.BufferedReader(cast("io.RawIOBase", lines)):
                sha.update(line)
                values = orjson.loads(line)
                batch.append({column.name: _in(column, value) for column, value in zip(columns, values, strict=True)})
                count += 1
                if len(batch) == BATCH:
                    session().execute(insert(table), batch)
                    batch = []
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BackupUnreadable(reason=f"{table.name}: {error}") from None
    if (count, sha.hexdigest()) != (promised["rows"], promised["sha256"]):
        raise BackupUnreadable(reason=f"{table.name} was altered or cut short")
    if batch:
        session().execute(insert(table), batch)
    _continue_sequence(table)
    return count


def _in(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, Scaled):
        return Decimal(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    kind = column.type.python_type
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
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
