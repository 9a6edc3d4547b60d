"""Hysteresis: a re-rank moves an order only past a stated difference, or when its band or block changes."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import clock
from app.core.permissions import SYSTEM
from app.priority import panels, profile, queries
from app.priority import service as priority
from app.priority.standing import Mark, ranked_score, with_override
from tests.priority.worlds import assessed, plain_product, plain_world

LEAST = profile.current().move_least
SCORES = st.lists(st.integers(0, 1000), min_size=1, max_size=40)


@pytest.fixture
def world(tx):
    plain_product()
    return plain_world()


def path(scores: list[int], band: str = "P3") -> list[int]:
    """What an order with these newest scores, one after the other, is ranked by."""
    ranked: list[int] = []
    for score in scores:
        before = Mark(False, band, ranked[-1]) if ranked else None
        ranked.append(ranked_score(before, Mark(False, band, score)))
    return ranked


@settings(derandomize=True, max_examples=300, deadline=None)
@given(scores=SCORES)
def test_it_never_moves_by_less_and_never_strays(scores):
    ranked = path(scores)
    assert all(abs(new - old) >= LEAST for old, new in pairwise(ranked) if new != old)
    assert all(abs(held - newest) < LEAST for held, newest in zip(ranked, scores, strict=True))


@settings(derandomize=True, max_examples=300, deadline=None)
@given(start=st.integers(0, 1000), moves=st.lists(st.integers(0, LEAST - 1), max_size=40))
def test_scores_that_stay_near_each_other_never_swing_an_order(start, moves):
    """Back and forth within less than the difference: it stays where it was first put."""
    assert set(path([start, *(start + move for move in moves)])) == {start}


@settings(derandomize=True, max_examples=300, deadline=None)
@given(scores=SCORES)
def test_the_same_scores_again_change_nothing(scores):
    ranked = path(scores)
    last = Mark(False, "P3", ranked[-1])
    assert ranked_score(last, Mark(False, "P3", scores[-1])) == ranked[-1]


@pytest.mark.parametrize(
    ("before", "new", "expected"),
    [
        (None, Mark(False, "P3", 342), 342),
        (Mark(False, "P3", 330), Mark(False, "P3", 330 + LEAST - 1), 330),
        (Mark(False, "P3", 330), Mark(False, "P3", 330 + LEAST), 330 + LEAST),
        (Mark(False, "P3", 330), Mark(False, "P3", 330 - LEAST), 330 - LEAST),
        (Mark(False, "P3", 345), Mark(False, "P2", 351), 351),
        (Mark(False, "P3", 330), Mark(True, "P3", 331), 331),
    ],
)
def test_what_moves_an_order(before, new, expected):
    assert ranked_score(before, new) == expected


def test_an_override_comes_on_top():
    assert with_override(330, Mark(False, "P3", 342), Mark(False, "P3", 352)) == 340
    assert with_override(995, Mark(False, "P0", 990), Mark(False, "P0", 1000)) == 1000
    assert with_override(5, Mark(False, "P3", 8), Mark(False, "P3", 0)) == 0


def test_a_small_change_is_told_but_does_not_move_the_order(world):
    order = world.order()
    before = assessed(order).ranked_score
    world.customer.prepaid = True  # S37p: +10
    after = assessed(order)
    assert (after.score, after.ranked_score) == (before + 10, before)
    panel = panels.panel_of(order)
    assert panel.held == f"Score {before + 10}, ranked as {before}: changes of less than {LEAST} do not move an order."
    world.customer.tier = "B"  # and 20 more
    assert assessed(order).ranked_score == before + 30
    assert panels.panel_of(order).held == ""


def test_a_full_re_rank_twice_at_one_moment_changes_nothing(world):
    orders = [world.order(requested_date=clock.today() + timedelta(days=days)) for days in (5, 9, 13, 40)]
    for order in orders:
        assessed(order)
    with clock.moved(clock.now() + timedelta(days=3)):
        found = []
        for _ in range(2):
            for order in orders:
                priority.assess(SYSTEM, order.id, trigger="periodic")
            rows = [queries.standing_of(order.id) for order in orders]
            found.append([(row.band, row.score, row.ranked_score, row.need_score, row.blocked) for row in rows])
        assert found[0] == found[1]


def test_the_need_is_stored_with_its_reasons(world):
    plain = assessed(world.order())
    assert (plain.need_score, plain.need) == (0, [])
    urgent = assessed(world.order(surgery_at=clock.now() + timedelta(hours=5), product=plain_product(implantable=True)))
    assert urgent.need_score == 470
    assert [line["rule"] for line in urgent.need] == ["N2a", "N9"]
    assert urgent.need[0]["reason"]["en"].startswith("Surgery in")
