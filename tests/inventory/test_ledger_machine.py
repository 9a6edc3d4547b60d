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
from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from app.core import db
from app.core.permissions import SYSTEM
from app.inventory import queries, service
from app.inventory.models import MOVES, Balance, Holding, LedgerEntry, Lot, Place, Reservation, usable_on
from tests.catalog.factories import make_product
from tests.inventory.factories import make_warehouse

ARRIVAL = date(2026, 11, 25)
VERBS = {
    "inspecting": service.inspect_lot,
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

    def kept(self, level: str) -> list[Reservation]:
        """Active reservations of the level."""
        wanted = select(Reservation).where(Reservation.status == "active", Reservation.level == level)
        return list(self.session.scalars(wanted.order_by(Reservation.id)))

    @precondition(lambda self: self.kept("soft"))
    @rule(data=st.data())
    def pick(self, data: Any) -> None:
        kept = data.draw(st.sampled_from(self.kept("soft")))
        quantity = data.draw(st.integers(1, kept.quantity))
        picked = service.pick(SYSTEM, kept.id, quantity, document="PL-1")
        assert (picked.level, picked.quantity) == ("hard", quantity)
        assert picked.place.zone is not None
        assert picked.place.zone.kind == "dispatch"

    @precondition(lambda self: self.kept("hard"))
    @rule(data=st.data(), back=st.booleans())
    def ship(self, data: Any, back: bool) -> None:
        kept = data.draw(st.sampled_from(self.kept("hard")))
        if back:
            service.put_back(SYSTEM, kept.id, reason="cancelled")
            kept.level = "soft"
            self.session.flush()
            return
        assert kept.lot.status == "released"
        service.ship(SYSTEM, kept.id, service.outside("transit", "shipment-1"), document="DN-1")

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def hand_on(self, data: Any) -> None:
        """What is under way arrives, what was delivered is used or comes back into the returns zone."""
        place, lot_id, quantity = data.draw(st.sampled_from(self.held()))
        goods = service.Goods(self.session.get_one(Lot, lot_id), data.draw(st.integers(1, quantity)))
        if place.kind == "transit":
            service.hand_over(SYSTEM, "deliver", goods, place, service.outside("customer", "c-1"), document="DN-1")
            return
        returns = queries.find_bin(self.warehouses[1].id, "RET")
        assert returns is not None
        target = data.draw(st.sampled_from([returns, service.outside("used", "c-1")]))
        service.hand_over(SYSTEM, "use" if target.kind == "used" else "return", goods, place, target, document="RT-1")

    def held(self) -> list[tuple[Place, str, int]]:
        """Places outside from which goods may go on, with lot and quantity."""
        wanted = (
            select(Place, Holding.lot_id, Holding.quantity)
            .join(Holding, Holding.place_id == Place.id)
            .where(Place.kind.in_(("transit", "customer")), Place.holder_id != "", Holding.quantity > 0)
            .order_by(Place.id, Holding.lot_id)
        )
        return [tuple(row) for row in self.session.execute(wanted)]

    @precondition(lambda self: self.lots)
    @rule(data=st.data())
    def put_away(self, data: Any) -> None:
        lot = data.draw(st.sampled_from(self.lots))
        service.put_away(SYSTEM, lot, self.warehouses[1], reason="checked")

    @invariant()
    def books_are_right(self) -> None:
        assert queries.differences() == []
        assert list(queries.broken_links()) == []
        for balance in self.session.execute(select(Balance.on_hand, Balance.reserved)):
            assert 0 <= balance.reserved <= balance.on_hand

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        """All places of a lot together hold nought; every movement says who did it."""
        inside = select(Balance.lot_id, Balance.on_hand.label("n"))
        sums = union_all(inside, select(Holding.lot_id, Holding.quantity.label("n"))).subquery()
        by_lot = self.session.execute(select(func.sum(sums.c.n)).group_by(sums.c.lot_id)).scalars()
        assert set(by_lot) <= {0}
        assert self.session.scalar(select(func.count()).where(LedgerEntry.actor_id == "")) == 0

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
