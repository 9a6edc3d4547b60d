"""The waiting orders and all stock they could get, as it stands now: the input of a run. Its rows are locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from app.catalog import queries as catalog
from app.core.db import session
from app.core.registry import Registry
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import ACTIVE, SOFT, Reservation
from app.orders import queries as orders
from app.orders.models import Order
from app.planning.allocation import Demand, Given, Need, Supply
from app.planning.models import WaitingOrder
from app.priority import queries as priority
from app.priority.models import OrderStanding


class Share(NamedTuple):
    """Base units of an order line."""

    to_leave: int
    gone: int


shares: Registry[Callable[[Collection[str]], dict[str, Share]]] = Registry("what has left")
"""Filled by later packages: of those orders that are released, by line, what is to leave yet and what has left; a line
that is not told wants all that is ordered."""


def shares_of(order_ids: Collection[str]) -> dict[str, Share]:
    """What `shares` says."""
    return {line: share for name in shares for line, share in shares.get(name)(order_ids).items()}


@dataclass(frozen=True)
class Snapshot:
    """Who waits, in rank order, for what; what is softly theirs; what is free besides."""

    orders: dict[str, Order]
    standings: dict[str, OrderStanding]
    demands: list[Demand]
    wanted: dict[str, inventory.Wanted]
    """By line: what a reservation needs to know; `quantity` is what is not firmly theirs."""
    kept: list[Reservation]
    stock: list[inventory.Taken]

    @property
    def order_of(self) -> dict[str, str]:
        """Order by line, in rank order."""
        return {need.line_id: demand.order_id for demand in self.demands for need in demand.needs}

    def before(self) -> list[Given]:
        """What the lines have softly."""
        return [Given(row.order_line_id, row.lot_id, row.place_id, row.quantity) for row in self.kept]

    def supplies(self) -> list[Supply]:
        """What is free, and what is softly kept for those who wait: all of that is dealt out anew."""
        allowed = stock.customers_allowed(row.lot for row in self.stock)
        back: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.kept:
            back[row.lot_id, row.place_id] += row.quantity
        return [
            Supply(
                lot_id=row.lot.id,
                place_id=row.place_id,
                product_id=row.lot.product_id,
                free=row.quantity + back.get((row.lot.id, row.place_id), 0),
                expires_on=row.lot.expires_on,
                made_on=row.lot.made_on,
                region_code=row.warehouse.region_code,
                only_for=allowed.get(row.lot.id),
                only_until=row.lot.only_until,
            )
            for row in self.stock
        ]


def take(as_of: datetime, *, lock: bool = True) -> Snapshot:
    """The snapshot as of now; orders that something blocks wait without taking part. Without `lock` their
    rows are only read: for who asks what would be."""
    ids = list(
        session().scalars(
            select(WaitingOrder.order_id)
            .join(OrderStanding, OrderStanding.order_id == WaitingOrder.order_id)
            .where(OrderStanding.blocked.is_(False))
            .order_by(*priority.RANK_ORDER)
        )
    )
    found = {order.id: order for order in orders.locked_orders(ids)} if lock else orders.orders_by_id(ids)
    waiting = [found[key] for key in ids if key in found]
    demands, wanted = _demands(waiting, as_of)
    free = inventory.free_stock({need.product_id for demand in demands for need in demand.needs})
    return Snapshot(found, priority.standings_of(ids), demands, wanted, _soft(ids), free)


def _demands(waiting: Sequence[Order], as_of: datetime) -> tuple[list[Demand], dict[str, inventory.Wanted]]:
    products = catalog.products_of(line.product_id for order in waiting for line in order.lines)
    ids = [order.id for order in waiting]
    firm, known_shares = stock.kept_by_line(ids, firmly=True), shares_of(ids)
    regions = catalog.regions_of({order.customer_id for order in waiting})
    known = priority.terms_of_all(waiting, as_of)
    demands, wanted = [], {}
    for order in waiting:
        terms = known[order.id]
        needs = []
        for line in order.lines:
            quantity = known_shares.get(line.id, Share(line.quantity, 0)).to_leave - firm.get(line.id, 0)
            spare = terms.required_days[line.id]
            wanted[line.id] = inventory.Wanted(
                line.id, products[line.product_id], quantity, terms.arrives_on, spare, order.customer_id
            )
            if quantity > 0:
                needs.append(Need(line.id, line.product_id, quantity, terms.arrives_on, spare))
        complete = order.delivery == "complete"
        demands.append(Demand(order.id, tuple(needs), complete, regions.get(order.customer_id, ""), order.customer_id))
    return demands, wanted


def _soft(order_ids: Sequence[str]) -> list[Reservation]:
    statement = (
        select(Reservation)
        .where(Reservation.order_id.in_(order_ids), Reservation.status == ACTIVE, Reservation.level == SOFT)
        .order_by(Reservation.id)
        .execution_options(populate_existing=True)
    )
    return list(session().scalars(statement))
