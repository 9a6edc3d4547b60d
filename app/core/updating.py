"""Other values for several rows of a table, each its own: the hottest paths' way (`core.prepared`) to write many.

    _PLACE = UpdateEach(Task.__table__, ("band", "score"), "id", Task.status == "open")
    _PLACE.run([{"id": …, "band": …, "score": …}, …])

SQLite runs one statement for each row; PostgreSQL takes all of them in one, as JSON: its driver would look at every
value of an array for itself, which takes longer than the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import JSON, String, bindparam, cast, column, func, update

from app.core.db import engine
from app.core.prepared import Prepared, converter


class UpdateEach:
    """The columns `names` of the rows that `key` names, of those for which `where` holds."""

    def __init__(self, table: Any, names: Sequence[str], key: str, *where: Any) -> None:
        self._key, self._types = key, {name: table.c[name].type for name in (key, *names)}
        one = update(table).where(table.c[key] == bindparam(f"to_{key}", type_=table.c[key].type), *where)
        self._one = Prepared(one.values({name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}))
        listed = func.json_to_recordset(cast(bindparam("rows", type_=String), JSON))
        given: Any = listed.table_valued(*(column(name, kind) for name, kind in self._types.items()))
        given = given.render_derived(name="given", with_types=True)
        several = update(table).where(table.c[key] == given.c[key], *where)
        self._several = Prepared(several.values({name: given.c[name] for name in names}))
        self._converters: dict[str, Any] = {}

    def run(self, rows: Sequence[Mapping[str, Any]], **more: Any) -> None:
        """Write them in the running transaction, in the order of their keys, as everybody who holds several. `more`:
        what `where` leaves open."""
        ordered = sorted(rows, key=lambda row: str(row[self._key])) if len(rows) > 1 else rows
        if len(rows) > 1 and engine().dialect.name == "postgresql":
            self._several.run({"rows": self._text(ordered), **more})
        elif rows:
            self._one.run([{**more, **{f"to_{name}": row[name] for name in self._types}} for row in ordered])

    def _text(self, rows: Sequence[Mapping[str, Any]]) -> str:
        if not self._converters:
            dialect = engine().dialect
            self._converters = {name: converter(kind, dialect) for name, kind in self._types.items()}
        given = [
            {name: row[name] if convert is None else convert(row[name]) for name, convert in self._converters.items()}
            for row in rows
        ]
        return orjson.dumps(given).decode()
