"""Rows without a session: what they show is what an object of the session shows, and nothing can be written."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.catalog.models import Contract, Licence, Product
from app.core import clock
from app.core.plain import Plain
from app.core.prepared import Prepared
from app.orders.models import Order
from app.orders.queries import ask_to_lock, locked_orders
from app.priority.models import OrderStanding
from tests.catalog.factories import make_contract, make_customer, make_licence
from tests.priority.worlds import assessed, plain_world

CONTRACT = Plain(Contract, "id number sla_hours penalty_pct_day status valid_from valid_to updated_at")
LICENCE = Plain(Licence, "valid_from valid_to risk_classes category_codes")
STANDING = Plain(OrderStanding, "order_id blocked promise_days need assessed_at next_change_at")


def rows(plain, *where):
    return [plain.made(row) for row in Prepared(select(*plain.columns).where(*where)).rows({})]


def test_every_type_reads_as_the_session_reads_it(tx):
    customer = make_customer()
    contract = make_contract(customer, penalty_pct_day=Decimal("1.250"))
    licence = make_licence(customer_id=customer.id, risk_classes=[2, 3], category_codes=["07", "08-01"])
    standing = assessed(plain_world().order())
    tx.flush()
    for plain, stored, where in (
        (CONTRACT, contract, Contract.id == contract.id),
        (LICENCE, licence, Licence.id == licence.id),
        (STANDING, standing, OrderStanding.order_id == standing.order_id),
    ):
        (read,) = rows(plain, where)
        tx.refresh(stored)
        assert vars(read) == {name: getattr(stored, name) for name in plain.names}


def test_methods_and_properties_are_those_of_the_model(tx):
    contract = make_contract(make_customer(), valid_to=clock.today() + timedelta(days=3))
    tx.flush()
    (read,) = rows(CONTRACT, Contract.id == contract.id)
    assert read.days_left(clock.today()) == 3
    assert not read.valid_on(clock.today() + timedelta(days=4))
    cold = Plain(Product, "sku storage_max_c").made(("P-1", Decimal(8)), registration=None)
    assert cold.cold_chain
    assert cold.registration is None


def test_it_is_only_read():
    read = Plain(Order, "id number").made(("1", "SO-1"))
    with pytest.raises(AttributeError, match="only read"):
        read.number = "SO-2"
    assert read.number == "SO-1"


def test_orders_to_read_are_the_orders_with_their_lines(tx):
    world = plain_world()
    ids = sorted([world.order().id, world.order(hospital_po=None).id])
    tx.flush()
    read, stored = ask_to_lock(ids)(), locked_orders(ids)
    assert [one.id for one in read] == ids
    for one, other in zip(read, stored, strict=True):
        assert {name: getattr(other, name) for name in vars(one) if name != "lines"}.items() <= vars(one).items()
        assert [(line.id, line.amount) for line in one.lines] == [(line.id, line.amount) for line in other.lines]
    assert ask_to_lock([])() == []
