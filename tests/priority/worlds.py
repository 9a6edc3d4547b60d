"""A world in which orders can be assessed: rule sets in force, our papers, a customer, a product in stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core import clock
from app.core.db import session
from app.core.permissions import SYSTEM
from app.inventory import service as inventory
from app.orders.models import Order
from app.priority import service as priority
from app.priority.models import OrderStanding
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_contract,
    make_customer,
    make_licence,
    make_product,
    make_region,
    make_registration,
)
from tests.decisions.factories import seed
from tests.inventory.factories import make_lot, make_warehouse
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


def orders_of_every_kind(world: World, count: int) -> list[Order]:
    """So many orders of every channel, type and status, with papers, lots and history of every kind around them; the
    last one has stock reserved."""
    random = Random(4)
    today = clock.today()
    make_region("650000", lane_days_p50=3, lane_days_p95=9, cold_lane=False)
    make_warehouse(code="WH-XJ", region_code="650000")
    lapsed = make_registration(valid_to=today - timedelta(days=30))
    products = [
        plain_product(),
        plain_product(stock=7, substitution_group=None, life_supporting=True, implantable=True),
        plain_product(stock=0, needs_inspection=True, min_remaining_days=200, sterile=True),
        plain_product(stock=4, registration_id=lapsed.id, storage_min_c=Decimal(2), storage_max_c=Decimal(8)),
        plain_product(
            risk_class=None, udi_di="06912345000017", high_value=True, registration_id=None, category_code="06-01"
        ),
    ]
    for product in products:
        for status in ("released", "quarantined", "recalled", "held"):
            make_lot(
                product,
                on_hand=random.randint(1, 9),
                status=status,
                report_no=random.choice((None, "R")),
                expires_on=today + timedelta(days=random.choice((-5, 1, 3, 40, 170, 300, 900))),
            )
        make_lot(product, on_hand=2, expires_on=None, made_on=today - timedelta(days=random.choice((5, 60))))
    customers = [
        make_customer(tier=tier, region_code=region, kind=kind, min_remaining_days=days, name_en=english)
        for tier, region, kind, days, english in (
            ("S", "310000", "hospital", None, None),
            ("C", "650000", "distributor", 90, "Dealer"),
            ("A", "310000", "clinic", 0, ""),
        )
    ]
    nobody = make_customer(licensed=False)
    make_licence(customer_id=customers[0].id, risk_classes=[1, 2], category_codes=["06"])
    make_licence(customer_id=customers[1].id, valid_to=today + timedelta(days=2))
    authorisation = make_authorisation(
        grantee_customer_id=customers[1].id, product_ids=[products[0].id], region_codes=["650000"]
    )
    for found in catalog.authorisations_of(None):
        found.product_ids = [product.id for product in products[:4]]
    contract = make_contract(customers[0], min_remaining_days=120, penalty_pct_day=Decimal("0.333"), sla_hours=24)
    awards = [
        make_award([(products[0], "80.00", 100), (products[1], "9.99", 5)], customer_id=customers[0].id),
        make_award([(products[2], "1.00", 3)]),
    ]
    orders = []
    for _number in range(count):
        lines = [
            make_line(
                random.choice(products),
                random.choice((1, 2, 5, 30)),
                random.choice(("10.00", "80.01", "9.99")),
                price_ceiling=random.choice((None, "50.00")),
            )
            for _n in range(random.randint(1, 4))
        ]
        order = world.order(
            lines=lines,
            customer=random.choice([*customers, nobody]),
            channel=random.choice(("direct", "distributor", "tender")),
            order_type=random.choice(("normal", "consignment", "emergency")),
            requested_date=today + timedelta(days=random.randint(0, 30)),
            contract_number=random.choice((None, contract.number, "NONE")),
            authorisation_number=random.choice((None, authorisation.number, "NONE")),
            tender_award_number=random.choice((None, awards[0].number, awards[1].number, "NONE")),
            surgery_at=random.choice((None, clock.now() + timedelta(minutes=random.randint(-3000, 9000)))),
            surgery_number="OR-1",
            hospital_po=random.choice((None, "", "PO")),
        )
        order.submitted_at = clock.now() - timedelta(minutes=random.randint(0, 600_000))
        order.status = random.choice(("in_approval", "rework", "released", "released"))
        orders.append(order)
    session().flush()
    line = make_line(products[0], 2)
    order.renumber([*order.lines, line])
    session().flush()
    inventory.reserve(SYSTEM, order.id, line.id, products[0], 1, arrives_on=today, min_remaining_days=0)
    return orders
