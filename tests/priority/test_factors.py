"""Pairs of orders alike in all but one of the seven factors rank as the rules say; the sums are exact."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.core import clock
from app.decisions.queries import get_decision
from app.priority import queries
from tests.catalog.factories import (
    make_authorisation,
    make_award,
    make_customer,
    make_licence,
    make_region,
    make_registration,
)
from tests.inventory.factories import make_lot
from tests.orders.factories import make_line
from tests.priority.worlds import assessed, plain_product, plain_world

pytestmark = pytest.mark.any_database


@pytest.fixture
def world(tx):
    plain_product()  # the substitute
    return plain_world()


def lines_of(standing):
    return {line.rule: line.points for line in get_decision(standing.decision_id).result.lines}


def ranks_first(better, other):
    """Both are assessed; the better one must come first, and only the expected contributions may differ."""
    first, second = assessed(better), assessed(other)
    numbers = [one.number for one in queries.ranked().items]
    assert numbers.index(better.number) < numbers.index(other.number)
    one, two = lines_of(first), lines_of(second)
    return {rule: one.get(rule, 0) - two.get(rule, 0) for rule in {*one, *two} if one.get(rule) != two.get(rule)}


def test_customer_tier(world):
    """客户级别: S before A before B before C."""
    standings = {tier: assessed(world.order(customer=make_customer(tier=tier))) for tier in "CBAS"}
    assert [row.number for row in queries.ranked().items] == [standings[tier].number for tier in "SABC"]
    assert [standings[tier].score - standings["C"].score for tier in "SABC"] == [60, 40, 20, 0]


def test_product_characteristics(world):
    """产品特性: class III, implant, life-supporting and without substitute count; nothing else differs."""
    special = plain_product(
        risk_class=3, implantable=True, life_supporting=True, substitution_group=None, udi_di="06912345000017"
    )
    plain = plain_product(udi_di="06912345000024")
    differs = ranks_first(world.order(product=special), world.order(product=plain))
    assert differs["S14l"] == 40
    assert differs["S14i"] == 30
    assert differs["S14c"] == 25
    assert differs["S16"] == 20
    assert sum(differs.values()) == 100, "the group is capped at 100, by a line of its own"
    assert differs["cap:product"] == -15


def test_region_availability(world):
    """区域可用性: unauthorised blocks and is not ranked; no warehouse in the region must start earlier."""
    make_region("510000", lane_days_p50=1, lane_days_p95=2)
    differs = ranks_first(world.order(customer=make_customer(tier="C", region_code="510000")), world.order())
    assert differs == {"S24n": 10}
    here_only = plain_product()
    for found in world_authorisations():
        found.region_codes = ["310000"]
    standing = assessed(world.order(product=here_only, customer=make_customer(region_code="510000")))
    assert standing.blocked
    assert "H4" in {block.rule for block in get_decision(standing.gate_decision_id).result.blocks}
    assert standing.number not in [row.number for row in queries.ranked().items]
    assert standing.number in [row.number for row in queries.blocked().items]


def world_authorisations():
    from app.catalog.queries import authorisations_of

    return authorisations_of(None)


def test_stock_status(world):
    """库存状态: what can be met in full now comes first."""
    short = plain_product(stock=3)
    differs = ranks_first(world.order(quantity=5), world.order(product=short, quantity=5))
    assert differs == {"S17": 25}


def test_stock_near_expiry(world):
    """库存状态: an order that uses up a near-expiry lot comes first."""
    near = plain_product(stock=0)
    make_lot(near, expires_on=clock.today() + timedelta(days=100))
    assert ranks_first(world.order(product=near), world.order()) == {"S18": 20}


def test_transport_time(world):
    """运输时效: a slow lane must start earlier, and a date it would miss more so."""
    make_region("650000", lane_days_p50=1, lane_days_p95=9)
    from tests.inventory.factories import make_warehouse

    make_warehouse(code="WH-XJ", region_code="650000")
    far = make_customer(tier="C", region_code="650000")
    assert ranks_first(world.order(customer=far), world.order()) == {"S24": 20}
    soon = clock.today() + timedelta(days=8)
    differs = ranks_first(world.order(customer=far, requested_date=soon), world.order(requested_date=soon))
    assert differs == {"S24": 20, "S23s": 30}


def test_quality_control(world):
    """质控要求: an order that waits for lots in quarantine pulls QC, the more so when a test takes longer than there is time."""
    waits = plain_product(stock=0, needs_inspection=True)
    make_lot(waits, on_hand=10, status="quarantined")
    none = plain_product(stock=0, needs_inspection=True)
    assert ranks_first(world.order(product=waits), world.order(product=none)) == {"S27": 15}
    soon = clock.today() + timedelta(days=4)
    differs = ranks_first(
        world.order(product=waits, requested_date=soon), world.order(product=none, requested_date=soon)
    )
    assert differs == {"S27": 15, "S28": 25}


def test_compliance_constraints_as_points(world):
    """合规约束: ship before a licence or registration lapses."""
    lapsing = make_customer(tier="C", licensed=False)
    make_licence(customer_id=lapsing.id, valid_to=clock.today() + timedelta(days=20))
    assert ranks_first(world.order(customer=lapsing), world.order()) == {"S29": 10}
    soon = make_registration(risk_class=2, valid_to=clock.today() + timedelta(days=50))
    assert ranks_first(world.order(product=plain_product(registration_id=soon.id)), world.order()) == {"S30": 10}


@pytest.mark.parametrize("rule", ["H1", "H2a", "H3", "H4", "H4d", "H9", "H10", "H12", "H12o", "H13"])
def test_compliance_constraints_as_blocks(world, rule):
    """合规约束: a breach blocks, with rule, reason, legal basis and what would unblock it; it never only costs points."""
    order = world.order(**breach(world, rule))
    standing = assessed(order)
    assert standing.blocked
    found = {block.rule: block for block in get_decision(standing.gate_decision_id).result.blocks}
    assert rule in found, sorted(found)
    for text in (found[rule].reason, found[rule].basis, found[rule].unblock, found[rule].name):
        assert text["en"].strip()
        assert text["zh"].strip()
    assert queries.place_of(standing) is None


def breach(world, rule):
    if rule == "H1":
        customer = make_customer(licensed=False)
        make_licence(customer_id=customer.id, valid_to=date(2026, 11, 22))
        return {"customer": customer}
    if rule == "H2a":
        customer = make_customer(licensed=False)
        make_licence(customer_id=customer.id, risk_classes=[1])
        return {"customer": customer}
    if rule == "H3":
        return {"product": plain_product(registration_id=make_registration(valid_to=date(2026, 1, 1)).id)}
    if rule == "H4":
        make_region("990000")
        for found in world_authorisations():
            found.region_codes = ["310000"]
        return {"customer": make_customer(region_code="990000")}
    if rule == "H4d":
        return {
            "channel": "distributor",
            "customer": make_customer(kind="distributor"),
            "authorisation_number": "NONE",
        }
    if rule == "H9":
        product = plain_product(stock=0, needs_inspection=True)
        make_lot(product, report_no=None)
        return {"product": product}
    if rule == "H10":
        make_region("540000", cold_lane=False)
        product = plain_product(storage_min_c=Decimal(2), storage_max_c=Decimal(8))
        return {"customer": make_customer(region_code="540000"), "product": product}
    if rule == "H12":
        return {"customer": make_customer(credit_limit=Decimal(1))}
    if rule == "H12o":
        return {"customer": make_customer(overdue_days=45)}
    award = make_award([(world.product, "80.00", 100)])
    return {
        "channel": "tender",
        "tender_award_number": award.number,
        "lines": [make_line(world.product, 1, "81.00", price_ceiling="80.00")],
    }


def test_a_distributor_with_its_authorisation_is_not_blocked(world):
    dealer = make_customer(kind="distributor")
    own = make_authorisation(grantee_customer_id=dealer.id)
    standing = assessed(world.order(channel="distributor", customer=dealer, authorisation_number=own.number))
    assert not standing.blocked


def test_lines_sum_to_the_score_and_caps_are_lines_of_their_own(world):
    order = world.order(
        order_type="emergency",
        surgery_at=clock.now() + timedelta(hours=20),
        surgery_number="OR-1",
        requested_date=clock.today() + timedelta(days=1),
    )
    standing = assessed(order)
    outcome = get_decision(standing.decision_id).result
    assert standing.band == "P0"
    assert sum(line.points for line in outcome.lines) == outcome.score == standing.score
    assert sum(factor["points"] for factor in outcome.factors) == outcome.score
    cap = next(line for line in outcome.lines if line.rule == "cap:clinical")
    assert cap.points < 0


def test_surgery_sooner_is_never_ranked_lower(world):
    """Monotone in urgency."""
    hours = [1, 12, 24, 25, 48, 49, 72, 73, 168, 169, 500]
    scores = [
        assessed(world.order(surgery_at=clock.now() + timedelta(hours=hour), surgery_number="OR-1")).score
        for hour in hours
    ]
    assert scores == sorted(scores, reverse=True)
