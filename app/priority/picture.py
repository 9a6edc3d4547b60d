"""Everything the facts of an order are counted from, read once in a dozen statements.

The picture is kept with the session until a row it was read from is written: facts of several kinds, gathered one after
the other, see one state and cost one reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

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
from app.priority import picture_rows as rows
from app.priority.models import OrderOverride, OrderStanding
from app.priority.picture_rows import StockLot

__all__ = ["Picture", "StockLot", "looking_at", "overrides_of", "picture_of", "pictures_of"]
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
    memory: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was reckoned and is asked for again; shared by pictures read together, so a key names all that it depends on
    (a list that several share, by its `id`)."""

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` makes, made once for all pictures read together."""
        found = self.memory.get(key)
        if found is None:
            found = self.memory[key] = make()
        return found

    @property
    def lines(self) -> list[OrderLine]:
        """The lines in their order."""
        return self.order.lines

    def required_days(self, line: OrderLine, day: date) -> int:
        """Days of shelf life that must be left at arrival: the largest of contract, customer and product."""
        key = ("required", id(self.customer), id(self.contract), line.product_id, day)
        found: int | None = self.memory.get(key)
        if found is None:
            wishes = [self.products[line.product_id].min_remaining_days, self.customer.min_remaining_days]
            if self.contract is not None and self.contract.valid_on(day):
                wishes.append(self.contract.min_remaining_days)
            found = self.memory[key] = max((wish for wish in wishes if wish), default=0)
        return found

    @property
    def lane_days(self) -> int:
        """How long goods are usually under way to the customer."""
        return self.region.lane_days_p50

    def arrival(self, as_of: datetime) -> date:
        """When goods that leave on the business date would arrive, on the usual lane."""
        key = ("arrival", self.region.lane_days_p50, as_of)
        found: date | None = self.memory.get(key)
        if found is None:
            found = self.memory[key] = clock.local_date(as_of) + timedelta(days=self.lane_days)
        return found


_looked_at: ContextVar[Picture | None] = ContextVar("picture looked at", default=None)


@contextmanager
def looking_at(picture: Picture) -> Iterator[None]:
    """Within it this is the picture of its order, without asking whether anything was written since."""
    token = _looked_at.set(picture)
    try:
        yield
    finally:
        _looked_at.reset(token)


def picture_of(order_id: str) -> Picture:
    """The picture of the order, from the session's memory when nothing was written since. Raises OrderNotFound."""
    shown = _looked_at.get()
    if shown is not None and shown.order.id == order_id:
        return shown
    opened = session()
    opened.flush()  # what was changed but not written yet empties the memory
    held: Picture | None = opened.info.get(_KEY, {}).get(order_id)
    return held or pictures_of([orders.get_order(order_id)])[order_id]


def pictures_of(found: Sequence[Order]) -> dict[str, Picture]:
    """The pictures of several orders by their ids, in as many statements as one takes; remembered likewise."""
    session().flush()
    read = read_pictures(found)
    session().info.setdefault(_KEY, {}).update(read)
    return read


def read_pictures(found: Sequence[Order]) -> dict[str, Picture]:
    """The same, not remembered: for who shows each by `looking_at`."""
    ids, asked = [order.id for order in found], rows.ask(found)
    goods, buyers, licences = (
        rows.goods(asked.goods, asked.groups),
        rows.buyers(asked.buyers),
        rows.licences(asked.licences),
    )
    authorisations, contracts = rows.authorisations(asked.authorisations), rows.contracts(asked.contracts)
    awards, lots, usual = rows.awards(found), rows.lots(asked.lots), rows.usual(found, asked.past)
    standings = dict.fromkeys(ids, rows.Standing()) | rows.standings(asked.standings)
    by_lot, by_line = rows.reserved([one for one in ids if standings[one].reserves])
    overrides = rows.overrides([one for one in ids if standings[one].overridden])
    to_buyer = {buyer: [one for one in authorisations if one.grantee_customer_id in (None, buyer)] for buyer in buyers}
    memory: dict[Any, Any] = {}

    def picture(order: Order) -> Picture:
        customer, has_warehouse = buyers[order.customer_id]
        own = {line.product_id: goods[line.product_id] for line in order.lines}
        return Picture(
            order=order,
            products={product_id: one.product for product_id, one in own.items()},
            customer=customer,
            region=customer.region,
            licences=licences.get(customer.id, []),
            our_licences=licences.get(None, []),
            authorisations=to_buyer[customer.id],
            named_authorisation=next((one for one in authorisations if one.number == order.authorisation_number), None),
            contract=contracts.get(order.contract_number),
            award=awards.get(order.tender_award_number),
            lots={product_id: _as_seen(lots.get(product_id, []), by_lot.get(order.id, {})) for product_id in own},
            local_warehouse=has_warehouse,
            substitutes={product_id: one.substitutes for product_id, one in own.items()},
            usual=usual[order.id],
            reserved=by_line.get(order.id, {}),
            contested=frozenset(product_id for product_id, one in own.items() if one.waiting - {order.id}),
            standing=standings[order.id].standing,
            overrides=overrides.get(order.id, []),
            memory=memory,
        )

    return {order.id: picture(order) for order in found}


def _as_seen(lots: list[StockLot], reserved: Mapping[str, int]) -> list[StockLot]:
    """The lots for the order that reserved so much of each."""
    if not reserved:
        return lots
    return [replace(lot, free=lot.free + reserved[lot.lot_id]) if lot.lot_id in reserved else lot for lot in lots]


def overrides_of(order_id: str) -> list[OrderOverride]:
    """Every manual override of the order, the newest first."""
    return rows.overrides([order_id]).get(order_id, [])


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
