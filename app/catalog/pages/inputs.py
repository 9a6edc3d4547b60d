"""Edit forms described as data, and the reading of what comes back.

People write codes (a SKU, a customer's code, a certificate number); services take ids. An unknown code is passed on as
it is, so that the service names the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from app.catalog import queries
from app.core.i18n import LazyString

MOST_ROWS = 2000
_SPLIT = re.compile(r"[\s,;，；、]+")
_ROW = re.compile(r"(\w+)-(\d{1,4})-(\w+)")


@dataclass(frozen=True)
class Input:
    """One field. `kind`: text, textarea, date, number, decimal, checkbox, select, codes (several, by blanks)."""

    name: str
    label: LazyString
    kind: str = "text"
    required: bool = False
    hint: LazyString | None = None
    options: Callable[[], list[tuple[str, str]]] | None = None
    resolve: Callable[[str], str] | None = None
    """Turns a written code into an id."""
    suggest: str = ""
    wide: bool = False
    attrs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Repeated fields: names are `<name>-<position>-<field>`."""

    name: str
    title: LazyString
    inputs: Sequence[Input]
    add: LazyString
    hint: LazyString | None = None


@dataclass(frozen=True)
class Group:
    """Fields that belong together."""

    title: LazyString
    inputs: Sequence[Input]


@dataclass(frozen=True)
class Form:
    """A whole edit form."""

    groups: Sequence[Group]
    rows: Rows | None = None


def written(form: Form, sent: MultiDict[str, str]) -> dict[str, Any]:
    """What people wrote, to show it again: text, booleans and rows of text."""
    values: dict[str, Any] = {}
    for group in form.groups:
        for one in group.inputs:
            values[one.name] = one.name in sent if one.kind == "checkbox" else sent.get(one.name, "")
    if form.rows:
        values[form.rows.name] = _written_rows(form.rows, sent)
    return values


def _written_rows(rows: Rows, sent: MultiDict[str, str]) -> list[dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for key, value in sent.items():
        match = _ROW.fullmatch(key)
        if match and match[1] == rows.name and len(found) <= MOST_ROWS:
            found.setdefault(int(match[2]), {})[match[3]] = value
    return [row for _position, row in sorted(found.items()) if any(value.strip() for value in row.values())]


def given(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the service takes: codes turned into ids, empty fields left out."""
    result: dict[str, Any] = {}
    for group in form.groups:
        result |= _given(group.inputs, values)
    if form.rows:
        result[form.rows.name] = [_given(form.rows.inputs, row) for row in values[form.rows.name]]
    return result


def _given(inputs: Sequence[Input], values: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for one in inputs:
        value = values.get(one.name, "")
        if one.kind == "checkbox":
            result[one.name] = bool(value)
        elif one.kind == "codes":
            result[one.name] = [_resolved(one, text) for text in _SPLIT.split(value) if text]
        elif value.strip():
            result[one.name] = _resolved(one, value.strip())
    return result


def _resolved(one: Input, text: str) -> str:
    return one.resolve(text) if one.resolve else text


def product_id(text: str) -> str:
    """Id of the product with that SKU, UDI-DI or package DI; else the text."""
    found = queries.find_product(text)
    return found.id if found else text[:26]


def customer_id(text: str) -> str:
    """Id of the customer with that code; else the text."""
    found = queries.find_customer(text)
    return found.id if found else text[:26]


def supplier_id(text: str) -> str:
    """Id of the supplier with that code; else the text."""
    found = queries.find_supplier(text)
    return found.id if found else text[:26]


def licence_id(text: str) -> str:
    """Id of the licence with that number, the newest; else the text."""
    found = queries.find_licence(text)
    return found.id if found else text[:26]


def registration_id(text: str) -> str:
    """Id of the registration certificate with that number; else the text."""
    found = queries.find_registration(text)
    return found.id if found else text[:26]


def skus(ids: Sequence[str]) -> str:
    """The SKUs of the products, one a line."""
    known = queries.products_of(ids)
    return "\n".join(known[one].sku if one in known else one for one in ids)
