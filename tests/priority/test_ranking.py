"""The ranking is one total order, the same in SQL and in Python; time alone changes it; changes are told."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit import queries as audit
from app.core import clock
from app.core.subject import Subject
from app.priority import queries
from app.priority import service as priority
from app.priority.models import OrderStanding
from app.priority.queries import NotAssessed, RankFilter
from app.tasks.models import NO_PROMISE
from tests.orders.factories import make_order
from tests.priority.worlds import assessed, plain_product, plain_world


@pytest.fixture
def world(tx):
    plain_product()  # the substitute
    return plain_world()


def standing(tx, order, **over):
    today = clock.today()
    given = {
        "order_id": order.id,
        "number": order.number,
        "blocked": False,
        "band": "P3",
        "score": 100,
        "promise_days": None,
        "promise_rank": NO_PROMISE,
        "requested_date": today,
        "submitted_at": clock.now(),
        "why": {"en": "", "zh": ""},
        "decision_id": "d",
        "gate_decision_id": "g",
        "order_version": 1,
        "trigger": "submitted",
        "assessed_at": clock.now(),
    }
    row = OrderStanding(**{**given, **over})
    tx.add(row)
    tx.flush()
    return row


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["P0", "P1", "P2", "P3"]),
        st.integers(-50, 300),
        st.one_of(st.none(), st.integers(0, 3)),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    min_size=2,
    max_size=8,
)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(rows=ROWS)
def test_sql_ranks_as_the_rule_reads(rows, app):
    """(band, −score, promise date with the unknown last, requested date, submitted at, number)."""
    from app.core import db
    from tests.catalog.factories import make_customer, make_product
    from tests.orders.factories import make_line

    today, now = clock.today(), clock.now()
    with suppress(ZeroDivisionError), db.transaction():  # rolled back: nothing stays
        tx = db.session()
        customer, product = make_customer(), make_product()
        made = []
        for band, score, promise, requested, submitted in rows:
            made.append(
                standing(
                    tx,
                    make_order([make_line(product)], customer=customer),
                    band=band,
                    score=score,
                    promise_days=promise,
                    promise_rank=NO_PROMISE if promise is None else promise,
                    requested_date=today + timedelta(days=requested),
                    submitted_at=now + timedelta(minutes=submitted),
                )
            )
        expected = sorted(
            made,
            key=lambda one: (
                one.band,
                -one.score,
                one.promise_days is None,
                one.promise_days or 0,
                one.requested_date,
                one.submitted_at,
                one.number,
            ),
        )
        assert [one.number for one in queries.ranked().items] == [one.number for one in expected]
        assert [queries.place_of(one) for one in expected] == list(range(1, len(expected) + 1))
        assert sorted(made, key=lambda one: priority.rank_of(one).key()) == expected, "tasks rank alike"
        raise ZeroDivisionError


def test_filters(world):
    mine = assessed(world.order(external_ref="EXT_1"))
    assessed(world.order(external_ref="EXTX1"))
    assert [one.number for one in queries.ranked(RankFilter(text="ext_1")).items] == [mine.number]
    assert queries.ranked(RankFilter(text="%")).total == 0
    assert queries.ranked(RankFilter(channel="tender")).total == 0
    assert queries.ranked(RankFilter(band="P0")).total == 0
    assert queries.ranked(RankFilter(customer_id=world.customer.id)).total == 2
    assert queries.ranked(RankFilter(statuses=("released",))).total == 0


def test_unknown_orders_have_no_standing(world):
    with pytest.raises(NotAssessed):
        queries.standing_of("none")
    assert queries.standing_or_none("none") is None


def test_promise_is_stock_plus_lane_or_nothing(world):
    assert assessed(world.order(quantity=10)).promise_date == clock.today() + timedelta(days=1)
    assert assessed(world.order(quantity=5000)).promise_date is None


def test_a_change_of_band_or_block_is_told_once(world):
    order = world.order()
    assessed(order)
    assessed(order)
    subject = Subject("order", order.id)
    told = [entry for entry in audit.entries_of(subject) if entry.action == "order:assess"]
    assert len(told) == 1
    world.customer.status = "blocked"
    standing_now = assessed(order)
    told = [entry for entry in audit.entries_of(subject) if entry.action == "order:assess"]
    assert standing_now.blocked
    assert told[-1].details["before"] == {"band": "P3", "blocked": False}
