"""The open orders that marks touch (`touched`): by each kind of mark, by indexes that are there anyway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Select, func, literal_column, or_, select, union_all
from sqlalchemy.orm import aliased

from app.catalog.models import Customer, Product, TenderAward
from app.core.among import among
from app.core.db import flush, session
from app.core.prepared import Prepared
from app.inventory.models import Lot
from app.orders.models import OPEN, Order, OrderLine


def _sold(keys: Sequence[Sequence[str]]) -> Select[Any]:
    """Orders of the customers that share a product with the orders."""
    other = aliased(OrderLine)
    customer_ids, order_ids = zip(*keys, strict=True)
    return (
        select(Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(other, other.product_id == OrderLine.product_id)
        .where(Order.customer_id.in_(set(customer_ids)), other.order_id.in_(set(order_ids)))
    )


def _sold_lines(keys: Sequence[Sequence[str]]) -> Select[Any]:
    """Orders with the products, of the customers of those of the orders that are released."""
    past = aliased(Order)
    order_ids, product_ids = zip(*keys, strict=True)
    return (
        select(Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .join(past, past.customer_id == Order.customer_id)
        .where(past.id.in_(set(order_ids)), past.status == "released", OrderLine.product_id.in_(set(product_ids)))
    )


def _scoped(keys: Sequence[Sequence[Any]]) -> Select[Any]:
    """Orders that an authorisation of the grantee (None: us) may cover: an empty list covers all."""
    found = [_scope(*key) for key in keys]
    return found[0] if len(found) == 1 else select(Order.id).where(or_(*(Order.id.in_(one) for one in found)))


def _scope(grantee: str | None, product_ids: list[str] | None, region_codes: list[str] | None) -> Select[Any]:
    wanted = select(Order.id)
    if grantee is not None:
        wanted = wanted.where(Order.customer_id == grantee)
    if product_ids:
        wanted = wanted.join(OrderLine, OrderLine.order_id == Order.id).where(OrderLine.product_id.in_(product_ids))
    if region_codes:
        wanted = wanted.join(Customer, Customer.id == Order.customer_id).where(Customer.region_code.in_(region_codes))
    return wanted


def _firsts(keys: Sequence[Sequence[str]]) -> list[str]:
    return [key[0] for key in keys]


_ORDERS = select(Order.id)
_BY_COLUMN: dict[str, tuple[Select[Any], Any]] = {
    "order": (_ORDERS, Order.id),
    "customer": (_ORDERS, Order.customer_id),
    "region": (_ORDERS.join(Customer, Customer.id == Order.customer_id), Customer.region_code),
    "contract": (_ORDERS, Order.contract_number),
    "award": (_ORDERS, Order.tender_award_number),
    "award_id": (_ORDERS.join(TenderAward, TenderAward.number == Order.tender_award_number), TenderAward.id),
    "authorisation": (_ORDERS, Order.authorisation_number),
    "product": (_ORDERS.join(OrderLine, OrderLine.order_id == Order.id), OrderLine.product_id),
}
"""By kind of mark: the ids of orders, closed ones among them, and the column in which they have its key."""
_OTHERS: dict[str, Callable[[Sequence[Sequence[Any]]], Select[Any]]] = {
    "all": lambda _keys: _ORDERS,
    "scope": _scoped,
    "sold": _sold,
    "sold_line": _sold_lines,
}
"""The other kinds: the ids of the orders, closed ones among them, that depend on these keys."""
_IS_OPEN = Order.status.in_(OPEN)
_status_is_open = Order.status.in_([literal_column(f"'{status.value}'") for status in OPEN])
_also_open = or_(*(func.coalesce(Order.status, "") == status for status in OPEN))  # is not looked for by its index
MOST = 100


def _few_open(kind: str) -> Prepared:
    """The open orders with these keys. An index knows the status of a customer's orders, so that closed ones are not
    looked at; but PostgreSQL must not reckon with the limit, or it walks all open orders for those of one customer."""
    wanted, column = _BY_COLUMN[kind]
    if kind in ("customer", "region"):
        found = wanted.where(among(column, "keys"), _status_is_open).cte("found").prefix_with("MATERIALIZED")
        return Prepared(select(found.c.id).limit(MOST))
    return Prepared(wanted.where(among(column, "keys"), _also_open).limit(MOST))


_OPEN_BY = {kind: _few_open(kind) for kind in _BY_COLUMN}
_PRODUCTS_OF = {
    kind: Prepared(select(wanted).where(among(column, "keys")))
    for kind, wanted, column in (
        ("lot", Lot.product_id, Lot.id),
        ("registration", Product.id, Product.registration_id),
        ("group", Product.id, Product.substitution_group),
    )
}
"""Kinds of mark that touch the orders of certain products."""


def orders_of(marks: Iterable[Sequence[Any]]) -> Any:
    """A SELECT of the ids of the open orders that the marks touch, some of them more than once."""
    by_kind = _by_kind(marks)
    found = [_touched(kind, keys).where(_IS_OPEN) for kind, keys in by_kind.items()]
    found = found or [_touched("order", [])]
    return found[0] if len(found) == 1 else union_all(*found)


def few_orders_of(marks: Iterable[Sequence[Any]], most: int) -> set[str] | None:
    """The ids that `orders_of` selects, unless there are more than so many, or than `MOST` counted twice: then nothing.
    Not DISTINCT: a database that walked the orders by their ids for that would find few of them late."""
    flush()
    found: set[str] = set()
    for kind, keys in _by_kind(marks).items():
        if kind in _OPEN_BY:
            rows = _OPEN_BY[kind].rows({"keys": _firsts(keys)})
        else:
            rows = list(session().execute(_touched(kind, keys).where(_IS_OPEN).limit(MOST)))
        found |= {order_id for (order_id,) in rows}
        if len(rows) == MOST or len(found) > most:
            return None
    return found


def _by_kind(marks: Iterable[Sequence[Any]]) -> dict[str, list[Sequence[Any]]]:
    """The keys of the marks by their kinds; those that touch the orders of products by these products."""
    by_kind: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for kind, *key in marks:
        by_kind[kind].append(key)
    if "all" in by_kind:
        return {"all": [()]}
    for kind in _PRODUCTS_OF.keys() & by_kind.keys():  # asked first: joined, SQLite would begin with all orders
        by_kind["product"] += _PRODUCTS_OF[kind].rows({"keys": _firsts(by_kind.pop(kind))})
    return {kind: by_kind[kind] for kind in sorted(by_kind) if by_kind[kind]}


def _touched(kind: str, keys: Sequence[Sequence[Any]]) -> Select[Any]:
    if kind in _OTHERS:
        return _OTHERS[kind](keys)
    wanted, column = _BY_COLUMN[kind]
    return wanted.where(column.in_(_firsts(keys)))
