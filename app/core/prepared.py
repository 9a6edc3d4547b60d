"""Statements of the hottest paths, compiled once per database and then sent straight to the driver.

SQLAlchemy's own cache still prepares each execution anew; for a wide INSERT that costs more than the database does.
Values pass through the columns' types as always. So do the results of `rows`; those of `one` do not, so it may ask for
text, numbers and bytes only. When somebody listens to statements (tests count them) they go the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BindParameter, Boolean, Date, Dialect, literal_column
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.visitors import replacement_traverse

from app.core import jsontext
from app.core.db import Json, UtcDateTime, connection, driver, engine, straight


class _Compiled(NamedTuple):
    """SQL text and how it is given its values."""

    text: str
    names: list[str]
    """Of its parameters."""
    take: Callable[[Mapping[str, Any]], Any]
    """The values as the driver takes them: converted, in their order. Raises KeyError."""
    columns: list[str]
    """Names of what a SELECT, or RETURNING, answers."""

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them; a column that is not given is null."""
        try:
            return self.take(values)
        except KeyError:
            return self.take({**dict.fromkeys(self.names), **values})


_ONE = (dict, Mapping)
"""One row's values; the first is asked quickly."""
Answer = Callable[[], list[tuple[Any, ...]]]
_Reader = tuple[int, Callable[[Any], Any]]
"""Place of a value in its row, and how it is read."""


@contextmanager
def together() -> Iterator[None]:
    """What is asked (`Prepared.ask`) or run within is sent to PostgreSQL before its first answer is awaited; how many
    rows it hit is not known before the end."""
    opened, dialect = driver(), engine().dialect
    if opened is None or dialect.name != "postgresql" or opened.pgconn.pipeline_status:
        yield
        return
    with ExitStack() as sent:
        sent.enter_context(opened.pipeline())
        yield
        straight(dialect, "what was asked together", sent.close)


class Prepared:
    """`Prepared(insert(table), "id", "name").run({"id": …, "name": …})`; `columns` are those an INSERT gives."""

    def __init__(self, statement: Executable, *columns: str) -> None:
        self._statement: Any = statement
        self._columns = list(columns) or None
        self._compiled: dict[str, _Compiled] = {}
        self._readers: dict[str, list[_Reader]] = {}

    def run(self, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> int:
        """Execute in the running transaction, once or for each of several rows; answers how many rows it hit."""
        cursor, _compiled = self._send(values)
        return int(cursor.rowcount)

    def one(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The first row of a SELECT, or of RETURNING, by column; None without one."""
        cursor, compiled = self._send(values)
        rows = cursor.fetchall()
        return dict(zip(compiled.columns, rows[0], strict=True)) if rows else None

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows of a SELECT, in the order of its columns."""
        return self.ask(values)()

    def ask(self, values: Mapping[str, Any]) -> Answer:
        """Send a SELECT, see `together`; what is returned answers its rows."""
        cursor, compiled = self._send(values)
        return lambda: self._answered(cursor, compiled)

    def _answered(self, cursor: Any, compiled: _Compiled) -> list[tuple[Any, ...]]:
        raw, readers = getattr(cursor, "cursor", cursor), self._readers.get(compiled.text)
        # Gone when SQLAlchemy has fetched all; not there yet for what was asked together; not to be had for nothing.
        described = raw.description if readers is None else None
        found: list[tuple[Any, ...]] = straight(engine().dialect, compiled.text, cursor.fetchall)
        if not found:
            return found
        if readers is None:
            readers = self._readers[compiled.text] = self._reading(described or raw.description)
        return [_read(row, readers) for row in found] if readers else found

    def _reading(self, description: Sequence[Sequence[Any]]) -> list[_Reader]:
        dialect = engine().dialect
        kinds = [column.type for column in self._statement.exported_columns]
        found = [_reader(kind, dialect, told[1]) for kind, told in zip(kinds, description, strict=True)]
        return [(place, how) for place, how in enumerate(found) if how is not None]

    def _send(self, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> tuple[Any, _Compiled]:
        dialect = engine().dialect
        compiled = self._compiled.get(dialect.name) or self._compile(dialect)
        many = False
        given: Any
        if isinstance(values, _ONE):
            given = compiled.parameters(values)
        elif len(values) == 1:
            given = compiled.parameters(values[0])
        else:
            given, many = [compiled.parameters(row) for row in values], True
        opened = driver()
        if opened is None:
            return connection().exec_driver_sql(compiled.text, given), compiled
        if many:
            cursor = opened.cursor()
            straight(dialect, compiled.text, cursor.executemany, compiled.text, given)
        else:
            cursor = straight(dialect, compiled.text, opened.execute, compiled.text, given)
        return cursor, compiled

    def _compile(self, dialect: Dialect) -> _Compiled:
        statement = replacement_traverse(self._statement, {}, partial(_in_text, dialect))
        compiled = statement.compile(dialect=dialect, column_keys=self._columns)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        names = list(compiled.positiontup if compiled.positional else binds)
        fixed = {name: bind.value for name, bind in binds.items() if not bind.required and bind.value is not None}
        kinds = [(name, binds[name].type) for name in names]
        made = _Compiled(
            text=str(compiled),
            names=[name for name in names if name not in fixed],
            take=_taker(kinds, fixed, dialect, positional=bool(compiled.positional)),
            columns=[getattr(column, "name", "") for column in getattr(self._statement, "exported_columns", ())],
        )
        self._compiled[dialect.name] = made
        return made


def _in_text(dialect: Dialect, part: Any, **_more: Any) -> Any:
    """A constant as part of the statement's text, None for everything else. As a parameter it would not tell PostgreSQL
    how many rows are meant, which then plans the statement anew each time, nor SQLite which partial index fits."""
    if not isinstance(part, BindParameter) or part.required:
        return None
    value, write = part.value, part.type.dialect_impl(dialect).literal_processor(dialect)
    plain = isinstance(value, int) or (isinstance(value, str) and value.isidentifier()) or value == ""
    return literal_column(write(value), part.type) if plain and write is not None else None


def _taker(
    kinds: Sequence[tuple[str, Any]], fixed: Mapping[str, Any], dialect: Dialect, *, positional: bool
) -> Callable[..., Any]:
    """A function that makes a driver's parameters of a mapping, written as one expression: a loop over columns takes
    three times as long. `kinds`: names and types in order; what has a constant in `fixed` need not be given."""
    known: dict[str, Any] = {}
    parts = []
    for place, (name, kind) in enumerate(kinds):
        convert = known[f"convert{place}"] = converter(kind, dialect)
        known[f"fixed{place}"] = fixed.get(name)
        value = f"given.get({name!r}, fixed{place})" if name in fixed else f"given[{name!r}]"
        if convert is not None and isinstance(kind, _NULL_STAYS):
            value = f"(None if (value := {value}) is None else convert{place}(value))"
        elif convert is not None:
            value = f"convert{place}({value})"
        parts.append(value if positional else f"{name!r}: {value}")
    body = "".join(f"{part}, " for part in parts)
    made: Callable[..., Any] = eval(f"lambda given: ({body})" if positional else f"lambda given: {{{body}}}", known)  # noqa: S307 - no text of anybody's is code in it
    return made


def converter(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    """The column's own conversion, or a quicker one that writes the same."""
    if dialect.name == "sqlite" and isinstance(kind, UtcDateTime):
        return _moment_as_text
    if dialect.name == "sqlite" and isinstance(kind, Json):
        return jsontext.dumps
    if dialect.name == "sqlite" and isinstance(kind, Boolean):
        return _TRUTHS.__getitem__
    return kind.dialect_impl(dialect).bind_processor(dialect)  # type: ignore[no-any-return]


def _read(row: Sequence[Any], readers: list[_Reader]) -> tuple[Any, ...]:
    values = list(row)
    for place, how in readers:
        if values[place] is not None:
            values[place] = how(values[place])
    return tuple(values)


def _reader(kind: Any, dialect: Dialect, code: Any) -> Callable[[Any], Any] | None:
    """The column's own conversion, or a quicker one that reads the same; `code`: the driver's type."""
    if dialect.name == "sqlite":
        if isinstance(kind, UtcDateTime):
            return _moment_of_text
        if isinstance(kind, Date):
            return date.fromisoformat
        if isinstance(kind, Json):
            return jsontext.loads
    return kind.dialect_impl(dialect).result_processor(dialect, code)  # type: ignore[no-any-return]


def _moment_of_text(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_NULL_STAYS = (UtcDateTime, Boolean, Date)
"""Types that keep null as null; JSON, say, makes a text of it."""
_TRUTHS = {True: 1, False: 0}


def _moment_as_text(value: datetime) -> str:
    """As SQLAlchemy keeps moments on SQLite: in UTC, with microseconds, without a zone."""
    global _last_moment  # noqa: PLW0603 - a step writes one moment many times over
    known, text = _last_moment
    if known is value:
        return text
    if value.tzinfo is None:
        raise ValueError("a moment without time zone cannot be stored")
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    said = orjson.dumps(utc).decode()  # "2026-11-23T04:05:06.123456+00:00" in quotes, four times as fast as isoformat
    text = f"{said[1:11]} {said[12:20]}.{utc.microsecond:06}"
    _last_moment = (value, text)
    return text


_last_moment: tuple[datetime | None, str] = (None, "")
