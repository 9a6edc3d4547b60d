"""The rows that pictures are made of: each kind read for several orders by one statement, built once.

Building such a statement anew costs as much as running it, and objects of a session as much again: so most are rows
without one (`core.plain`), which are only read. What is asked of every product or customer besides (how many
could stand in for it, who else waits for it, whether a warehouse is near) is asked with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased, selectinload

from app.catalog.models import (
    TO_TRADE,
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    Region,
    Registration,
    TenderAward,
)
from app.core.among import among
from app.core.db import UtcDateTime, session
from app.core.plain import Plain
from app.core.prepared import Answer, Prepared, together
from app.inventory.models import Balance, Lot, Reservation, Warehouse
from app.inventory.queries import free_of_lot
from app.orders.models import Order, OrderLine
from app.priority.models import OrderOverride, OrderStanding

HISTORY_DAYS = 365
"""How far back a customer's usual quantities are counted."""


@dataclass(frozen=True)
class StockLot:
    """A lot with stock on hand, over all warehouses; `free` counts what this order already reserved as free for it."""

    lot_id: str
    product_id: str
    made_on: date
    expires_on: date | None
    status: str
    report_no: str | None
    on_hand: int
    free: int


class Goods(NamedTuple):
    """A product, how many other active ones could stand in for it, and one or two orders in approval that wait for it:
    enough to know whether another one does."""

    product: Product
    substitutes: int
    waiting: frozenset[str]


_PRODUCT = Plain(
    Product,
    "id sku udi_di name name_en risk_class category_code implantable sterile life_supporting high_value "
    "needs_inspection storage_max_c min_remaining_days substitution_group status",
)
_REGISTRATION = Plain(Registration, "id number valid_from valid_to")
_CUSTOMER = Plain(
    Customer,
    "id code name name_en kind tier region_code credit_limit credit_used overdue_days prepaid min_remaining_days "
    "cold_capable status",
)
_REGION = Plain(Region, "code lane_days_p50 lane_days_p95 cold_lane")
_LICENCE = Plain(Licence, "id customer_id valid_from valid_to risk_classes category_codes")
_AUTHORISATION = Plain(Authorisation, "number grantee_customer_id valid_from valid_to product_ids region_codes")
_CONTRACT = Plain(
    Contract, "number customer_id sla_hours penalty_pct_day min_remaining_days status valid_from valid_to"
)
_STANDING = Plain(
    OrderStanding,
    "order_id number blocked band score ranked_score need_score promise_days requested_date submitted_at "
    "next_change_at",
)


def waiting_lines(*where: Any) -> Any:
    """Order ids of the lines (of a product, say) that orders in approval wait for, in the order of an index. No join:
    who wants the first few only would get them by way of all that is in approval. And asked is for the truth of it, not
    for the status: of what it cannot know PostgreSQL takes every other line to be so, but one in 200 of that status."""
    waiting = select(Order.status == "in_approval").where(Order.id == OrderLine.order_id).correlate(OrderLine)
    waits = (OrderLine.reserved < OrderLine.quantity, waiting.scalar_subquery())
    return select(OrderLine.order_id).where(*where, *waits).order_by(OrderLine.order_id)


def _waiting(*where: Any) -> Any:
    return waiting_lines(*where).limit(1).scalar_subquery()


_one = aliased(Product)
_GROUPS = Prepared(
    select(Product.substitution_group, func.count(Product.id))
    .where(
        Product.substitution_group.in_(
            select(_one.substitution_group).where(among(_one.id, "ids"), _one.substitution_group != "")
        ),
        Product.status == "active",
    )
    .group_by(Product.substitution_group)
)
_first = (
    select(Product.id, _waiting(OrderLine.product_id == Product.id).label("waits"))
    .where(among(Product.id, "ids"))
    .cte("first")
    .prefix_with("MATERIALIZED")  # else the first is looked for again wherever it is named
)
_GOODS = Prepared(
    select(
        *_PRODUCT.columns,
        *_REGISTRATION.columns,
        _first.c.waits,
        _waiting(OrderLine.product_id == _first.c.id, OrderLine.order_id != _first.c.waits),
    )
    .join_from(Product, _first, _first.c.id == Product.id)
    .outerjoin(Registration, Registration.id == Product.registration_id)
)
_BUYERS = Prepared(
    select(*_CUSTOMER.columns, *_REGION.columns, exists().where(Warehouse.region_code == Customer.region_code))
    .join_from(Customer, Region, Region.code == Customer.region_code)
    .where(among(Customer.id, "ids"))
)
_LICENCES = Prepared(
    select(*_LICENCE.columns)
    .where(
        or_(among(Licence.customer_id, "ids"), Licence.owner_kind == "us"), or_(*(Licence.kind == k for k in TO_TRADE))
    )
    .order_by(Licence.valid_to.desc(), Licence.number)
)
_AUTHORISATIONS = Prepared(
    select(*_AUTHORISATION.columns)
    .where(
        or_(
            Authorisation.grantee_customer_id.is_(None),
            among(Authorisation.grantee_customer_id, "ids"),
            among(Authorisation.number, "numbers"),
        )
    )
    .order_by(Authorisation.number)
)
_CONTRACTS = Prepared(select(*_CONTRACT.columns).where(among(Contract.number, "numbers")))
_AWARDS = select(TenderAward).where(among(TenderAward.number, "numbers")).options(selectinload(TenderAward.lines))
_on_hand = func.sum(Balance.on_hand)
_LOTS = Prepared(
    select(Lot.id, Lot.product_id, Lot.made_on, Lot.expires_on, Lot.status, Lot.report_no, _on_hand, free_of_lot())
    .join(Balance, Balance.lot_id == Lot.id)
    .where(among(Lot.product_id, "ids"))
    .group_by(Lot.id, Lot.product_id, Lot.made_on, Lot.expires_on, Lot.status, Lot.report_no)
    .having(_on_hand > 0)
    .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.id)
)
_RESERVED = Prepared(
    select(Reservation.order_id, Reservation.lot_id, Reservation.order_line_id, Reservation.quantity).where(
        among(Reservation.order_id, "ids"), Reservation.status == "active"
    )
)
_PAST = Prepared(
    select(Order.customer_id, Order.id, Order.submitted_at, OrderLine.product_id, OrderLine.quantity)
    .join(OrderLine, OrderLine.order_id == Order.id)
    .where(
        among(Order.customer_id, "customers"),
        Order.status == "released",
        Order.submitted_at >= bindparam("earliest", type_=UtcDateTime),
        among(OrderLine.product_id, "ids"),
    )
)
_OVERRIDES = (
    select(OrderOverride)
    .where(among(OrderOverride.order_id, "ids"))
    .order_by(OrderOverride.starts_at.desc(), OrderOverride.id.desc())
)
_STANDINGS = Prepared(
    select(
        *_STANDING.columns,
        exists().where(OrderOverride.order_id == OrderStanding.order_id),
        exists().where(Reservation.order_id == OrderStanding.order_id, Reservation.status == "active"),
    ).where(among(OrderStanding.order_id, "ids"))
)


class Asked(NamedTuple):
    """What is asked for pictures at once; each answers its rows."""

    goods: Answer
    groups: Answer
    buyers: Answer
    licences: Answer
    authorisations: Answer
    contracts: Answer
    lots: Answer
    past: Answer
    standings: Answer


def ask(found: Sequence[Order]) -> Asked:
    """Ask for what surrounds the orders."""
    products = list({line.product_id for order in found for line in order.lines})
    customers = list({order.customer_id for order in found})
    contracts = _given(order.contract_number for order in found)
    earliest = min(order.submitted_at for order in found) - timedelta(days=HISTORY_DAYS)
    with together():
        return Asked(
            _GOODS.ask({"ids": products}),
            _GROUPS.ask({"ids": products}),
            _BUYERS.ask({"ids": customers}),
            _LICENCES.ask({"ids": customers}),
            _AUTHORISATIONS.ask({"ids": customers, "numbers": _given(order.authorisation_number for order in found)}),
            _CONTRACTS.ask({"numbers": contracts}) if contracts else list,
            _LOTS.ask({"ids": products}),
            _PAST.ask({"customers": customers, "earliest": earliest, "ids": products}),
            _STANDINGS.ask({"ids": [order.id for order in found]}),
        )


def _given(numbers: Iterable[str | None]) -> list[str]:
    return [number for number in set(numbers) if number]


def goods(answer: Answer, groups: Answer) -> dict[str, Goods]:
    """By product; `groups`: how many are active of their substitution groups."""
    found, own, both = {}, len(_PRODUCT.names), len(_PRODUCT.names) + len(_REGISTRATION.names)
    active: dict[str | None, int] = dict(groups())
    for row in answer():
        registration = None if row[own] is None else _REGISTRATION.made(row[own:both])
        product = _PRODUCT.made(row[:own], registration=registration)
        mates = active.get(product.substitution_group, 0) - (product.status == "active")
        others = mates if product.substitution_group else 0
        found[product.id] = Goods(product, others, frozenset(one for one in row[both:] if one))
    return found


def buyers(answer: Answer) -> dict[str, tuple[Customer, bool]]:
    """By customer, with its region; and whether a warehouse of ours is there."""
    found, own = {}, len(_CUSTOMER.names)
    for *row, served in answer():
        customer = _CUSTOMER.made(row[:own], region=_REGION.made(row[own:]))
        found[customer.id] = (customer, bool(served))
    return found


def licences(answer: Answer) -> dict[str | None, list[Licence]]:
    """By customer (None: ours), the one that lasts longest first."""
    found: dict[str | None, list[Licence]] = {}
    for one in map(_LICENCE.made, answer()):
        found.setdefault(one.customer_id, []).append(one)
    return found


def authorisations(answer: Answer) -> list[Authorisation]:
    """Those to us, to the customers, and of the numbers that the orders name."""
    return list(map(_AUTHORISATION.made, answer()))


def contracts(answer: Answer) -> dict[str | None, Contract]:
    """By number."""
    return {one.number: one for one in map(_CONTRACT.made, answer())}


def awards(found: Sequence[Order]) -> dict[str | None, TenderAward]:
    """By number, with their lines."""
    wanted = _given(order.tender_award_number for order in found)
    return {one.number: one for one in session().scalars(_AWARDS, {"numbers": wanted})} if wanted else {}


def lots(answer: Answer) -> dict[str, list[StockLot]]:
    """By product, first expiring first; `free` is what nobody reserved."""
    found: dict[str, list[StockLot]] = {}
    for lot_id, product_id, made_on, expires_on, status, report_no, total, free in answer():
        lot = StockLot(lot_id, product_id, made_on, expires_on, status, report_no, int(total), int(free))
        found.setdefault(product_id, []).append(lot)
    return found


Kept = dict[str, dict[str, int]]


def reserved(order_ids: Sequence[str]) -> tuple[Kept, Kept]:
    """What the orders have reserved now, by order and then by lot, and by line."""
    by_lot: Kept = {}
    by_line: Kept = {}
    if not order_ids:
        return by_lot, by_line
    for order_id, lot_id, line_id, quantity in _RESERVED.rows({"ids": list(order_ids)}):
        for kept, key in ((by_lot, lot_id), (by_line, line_id)):
            own = kept.setdefault(order_id, {})
            own[key] = own.get(key, 0) + quantity
    return by_lot, by_line


Past = list[tuple[str, datetime, str, int]]


def usual(found: Sequence[Order], answer: Answer) -> dict[str, dict[str, int]]:
    """By order, then by product: the mean quantity of the customer's other released orders."""
    past: dict[str, Past] = {}
    for customer_id, order_id, submitted_at, product_id, quantity in answer():
        past.setdefault(customer_id, []).append((order_id, submitted_at, product_id, quantity))
    return {order.id: _means(order, past.get(order.customer_id, [])) for order in found}


def _means(order: Order, past: Past) -> dict[str, int]:
    since = order.submitted_at - timedelta(days=HISTORY_DAYS)
    quantities: dict[str, list[int]] = {}
    for order_id, submitted_at, product_id, quantity in past:
        if order_id != order.id and submitted_at >= since:
            quantities.setdefault(product_id, []).append(quantity)
    return {product_id: max(1, sum(many) // len(many)) for product_id, many in quantities.items()}


def overrides(order_ids: Sequence[str]) -> dict[str, list[OrderOverride]]:
    """By order, the newest first."""
    found: dict[str, list[OrderOverride]] = {}
    if not order_ids:
        return found
    for one in session().scalars(_OVERRIDES, {"ids": list(order_ids)}):
        found.setdefault(one.order_id, []).append(one)
    return found


class Standing(NamedTuple):
    """Where an order stands; whether people ever moved it by hand, and whether it has stock reserved."""

    standing: OrderStanding | None = None
    overridden: bool = True
    reserves: bool = True


def standings(answer: Answer) -> dict[str, Standing]:
    """By order; one that was never assessed is not there."""
    found = {}
    for *row, overridden, reserves in answer():
        standing = _STANDING.made(row)
        found[standing.order_id] = Standing(standing, bool(overridden), bool(reserves))
    return found
