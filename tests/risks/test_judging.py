"""When an order may come late, when goods run out, what expires unsold: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.risks.judging import Moving, Pending, cause_of_moving, cause_of_pending
from app.risks.settings import figures
from app.risks.stock import left_over, runs_out_on

TODAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 27, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
FINE = Pending(TODAY + timedelta(days=40), TODAY + timedelta(days=3), 2, blocked=False, short=0, coming=0)


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({}, None),
        ({"wanted_on": TODAY + timedelta(days=4)}, None),  # must leave by the end of the 29th: 60 hours
        ({"wanted_on": TODAY + timedelta(days=3)}, "undecided"),  # 36 hours
        ({"expected_on": TODAY + timedelta(days=41)}, "too_late"),
        ({"short": 5}, None),
        ({"short": 5, "wanted_on": TODAY + timedelta(days=15)}, "short"),
        ({"short": 5, "wanted_on": TODAY + timedelta(days=17)}, None),
        ({"short": 5, "coming": 4, "wanted_on": TODAY + timedelta(days=9)}, "short"),
        ({"short": 5, "coming": 5, "wanted_on": TODAY + timedelta(days=9)}, "in_inspection"),
        ({"blocked": True}, None),
        ({"blocked": True, "short": 5, "wanted_on": TODAY}, "blocked"),
    ],
)
def test_an_order_is_at_risk_while_something_can_be_done(changed, cause):
    assert cause_of_pending(replace(FINE, **changed), NOW, figures()) == cause


@pytest.mark.parametrize(
    ("status", "leaves", "arrives", "cause"),
    [
        ("planned", 0, 2, None),
        ("packed", -1, 2, "not_left"),
        ("picking", 0, 6, "too_late"),
        ("in_transit", -3, 0, None),
        ("in_transit", -3, -1, "on_its_way"),
        ("in_transit", -3, 6, "on_its_way"),
        ("returning", -3, 1, "coming_back"),
    ],
)
def test_a_shipment_is_at_risk(status, leaves, arrives, cause):
    days = [TODAY + timedelta(days=number) for number in (5, leaves, arrives)]
    assert cause_of_moving(Moving(days[0], status, *days[1:]), TODAY) == cause


def test_goods_run_out_on_the_first_day_that_lacks():
    wanted = [(TODAY + timedelta(days=10), 6), (TODAY + timedelta(days=4), 5)]
    assert runs_out_on(11, wanted, 0.0, TODAY, 30) is None
    assert runs_out_on(10, wanted, 0.0, TODAY, 30) == TODAY + timedelta(days=10)
    assert runs_out_on(4, wanted, 0.0, TODAY, 30) == TODAY + timedelta(days=4)
    assert runs_out_on(10, [], 1.0, TODAY, 30) == TODAY + timedelta(days=11)
    assert runs_out_on(10, [], 1.0, TODAY, 10) is None
    late = [(TODAY - timedelta(days=3), 1)]
    assert runs_out_on(0, late, 0.0, TODAY, 30) == TODAY


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 500)), max_size=8), st.floats(0, 9))
def test_lots_are_used_in_the_order_in_which_they_expire(lots, daily):
    made = [(SimpleNamespace(expires_on=TODAY + timedelta(days=days)), units) for days, units in sorted(lots)]
    found = left_over(made, daily, TODAY)
    left = {id(lot): units for lot, units, _there in found}
    used = 0
    for lot, units in made:
        used += units - left.get(id(lot), 0)
        assert 0 <= left.get(id(lot), 0) <= units
        assert used <= daily * ((lot.expires_on - TODAY).days + 1) + 1e-6
    assert all(there >= units > 0 for _lot, units, there in found)
