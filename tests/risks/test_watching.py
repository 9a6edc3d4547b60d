"""Orders at risk are found once, told of once, and forgotten when they are in time again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core import clock
from app.core.db import session
from app.core.outbox.models import WaitingEvent
from app.inventory.models import Lot
from app.risks import promises, stock, watching
from app.risks.models import OrderRisk
from app.shipping import shipments
from app.tasks.records import Notice
from tests.identity.factories import make_user, sign_in
from tests.inventory.factories import make_lot
from tests.shipping.world import make_dock


@pytest.fixture
def dock(tx):
    return make_dock()


def look():
    with session().begin_nested():  # what is told is written when it ends
        return watching.watch()


def told():
    rows = session().execute(select(WaitingEvent.type).where(WaitingEvent.type.like("youxu.order.%")))
    return [name for (name,) in rows if name.endswith(("at_risk", "in_time"))]


def causes():
    return {one.order_id: one.cause for one in session().scalars(select(OrderRisk))}


def test_short_then_covered_by_inspection_then_shipped_late(dock):
    planner = make_user(roles=("planner",))
    order = dock.flow.submit(product=dock.flow.plain, quantity=70)  # 50 there
    assert look()[0] >= 1
    assert causes()[order.id] == "short"
    assert told().count("youxu.order.at_risk") == len(causes())
    notices = select(func.count()).select_from(Notice).where(Notice.user_id == planner.id, Notice.kind == "risk")
    assert session().scalar(notices) == 1
    assert look() == (0, 0), "once"
    assert session().scalar(notices) == 1
    make_lot(dock.flow.plain, on_hand=30, status="quarantined", report_no=None)
    look()
    assert causes()[order.id] == "in_inspection"
    (row,) = [one for one in promises.listed().items if one.order.id == order.id]
    assert [task.subject_id for task in row.tasks] == [order.id]


def test_a_shipment_that_stays_or_is_late_until_it_is_delivered(dock):
    order, shipment = dock.release()
    with clock.moved(clock.now() + timedelta(days=4)):
        look()
        assert causes().get(order.id) == "not_left"
    dock.leave(shipment)
    with clock.moved(clock.now() + timedelta(days=20)):
        look()
        assert causes()[order.id] == "on_its_way"
        dock.deliver(shipment)
        look()
    assert order.id not in causes()
    assert "youxu.order.in_time" in told()
    assert shipments.get_shipment(shipment.id).status == "delivered"


@pytest.mark.any_database
def test_the_pages_in_both_languages_and_their_statements(dock, client, statements):
    order = dock.flow.submit(product=dock.flow.plain, quantity=70)
    session().scalars(select(Lot)).first().expires_on = clock.today() + timedelta(days=20)
    dock.release(product=dock.flow.world.product, quantity=1)
    look()
    assert stock.running_out()
    assert stock.expiring()
    sign_in(client, make_user(roles=("planner",)))
    for language, words in (
        ("zh_Hans", ("缺货", "缺货日期", "届时剩余")),
        ("en", ("Stock is short", "Runs out on", "Will be left")),
    ):
        client.set_cookie("language", language)
        for path, word in zip(("/risks", "/risks/stock", "/risks/expiry"), words, strict=True):
            page = client.get(path)
            assert (page.status_code, word in page.text) == (200, True), path
    assert order.number in client.get("/risks?cause=short").text
    assert "Nothing found" in client.get("/risks?cause=coming_back").text
    statements.clear()
    client.get("/risks")
    few = len(statements)
    for _number in range(4):
        dock.flow.submit(product=dock.flow.plain, quantity=70)
    look()
    statements.clear()
    client.get("/risks")
    assert len(statements) <= few + 1
