"""A world in which orders can be assessed: rule sets in force, our papers, a customer, a product in stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.catalog.models import Customer, Product
from app.core import clock
from app.core.permissions import SYSTEM
from app.orders.models import Order
from app.priority import service as priority
from app.priority.models import OrderStanding
from tests.catalog.factories import make_authorisation, make_customer, make_licence, make_product
from tests.decisions.factories import seed
from tests.inventory.factories import make_lot
from tests.orders.factories import make_line, make_order


@dataclass
class World:
    """A customer and a product that nothing is wrong with."""

    customer: Customer
    product: Product

    def order(self, **over: Any) -> Order:
        """An order of one unit for the plain customer, wanted in 60 days, for no surgery, unless told otherwise."""
        given: dict[str, Any] = {
            "requested_date": clock.today() + timedelta(days=60),
            "surgery_at": None,
            "surgery_number": None,
            "customer": self.customer,
        }
        lines = over.pop("lines", None) or [make_line(over.pop("product", self.product), over.pop("quantity", 1))]
        return make_order(lines, **{**given, **over})


def plain_world() -> World:
    """Rules in force, our licence and authorisation, a customer of tier C, a product in stock nothing is special of."""
    seed()
    make_licence()
    make_authorisation()
    return World(make_customer(tier="C"), plain_product())


def plain_product(*, stock: int = 1000, **over: Any) -> Product:
    """A class II product in stock, with a substitute."""
    given: dict[str, Any] = {"risk_class": 2, "substitution_group": "G"}
    made = make_product(**{**given, **over})
    if stock:
        make_lot(made, on_hand=stock)
    return made


def assessed(order: Order) -> OrderStanding:
    """The order's standing, freshly assessed."""
    return priority.assess(SYSTEM, order.id, trigger="submitted")
