"""Taking in, changing, cancelling, withdrawing: order, priority, stock and process move together or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.core import idempotency
from app.core.errors import Invalid, StaleVersion
from app.core.idempotency import IdempotencyKey
from app.core.subject import Subject
from app.fulfilment import intake
from app.inventory import queries as stock
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.service import NotTheSubmitter
from app.priority import queries as priority
from app.processes import queries as processes
from app.tasks import queries as tasks
from app.tasks import service as task_verbs
from tests.fulfilment.entry_world import World, make_world
from tests.identity.factories import actor_for, make_user
from tests.inventory.factories import make_lot
from tests.orders.factories import given_order


@pytest.fixture
def world(tx) -> World:
    return make_world()


def given(world, channel="direct", **over):
    customer = world.distributor if channel == "distributor" else world.hospital
    return given_order(channel, **{"product": world.product, "customer": customer, **over})


def open_tasks(order):
    return tasks.open_tasks_of(Subject("order", order.id))


def approve(order):
    """Whoever has to approve the order does so."""
    for task in open_tasks(order):
        boss = actor_for(make_user(roles=tasks.candidates_of(task.id)["group"]))
        task_verbs.claim(boss, task.id)
        task_verbs.complete(boss, task.id, {"outcome": "approve"}, seen_version=order.version)


def how_many(tx, model):
    return tx.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize("channel", ["direct", "distributor", "tender"])
def test_an_order_taken_in_is_ranked_and_waits_for_somebody(channel, world):
    taken = intake.take_in(world.seller, given(world, channel))
    standing = priority.standing_of(taken.order.id)
    assert standing.band in ("P0", "P1", "P2", "P3")
    assert taken.answer["priority"]["score"] == standing.score
    assert processes.instance_of(Subject("order", taken.order.id)) is not None
    assert open_tasks(taken.order) or orders.get_order(taken.order.id).status == "released"


def test_a_breach_is_stored_and_blocked(world):
    taken = intake.take_in(world.seller, given(world, "tender", tender_award_number="none", unit_price="999.00"))
    assert priority.standing_of(taken.order.id).blocked
    assert taken.order.status == "in_approval"
    assert [task.element_id for task in open_tasks(taken.order)] == ["resolve_blocks"]


def test_a_malformed_order_leaves_nothing_anywhere(world, tx):
    with pytest.raises(Invalid), tx.begin_nested():
        intake.take_in(world.seller, given(world, quantity=0), "k-1")
    assert how_many(tx, Order) == 0
    assert how_many(tx, IdempotencyKey) == 0


def test_the_same_request_with_the_same_key_is_served_once(world, tx):
    wanted = given(world)
    first = intake.take_in(world.seller, wanted, "k-1")
    again = intake.take_in(world.seller, dict(reversed(wanted.items())), "k-1")
    assert again.replayed
    assert again.order.id == first.order.id
    assert again.answer == first.answer
    assert how_many(tx, Order) == 1


def test_the_first_answer_is_given_again_even_when_the_order_changed_since(world):
    wanted = given(world)
    first = intake.take_in(world.seller, wanted, "k-1")
    before = dict(first.answer)
    intake.change(world.seller, first.order.id, {"note": "new"}, seen_version=first.order.version)
    assert intake.take_in(world.seller, wanted, "k-1").answer == before


def test_another_request_with_the_same_key_is_refused(world):
    intake.take_in(world.seller, given(world), "k-1")
    with pytest.raises(idempotency.KeyReused):
        intake.take_in(world.seller, given(world, quantity=3), "k-1")


def test_keys_are_each_callers_own(world, tx):
    wanted = given(world)
    intake.take_in(world.seller, wanted, "k-1")
    assert not intake.take_in(world.desk, wanted, "k-1").replayed
    assert how_many(tx, Order) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "käse", "a\n"])
def test_a_malformed_key_is_refused(key, world):
    with pytest.raises(Invalid) as refused:
        intake.take_in(world.seller, given(world), key)
    assert list(refused.value.details["fields"]) == ["Idempotency-Key"]


def test_a_change_supersedes_the_tasks_and_asks_the_gates_again(world):
    order = intake.take_in(world.seller, given(world, "tender", tender_award_number="none")).order
    (before,) = open_tasks(order)
    intake.change(world.desk, order.id, {"note": "see attached"}, seen_version=1)
    (after,) = open_tasks(order)
    assert tasks.get_task(before.id).status == "superseded"
    assert after.id != before.id
    assert (before.subject_version, after.subject_version) == (1, order.version)
    assert priority.standing_of(order.id).order_version == order.version


@pytest.mark.parametrize("verb", ["change", "cancel", "withdraw"])
def test_what_was_reserved_is_given_back(verb, world, tx):
    make_lot(world.product, on_hand=3)
    order = intake.take_in(world.seller, given(world, quantity=5)).order
    approve(order)
    (line,) = order.lines
    assert (line.reserved, len(stock.reservations_of(order.id))) == (3, 1)  # the rest is short: somebody must decide
    assert stock.available(world.product.id, on=order.requested_date) == 0
    seen = {"seen_version": order.version}
    if verb == "change":
        intake.change(world.seller, order.id, {"lines": [{**given(world)["lines"][0], "quantity": 4}]}, **seen)
        assert (order.lines[0].quantity, order.lines[0].reserved) == (4, 0)  # it has to be approved again first
    else:
        getattr(intake, verb)(world.seller, order.id, reason="called off", **seen)
        assert order.lines[0].reserved == 0
    assert stock.reservations_of(order.id) == []
    assert stock.available(world.product.id, on=order.requested_date) == 3


@pytest.mark.parametrize(("verb", "status"), [(intake.cancel, "cancelled"), (intake.withdraw, "withdrawn")])
def test_an_end_ends_the_process_and_its_tasks(verb, status, world):
    order = intake.take_in(world.seller, given(world, "tender", tender_award_number="none")).order
    (task,) = open_tasks(order)
    verb(world.seller, order.id, reason="called off", seen_version=order.version)
    assert order.status == status
    assert open_tasks(order) == []
    assert tasks.get_task(task.id).status == "cancelled"
    assert order.id not in {row.order_id for row in priority.blocked().items}


def test_only_the_submitter_withdraws_and_a_stale_version_changes_nothing(world):
    order = intake.take_in(world.seller, given(world, "tender", tender_award_number="none")).order
    with pytest.raises(NotTheSubmitter):
        intake.withdraw(world.desk, order.id, reason="x", seen_version=order.version)
    with pytest.raises(StaleVersion):
        intake.change(world.seller, order.id, {"note": "x"}, seen_version=order.version + 1)
    assert len(open_tasks(order)) == 1
