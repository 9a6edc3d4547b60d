"""Statements of the hottest paths, compiled once per database and then sent as they are.

SQLAlchemy's own cache still prepares each execution anew; for a wide INSERT that costs more than the database does.
Values pass through the columns' types as always. Results do not, so a SELECT may ask for text, numbers and bytes only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Dialect
from sqlalchemy.sql.base import Executable

from app.core.db import session

Parameter = tuple[str, Callable[[Any], Any] | None]


class Prepared:
    """`Prepared(insert(table), "id", "name").run({"id": …, "name": …})`; `columns` are those an INSERT gives."""

    def __init__(self, statement: Executable, *columns: str) -> None:
        self._statement: Any = statement
        self._columns = list(columns) or None
        self._compiled: dict[str, tuple[str, list[Parameter], bool, dict[str, Any]]] = {}

    def run(self, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Execute in the running transaction, once or for each of several rows."""
        connection = session().connection()
        text, names, positional, fixed = self._for(connection.dialect)
        given: Any
        if isinstance(values, Mapping):
            given = _parameters({**fixed, **values}, names, positional=positional)
        else:
            given = [_parameters({**fixed, **row}, names, positional=positional) for row in values]
        return connection.exec_driver_sql(text, given)

    def _for(self, dialect: Dialect) -> tuple[str, list[Parameter], bool, dict[str, Any]]:
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
            order = compiled.positiontup if compiled.positional else list(compiled.binds)
            names = [(name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order]
            fixed = {name: value for name, value in compiled.params.items() if value is not None}
            found = self._compiled[dialect.name] = (str(compiled), names, bool(compiled.positional), fixed)
        return found


def _parameters(values: Mapping[str, Any], names: list[Parameter], *, positional: bool) -> Any:
    if positional:
        return tuple(values.get(name) if process is None else process(values.get(name)) for name, process in names)
    return {name: values.get(name) if process is None else process(values.get(name)) for name, process in names}
