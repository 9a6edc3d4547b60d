"""Real orders, real rules, the real diagram: every way through approval, end to end."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from app.audit import queries as audit
from app.core import clock, db
from app.core.errors import Invalid, StaleVersion
from app.core.subject import Subject
from app.documents.queries import fingerprint
from app.fulfilment import deciding, documents, intake, queries, timeline
from app.identity.queries import actor_of
from app.inventory import queries as stock
from app.orders import queries as orders
from app.priority import queries as priority
from app.processes import queries as processes
from app.tasks import queries as tasks
from app.tasks import service as task_verbs
from app.tasks.service import AlreadyClaimed, FourEyes, NotCandidate, TaskClosed
from tests.catalog.factories import make_customer, make_licence
from tests.fulfilment.flow_world import make_flow
from tests.inventory.factories import make_lot


@pytest.fixture
def flow(tx):
    return make_flow()


def released(order):
    order = orders.get_order(order.id)
    assert order.status == "released"
    assert [line.reserved for line in order.lines] == [line.quantity for line in order.lines]
    assert sum(kept.quantity for kept in stock.reservations_of(order.id)) == sum(line.quantity for line in order.lines)
    assert tasks.open_tasks_of(Subject("order", order.id)) == []
    assert "completed" in [one.status for one in processes.instances_of(Subject("order", order.id))]
    return order


def test_no_approval_needed_goes_straight_through(flow):
    order = released(flow.submit(product=flow.plain, order_type="normal"))
    (paper,) = [one for one in documents.documents_of(order.id) if one.kind == "order_confirmation"]
    assert paper.sha256 == fingerprint(paper)
    assert paper.content["order_no"] == order.number
    assert paper.content["lines"][0]["lots"]


def test_one_approval(flow):
    order = flow.submit()
    assert flow.at(order) == ["approve"]
    assert flow.task(order).subject_version == order.version
    assert stock.reservations_of(order.id) == []
    released(flow.decide("bob", order, "approve"))


def test_two_approvals_need_two_people(flow):
    order = flow.submit(product=flow.valuable, unit_price="60000.00")
    flow.decide("both", order, "approve")
    assert flow.at(order) == ["second_approval"]
    second = flow.task(order)
    for verb in (
        lambda: task_verbs.claim(flow.actor("both"), second.id),
        lambda: deciding.complete(
            flow.actor("both"), second.id, {"outcome": "approve"}, seen_version=orders.version_of(order.id)
        ),
    ):
        with pytest.raises(FourEyes):
            verb()
    assert second.id not in [task.id for task in tasks.inbox(flow.actor("both"), which="groups").items]
    released(flow.decide("boss", order, "approve"))


def test_blocked_until_the_licence_is_renewed(flow):
    customer = make_customer(code="H-LAPSED", licensed=False)
    make_licence(customer_id=customer.id, valid_to=clock.today() - timedelta(days=1))
    order = flow.submit(customer=customer)
    assert flow.at(order) == ["resolve_blocks"]
    standing = priority.standing_of(order.id)
    assert standing.blocked
    assert flow.task(order).blocked
    assert order.number in [row.number for row in priority.blocked().items]

    flow.decide("qa", order, "recheck")
    assert flow.at(order) == ["resolve_blocks"], "nothing changed: still blocked"

    make_licence(customer_id=customer.id, valid_to=date(2027, 12, 31))
    flow.decide("qa", order, "recheck")
    assert flow.at(order) == ["approve"]
    assert not priority.standing_of(order.id).blocked
    assert not flow.task(order).blocked
    released(flow.decide("bob", order, "approve"))


def test_rework_change_and_again(flow):
    order = flow.submit(quantity=2)
    with pytest.raises(Invalid) as refused:
        flow.decide("bob", order, "rework")
    assert refused.value.details["fields"].keys() == {"reason"}
    order = flow.decide("bob", order, "rework", "Quantity looks wrong")
    assert order.status == "rework"
    task = flow.task(order)
    assert (task.element_id, task.assignee_id) == ("rework", flow.users["ann"].id)
    old = processes.instance_of(Subject("order", order.id))
    line = {"product": "STENT-1", "quantity": 1, "unit_price": "100.00"}
    order = intake.change(flow.actor("ann"), order.id, {"lines": [line]}, seen_version=order.version)
    assert order.status == "in_approval"
    assert tasks.get_task(task.id).status == "superseded"
    statuses = {one.id: one.status for one in processes.instances_of(Subject("order", order.id))}
    assert statuses.pop(old.id) == "completed"
    assert list(statuses.values()) == ["running"]
    assert flow.task(order).subject_version == order.version
    released(flow.decide("bob", order, "approve"))


def test_rework_resubmitted_as_it_is(flow):
    order = flow.decide("bob", flow.submit(), "rework", "Is this right?")
    order = flow.decide("ann", order, "resubmit")
    assert order.status == "in_approval"
    assert flow.at(order) == ["approve"]
    released(flow.decide("bob", order, "approve"))


def test_rejected_for_good(flow):
    order = flow.decide("bob", flow.submit(), "reject", "Not our customer")
    assert order.status == "rejected"
    assert tasks.open_tasks_of(Subject("order", order.id)) == []
    assert any("Not our customer" in happening.text for happening in timeline.of_order(order.id))


def test_withdrawn_by_the_submitter(flow):
    order = flow.submit()
    task = flow.task(order)
    intake.withdraw(flow.actor("ann"), order.id, reason="Surgery called off", seen_version=order.version)
    assert orders.get_order(order.id).status == "withdrawn"
    assert tasks.get_task(task.id).status == "cancelled"
    with pytest.raises(TaskClosed):
        deciding.complete(flow.actor("bob"), task.id, {"outcome": "approve"}, seen_version=order.version)


def test_shortage_waits_and_takes_what_comes(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    assert flow.at(order) == ["resolve_shortage"]
    order = orders.get_order(order.id)
    assert order.lines[0].reserved == 50
    assert priority.standing_of(order.id).promise_date is None
    flow.decide("planner", order, "recheck")
    assert flow.at(order) == ["resolve_shortage"]
    make_lot(flow.plain, on_hand=10)
    released(flow.decide("planner", order, "recheck"))


def test_shortage_sent_back_frees_what_was_reserved(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    order = flow.decide("planner", order, "rework", "Only 50 in stock")
    assert order.lines[0].reserved == 0
    assert stock.reservations_of(order.id) == []


def test_first_expiring_lots_go_first_but_never_too_short_dated(flow):
    short = make_lot(flow.plain, on_hand=5, expires_on=clock.today() + timedelta(days=20))
    near = make_lot(flow.plain, on_hand=5, expires_on=clock.today() + timedelta(days=200))
    flow.world.hospital.min_remaining_days = 90
    order = released(flow.submit(product=flow.plain, quantity=7))
    kept = {row.lot_id: row.quantity for row in stock.reservations_of(order.id)}
    assert short.id not in kept
    assert kept[near.id] == 5


def test_a_decision_on_an_older_version_is_refused(flow):
    order = flow.submit()
    seen = order.version
    intake.change(flow.actor("ann"), order.id, {"note": "Please hurry"}, seen_version=seen)
    with pytest.raises(StaleVersion) as refused:
        flow.decide("bob", order, "approve", seen=seen)
    assert refused.value.details == {"seen": seen, "current": seen + 1}
    assert flow.at(order) == ["approve"]


def test_only_candidates_decide(flow):
    order = flow.submit()
    with pytest.raises(NotCandidate):
        flow.decide("other", order, "approve")
    with pytest.raises(Invalid):
        flow.decide("bob", order, "explode")


def test_one_holds_the_task_the_other_is_told_who(flow):
    task = flow.task(flow.submit())
    task_verbs.claim(flow.actor("bob"), task.id)
    with pytest.raises(AlreadyClaimed) as refused:
        task_verbs.claim(flow.actor("desk2"), task.id)
    assert refused.value.details["holder"] == "Bob"


def test_history_tells_who_did_what(flow):
    order = flow.submit()
    task_verbs.claim(flow.actor("bob"), flow.task(order).id)
    flow.decide("bob", order, "approve")
    told = [(one.actor, one.title) for one in reversed(timeline.of_order(order.id))]
    titles = [title for _actor, title in told]
    assert titles[0] == "Order entered"
    assert ("Bob", "Task taken: Approve") in told
    assert ("Bob", "Task done: Approve → Approve") in told
    assert ("Rules", "Approval matrix") in told
    assert "one approval" in [one.text for one in timeline.of_order(order.id)]
    assert titles.index("Stock reserved") < titles.index("Paper made") < titles.index("Order released")
    actions = [entry.action for entry in audit.entries_of(Subject("order", order.id))]
    assert not [action for action in actions if action not in timeline.WORDS]


def test_inbox_is_ranked_by_priority(flow):
    slow = flow.submit(surgery_at="2026-12-20T08:00:00+08:00", requested_date="2026-12-30")
    urgent = flow.submit(surgery_at=(clock.now() + timedelta(hours=20)).isoformat())
    middle = flow.submit(surgery_at=(clock.now() + timedelta(hours=60)).isoformat())
    page = queries.inbox_rows(tasks.inbox(flow.actor("bob"), which="groups"))
    assert [row.task.number for row in page.items] == [urgent.number, middle.number, slow.number]
    assert all(row.why for row in page.items)
    assert page.items[0].about == flow.world.hospital.name_en


def test_the_gateway_that_opened_a_task_is_traced(flow):
    order = flow.submit()
    trace = queries.trace_of(flow.task(order))
    assert trace.decision.rule_set == "approval_matrix"
    assert "A3" in trace.decision.result.fired


def test_two_claims_at_once(live):
    with db.transaction():
        flow = make_flow()
        task_id = flow.task(flow.submit()).id
        people = [actor_of(flow.users[name]) for name in ("bob", "desk2")]
    results = []
    start = threading.Barrier(2)

    def claim(actor):
        start.wait()
        try:
            with db.transaction():
                results.append(("won", task_verbs.claim(actor, task_id).assignee_id))
        except AlreadyClaimed as refused:
            results.append(("lost", refused.details["holder"]))

    threads = [threading.Thread(target=claim, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = dict(results)
    assert outcomes.keys() == {"won", "lost"}
    winner = next(actor for actor in people if actor.id == outcomes["won"])
    assert outcomes["lost"] == winner.name


def test_two_decisions_at_once_move_the_order_once(live):
    with db.transaction():
        flow = make_flow()
        order = flow.submit()
        task_id, version = flow.task(order).id, order.version
        people = [actor_of(flow.users[name]) for name in ("bob", "desk2")]
    results = []
    start = threading.Barrier(2)

    def approve(actor):
        start.wait()
        try:
            with db.transaction():
                deciding.complete(actor, task_id, {"outcome": "approve"}, seen_version=version)
            results.append("done")
        except (TaskClosed, AlreadyClaimed, StaleVersion) as refused:
            results.append(type(refused).__name__)

    threads = [threading.Thread(target=approve, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results)[-1] == "done"
    assert len(results) == 2
    assert results.count("done") == 1
    with db.transaction(write=False):
        assert orders.get_order(order.id).status == "released"
        assert sum(kept.quantity for kept in stock.reservations_of(order.id)) == 1


def test_the_history_of_a_much_changed_order_costs_no_more_statements(flow, statements):
    order = flow.submit()
    timeline.of_order(order.id)
    statements.clear()
    timeline.of_order(order.id)
    before = len(statements)
    for number in range(6):
        version = orders.version_of(order.id)
        intake.change(flow.actor("ann"), order.id, {"note": f"change {number}"}, seen_version=version)
    statements.clear()
    told = timeline.of_order(order.id)
    assert len(statements) == before
    assert len([one for one in told if one.title == "Approval matrix"]) == 7
