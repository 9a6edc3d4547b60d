"""`column in these values` as a condition whose text does not change with their number.

    _LINES = select(Line).where(among(Line.order_id, "ids"))          # built once
    session().scalars(_LINES, {"ids": order_ids})

So a statement is compiled once, and PostgreSQL plans it once; an ordinary IN is another statement for every length.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, ColumnElement, String, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.sqltypes import NullType
from sqlalchemy.sql.visitors import InternalTraversal

from app.core import jsontext


class _Texts(TypeDecorator[Any]):
    """Texts as one parameter: an array on PostgreSQL, JSON elsewhere."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(NullType() if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Collection[str] | None, dialect: Any) -> Any:
        return array_text(value or ()) if dialect.name == "postgresql" else jsontext.dumps(list(value or ()))


def array_text(values: Collection[str]) -> str:
    """An array as PostgreSQL writes it. Its driver finds out what is in a list, and says so value by value: that takes
    longer than the query."""
    listed = ",".join(['"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"' for one in values])
    return "{" + listed + "}"


class _Among(ColumnElement[bool]):
    """The condition."""

    inherit_cache = True
    type = Boolean()
    _is_implicitly_boolean = True  # else SQLite is asked whether it equals 1, and uses no index
    _traverse_internals = [  # noqa: RUF012 - read so by SQLAlchemy
        ("column", InternalTraversal.dp_clauseelement),
        ("given", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Any, given: Any) -> None:
        self.column, self.given = column, given


def among(column: Any, name: str) -> ColumnElement[bool]:
    """The column, of texts, has one of the values that the parameter `name` will list."""
    return _Among(
        column.__clause_element__() if hasattr(column, "__clause_element__") else column, bindparam(name, type_=_Texts)
    )


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: Any, **more: Any) -> str:
    listed = compiler.process(element.given, **more)
    return f"{compiler.process(element.column, **more)} = ANY (CAST({listed} AS VARCHAR[]))"


@compiles(_Among)
def _as_json(element: _Among, compiler: Any, **more: Any) -> str:
    listed = compiler.process(element.given, **more)
    return f"{compiler.process(element.column, **more)} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - names
