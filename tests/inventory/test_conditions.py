"""A lot released for some customers only: others get nothing of it, whoever asks, and the database says so too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.permissions import SYSTEM
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import Reservation
from app.inventory.service.reservations import Wanted
from tests.catalog.factories import make_customer, make_product
from tests.identity.factories import make_user, sign_in
from tests.inventory.factories import make_lot, make_warehouse
from tests.orders.factories import make_line, make_order

REASON = "agreed in writing"


def wanted(order, line, product, days=5):
    return Wanted(line.id, product, line.quantity, clock.today() + timedelta(days=days), 0, order.customer_id)


def reserved(order, **over):
    """Base units that the order's first line gets."""
    (line,) = order.lines
    product = session().get_one(Product, line.product_id)
    got = inventory.reserve_lines(SYSTEM, order.id, [wanted(order, line, product, **over)])[line.id]
    return line.quantity - got.short


@pytest.fixture
def some(tx):
    """A conditional lot with 50 units, an order of the customer who may have it, one of another."""
    product, warehouse = make_product(), make_warehouse()
    lot = make_lot(product, on_hand=50, warehouse=warehouse, status="quarantined")
    ours, theirs = make_customer(), make_customer()
    until = clock.today() + timedelta(days=30)
    inventory.release_lot(SYSTEM, lot, reason=REASON, only_for=[ours.id], only_until=until)
    mine, other = (make_order([make_line(product=product, quantity=5)], customer=one) for one in (ours, theirs))
    return lot, warehouse, mine, other


def test_only_they_get_it_and_only_in_time(some):
    lot, warehouse, mine, other = some
    assert stock.available(lot.product_id, on=clock.today()) == 0
    assert (reserved(other), reserved(mine, days=31), reserved(mine, days=30)) == (0, 0, 5)
    for outside in (other.customer_id, make_customer().id):
        place = inventory.outside("customer", outside)
        with pytest.raises(inventory.MayNotLeave):
            inventory.take_out(SYSTEM, lot, warehouse, 1, to=place, reason=REASON)
    inventory.take_out(SYSTEM, lot, warehouse, 1, to=inventory.outside("customer", mine.customer_id), reason=REASON)
    with clock.moved(clock.now() + timedelta(days=31)), pytest.raises(inventory.MayNotLeave):
        inventory.take_out(SYSTEM, lot, warehouse, 1, to=inventory.outside("customer", mine.customer_id), reason=REASON)
    inventory.lift_condition(SYSTEM, lot, reason=REASON)
    assert reserved(other) == 5
    with pytest.raises(inventory.NotConditional):
        inventory.lift_condition(SYSTEM, lot, reason=REASON)


@pytest.mark.parametrize("whose", ["other", "nobody", "late"])
def test_the_database_refuses_by_itself(some, whose):
    lot, warehouse, mine, other = some
    order = {"other": other, "nobody": None, "late": mine}[whose]
    row = {
        "id": new_id(),
        "order_id": order.id if order else new_id(),
        "order_line_id": (order or mine).lines[0].id,
        "lot_id": lot.id,
        "place_id": inventory.home_bin(warehouse, lot).id,
        "warehouse_id": warehouse.id,
        "quantity": 1,
        "level": "soft",
        "status": "active",
        "arrives_on": clock.today() + timedelta(days=31 if whose == "late" else 1),
        "made_at": clock.now(),
    }
    with pytest.raises(IntegrityError, match="other customers"), session().begin_nested():
        session().execute(insert(Reservation), [row])


def test_what_cannot_be_a_condition(tx):
    lot = make_lot(status="quarantined")
    ours, past = make_customer().id, clock.today() - timedelta(days=1)
    for given in ({"only_for": ["no"]}, {"only_until": clock.today()}, {"only_for": [ours], "only_until": past}):
        with pytest.raises(Invalid), session().begin_nested():
            inventory.release_lot(SYSTEM, lot, reason=REASON, **given)


@pytest.mark.any_database
def test_its_page_names_them_and_lifts_the_condition(some, client):
    lot = some[0]
    client.set_cookie("language", "zh_Hans")
    sign_in(client, make_user(roles=("qa_ra",)))
    page = client.get(f"/lots/{lot.id}").text
    assert "仅限部分客户" in page
    assert "解除条件" in page
    refused = client.post(f"/lots/{lot.id}/lift", data={"lift_reason": " ", "seen_version": lot.version})
    assert (refused.status_code, lot.conditional) == (422, True)
    client.post(f"/lots/{lot.id}/lift", data={"lift_reason": REASON, "seen_version": lot.version})
    assert lot.conditional is False
