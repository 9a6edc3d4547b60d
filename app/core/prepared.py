"""Statements of the hottest paths, compiled once per database and then sent as they are.

SQLAlchemy's own cache still prepares each execution anew; for a wide INSERT that costs more than the database does.
Values pass through the columns' types as always. Results do not, so a SELECT may ask for text, numbers and bytes only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql.base import Executable

from app.core.db import session


class _Compiled(NamedTuple):
    """SQL text, parameters in their order, which of them a column type must convert, constants of the statement."""

    text: str
    names: list[str]
    converted: list[tuple[int, Callable[[Any], Any]]]
    positional: bool
    fixed: dict[str, Any]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        given = {**self.fixed, **values} if self.fixed else values
        row = [given.get(name) for name in self.names]
        for place, convert in self.converted:
            row[place] = convert(row[place])
        return tuple(row) if self.positional else dict(zip(self.names, row, strict=True))


class Prepared:
    """`Prepared(insert(table), "id", "name").run({"id": …, "name": …})`; `columns` are those an INSERT gives."""

    def __init__(self, statement: Executable, *columns: str) -> None:
        self._statement: Any = statement
        self._columns = list(columns) or None
        self._compiled: dict[str, _Compiled] = {}

    def run(self, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Execute in the running transaction, once or for each of several rows."""
        connection = _connection()
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        given: Any
        if isinstance(values, Mapping):
            given = compiled.parameters(values)
        elif len(values) == 1:
            given = compiled.parameters(values[0])
        else:
            given = [compiled.parameters(row) for row in values]
        return connection.exec_driver_sql(compiled.text, given)

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        names = list(compiled.positiontup if compiled.positional else compiled.binds)
        converters = [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        made = _Compiled(
            text=str(compiled),
            names=names,
            converted=[(place, convert) for place, convert in enumerate(converters) if convert is not None],
            positional=bool(compiled.positional),
            fixed={name: value for name, value in compiled.params.items() if value is not None},
        )
        self._compiled[dialect.name] = made
        return made


def _connection() -> Connection:
    """The connection of the running (nested) transaction; looked up once for each, the session takes its time."""
    current = session()
    within = current.get_nested_transaction() or current.get_transaction()
    known: tuple[object, Connection] | None = current.info.get("prepared")
    if known is not None and known[0] is within and within is not None:
        return known[1]
    connection = current.connection()
    current.info["prepared"] = (current.get_nested_transaction() or current.get_transaction(), connection)
    return connection
