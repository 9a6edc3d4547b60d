"""Two changes of one order at once, on real commits: one is taken, the other is told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.changes import queries
from app.changes.models import ChangeRequest
from app.core import clock
from app.core.db import session, transaction
from app.inventory import queries as stock
from app.orders import queries as orders
from app.orders.models import Order
from app.planning import service as planning
from app.tasks import queries as tasks
from tests.changes.world import make_changing, run_jobs
from tests.fulfilment.test_intake_races import at_once
from tests.orders.factories import given_order


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


def test_a_change_is_carried_out_while_stock_is_dealt_out_and_orders_come_in(app, flow):
    with transaction():
        order = flow.submit(product=flow.plain, quantity=20)
        waiting = flow.submit(product=flow.plain, quantity=60)
        soon = clock.now() + timedelta(days=6)
        dates = {"surgery_at": soon.isoformat(), "requested_date": soon.date().isoformat()}
        case = flow.ask(order, quantity=25, **dates)
        (task,) = tasks.open_tasks_of(case.subject)
        body = given_order(product=flow.plain.sku, customer=flow.world.hospital.code, quantity=4)

    def plan(_client):
        with transaction():
            return planning.run(planning.SYSTEM, "test")

    def enter(client):
        return client.post("/api/v1/orders", json=body)

    def agree(client):
        return client.post(f"/tasks/{task.id}/complete", data={"outcome": "approve"})

    def work(_client):
        return run_jobs()

    at_once(app, flow.users["both"], [agree, plan, enter, work, enter, plan])
    run_jobs()
    with transaction(write=False):
        found = queries.get_change(case.id)
        assert found.status in ("applied", "open")
        made = session().scalars(select(Order)).all()
        kept = {one.id: sum(stock.kept_by_line([one.id]).values()) for one in made}
        assert kept[order.id] == (25 if found.status == "applied" else 20)
        assert sum(kept.values()) == 50
        assert kept[waiting.id] < 60
        assert stock.differences() == []
