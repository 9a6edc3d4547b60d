"""Whatever is done to stock in whatever order, the books stay right."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import db
from app.core.permissions import SYSTEM
from app.inventory import queries, service
from app.inventory.models import MOVES, Balance, Lot, Reservation, usable_on
from tests.catalog.factories import make_product
from tests.inventory.factories import make_warehouse

ARRIVAL = date(2026, 11, 25)
VERBS = {
    "released": service.release_lot,
    "held": service.hold_lot,
    "rejected": service.reject_lot,
    "recalled": service.recall_lot,
}


class Stock(RuleBasedStateMachine):
    """One product, two warehouses, a handful of lots and orders."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = db.engine().connect()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        self.token = db._current.set(db.unit_around(self.session))
        self.product = make_product(needs_inspection=True)
        self.warehouses = [make_warehouse(code="A"), make_warehouse(code="B")]
        self.lots: list[Lot] = []
        self.orders = 0

    def teardown(self) -> None:
        db._current.reset(self.token)
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    @rule(days=st.integers(-5, 40), quantity=st.integers(1, 30), warehouse=st.integers(0, 1), never=st.booleans())
    def receive_new(self, days: int, quantity: int, warehouse: int, never: bool) -> None:
        self.product.expiry_controlled = not never
        given = {
            "lot_no": f"L{len(self.lots)}",
            "made_on": "2026-06-01",
            "expires_on": None if never else (ARRIVAL + timedelta(days=days)).isoformat(),
            "quantity": quantity,
        }
        self.lots.append(service.receive(SYSTEM, self.product, self.warehouses[warehouse], given))

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), status=st.sampled_from(sorted(VERBS)))
    def move(self, data: Any, status: str) -> None:
        lot = data.draw(st.sampled_from(self.lots))
        legal = status in MOVES[lot.status]
        extra = {"report_no": "QC-1"} if status == "released" else {}
        if legal:
            VERBS[status](SYSTEM, lot, reason="test", **extra)  # type: ignore[operator]
            assert lot.status == status
        else:
            with pytest.raises(service.IllegalMove):
                VERBS[status](SYSTEM, lot, reason="test", **extra)  # type: ignore[operator]

    @rule(quantity=st.integers(1, 60), spare=st.integers(0, 20))
    def reserve(self, quantity: int, spare: int) -> None:
        before = queries.available(self.product.id, on=ARRIVAL, min_remaining_days=spare)
        self.orders += 1
        order = f"order-{self.orders}"
        got = service.reserve(
            SYSTEM, order, f"{order}-1", self.product, quantity, arrives_on=ARRIVAL, min_remaining_days=spare
        )
        kept = sum(row.quantity for row in got.lines)
        assert kept == min(before, quantity)
        assert got.short == quantity - kept
        ends = [row.lot.expires_on or date.max for row in got.lines]
        assert ends == sorted(ends)
        for row in got.lines:
            assert row.lot.status == "released"
            assert usable_on(row.lot, ARRIVAL, spare_days=spare)
        if got.lines:
            self.nothing_earlier_left(ends[-1], spare)

    def nothing_earlier_left(self, last: date, spare: int) -> None:
        """No lot that expires before the last one taken still has free stock that could have gone."""
        for row in queries.stock_view(self.product.id, on=ARRIVAL).lots:
            if usable_on(row.lot, ARRIVAL, spare_days=spare) and (row.lot.expires_on or date.max) < last:
                assert row.available == 0

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def give_back(self, data: Any) -> None:
        order = f"order-{data.draw(st.integers(1, self.orders))}"
        kept = sum(row.quantity for row in queries.reservations_of(order))
        assert service.release_reservations(SYSTEM, order, "test") == kept
        assert queries.reservations_of(order) == []

    @precondition(lambda self: self.lots)
    @rule(data=st.data(), quantity=st.integers(1, 40), out=st.booleans())
    def correct(self, data: Any, quantity: int, out: bool) -> None:
        lot = data.draw(st.sampled_from(self.lots))
        place = self.warehouses[0]
        here = next((row for row in queries.lots_of(lot.id) if row.warehouse.id == place.id), None)
        on_hand, reserved = (here.on_hand, here.reserved) if here else (0, 0)
        refused = quantity > on_hand - reserved if out else quantity < reserved
        with pytest.raises(service.NotEnough) if refused else nullcontext():
            if out:
                service.take_out(SYSTEM, lot, place, quantity, reason="test")
            else:
                service.count(SYSTEM, lot, place, quantity, reason="test")

    @invariant()
    def books_are_right(self) -> None:
        assert queries.differences() == []
        for balance in self.session.execute(select(Balance.on_hand, Balance.reserved)):
            assert 0 <= balance.reserved <= balance.on_hand

    @invariant()
    def reservations_are_the_reserved_balance(self) -> None:
        active = self.session.execute(
            select(Reservation.lot_id, Reservation.warehouse_id, Reservation.quantity).where(
                Reservation.status == "active"
            )
        )
        sums: dict[tuple[str, str], int] = {}
        for lot, warehouse, quantity in active:
            sums[lot, warehouse] = sums.get((lot, warehouse), 0) + quantity
        kept = self.session.execute(select(Balance.lot_id, Balance.warehouse_id, Balance.reserved))
        assert {(lot, place): number for lot, place, number in kept if number} == sums

    @invariant()
    def nothing_is_kept_of_a_lot_that_may_not_go(self) -> None:
        statuses = self.session.execute(
            select(Lot.status).join(Reservation, Reservation.lot_id == Lot.id).where(Reservation.status == "active")
        ).scalars()
        assert set(statuses) <= {"released"}


def test_the_books_stay_right(app: Flask) -> None:
    run_state_machine_as_test(
        Stock,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
