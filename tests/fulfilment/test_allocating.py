"""Orders that wait for stock are served by priority, go on by themselves, and tell who has what they lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, jobs
from app.core.db import session
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.orders import queries as orders
from app.planning import queries as allocation
from app.planning import service as planning
from app.priority import queries as priority
from tests.conftest import NOON
from tests.fulfilment.flow_world import make_flow
from tests.inventory.factories import make_lot

pytestmark = [pytest.mark.usefixtures("tx"), pytest.mark.any_database]


@pytest.fixture
def flow(app):
    with clock.moved(NOON):
        yield make_flow()


def kept(order):
    return sum(stock.kept_by_line([order.id]).values())


def settle():
    """What the worker would run now."""
    due = session().scalars(select(jobs.Job).where(jobs.Job.kind == planning.JOB)).all()
    for job in due:
        session().delete(job)
    session().flush()
    return planning.run(planning.SYSTEM, due[0].source_ref) if due else None


def urgent(flow, **over):
    soon = clock.now() + timedelta(days=1)
    dates = {"surgery_at": soon.isoformat(), "requested_date": soon.date().isoformat()}
    return flow.submit(product=flow.plain, order_type="emergency", **dates, **over)  # approved after its release


def test_a_release_serves_the_most_urgent_first_and_its_process_goes_on(flow):
    first = flow.submit(product=flow.plain, quantity=60)
    later = urgent(flow, quantity=55)
    assert (flow.at(first), flow.at(later)) == (["resolve_shortage"], ["resolve_shortage"])
    assert (kept(first), kept(later)) == (50, 0)
    assert priority.standing_of(later.id).band < priority.standing_of(first.id).band
    result = settle()
    assert result is not None
    assert set(result.changed) == {first.id, later.id}
    assert (kept(later), kept(first)) == (50, 0)
    turn = allocation.story_of(first.id).turns[0]
    assert (turn.before, turn.after, turn.winner) == (50, 0, later.number)
    assert turn.winner_band == priority.standing_of(later.id).band
    lot = make_lot(flow.plain, on_hand=70, status="quarantined")
    inventory.release_lot(flow.actor("qa"), lot, reason="ok", report_no="R-1")
    result = settle()
    assert set(result.covered) == {first.id, later.id}
    for order in (first, later):
        found = orders.get_order(order.id)
        assert (found.status, kept(found)) == ("released", found.lines[0].quantity)
        assert allocation.story_of(order.id).since is None
    assert allocation.waiting_orders() == []
    assert stock.differences() == []
    assert planning.run(planning.SYSTEM, "again").changed == []


def test_a_complete_order_holds_nothing_while_it_waits(flow):
    whole = flow.submit(product=flow.plain, quantity=60, delivery="complete")
    part = flow.submit(product=flow.plain, quantity=55)
    settle()
    assert (kept(whole), kept(part)) == (0, 50)


def test_what_was_picked_or_is_firm_does_not_move(flow):
    done = flow.submit(product=flow.plain, quantity=20)
    assert done.status == "released"
    (reservation,) = stock.reservations_of(done.id)
    assert reservation.level == "firm"
    inventory.pick(flow.actor("qa"), reservation.id, 5)
    later = urgent(flow, quantity=55)
    settle()
    assert (kept(done), kept(later)) == (20, 30)


def test_a_cancelled_order_gives_its_stock_to_who_waits(flow):
    first = flow.submit(product=flow.plain, quantity=60)
    second = flow.submit(product=flow.plain, quantity=40)
    settle()
    assert kept(first) + kept(second) == 50
    loser = second if kept(second) < 40 else first
    flow.decide("planner", first if loser is second else second, "reject", "no need")
    settle()
    assert kept(loser) == min(50, loser.lines[0].quantity)


def test_a_blocked_lot_is_made_up_for_by_rank(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    make_lot(flow.plain, on_hand=5)
    settle()
    planning.run(planning.SYSTEM, "test")
    assert kept(order) == 55
    inventory.recall_lot(flow.actor("qa"), stock.reservations_of(order.id)[0].lot, reason="notice")
    settle()
    assert kept(order) == sum(row.available for row in stock.stock_view(flow.plain.id).lots) + kept(order)
    assert stock.differences() == []


def test_a_further_delivery_serves_who_waits_once_it_is_put_away(flow):
    order = flow.submit(product=flow.plain, quantity=60)
    (kept_lot,) = {row.lot for row in stock.reservations_of(order.id)}
    settle()
    dates = {"made_on": kept_lot.made_on.isoformat(), "expires_on": kept_lot.expires_on.isoformat()}
    site = stock.warehouses()[0]
    inventory.receive(flow.actor("qa"), flow.plain, site, {"lot_no": kept_lot.lot_no, "quantity": 10, **dates})
    assert settle() is None
    inventory.put_away(flow.actor("qa"), kept_lot, site, reason="checked")
    result = settle()
    assert result is not None
    assert result.covered == [order.id]
