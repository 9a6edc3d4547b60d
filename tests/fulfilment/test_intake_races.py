"""Two at once, on real commits: a key is served once, a reference is taken once, a version is changed once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import func, select

from app.core.db import session, transaction
from app.fulfilment import intake
from app.orders import queries as orders
from app.orders.models import Order, OrderVersion
from tests.fulfilment.entry_world import make_world
from tests.identity.factories import sign_in
from tests.orders.factories import given_order


@pytest.fixture
def world(live):
    with transaction():
        return make_world()


def at_once(app, user, calls):
    """Each call in a thread of its own, started together; the answers in the order of the calls."""
    barrier = threading.Barrier(len(calls))
    answers = [None] * len(calls)
    clients = []
    for _ in calls:
        client = app.test_client()
        with transaction():
            sign_in(client, user)
        clients.append(client)

    def run(place):
        barrier.wait()
        answers[place] = calls[place](clients[place])

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def wanted(world, **over):
    with transaction():
        return given_order(product=world.product.sku, customer=world.hospital.code, **over)


def test_one_key_sent_by_many_at_once_makes_one_order(app, world):
    body = wanted(world)
    headers = {"Idempotency-Key": "once"}
    answers = at_once(app, world.ann, [lambda c: c.post("/api/v1/orders", json=body, headers=headers)] * 4)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len({answer.data for answer in answers}) == 1
    assert sum(answer.headers.get("Idempotency-Replayed") == "true" for answer in answers) == 3
    with transaction(write=False):
        assert session().scalar(select(func.count()).select_from(Order)) == 1


def test_one_reference_sent_by_many_at_once_makes_one_order(app, world):
    body = wanted(world, external_ref="PO-1")
    answers = at_once(app, world.ann, [lambda c: c.post("/api/v1/orders", json=body)] * 3)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 2}
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json["error"]["code"] == "DuplicateReference"


def test_two_changes_of_one_version_make_one_change(app, world):
    with transaction():
        order = intake.take_in(world.seller, given_order(product=world.product, customer=world.hospital)).order
        order_id, version = order.id, order.version
    calls = [
        lambda c, note=note: c.patch(f"/api/v1/orders/{order_id}", json={"version": version, "note": note})
        for note in ("a", "b")
    ]
    answers = at_once(app, world.ann, calls)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
    with transaction(write=False):
        assert orders.version_of(order_id) >= version + 1
        notes = session().scalars(select(OrderVersion).where(OrderVersion.change == "change")).all()
        assert len(notes) == 1
