"""Everything the facts of an order are counted from, read once in a dozen statements.

The picture is kept with the session until a row it was read from is written: facts of several kinds, gathered one after
the other, see one state and cost one reading.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import event, func, or_, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, joinedload

from app.catalog import queries as catalog
from app.catalog.models import (
    Authorisation,
    Contract,
    Customer,
    Licence,
    Product,
    Region,
    Registration,
    TenderAward,
    TenderAwardLine,
)
from app.core import clock
from app.core.db import session
from app.inventory.models import Balance, Lot, Reservation, Warehouse
from app.orders import queries as orders
from app.orders.models import Order, OrderLine
from app.priority.models import OrderOverride, OrderStanding

HISTORY_DAYS = 365
"""How far back a customer's usual quantities are counted."""
_KEY = "order_picture"
_READ_FROM = frozenset(
    model.__tablename__
    for model in (
        Order,
        OrderLine,
        Product,
        Registration,
        Region,
        Customer,
        Licence,
        Authorisation,
        Contract,
        TenderAward,
        TenderAwardLine,
        Warehouse,
        Lot,
        Balance,
        Reservation,
        OrderOverride,
    )
)


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


@dataclass(frozen=True)
class Picture:
    """An order with all that surrounds it."""

    order: Order
    products: Mapping[str, Product]
    customer: Customer
    region: Region
    licences: list[Licence]
    """The customer's."""
    our_licences: list[Licence]
    authorisations: list[Authorisation]
    """To us, and to the customer."""
    named_authorisation: Authorisation | None
    contract: Contract | None
    award: TenderAward | None
    lots: Mapping[str, list[StockLot]]
    """By product, first expiring first."""
    local_warehouse: bool
    substitutes: Mapping[str, int]
    """Number of other active products in a product's substitution group."""
    usual: Mapping[str, int]
    """The customer's mean ordered quantity by product, in the last year, other released orders."""
    reserved: Mapping[str, int]
    """Actively reserved quantity by order line."""
    contested: frozenset[str]
    """Products of this order that other open orders wait for too."""
    standing: OrderStanding | None
    overrides: list[OrderOverride]
    """Every manual override there was, the newest first."""

    @property
    def lines(self) -> list[OrderLine]:
        """The lines in their order."""
        return self.order.lines

    def required_days(self, line: OrderLine, day: date) -> int:
        """Days of shelf life that must be left at arrival: the largest of contract, customer and product."""
        wishes = [self.products[line.product_id].min_remaining_days, self.customer.min_remaining_days]
        if self.contract is not None and self.contract.valid_on(day):
            wishes.append(self.contract.min_remaining_days)
        return max((wish for wish in wishes if wish), default=0)

    def arrival(self, as_of: datetime) -> date:
        """When goods that leave on the business date would arrive, on the usual lane."""
        return clock.local_date(as_of) + timedelta(days=self.region.lane_days_p50)


def picture_of(order_id: str) -> Picture:
    """The picture of the order, from the session's memory when nothing was written since. Raises OrderNotFound."""
    session().flush()  # what was changed but not written yet empties the memory
    held: dict[str, Picture] = session().info.setdefault(_KEY, {})
    if order_id not in held:
        read = _read(orders.get_order(order_id))
        held = session().info.setdefault(_KEY, {})
        held[order_id] = read
    return held[order_id]


def _read(order: Order) -> Picture:
    product_ids = sorted({line.product_id for line in order.lines})
    customer = catalog.get_customer(order.customer_id)
    licences = _licences(customer.id)
    products = _products(product_ids)
    authorisations = _authorisations(customer.id, order.authorisation_number)
    reserved_lots, reserved_lines = _reserved(order.id)
    return Picture(
        order=order,
        products=products,
        customer=customer,
        region=catalog.region(customer.region_code),
        licences=[found for found in licences if found.owner_kind == "customer"],
        our_licences=[found for found in licences if found.owner_kind == "us"],
        authorisations=[found for found in authorisations if found.grantee_customer_id in (None, customer.id)],
        named_authorisation=next((one for one in authorisations if one.number == order.authorisation_number), None),
        contract=catalog.find_contract(order.contract_number) if order.contract_number else None,
        award=catalog.find_award(order.tender_award_number) if order.tender_award_number else None,
        lots=_lots(product_ids, reserved_lots),
        local_warehouse=_has_warehouse(customer.region_code),
        substitutes=_substitutes(products.values()),
        usual=_usual(order, product_ids),
        reserved=reserved_lines,
        contested=_contested(order.id, product_ids),
        standing=session().get(OrderStanding, order.id),
        overrides=overrides_of(order.id),
    )


def overrides_of(order_id: str) -> list[OrderOverride]:
    """Every manual override of the order, the newest first."""
    wanted = select(OrderOverride).where(OrderOverride.order_id == order_id)
    return list(session().scalars(wanted.order_by(OrderOverride.starts_at.desc(), OrderOverride.id.desc())))


def _products(product_ids: list[str]) -> dict[str, Product]:
    wanted = select(Product).where(Product.id.in_(product_ids)).options(joinedload(Product.registration))
    return {product.id: product for product in session().scalars(wanted)}


def _licences(customer_id: str) -> list[Licence]:
    wanted = select(Licence).where(or_(Licence.customer_id == customer_id, Licence.owner_kind == "us"))
    return list(session().scalars(wanted.order_by(Licence.valid_to.desc(), Licence.number)))


def _authorisations(customer_id: str, number: str | None) -> list[Authorisation]:
    wanted = select(Authorisation).where(
        or_(
            Authorisation.grantee_customer_id.is_(None),
            Authorisation.grantee_customer_id == customer_id,
            Authorisation.number == (number or ""),
        )
    )
    return list(session().scalars(wanted.order_by(Authorisation.number)))


def _reserved(order_id: str) -> tuple[dict[str, int], dict[str, int]]:
    """What the order has reserved now, by lot and by line."""
    by_lot: dict[str, int] = defaultdict(int)
    by_line: dict[str, int] = defaultdict(int)
    rows = session().execute(
        select(Reservation.lot_id, Reservation.order_line_id, Reservation.quantity).where(
            Reservation.order_id == order_id, Reservation.status == "active"
        )
    )
    for lot_id, line_id, quantity in rows:
        by_lot[lot_id] += quantity
        by_line[line_id] += quantity
    return by_lot, by_line


def _lots(product_ids: list[str], reserved: Mapping[str, int]) -> dict[str, list[StockLot]]:
    on_hand, taken = func.sum(Balance.on_hand), func.sum(Balance.reserved)
    rows = session().execute(
        select(Lot.id, Lot.product_id, Lot.made_on, Lot.expires_on, Lot.status, Lot.report_no, on_hand, taken)
        .join(Balance, Balance.lot_id == Lot.id)
        .where(Lot.product_id.in_(product_ids))
        .group_by(Lot.id, Lot.product_id, Lot.made_on, Lot.expires_on, Lot.status, Lot.report_no)
        .having(on_hand > 0)
        .order_by(Lot.expires_on.is_(None), Lot.expires_on, Lot.id)
    )
    found: dict[str, list[StockLot]] = defaultdict(list)
    for lot_id, product_id, made_on, expires_on, status, report_no, total, held in rows:
        free = int(total) - int(held) + reserved.get(lot_id, 0)
        found[product_id].append(StockLot(lot_id, product_id, made_on, expires_on, status, report_no, int(total), free))
    return found


def _has_warehouse(region_code: str) -> bool:
    return session().scalar(select(Warehouse.id).where(Warehouse.region_code == region_code).limit(1)) is not None


def _substitutes(products: Iterable[Product]) -> dict[str, int]:
    groups = {product.substitution_group for product in products if product.substitution_group}
    if not groups:
        return {}
    rows = session().execute(
        select(Product.substitution_group, func.count())
        .where(Product.substitution_group.in_(groups), Product.status == "active")
        .group_by(Product.substitution_group)
    )
    members = {str(group): int(count) for group, count in rows}
    return {
        product.id: members.get(product.substitution_group, 0) - (product.status == "active")
        for product in products
        if product.substitution_group
    }


def _usual(order: Order, product_ids: list[str]) -> dict[str, int]:
    rows = session().execute(
        select(OrderLine.product_id, func.sum(OrderLine.quantity), func.count())
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.customer_id == order.customer_id,
            Order.id != order.id,
            Order.status == "released",
            Order.submitted_at >= order.submitted_at - timedelta(days=HISTORY_DAYS),
            OrderLine.product_id.in_(product_ids),
        )
        .group_by(OrderLine.product_id)
    )
    return {product_id: max(1, int(total) // int(count)) for product_id, total, count in rows}


def _contested(order_id: str, product_ids: list[str]) -> frozenset[str]:
    rows = session().execute(
        select(OrderLine.product_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            Order.status == "in_approval",
            Order.id != order_id,
            OrderLine.product_id.in_(product_ids),
            OrderLine.reserved < OrderLine.quantity,
        )
        .distinct()
    )
    return frozenset(rows.scalars())


def forget(opened: Session) -> None:
    """Drop what the session remembers."""
    opened.info.pop(_KEY, None)


@event.listens_for(Session, "after_flush")
def _after_flush(opened: Session, _context: Any) -> None:
    held: dict[str, Picture] = opened.info.get(_KEY, {})
    for thing in (*opened.new, *opened.dirty, *opened.deleted) if held else ():
        if thing.__tablename__ in _READ_FROM:
            forget(opened)
            return
        if isinstance(thing, OrderStanding) and thing.order_id in held:  # an assessment changes this and nothing else
            held[thing.order_id] = replace(held[thing.order_id], standing=thing)


@event.listens_for(Session, "do_orm_execute")
def _on_execute(state: ORMExecuteState) -> None:
    if _KEY not in state.session.info or state.is_select:
        return
    table = getattr(state.statement, "table", None)
    if table is None or getattr(table, "name", "") in _READ_FROM:
        forget(state.session)


@event.listens_for(Session, "after_transaction_end")
def _at_end(opened: Session, transaction: SessionTransaction) -> None:
    if transaction.nested or transaction.parent is None:  # a flush ends a transaction of its own kind too
        forget(opened)
