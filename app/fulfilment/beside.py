"""What stands beside the form of a task, to be read only: stock for each line of the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.catalog.models import Product
from app.core import clock
from app.fulfilment.queries import OrderView
from app.inventory import queries as inventory


@dataclass(frozen=True)
class StockOfLine:
    """A line of an order and the stock of its product, in base units."""

    product: Product
    wanted: int
    reserved: int
    free: int
    """May be sold to arrive on the day, and nobody has it reserved."""
    waiting: int
    """In quarantine or on hold: what QC could still release."""

    @property
    def missing(self) -> int:
        """What neither is reserved nor could be."""
        return max(0, self.wanted - self.reserved - self.free)


@dataclass(frozen=True)
class Stock:
    """The stock that an order meets on a day."""

    on: date
    lines: Sequence[StockOfLine]


def stock_of(view: OrderView) -> Stock:
    """Stock for each line on the day it is wanted (today, if that has passed). Two statements."""
    on = max(clock.today(), view.order.requested_date)
    products = {row.product.id for row in view.lines}
    free = inventory.available_many(products, on=on)
    waiting = inventory.expected_many(products, on=on)
    lines = [
        StockOfLine(row.product, row.line.quantity, row.line.reserved, free[row.product.id], waiting[row.product.id])
        for row in view.lines
    ]
    return Stock(on, lines)
