"""What a request wants changed: only what differs, told by kind, and carried over when the order has changed meanwhile.

`given` has the shape of `orders.schemas.OrderChangeIn` without the version.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.errors import DomainError
from app.core.i18n import _l
from app.orders.amending import supposed
from app.orders.models import Order, snapshot_of
from app.orders.service import difference

COSMETIC = frozenset({"external_ref", "hospital_po", "note", "surgery_number"})
"""Texts: neither goods nor dates, prices or places follow from them."""
_COSMETIC_OF_LINE = frozenset({"ordered_as", "ordered_uom", "ordered_quantity", "line_no", "id"})
_PRICES = frozenset({"unit_price", "price_ceiling"})
_TERMS = frozenset(
    {"channel", "order_type", "contract_number", "authorisation_number", "tender_award_number", "currency"}
)
_DATES = frozenset({"requested_date", "surgery_at"})
_FOLLOWS = frozenset({"total", "status"})
"""What follows from the rest, or from the process."""
_LINE = re.compile(r"lines\.\d+(?:\.(\w+))?\Z")


class NothingWouldChange(DomainError):
    """The order is as it is wanted already."""

    message = _l("Nothing of the order would change.")


def least(order: Order, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of the given fields differs from the order as it is, and how, `{path: [before, after]}`.

    Raises NothingWouldChange, Invalid, DuplicateReference.
    """
    diff = diff_of(order, given)
    if not diff:
        raise NothingWouldChange
    wanted = {name: given[name] for name in {_field_of(path) for path in diff} if name in given}
    return wanted, diff


def diff_of(order: Order, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """How the order would differ from what it is, `{path: [before, after]}`."""
    if given is None:
        return {}
    before = snapshot_of(order)
    with supposed(order, given):
        after = snapshot_of(order)
    found = difference(_without_ids(before), _without_ids(after))
    return {path: values for path, values in found.items() if path not in _FOLLOWS - {"total"}}


def _without_ids(snapshot: dict[str, Any]) -> dict[str, Any]:
    lines = [{name: value for name, value in line.items() if name != "id"} for line in snapshot["lines"]]
    return {**snapshot, "lines": lines}


def _field_of(path: str) -> str:
    if path == "customer_id":
        return "customer"
    return "lines" if path.startswith("lines.") else path


def conflicts(mine: Iterable[str], theirs: Mapping[str, Any]) -> list[str]:
    """Fields that both changed; of lines it is enough that both changed some."""
    own = {_field_of(path) for path in mine} - _FOLLOWS
    return sorted(own & ({_field_of(path) for path in theirs} - _FOLLOWS))


def kinds_of(diff: Mapping[str, Any], before: Order, after: Mapping[str, Any]) -> dict[str, bool]:
    """What kind of change it is, as the facts of the rule set have it. `after`: the snapshot as it would be."""
    heads = {path for path in diff if not path.startswith("lines.")} - _FOLLOWS
    parts: set[str] = set()
    for path, values in diff.items():
        found = _LINE.match(path)
        if found:
            parts |= {found[1]} if found[1] else set().union(*(value for value in values if value))
    was, now = _by_product(snapshot_of(before)["lines"]), _by_product(after["lines"])
    both = was.keys() & now.keys()
    told = {
        "quantity_more": any(now[one] > was[one] for one in both),
        "quantity_less": any(now[one] < was[one] for one in both),
        "date_changed": bool(heads & _DATES),
        "date_pulled_in": _pulled_in(diff.get("requested_date")),
        "product_changed": was.keys() != now.keys(),
        "ship_to_changed": "customer_id" in heads,
        "price_changed": bool((parts & _PRICES and was.keys() == now.keys()) or heads & _TERMS),
    }
    plain = heads <= COSMETIC and parts <= _COSMETIC_OF_LINE
    return {**told, "cosmetic": plain and not any(told.values())}


def _pulled_in(values: list[Any] | None) -> bool:
    return bool(values and values[0] and values[1] and values[1] < values[0])


def _by_product(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line["product_id"]] += line["quantity"]
    return dict(sums)
