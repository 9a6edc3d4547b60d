"""Statements sent straight to the driver: alone, together, and for many rows at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, func, insert, literal, select
from sqlalchemy.exc import DBAPIError

from app.catalog.models import Customer, Licence
from app.core import clock
from app.core.among import among
from app.core.db import session
from app.core.outbox.models import TOLD, WaitingEvent
from app.core.prepared import Prepared, together
from app.core.updating import UpdateEach
from tests.catalog.factories import make_customer, make_licence

CUSTOMERS = Prepared(select(Customer.id, Customer.name).where(among(Customer.id, "ids")).order_by(Customer.id))
LICENCES = Prepared(select(Licence.valid_to).where(Licence.number == bindparam("number")))


def test_what_is_asked_together_is_answered_in_any_order(tx):
    customers = sorted([make_customer(name=f"Hospital {number}") for number in range(2)], key=lambda one: one.id)
    licence = make_licence()
    tx.flush()
    with together():
        named = CUSTOMERS.ask({"ids": [one.id for one in customers]})
        until, nobody = LICENCES.ask({"number": licence.number}), CUSTOMERS.ask({"ids": []})
    assert nobody() == []
    assert until() == [(licence.valid_to,)]
    assert [tuple(row) for row in named()] == [(one.id, one.name) for one in customers]


ODD = ["", "NULL", 'a "b"', "c\\d", "{e,f}", "g'h", " i ", "植入\n器械"]


def test_values_among_others_may_be_any_text(tx):
    made = {text: make_customer(name=text).id for text in ODD}
    make_customer(name="e")
    tx.flush()
    named = Prepared(select(Customer.id).where(among(Customer.name, "names")))
    assert {one for (one,) in named.rows({"names": ODD})} == set(made.values())
    assert tx.scalars(select(Customer.id).where(among(Customer.name, "names")), {"names": ODD[2:3]}).all() == [
        made[ODD[2]]
    ]


def test_a_column_that_is_not_given_is_null(tx):
    """And what the statement itself says need not be given."""
    fixed = Prepared(insert(WaitingEvent).inline(), *TOLD)
    given = {"id": "0" * 26, "type": "x", "subject_kind": "y", "subject_id": "z", "data": {"a": [1]}}
    for moment in (
        datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC),
        datetime(2026, 11, 23, 12, 5, 6, 7, tzinfo=clock.BUSINESS_ZONE),
    ):
        fixed.run({**given, "id": moment.isoformat()[:26], "at": moment})
    rows = tx.scalars(select(WaitingEvent).order_by(WaitingEvent.at)).all()
    assert [(one.at, one.key, one.data) for one in rows] == [
        (datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC), None, {"a": [1]}),
        (datetime(2026, 11, 23, 4, 5, 6, 7, tzinfo=UTC), None, {"a": [1]}),
    ]
    assert Prepared(select(literal("a") + bindparam("more"), literal("a"))).rows({"more": "b"}) == [("ab", "a")]


BROKEN = Prepared(select(func.no_such_function(literal(1))))


def ask_together():
    with together():
        BROKEN.ask({})
        CUSTOMERS.ask({"ids": []})


@pytest.mark.parametrize("ask", [lambda: BROKEN.rows({}), ask_together], ids=["alone", "together"])
def test_what_fails_is_told_as_sqlalchemy_tells_it(tx, ask):
    """The edge knows lost races and servers that are gone by it."""
    with pytest.raises(DBAPIError), tx.begin_nested():
        ask()
    assert CUSTOMERS.rows({"ids": []}) == []


def test_several_rows_each_get_their_own(tx):
    customers = [make_customer(name=f"Hospital {number}", tier="B") for number in range(3)]
    left = make_customer(name="Left alone", tier="S")
    tx.flush()
    table = Customer.__table__
    each = UpdateEach(table, ("name", "credit_limit", "prepaid"), "id", table.c.tier == "B")
    rows = [
        {"id": one.id, "name": f"Named {number}", "credit_limit": number, "prepaid": number == 1}
        for number, one in enumerate([*customers, left])
    ]
    each.run([])
    each.run(rows[:1])
    each.run(rows[1:])
    session().expire_all()
    assert [(one.name, one.credit_limit, one.prepaid) for one in customers] == [
        ("Named 0", 0, False), ("Named 1", 1, True), ("Named 2", 2, False),
    ]  # fmt: skip
    assert left.name == "Left alone"
