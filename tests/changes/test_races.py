"""Two changes of one order at once, on real commits: one is taken, the other is told."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select

from app.changes.models import ChangeRequest
from app.core.db import session, transaction
from app.inventory import queries as stock
from app.orders import queries as orders
from tests.changes.world import make_changing
from tests.fulfilment.test_intake_races import at_once


@pytest.fixture
def flow(live):
    with transaction():
        return make_changing()


def test_one_change_of_an_order_is_decided_at_a_time(app, flow):
    with transaction():
        order = flow.submit(product=flow.plain, quantity=5)
    here = f"/api/v1/orders/{order.id}/change-requests"
    said = [{"version": order.version, "reason": "x", "cancel": True}] * 3
    answers = at_once(app, flow.users["ann"], [lambda c, body=body: c.post(here, json=body) for body in said])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 2}
    with transaction(write=False):
        assert session().scalar(select(func.count()).select_from(ChangeRequest)) == 1
        assert orders.get_order(order.id).version == order.version
        assert sum(stock.kept_by_line([order.id]).values()) == 5
