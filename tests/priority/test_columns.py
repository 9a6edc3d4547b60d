"""Facts in bulk are the facts of each order alone, whatever surrounds it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from app.core import clock
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions.bulk import facts_in_bulk, gather_in_bulk
from app.decisions.engines.frames import facts_of
from app.decisions.facts import gather
from app.decisions.schema import shipped_schema
from app.inventory import service as inventory
from app.orders.models import Order
from app.priority.album import Album, subjects_of
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_contract,
    make_customer,
    make_licence,
    make_region,
    make_registration,
)
from tests.inventory.factories import make_lot, make_warehouse
from tests.orders.factories import make_line
from tests.priority.worlds import plain_product, plain_world

KINDS = frozenset(facts_in_bulk)


@pytest.fixture
def world(tx):
    return plain_world()


def same(tx, moments=None):
    """Every order of the database, by both ways."""
    tx.flush()
    for as_of in moments or (clock.now(), clock.now() + timedelta(days=3, hours=7, minutes=11)):
        album = Album(Order.id.is_not(None), as_of)
        subjects = subjects_of(album)
        frames = gather_in_bulk(subjects, KINDS, as_of)
        for row, order_id in enumerate(subjects.ids):
            alone = gather(Subject("order", order_id), KINDS, as_of)
            bulk = facts_of(frames, row, KINDS, shipped_schema())
            for kind in sorted(KINDS):
                assert bulk[kind] == alone[kind], (kind, order_id)
    return len(subjects.ids)


def test_orders_of_every_kind(world, tx):
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
    for found in authorisations():
        if found.grantee_customer_id is None:
            found.product_ids = [product.id for product in products[:4]]
    contract = make_contract(customers[0], min_remaining_days=120, penalty_pct_day=Decimal("0.333"), sla_hours=24)
    awards = [
        make_award([(products[0], "80.00", 100), (products[1], "9.99", 5)], customer_id=customers[0].id),
        make_award([(products[2], "1.00", 3)]),
    ]
    for _number in range(60):
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
    tx.flush()
    product = products[0]
    for line in [line for line in order.lines if line.product_id == product.id][:1] or []:
        inventory.reserve(SYSTEM, order.id, line.id, product, 1, arrives_on=today, min_remaining_days=0)
    assert same(tx) == 60


def authorisations():
    from app.catalog.queries import authorisations_of

    return authorisations_of(None)


def test_what_an_order_reserved_is_free_for_it_alone(world, tx):
    product = plain_product(stock=5)
    orders = [world.order(product=product, quantity=4) for _each in range(2)]
    line = orders[0].lines[0]
    inventory.reserve(SYSTEM, orders[0].id, line.id, product, 4, arrives_on=clock.today(), min_remaining_days=0)
    assert same(tx) == 2


def test_the_number_of_statements_does_not_grow(world, tx, statements):
    for _each in range(12):
        world.order()
    tx.flush()
    statements.clear()
    gather_in_bulk(subjects_of(Album(Order.id.is_not(None), clock.now())), KINDS, clock.now())
    assert len(statements) <= 2, statements  # the rest goes straight to the driver


def test_an_order_does_not_contest_its_own_product(world, tx):
    product = plain_product(stock=1)
    order = world.order(product=product, quantity=4)
    assert same(tx) == 1
    assert gather(Subject("order", order.id), ["stock"], clock.now())["stock"][0]["constrained"] is False
    world.order(product=product, quantity=4)
    assert same(tx) == 2
