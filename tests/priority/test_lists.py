"""Three lists from the same facts: their order, their filters, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from app.core.subject import Subject
from app.priority import lists
from app.priority import service as priority
from app.priority.lists import ListFilter
from tests.catalog.factories import make_customer
from tests.priority.worlds import assessed, plain_product, plain_world
from tests.tasks.factories import make_task

ALL = ListFilter()


@pytest.fixture
def world(tx):
    plain_product()
    return plain_world()


def task_for(order, *groups, **over):
    """An open task about the order, ranked as it stands."""
    rank = priority.rank_of(assessed(order))
    return make_task(subject=Subject("order", order.id), groups=list(groups), rank=rank, **over)


def numbers(found):
    return [row.order.number for row in found.items]


def test_delivery_follows_the_ranking_and_tells_what_is_in_stock(world):
    late, short = world.order(), world.order(quantity=1500, requested_date=clock.today())
    replaced = world.order(order_type="replacement")
    for order in (late, short, replaced, world.order(status="released")):
        assessed(order)
    found = lists.delivery(ALL)
    assert numbers(found) == [replaced.number, short.number, late.number]
    assert found.items[0].stock["all_available"] is True
    assert found.items[1].stock["fill_permille"] == 666
    world.customer.status = "blocked"
    assessed(late)
    assert late.number not in numbers(lists.delivery(ALL))


def test_need_follows_the_index_and_keeps_blocked_orders(world):
    plain = world.order()
    implant = world.order(product=plain_product(implantable=True))
    soon = world.order(surgery_at=clock.now() + timedelta(hours=20))
    for order in (plain, implant, soon):
        assessed(order)
    assert numbers(lists.need(ALL)) == [soon.number, implant.number], "where nothing speaks of need, nothing is listed"
    world.customer.status = "blocked"
    assessed(soon)
    assert numbers(lists.need(ALL))[0] == soon.number


def test_who_acts_first(world):
    quiet, pressed = world.order(), world.order(order_type="replacement")
    task_for(quiet, "order_desk", "manager")
    task_for(pressed, "order_desk")
    done = task_for(world.order(order_type="replacement"), "finance")
    done.status = "completed"
    found = lists.actions(ALL)
    assert numbers(found)[:2] == [pressed.number, quiet.number]
    assert numbers(lists.actions(ListFilter(role="manager"))) == [quiet.number]
    firsts = lists.first_actions(ALL)
    assert firsts["order_desk"].order.id == pressed.id
    assert firsts["manager"].order.id == quiet.id
    assert "qa_ra" not in firsts
    assert next(iter(firsts)) == "order_desk", "roles come in the house's order"


def test_a_role_far_behind_is_found_too(world, monkeypatch):
    monkeypatch.setattr(lists, "LOOK_AT", 2)
    for _ in range(3):
        task_for(world.order(order_type="replacement"), "order_desk")
    quiet, quieter = world.order(), world.order()
    task_for(quieter, "planner", "finance")
    task_for(quiet, "planner")
    firsts = lists.first_actions(ALL)
    assert list(firsts) == ["order_desk", "planner", "finance"]
    assert firsts["planner"].order.id == quiet.id
    assert firsts["finance"].order.id == quieter.id


@pytest.mark.parametrize("listed", [lists.delivery, lists.need, lists.actions], ids=lambda one: one.__name__)
def test_filters(world, listed):
    customer = make_customer(tier="S", region_code="NORTH")
    product = plain_product(implantable=True)
    mine = world.order(customer=customer, product=product)
    other = world.order(product=plain_product(implantable=True))
    for order in (mine, other):
        task_for(order, "order_desk")
    assert set(numbers(listed(ALL))) == {mine.number, other.number}
    for given in (
        ListFilter(region="NORTH"),
        ListFilter(tier="S"),
        ListFilter(product_id=product.id),
        ListFilter(region="NORTH", tier="S", channel="direct", product_id=product.id),
    ):
        assert numbers(listed(given)) == [mine.number], given
    assert numbers(listed(ListFilter(channel="tender"))) == []


def test_pages_follow_one_another_without_being_counted(world):
    made = [world.order(order_type="replacement") for _ in range(5)]
    for order in made:
        assessed(order)
    first, second = lists.delivery(ALL, 1, 3), lists.delivery(ALL, 2, 3)
    assert (first.more, second.more, second.first) == (True, False, 4)
    assert numbers(first) + numbers(second) == sorted(order.number for order in made)
    assert lists.delivery(ALL, 3, 3).items == []
    assert [row.order.number for row in lists.everything(lists.delivery, ALL)] == numbers(first) + numbers(second)


@pytest.mark.parametrize(
    ("listed", "most"),
    [(lists.delivery, 2), (lists.need, 1), (lists.actions, 4), (lists.first_actions, 6)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_page_costs_a_fixed_number_of_statements(world, statements, tx, listed, most):
    for count in (3, 9):
        for _ in range(count):
            task_for(world.order(order_type="emergency"), "order_desk", "manager")
        tx.flush()
        tx.expunge_all()
        statements.clear()
        listed(ALL)
        assert len(statements) <= most, statements
