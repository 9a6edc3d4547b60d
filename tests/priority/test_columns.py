"""Facts in bulk are the facts of each order alone, whatever surrounds it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.catalog.models import Licence
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
from tests.catalog.factories import make_licence
from tests.priority.worlds import orders_of_every_kind, plain_product, plain_world
from tests.qualification.world import make_supplier

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
    orders_of_every_kind(world, 60)
    assert same(tx) == 60


def test_what_an_order_reserved_is_free_for_it_alone(world, tx):
    product = plain_product(stock=5)
    orders = [world.order(product=product, quantity=4) for _each in range(2)]
    line = orders[0].lines[0]
    inventory.reserve(SYSTEM, orders[0].id, line.id, product, 4, arrives_on=clock.today(), min_remaining_days=0)
    assert same(tx) == 2


def test_licences_of_suppliers_are_not_ours_and_letters_are_none(world, tx):
    tx.query(Licence).delete()
    supplier = make_supplier()
    make_licence(owner_kind="supplier", supplier_id=supplier.id, kind="trade")
    make_licence(customer_id=world.customer.id, kind="agent")
    order = world.order()
    assert same(tx) == 1
    facts = gather(Subject("order", order.id), ["compliance", "customer"], clock.now())
    assert (facts["compliance"][0]["our_licence_valid"], facts["customer"][0]["licence_valid"]) == (False, False)


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
