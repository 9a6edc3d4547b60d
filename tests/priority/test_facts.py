"""Facts of an order fit the schema, and say what the data say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.core import clock
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions.facts import gather
from app.inventory import service as inventory
from app.priority.facts import ORDER_KINDS, working_days
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_contract,
    make_customer,
    make_licence,
    make_product,
    make_region,
    make_registration,
)
from tests.inventory.factories import make_lot
from tests.orders.factories import make_line, make_order


def facts_of(order):
    return gather(Subject("order", order.id), ORDER_KINDS, clock.now())


def line_of(order, number=1):
    return facts_of(order)["line"][number - 1]


@pytest.fixture
def world(tx):
    make_licence()
    make_authorisation()
    return make_customer()


def test_a_plain_order_fits_the_schema(world):
    product = make_product(udi_di="06912345000017")
    make_lot(product, on_hand=10)
    order = make_order([make_line(product, 3)], customer=world)
    facts = facts_of(order)
    assert facts["order"][0]["total_fen"] == 30000
    assert facts["order"][0]["hours_to_surgery"] == 9 * 24
    assert facts["order"][0]["days_to_requested"] == 7
    assert facts["order"][0]["slack_days"] == 6
    assert facts["customer"][0]["licence_valid"] is True
    assert facts["stock"][0]["all_available"] is True
    assert facts["contract"] == facts["award"] == facts["authorisation"] == facts["priority"] == []
    assert facts["compliance"][0] == {
        "documents_missing": 0,
        "documents_complete": True,
        "registration_days_left": (date(2028, 12, 31) - clock.today()).days,
        "our_licence_valid": True,
    }
    line = facts["line"][0]
    assert (line["available"], line["short"], line["lots_usable"]) == (10, 0, 1)
    assert [line[name] for name in ("region_authorised", "in_our_scope", "in_customer_scope")] == [True] * 3


def test_all_facts_cost_a_bounded_number_of_statements(world, statements, tx):
    order = make_order([make_line(make_product(), 1) for _ in range(6)], customer=world)
    tx.expunge_all()
    statements.clear()
    facts_of(order)
    assert len(statements) <= 18, statements
    statements.clear()
    facts_of(order)
    assert statements == []


def test_a_write_is_seen_at_once(world):
    product = make_product()
    order = make_order([make_line(product, 3)], customer=world)
    assert facts_of(order)["stock"][0]["all_available"] is False
    make_lot(product, on_hand=3)
    assert facts_of(order)["stock"][0]["all_available"] is True
    world.tier = "S"
    assert facts_of(order)["customer"][0]["tier"] == "S"


@pytest.mark.parametrize(
    ("over", "counter"),
    [
        ({"status": "recalled"}, "lots_recalled"),
        ({"expires_on": date(2026, 11, 23)}, "lots_expired"),
        ({"status": "quarantined"}, "lots_unreleased"),
        ({"report_no": None}, "lots_unreported"),
        ({"expires_on": date(2026, 12, 20)}, "lots_short_dated"),
    ],
)
def test_each_lot_is_counted_under_the_first_fault(world, over, counter):
    product = make_product(needs_inspection=True, min_remaining_days=60)
    make_lot(product, on_hand=5, **over)
    line = line_of(make_order([make_line(product, 1)], customer=world))
    assert line[counter] == 1
    assert line["available"] == 0
    assert line["lots_usable"] == 0


def test_expiry_day_itself_is_still_good(world):
    product = make_product()
    make_lot(product, expires_on=clock.today() + timedelta(days=1))
    assert line_of(make_order([make_line(product, 1)], customer=world))["available"] == 100


def test_the_largest_minimum_of_shelf_life_counts(world):
    world.min_remaining_days = 30
    contract = make_contract(world, min_remaining_days=90)
    product = make_product(min_remaining_days=60)
    order = make_order([make_line(product, 1)], customer=world, contract_number=contract.number)
    assert line_of(order)["required_shelf_days"] == 90
    assert line_of(make_order([make_line(product, 1)], customer=world))["required_shelf_days"] == 60


def test_what_the_order_reserved_counts_as_available_to_it_alone(world):
    product = make_product()
    make_lot(product, on_hand=5)
    order = make_order([make_line(product, 4)], customer=world)
    other = make_order([make_line(product, 4)], customer=world)
    line = order.lines[0]
    inventory.reserve(SYSTEM, order.id, line.id, product, 4, arrives_on=clock.today(), min_remaining_days=0)
    assert line_of(order)["short"] == 0
    assert line_of(other)["short"] == 3
    assert facts_of(order)["reservation"][0] == {"short_quantity": 0, "short_lines": 0, "reserved_quantity": 4}
    assert facts_of(other)["reservation"][0]["short_quantity"] == 4


def test_two_lines_of_one_product_do_not_count_its_stock_twice(world):
    product = make_product()
    make_lot(product, on_hand=5)
    facts = facts_of(make_order([make_line(product, 4), make_line(product, 4)], customer=world))
    assert [line["short"] for line in facts["line"]] == [0, 3]
    assert facts["stock"][0]["fill_permille"] == 625


def test_distributors_need_their_own_authorisation(world):
    dealer = make_customer(kind="distributor")
    order = make_order([make_line(make_product(), 1)], channel="distributor", customer=dealer)
    assert line_of(order)["region_authorised"] is False
    own = make_authorisation(grantee_customer_id=dealer.id)
    order.authorisation_number = own.number
    facts = facts_of(order)
    assert facts["line"][0]["region_authorised"] is True
    assert facts["authorisation"][0]["valid"] is True


def test_award_price_and_volume(world):
    product = make_product()
    award = make_award([(product, "90.00", 10)])
    order = make_order(
        [make_line(product, 4, "95.50", price_ceiling="90.00")],
        channel="tender",
        customer=world,
        tender_award_number=award.number,
    )
    facts = facts_of(order)
    assert facts["line"][0]["over_ceiling_fen"] == 550
    assert facts["line"][0]["in_award"] is True
    assert facts["award"][0]["remaining_quantity"] == 6
    assert facts["award"][0]["behind_plan"] is True
    assert facts["award"][0]["valid"] is True


def test_a_lapsed_registration(world):
    lapsed = make_registration(valid_to=date(2026, 10, 31))
    product = make_product(registration_id=lapsed.id)
    old = make_lot(product, made_on=date(2026, 6, 1))
    order = make_order([make_line(product, 1)], customer=world)
    line = line_of(order)
    assert line["registration_days_left"] < 0
    assert line["made_after_registration"] is False
    old.made_on = date(2026, 11, 1)
    assert line_of(order)["made_after_registration"] is True


def test_penalty_and_credit(world):
    contract = make_contract(world, penalty_pct_day=Decimal("0.5"))
    world.credit_limit, world.credit_used = Decimal("1000.00"), Decimal("900.00")
    order = make_order([make_line(make_product(), 2, "100.00")], customer=world, contract_number=contract.number)
    facts = facts_of(order)
    assert facts["contract"][0]["penalty_fen_per_day"] == 100
    assert facts["credit"][0]["over_limit_fen"] == 10000


def test_cold_goods_do_not_leave_before_the_weekend(world):
    product = make_product(storage_min_c=Decimal(2), storage_max_c=Decimal(8))
    order = make_order([make_line(product, 1)], customer=world)
    seen = []
    for days in range(7):
        day = clock.now() + timedelta(days=days)
        seen.append(gather(Subject("order", order.id), ["transport"], day)["transport"][0]["last_cold_dispatch_day"])
    assert seen == [False, False, False, False, True, True, False]


def test_quarantine_could_serve(world):
    product = make_product(needs_inspection=True)
    make_lot(product, on_hand=5, status="quarantined")
    order = make_order([make_line(product, 3)], customer=world, requested_date=clock.today() + timedelta(days=3))
    qc = facts_of(order)["qc"][0]
    assert qc == {"lines_waiting_release": 1, "inspection_needed": True, "slack_below_test_time": True}


def test_slow_lane(world):
    make_region("650000", lane_days_p50=4, lane_days_p95=9)
    far = make_customer(region_code="650000")
    order = make_order([make_line(make_product(), 1)], customer=far)
    facts = facts_of(order)
    assert facts["transport"][0]["slow_lane_breaks_date"] is True
    assert facts["order"][0]["slack_days"] == 3
    assert facts["region"][0]["local_warehouse"] is False


def test_working_days():
    monday = clock.now()
    assert working_days(monday, monday) == 0
    assert working_days(monday, monday + timedelta(days=1)) == 1
    assert working_days(monday, monday + timedelta(hours=23)) == 0
    assert working_days(monday, monday + timedelta(days=7)) == 5
    assert working_days(monday, monday - timedelta(days=1)) == 0
    before = datetime(2026, 9, 30, 4, tzinfo=UTC)
    assert working_days(before, before + timedelta(days=10)) == 3, "8 and 9 October, and Saturday the 10th"
