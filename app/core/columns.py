"""Rows of the database as columns (Polars), a million at a time: straight from the driver, no object per row.

Money and other scaled decimals come as the whole numbers they are stored as, dates as day numbers (1 is 0001-01-01),
moments as microseconds since 1970 in UTC, JSON as its text.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Boolean, Date, Integer, Select, cast, func

from app.core.db import Scaled, UtcDateTime, session

MICROS_PER_HOUR = 3_600_000_000
ROOM = -131_072
"""KiB of pages SQLite may hold while many rows are written: with the usual 2 MiB it writes most of them many times."""
EPOCH = 719163
"""Day number of 1970-01-01."""


def micros(moment: datetime) -> int:
    """A moment as columns hold it."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def read(statement: Select[*tuple[Any, ...]]) -> pl.DataFrame:
    """What the statement answers, as columns under its names. Constants stand in its text, so they must be ours."""
    session().flush()
    connection = session().connection()
    wanted = {str(column.key): column.type for column in statement.selected_columns}
    if connection.dialect.name == "postgresql":
        return _typed(_copied(connection, _with_epochs(statement)), wanted, "t")
    return _typed(_gathered(connection, statement, wanted), wanted, 1)


def _gathered(connection: Any, statement: Select[*tuple[Any, ...]], wanted: dict[str, Any]) -> pl.DataFrame:
    """From SQLite each column as one JSON list: no Python object per value, a third of the time of rows fetched."""
    names = [f'json_group_array("{name}")' for name in wanted]
    asked = f"SELECT {', '.join(names)} FROM ({_text(statement, connection)})"  # noqa: S608 - a programmer's names
    (lists,) = connection.connection.driver_connection.cursor().execute(asked).fetchall()
    return pl.DataFrame(
        [
            pl.Series(name, [values]).str.json_decode(pl.List(_raw(kind, sqlite=True))).explode(empty_as_null=False)
            for (name, kind), values in zip(wanted.items(), lists, strict=True)
        ]
    )


def _text(statement: Select[*tuple[Any, ...]], connection: Any) -> str:
    return str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))


def _with_epochs(statement: Select[*tuple[Any, ...]]) -> Select[Any]:
    """Moments by `date_part`, a double that holds microseconds until 2106, and not by `extract`: numbers of any length
    take ten times as long."""
    columns = [
        cast(func.date_part("epoch", column) * 1e6, BigInteger).label(str(column.key))
        if isinstance(column.type, UtcDateTime)
        else column
        for column in statement.selected_columns
    ]
    return statement.with_only_columns(*columns, maintain_column_froms=True)


def _copied(connection: Any, statement: Select[*tuple[Any, ...]]) -> pl.DataFrame:
    copy = f"COPY ({_text(statement, connection)}) TO STDOUT (FORMAT csv, HEADER, NULL '\\N')"
    held = io.BytesIO()
    with connection.connection.driver_connection.cursor() as cursor, cursor.copy(copy) as copying:
        for piece in copying:
            held.write(piece)
    held.seek(0)
    kinds = {str(column.key): _raw(column.type, sqlite=False) for column in statement.selected_columns}
    return pl.read_csv(held, schema=kinds, null_values="\\N")


def _raw(kind: Any, *, sqlite: bool) -> Any:
    whole = isinstance(kind, Integer | Scaled) or (sqlite and isinstance(kind, Boolean))
    return pl.Int64 if whole else pl.String


def _typed(raw: pl.DataFrame, wanted: dict[str, Any], true: Any) -> pl.DataFrame:
    return raw.select(_column(name, kind, raw.schema[name], true) for name, kind in wanted.items())


def _column(name: str, kind: Any, held: Any, true: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, Boolean):
        return column.eq(true)
    if isinstance(kind, Date):
        return column.str.to_date("%Y-%m-%d").to_physical().cast(pl.Int64) + EPOCH
    if isinstance(kind, UtcDateTime) and held == pl.String:
        return column.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us").to_physical()
    return column


def write(table: str, frame: pl.DataFrame, *, key: str, also: str = "", unless_changed: str = "") -> pl.Series:
    """Set the columns of the rows that `key` names, all in one statement; answers the keys of those that were there.

    `also` is a further condition on the row `t`. `unless_changed`: a row whose column of that name is no longer what
    `was_<name>` says was written by somebody else since it was read, and stays as it is. Dates and moments are `Date`
    and `Datetime`. All names are a programmer's, never a user's: they stand in the statement as they are.
    """
    if frame.is_empty():
        return frame[key]
    connection = session().connection()
    named = [name for name in frame.columns if name != key and not name.startswith("was_")]
    checks = [f"t.{unless_changed} = b.was_{unless_changed}"] if unless_changed else []
    asked = " AND ".join([f"t.{key} = b.{key}", *checks, *([also] if also else [])])
    raw = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        kept = ", ".join(
            [key, *named, *(f"{name.removeprefix('was_')} AS {name}" for name in frame.columns if name[:4] == "was_")]
        )
        return _written(
            raw, table, _stored(frame.select(key, *named, pl.selectors.starts_with("was_")), "+00"), asked, kept
        )
    sets = ", ".join(f"{name} = ?" for name in named)
    told = asked.replace(f"b.{key}", "?").replace(f"b.was_{unless_changed}", "?")
    rows = _stored(frame.select(*named, key, *([f"was_{unless_changed}"] if unless_changed else [])), "").rows()
    cursor: Any = raw.cursor()  # type: ignore[union-attr]
    (usual,) = cursor.execute("PRAGMA cache_size").fetchone()
    cursor.execute(f"PRAGMA cache_size = {ROOM}")
    cursor.executemany(f"UPDATE {table} AS t SET {sets} WHERE {told}", rows)  # noqa: S608 - names
    cursor.execute(f"PRAGMA cache_size = {usual}")
    return frame[key]


def _written(raw: Any, table: str, frame: pl.DataFrame, asked: str, kept: str) -> pl.Series:
    key, *rest = frame.columns
    sets = ", ".join(f"{name} = b.{name}" for name in rest if not name.startswith("was_"))
    with raw.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE bulk_columns AS SELECT {kept} FROM {table} LIMIT 0")  # noqa: S608
        with cursor.copy("COPY bulk_columns FROM STDIN (FORMAT csv, NULL '\\N')") as copying:
            copying.write(frame.write_csv(include_header=False, null_value="\\N", quote_style="necessary"))
        cursor.execute("ANALYZE bulk_columns")
        cursor.execute(f"UPDATE {table} t SET {sets} FROM bulk_columns b WHERE {asked} RETURNING t.{key}")  # noqa: S608
        found = pl.Series(key, [row[0] for row in cursor.fetchall()], dtype=pl.String)
        cursor.execute("DROP TABLE bulk_columns")
    return found


def _stored(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Days and moments as the database's text."""
    return frame.with_columns(
        pl.selectors.date().dt.strftime("%Y-%m-%d"), pl.selectors.datetime().dt.strftime(f"%Y-%m-%d %H:%M:%S%.6f{zone}")
    )


def day_of(number: pl.Expr) -> pl.Expr:
    """The date of a day number."""
    return (number - EPOCH).cast(pl.Int32).cast(pl.Date)


def moment_of(micros: pl.Expr) -> pl.Expr:
    """The moment of microseconds since 1970."""
    return micros.cast(pl.Datetime("us", "UTC"))
