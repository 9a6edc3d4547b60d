"""Lists described as data: search, filters, sorting, paging, and the same rows as a CSV or Excel file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template, request
from sqlalchemy import ColumnElement, Select

from app.catalog.pages.names import Cell
from app.core import clock, sheets
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import LazyString
from app.core.paging import paginate
from app.core.web import is_fragment

MOST_EXPORTED = 50_000
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Column:
    """A column: `cell` shows a record in it; `sort` orders by it."""

    key: str
    label: LazyString
    cell: Callable[[Any], Cell]
    sort: Any = None


@dataclass(frozen=True)
class Filter:
    """A choice that narrows the list; `condition` answers what a choice means, None for an unknown one."""

    name: str
    label: LazyString
    options: Callable[[], list[tuple[str, str]]]
    condition: Callable[[str], ColumnElement[bool] | None]


@dataclass(frozen=True)
class Listing:
    """A list page. `statement` answers the records that match a text; `endpoint` and `show` are its addresses."""

    key: str
    title: LazyString
    lead: LazyString
    search_hint: LazyString
    statement: Callable[[str], Select[Any]]
    columns: Sequence[Column]
    filters: Sequence[Filter]
    icon: str
    new: LazyString
    edit_right: str
    extra: Sequence[Column] = ()
    """Columns that only the exported file has."""

    @property
    def endpoint(self) -> str:
        """The endpoint of the list."""
        return f"catalog.list_{self.key}s"

    @property
    def one(self) -> str:
        """The endpoint of one record."""
        return f"catalog.show_{self.key}"


def asked(listing: Listing) -> tuple[Select[Any], dict[str, str]]:
    """The statement for what the address asks, and the choices in effect."""
    choices = {"q": request.args.get("q", "").strip()[:100]}
    statement = listing.statement(choices["q"])
    for narrowing in listing.filters:
        code = request.args.get(narrowing.name, "")[:64]
        condition = narrowing.condition(code) if code else None
        if condition is not None:
            statement = statement.where(condition)
            choices[narrowing.name] = code
    sort = request.args.get("sort", "")
    column = next((column for column in listing.columns if column.key == sort.removeprefix("-")), None)
    if column is not None and column.sort is not None:
        falls = sort.startswith("-")
        statement = statement.order_by(None).order_by(column.sort.desc() if falls else column.sort)
        choices["sort"] = sort
    return statement, {name: value for name, value in choices.items() if value}


def show(listing: Listing) -> str:
    """The list page, or its rows alone for htmx."""
    statement, choices = asked(listing)
    page = paginate(statement, request.args.get("page", 1, type=int))
    template = "catalog/_list.html" if is_fragment() else "catalog/list.html"
    return render_template(template, listing=listing, page=page, choices=choices)


def export(listing: Listing, kind: str) -> Response:
    """The whole list as asked for, as a file. Raises NotFound for an unknown kind."""
    if kind not in TYPES:
        raise NotFound(kind=kind)
    statement, _choices = asked(listing)
    columns = [*listing.columns, *listing.extra]
    found = session().scalars(statement.limit(MOST_EXPORTED))
    rows = ([_value(column.cell(record)) for column in columns] for record in found)
    response = make_response(sheets.export(kind, [str(column.label) for column in columns], rows))
    response.headers["Content-Type"] = TYPES[kind]
    name = f"{listing.key}s-{clock.today().isoformat()}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _value(cell: Cell) -> Any:
    return cell.text if cell.export is None else cell.export
