"""Statements of the hottest paths, compiled once per database and then sent straight to the driver.

SQLAlchemy's own cache still prepares each execution anew; for a wide INSERT that costs more than the database does.
Values pass through the columns' types as always. So do the results of `rows`; those of `one` do not, so it may ask for
text, numbers and bytes only. When somebody listens to statements (tests count them) they go the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Date, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable

from app.core import jsontext
from app.core.db import Json, UtcDateTime, connection, driver, engine


class _Compiled(NamedTuple):
    """SQL text, parameters in their order, which of them a column type must convert, constants of the statement."""

    text: str
    names: list[str]
    converted: list[tuple[int, Callable[[Any], Any], bool]]
    """Place, how, and whether null is converted too."""
    positional: bool
    fixed: dict[str, Any]
    columns: list[str]
    """Names of what a SELECT, or RETURNING, answers."""
    pick: Callable[[Any], tuple[Any, ...]]
    """Takes the values out of a mapping, in their order."""

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        given = {**self.fixed, **values} if self.fixed else values
        try:
            row = list(self.pick(given))
        except KeyError:  # a column that is not given is null
            row = [given.get(name) for name in self.names]
        for place, convert, null_too in self.converted:
            value = row[place]
            if value is not None or null_too:
                row[place] = convert(value)
        return tuple(row) if self.positional else dict(zip(self.names, row, strict=True))


_Reader = tuple[int, Callable[[Any], Any]]
"""Place of a value in its row, and how it is read."""


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
        cursor, compiled = self._send(values)
        description = getattr(cursor, "cursor", cursor).description  # gone when all is fetched
        found: list[tuple[Any, ...]] = cursor.fetchall()
        if not found:
            return found
        readers = self._readers.get(compiled.text)
        if readers is None:
            readers = self._readers[compiled.text] = self._reading(description)
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
        if isinstance(values, Mapping):
            given = compiled.parameters(values)
        elif len(values) == 1:
            given = compiled.parameters(values[0])
        else:
            given, many = [compiled.parameters(row) for row in values], True
        straight = driver()
        if straight is None:
            return connection().exec_driver_sql(compiled.text, given), compiled
        cursor = straight.cursor()
        try:
            if many:
                cursor.executemany(compiled.text, given)
            else:
                cursor.execute(compiled.text, given)
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                compiled.text, given, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
            ) from error
        return cursor, compiled

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        names = list(compiled.positiontup if compiled.positional else compiled.binds)
        kinds = [compiled.binds[name].type for name in names]
        converters = [(_converter(kind, dialect), not isinstance(kind, _NULL_STAYS)) for kind in kinds]
        made = _Compiled(
            text=str(compiled),
            names=names,
            converted=[(place, how, null_too) for place, (how, null_too) in enumerate(converters) if how is not None],
            positional=bool(compiled.positional),
            fixed={name: value for name, value in compiled.params.items() if value is not None},
            columns=[getattr(column, "name", "") for column in getattr(self._statement, "exported_columns", ())],
            pick=itemgetter(*names) if len(names) > 1 else lambda given: tuple(given[name] for name in names),
        )
        self._compiled[dialect.name] = made
        return made


def _converter(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
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
    text = utc.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]
    _last_moment = (value, text)
    return text


_WITHOUT_ZONE = -len("+00:00")
_last_moment: tuple[datetime | None, str] = (None, "")
