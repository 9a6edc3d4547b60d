"""Largest quantities and amounts, today's dates, Shanghai's midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.core import clock
from app.core.errors import Invalid
from app.inventory import queries as stock
from app.priority import queries as priority
from app.tasks import queries as tasks
from tests.fulfilment.flow_world import make_flow
from tests.inventory.factories import make_lot


@pytest.fixture
def flow(tx):
    return make_flow()


def test_the_largest_order_is_ranked_and_waits(flow):
    flow.world.hospital.prepaid = True
    order = flow.submit(quantity=1_000_000, unit_price="999999.99")
    assert order.total == Decimal("999999990000.00")
    assert priority.standing_of(order.id).promise_date is None
    assert flow.at(order) == ["approve"]
    make_lot(flow.world.product, on_hand=2_000_000_000)
    flow.decide("bob", order, "approve")
    order = flow.decide("boss", order, "approve")
    assert order.status == "released"
    assert sum(row.quantity for row in stock.reservations_of(order.id)) == 1_000_000


def test_surgery_in_an_hour_and_wanted_today(flow):
    order = flow.submit(
        requested_date=clock.today().isoformat(), surgery_at=(clock.now() + timedelta(hours=1)).isoformat()
    )
    assert priority.standing_of(order.id).band in ("P0", "P1")
    with pytest.raises(Invalid) as refused:
        flow.submit(requested_date=(clock.today() - timedelta(days=1)).isoformat())
    assert "requested_date" in refused.value.details["fields"]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), "2026-11-23"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "2026-11-24"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2027-01-01"),
    ],
)
def test_the_business_day_turns_at_midnight_in_shanghai(flow, moment, day):
    with clock.moved(moment):
        order = flow.submit(requested_date=day, surgery_at=(moment + timedelta(hours=30)).isoformat())
        assert order.number.startswith(f"SO-{day[:4]}-")
        yesterday = (clock.today() - timedelta(days=1)).isoformat()
        with pytest.raises(Invalid):
            flow.submit(requested_date=yesterday, surgery_at=(moment + timedelta(hours=30)).isoformat())


def test_inbox_and_order_list_agree_whoever_sorts(flow):
    made = [flow.submit() for _ in range(12)]
    listed = [row.number for row in priority.ranked().items]
    inbox = [task.number for task in tasks.inbox(flow.actor("bob"), which="groups").items]
    assert listed == inbox == sorted(order.number for order in made)
