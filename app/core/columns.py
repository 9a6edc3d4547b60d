"""Rows of the database as columns (Polars), a million at a time: straight from the driver, no object per row.

Money and other scaled decimals come as the whole numbers they are stored as, dates as day numbers (1 is 0001-01-01),
moments as microseconds since 1970 in UTC, JSON as its text.
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Boolean, Date, Integer, Select, cast, extract

from app.core.db import Scaled, UtcDateTime, session

EPOCH = 719163
"""Day number of 1970-01-01."""


def read(statement: Select[*tuple[Any, ...]]) -> pl.DataFrame:
    """What the statement answers, as columns under its names. Constants stand in its text, so they must be ours."""
    session().flush()
    connection = session().connection()
    wanted = {str(column.key): column.type for column in statement.selected_columns}
    if connection.dialect.name == "postgresql":
        return _typed(_copied(connection, _with_epochs(statement)), wanted, "t")
    cursor = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
    rows = cursor.execute(_text(statement, connection)).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(wanted)
    found = [
        pl.Series(name, column, dtype=_raw(kind, sqlite=True))
        for (name, kind), column in zip(wanted.items(), columns, strict=True)
    ]
    return _typed(pl.DataFrame(found), wanted, 1)


def _text(statement: Select[*tuple[Any, ...]], connection: Any) -> str:
    return str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))


def _with_epochs(statement: Select[*tuple[Any, ...]]) -> Select[Any]:
    columns = [
        cast(extract("epoch", column) * 1_000_000, BigInteger).label(str(column.key))
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
