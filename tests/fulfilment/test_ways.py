"""The ways through approval beside the plain ones: all departments at once, an emergency released first, a purchase
suggested, a change and a cancellation by message."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.audit import queries as audit
from app.core import clock, jobs
from app.core.db import session
from app.core.errors import Invalid
from app.core.outbox.models import WaitingEvent
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import intake
from app.orders import queries as orders
from app.orders.service import OrderReleased
from app.priority import queries as priority
from app.processes import queries as processes
from app.processes.service import NoMatch, correlate
from app.tasks import queries as tasks
from app.tasks import service as inbox
from app.tasks.notices import notices_of
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import make_user


@pytest.fixture
def flow(tx):
    flow = make_flow()
    flow.users["fin"] = make_user(roles=("finance",), name="Fei")
    flow.users["head"] = make_user(roles=("quality_head",), name="Hedda")
    flow.users["buyer"] = make_user(roles=("purchasing",), name="Bea")
    return flow


def later(**span):
    """What is due after that time is done."""
    with clock.moved(clock.now() + timedelta(**span)):
        while jobs.run_due():
            pass


def told(order):
    """What other systems hear of the order, beside its tasks, rank and process."""
    rows = session().scalars(select(WaitingEvent).where(WaitingEvent.subject_id == order.id).order_by(WaitingEvent.id))
    return [(row.type, row.data) for row in rows]


def notices(flow, name):
    return [(str(one.sentence), one.notice.text) for one in notices_of(flow.users[name].id).items]


def urgent(flow, **over):
    moment = clock.now() + timedelta(hours=20)
    given = {"order_type": "emergency", "surgery_at": moment.isoformat(), "requested_date": clock.today().isoformat()}
    return flow.submit(**given, **over)


def test_all_departments_concerned_approve_at_once_each_by_another_person(flow):
    flow.world.hospital.overdue_days = 3
    flow.plain.list_price = Decimal("90000.00")
    order = flow.submit(product=flow.plain, quantity=3, unit_price="90000.00")
    flow.decide("bob", order, "approve")
    subject = Subject("order", order.id)
    both = {tuple(tasks.candidates_of(task.id)["group"]): task for task in tasks.open_tasks_of(subject)}
    assert both.keys() == {("finance",), ("manager",)}
    flow.sign("fin", both[("finance",)], "approve")
    assert orders.get_order(order.id).status == "in_approval"
    flow.sign("boss", both[("manager",)], "approve")
    assert orders.get_order(order.id).status == "released"
    assert tasks.open_tasks_of(subject) == []


def test_one_of_them_says_no_and_the_others_are_not_asked_any_more(flow):
    flow.world.hospital.overdue_days = 3
    order = flow.submit(product=flow.plain, quantity=3, unit_price="90000.00")
    flow.decide("bob", order, "approve")
    first, second = tasks.open_tasks_of(Subject("order", order.id))
    who = {("finance",): "fin", ("manager",): "boss"}
    flow.sign(who[tuple(tasks.candidates_of(first.id)["group"])], first, "reject", "not paid")
    assert orders.get_order(order.id).status == "rejected"
    assert tasks.get_task(second.id).status == "cancelled"


def test_an_emergency_is_released_first_and_approved_afterwards(flow):
    order = urgent(flow)
    assert priority.standing_of(order.id).band == "P0"
    assert orders.get_order(order.id).status == "released"
    task = flow.task(order)
    assert task.element_id == "approve_afterwards"
    with pytest.raises(inbox.FourEyes):
        inbox.claim(flow.actor("ann"), task.id)
    with pytest.raises(OrderReleased):
        intake.cancel(flow.actor("ann"), order.id, reason="no", seen_version=orders.version_of(order.id))
    for message in ("approval.changed", "approval.cancelled"):
        with pytest.raises(OrderReleased), session().begin_nested():
            correlate(SYSTEM, message, business_key=order.number, variables={"reason": "no"})
    flow.decide("boss", order, "approve")
    assert processes.instance_of(Subject("order", order.id)).status == "completed"
    assert "order:approve-afterwards" in [one.action for one in audit.entries_of(Subject("order", order.id))]
    later(hours=5)
    assert "youxu.order.approval_missed" not in [kind for kind, _data in told(order)]


def test_an_emergency_that_nobody_approves_in_time_is_reported_and_may_be_refused(flow):
    order = urgent(flow)
    later(hours=4, minutes=1)
    assert "youxu.order.approval_missed" in [kind for kind, _data in told(order)]
    for name in ("boss", "head"):
        assert "Not done in time: escalated" in [sentence for sentence, _text in notices(flow, name)]
    with session().begin_nested():  # in which events are stored at once
        flow.decide("boss", order, "reject", "no patient in the theatre")
    assert (f"{order.number}: no patient in the theatre") in [text for _sentence, text in notices(flow, "head")]
    assert "youxu.order.refused_afterwards" in [kind for kind, _data in told(order)]
    assert orders.get_order(order.id).status == "released"


def test_a_purchase_is_suggested_after_two_days_without_stock(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    later(days=2, minutes=1)
    assert ("youxu.purchase.suggested", {"number": order.number, "product": "GLOVE-1", "quantity": 10}) in told(order)
    assert ("Youxu wants you to know of it", "10 × GLOVE-1") in notices(flow, "buyer")
    assert tasks.may_see(flow.actor("buyer"), flow.task(order))
    assert flow.task(order).element_id == "resolve_shortage"


def test_a_change_keeps_who_asked_for_the_order_whoever_makes_it(flow):
    order = flow.submit()
    old = flow.task(order)
    line = {"product": "STENT-1", "quantity": 2, "unit_price": "100.00"}
    intake.change(flow.actor("desk2"), order.id, {"lines": [line]}, seen_version=order.version)
    assert tasks.get_task(old.id).status == "superseded"
    task = flow.task(order)
    assert task.initiator_id == flow.users["ann"].id
    assert processes.instance_of(Subject("order", order.id)).business_key == order.number
    with pytest.raises(inbox.FourEyes):
        inbox.claim(flow.actor("ann"), task.id)


def test_a_message_from_outside_cancels_the_order(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    with pytest.raises(Invalid), session().begin_nested():
        correlate(SYSTEM, "approval.cancelled", business_key=order.number)
    correlate(SYSTEM, "approval.cancelled", business_key=order.number, variables={"reason": "surgery called off"})
    found = orders.get_order(order.id)
    assert (found.status, [line.reserved for line in found.lines]) == ("cancelled", [0])
    with pytest.raises(NoMatch):
        correlate(SYSTEM, "approval.cancelled", business_key=order.number, variables={"reason": "again"})
