"""Two people at one order at once, on real commits: what is decided is decided on what there is."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from app.audit import verify
from app.core import clock, periodic
from app.core.db import session, transaction
from app.core.subject import Subject
from app.core.web import is_lost_race
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.orders import queries as orders
from app.priority import queries as priority
from app.processes.models import ProcessInstance
from app.tasks import queries as tasks
from tests.conftest import NOON
from tests.fulfilment.flow_world import make_flow
from tests.fulfilment.test_intake_races import at_once


@pytest.fixture
def flow(live):
    with transaction():
        return make_flow()


def steps_of(order_id):
    """Running instances and open tasks of the order."""
    running = session().scalars(
        select(ProcessInstance).where(ProcessInstance.subject_id == order_id, ProcessInstance.status == "running")
    )
    return len(running.all()), [task.element_id for task in tasks.open_tasks_of(Subject("order", order_id))]


def all_is_well(order_id):
    """Counters, books and trail agree."""
    order = orders.get_order(order_id)
    kept = stock.kept_by_line([order_id])
    assert [line.reserved for line in order.lines] == [kept.get(line.id, 0) for line in order.lines]
    assert stock.differences() == []
    assert verify.verify(full=True).ok
    standing = priority.standing_of(order_id)
    assert standing.requested_date == order.requested_date
    return order


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("turn", range(3))
def test_changed_and_approved_at_once(app, flow, two, turn):
    goods = {"product": flow.valuable, "unit_price": "60000.00"} if two else {}
    with transaction():
        order = flow.submit(**goods)
        task, version = flow.task(order), order.version
        later = (clock.today() + timedelta(days=20 + turn)).isoformat()
    decision = {"outcome": "approve", "seen_version": version}
    answers = at_once(
        app,
        flow.users["both"],
        [
            lambda c: c.post(f"/api/v1/tasks/{task.id}/complete", json=decision),
            lambda c: c.patch(f"/api/v1/orders/{order.id}", json={"version": version, "requested_date": later}),
        ],
    )
    approved, changed = (answer.status_code for answer in answers)
    with transaction(write=False):
        found = all_is_well(order.id)
        running, open_tasks = steps_of(order.id)
        if changed == 200:
            assert approved in ((200, 409) if two else (409,))
            assert (running, open_tasks) == (1, ["approve"])
            assert flow.task(order).subject_version == found.version
        else:
            assert (approved, changed) == (200, 409)
            assert found.status == "released"
            assert (running, open_tasks) == (0, [])


def test_withdrawn_and_approved_at_once(app, flow):
    with transaction():
        order = flow.submit()
        task, version = flow.task(order), order.version
    decision = {"outcome": "approve", "seen_version": version}
    cancel = {"reason": "not needed", "version": version}
    answers = at_once(
        app,
        flow.users["both"],
        [
            lambda c: c.post(f"/api/v1/tasks/{task.id}/complete", json=decision),
            lambda c: c.post(f"/api/v1/orders/{order.id}/cancel", json=cancel),
        ],
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
    with transaction(write=False):
        found = all_is_well(order.id)
        assert found.status == ("released" if answers[0].status_code == 200 else "cancelled")
        assert steps_of(order.id) == (0, [])
        assert sum(stock.kept_by_line([order.id]).values()) == (1 if found.status == "released" else 0)


def test_last_units_lot_held_and_orders_approved_at_once(app, flow):
    with transaction():
        for lot in stock.stock_view(flow.world.product.id).lots:
            inventory.take_out(flow.actor("qa"), lot.lot, lot.warehouse, 47, reason="test")
            bad = lot.lot
        waiting = [flow.submit(), flow.submit(), flow.submit(), flow.submit()]
        found = [(flow.task(order).id, order.version) for order in waiting]
        actor = flow.actor("qa")

    def approve(task_id, version):
        body = {"outcome": "approve", "seen_version": version}
        return lambda client: client.post(f"/api/v1/tasks/{task_id}/complete", json=body)

    def hold(_client):
        for _ in range(4):
            try:
                with transaction():
                    return inventory.hold_lot(actor, stock.get_lot(bad.id), reason="damaged")
            except (IntegrityError, OperationalError) as error:
                if not is_lost_race(error):
                    raise
        raise AssertionError("lost four races")

    with clock.moved(NOON):
        at_once(app, flow.users["both"], [*(approve(*one) for one in found), hold])
    with transaction(write=False):
        for order in waiting:
            all_is_well(order.id)
        assert stock.stock_view(flow.world.product.id).reserved == 0


def test_many_workers_do_a_turn_once(live, monkeypatch):
    turns = []
    work = periodic.Work("test.turn", timedelta(minutes=1), lambda: turns.append(clock.now()))
    monkeypatch.setattr(periodic, "_works", [work])
    for number in range(3):
        with clock.moved(NOON + timedelta(minutes=number)):
            barrier = threading.Barrier(6)

            def worker(barrier=barrier):
                barrier.wait()
                periodic.run_due()

            threads = [threading.Thread(target=worker) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(turns) == number + 1


def test_a_turn_that_fails_is_done_again_and_leaves_nothing(live, monkeypatch):
    tries = []

    def work():
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("first time")

    monkeypatch.setattr(periodic, "_works", [periodic.Work("test.fail", timedelta(minutes=1), work)])
    assert periodic.run_due() == []
    assert periodic.run_due() == ["test.fail"]
    assert periodic.run_due() == []
