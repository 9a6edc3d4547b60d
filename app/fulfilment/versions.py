"""The versions of an order with what each changed, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core.db import session
from app.core.i18n import LazyString, _, _l, named
from app.orders.models import CHANNELS, DELIVERIES, ORDER_TYPES, STATUS_NAMES, OrderVersion

CHANGES: dict[str, LazyString] = {
    "create": _l("Order entered"),
    "change": _l("Order changed"),
    "amend": _l("Released order changed"),
    "cancel": _l("Order cancelled"),
    "withdraw": _l("Order withdrawn by its submitter"),
    "rework": _l("Order returned for rework"),
    "resume": _l("Order submitted again"),
    "reject": _l("Order rejected"),
    "release": _l("Order released"),
}
FIELDS: dict[str, LazyString] = {
    "channel": _l("Channel"),
    "order_type": _l("Order type"),
    "delivery": _l("When stock is short"),
    "customer_id": _l("Customer"),
    "external_ref": _l("Customer's reference"),
    "requested_date": _l("Requested date"),
    "hospital_po": _l("Hospital purchase order"),
    "contract_number": _l("Contract"),
    "authorisation_number": _l("Authorisation"),
    "tender_award_number": _l("Tender award"),
    "surgery_at": _l("Surgery at"),
    "surgery_number": _l("Surgery number"),
    "note": _l("Note"),
    "currency": _l("Currency"),
    "status": _l("Status"),
    "total": _l("Total"),
    "product_id": _l("Product"),
    "quantity": _l("Quantity"),
    "ordered_quantity": _l("Quantity as ordered"),
    "ordered_uom": _l("Unit as ordered"),
    "ordered_as": _l("Identifier as ordered"),
    "unit_price": _l("Unit price"),
    "price_ceiling": _l("Price ceiling"),
    "line_no": _l("Line number"),
}
_LINE = re.compile(r"lines\.(\d+)(?:\.(\w+))?\Z")
_HIDDEN = frozenset({"id", "line_no"})


@dataclass(frozen=True)
class Change:
    """One field before and after, as text."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Version:
    """One version: who made it, when, by what verb, and what it changed."""

    number: int
    at: datetime
    actor: str
    verb: str
    changes: list[Change]


def told(versions: Sequence[OrderVersion]) -> list[Version]:
    """The versions in words, newest first."""
    names = _names(versions)
    return [
        Version(
            number=version.version,
            at=version.at,
            actor=version.actor_name,
            verb=str(CHANGES.get(version.change, version.change)),
            changes=changes_of(version.diff, names),
        )
        for version in reversed(versions)
    ]


def changes_of(diff: dict[str, Any], names: dict[str, str]) -> list[Change]:
    """`{path: [before, after]}` in words; `names` are those of the products and customers mentioned."""
    found = []
    for path, (before, after) in diff.items():
        line = _LINE.match(path)
        field = (line.group(2) or "") if line else path
        if field in _HIDDEN:
            continue
        label = str(FIELDS.get(field, field))
        if line:
            place = _("Line %(line)s", line=int(line.group(1)) + 1)
            label = f"{place} · {label}" if field else place
        found.append(Change(label, _value(field, before, names), _value(field, after, names)))
    return found


def between(seen: OrderVersion | None, later: Sequence[OrderVersion]) -> list[Change]:
    """What changed after a version was seen, all later versions together."""
    diff: dict[str, Any] = {}
    for version in later:
        if seen is not None and version.version <= seen.version:
            continue
        for path, (before, after) in version.diff.items():
            diff[path] = [diff[path][0] if path in diff else before, after]
    return changes_of(diff, _names(later))


def _value(field: str, value: Any, names: dict[str, str]) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, dict):
        product = names.get(value.get("product_id", ""), "")
        return f"{product} × {value.get('quantity', '')}"
    if field in ("product_id", "customer_id"):
        return names.get(str(value), str(value))
    known = {"status": STATUS_NAMES, "channel": CHANNELS, "order_type": ORDER_TYPES, "delivery": DELIVERIES}.get(field)
    return str(known.get(value, value)) if known else str(value)


def _names(versions: Sequence[OrderVersion]) -> dict[str, str]:
    products: set[str] = set()
    customers: set[str] = set()
    for version in versions:
        for path, values in version.diff.items():
            for value in values:
                if isinstance(value, dict):
                    products.add(value.get("product_id", ""))
                elif path.endswith("product_id") and value:
                    products.add(value)
                elif path == "customer_id" and value:
                    customers.add(value)
    names = {key: product.sku for key, product in catalog.products_of(products).items()} if products else {}
    for customer_id in sorted(customers):
        customer = session().get(Customer, customer_id)
        if customer is not None:
            names[customer_id] = named(customer)
    return names
