"""Random days of the whole house: goods come, are judged, ordered, changed, picked, shipped, come back, are recalled, in
any order. Orders run through the real rules and the real approval."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select, union_all

from app.core import clock, db, ids, jobs
from app.core.errors import DomainError
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import intake
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import MOVES, Balance, Holding, LedgerEntry, Lot, Place, Reservation, Warehouse, usable_on
from app.orders import queries as orders
from app.orders.models import Order
from app.planning import service as planning
from app.recalls import counting
from app.recalls import queries as told_of
from app.recalls import service as recalls
from app.recalls.models import RecallCase
from app.shipping import shipments
from app.shipping.models import Shipment
from app.tasks import queries as tasks
from app.tasks.models import Task
from tests.conftest import NOON
from tests.fulfilment.flow_world import make_flow
from tests.orders.factories import given_order
from tests.shipping.world import make_dock

WHO = {
    "approve": ("bob", "desk2"),
    "second_approval": ("boss", "qa"),
    "joint_approval": ("boss", "qa"),
    "approve_afterwards": ("boss",),
    "resolve_blocks": ("qa",),
    "resolve_shortage": ("planner",),
    "rework": ("ann",),
}
VERBS: dict[str, Any] = {
    "inspecting": inventory.inspect_lot,
    "released": inventory.release_lot,
    "held": inventory.hold_lot,
    "rejected": inventory.reject_lot,
    "recalled": inventory.recall_lot,
}
LIVE = ("in_approval", "released")


class Days(RuleBasedStateMachine):
    """Two products, a handful of lots, orders of one customer."""

    def __init__(self) -> None:
        super().__init__()
        ids._random.seed(7)  # rows that tie are sorted by id: the same acts must find the same rows
        self.moved = clock.moved(NOON)
        self.moved.__enter__()
        self.connection = db.engine().connect()
        self.outer = self.connection.begin()
        self.session = db.UnitSession(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        self.token = db._current.set(db.unit_around(self.session))
        self.flow = make_flow()
        self.dock = make_dock(self.flow)
        self.products = [self.flow.plain, self.flow.world.product]
        self.warehouse = self.session.scalars(select(Warehouse).order_by(Warehouse.code)).one()
        self.numbers = count(1)
        self.left = 0
        self.gone: dict[str, int] = {}
        """Units of a lot that had been shipped when it was blocked for good."""

    def teardown(self) -> None:
        db._current.reset(self.token)
        self.session.close()
        self.outer.rollback()
        self.connection.close()
        self.moved.__exit__(None, None, None)
        ids._random.seed()

    # --- goods -----------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1), quantity=st.integers(1, 60), life=st.integers(20, 900), good=st.booleans())
    def goods_come(self, which: int, quantity: int, life: int, good: bool) -> None:
        number, today = next(self.numbers), clock.today()
        given = {"lot_no": f"D{number}", "made_on": today.isoformat(), "quantity": quantity, "document": f"GR-{number}"}
        given["expires_on"] = (today + timedelta(days=life)).isoformat()
        lot = inventory.receive(SYSTEM, self.products[which], self.warehouse, given)
        if good:
            qa = self.flow.actor("qa")
            if "inspecting" in MOVES[lot.status]:
                inventory.inspect_lot(qa, lot, reason="as planned")
            inventory.release_lot(qa, lot, reason="as found", report_no=f"QC-{lot.lot_no}")

    @rule(data=st.data(), status=st.sampled_from(sorted(VERBS)))
    def lot_is_judged(self, data: Any, status: str) -> None:
        lots = list(self.session.scalars(select(Lot).order_by(Lot.lot_no)))
        lot = data.draw(st.sampled_from([one for one in lots if status in MOVES[one.status]] or lots))
        if status in MOVES[lot.status]:
            extra = {"report_no": f"QC-{lot.lot_no}"} if status == "released" else {}
            VERBS[status](self.flow.actor("qa"), lot, reason="as found", **extra)
            if status in ("rejected", "recalled"):
                self.gone.setdefault(lot.id, self.shipped(lot.id))

    def not_recalled(self) -> list[Lot]:
        wanted = select(Lot).where(Lot.status.in_(("quarantined", "under_inspection", "released", "held", "rejected")))
        return list(self.session.scalars(wanted.order_by(Lot.lot_no)))

    @precondition(lambda self: self.not_recalled())
    @rule(data=st.data())
    def recall_is_opened(self, data: Any) -> None:
        lot = data.draw(st.sampled_from(self.not_recalled()))
        given = {"lot_ids": [lot.id], "jurisdiction": "cn", "hazard": "open barrier", "mock": False}
        case = recalls.open_case(self.flow.actor("qa"), given)
        assert lot.status == "recalled"
        self.gone.setdefault(lot.id, self.shipped(lot.id))
        frozen = sum(one.quantity for one in told_of.scope_of(case) if one.lot_id == lot.id)
        assert frozen + self.held_outside(lot.id, "scrap") == self.received(lot.id), "each unit stands in one line"

    def held_outside(self, lot_id: str, kind: str) -> int:
        wanted = select(func.sum(Holding.quantity)).join(Place, Place.id == Holding.place_id)
        return self.session.scalar(wanted.where(Holding.lot_id == lot_id, Place.kind == kind)) or 0

    def received(self, lot_id: str) -> int:
        return -self.held_outside(lot_id, "supplier")

    def shipped(self, lot_id: str) -> int:
        which = (LedgerEntry.lot_id == lot_id, LedgerEntry.kind == "ship")
        return self.session.scalar(select(func.coalesce(func.sum(LedgerEntry.quantity), 0)).where(*which)) or 0

    @precondition(lambda self: self.kept())
    @rule(data=st.data())
    def picked_or_put_back(self, data: Any) -> None:
        kept = data.draw(st.sampled_from(self.kept()))
        if kept.level == "firm":
            good = kept.lot.status == "released" and usable_on(kept.lot, kept.arrives_on)
            with suppress(inventory.MayNotLeave):
                inventory.pick(SYSTEM, kept.id, data.draw(st.integers(1, kept.quantity)), document="PL-1")
                assert good
        else:
            inventory.put_back(SYSTEM, kept.id, reason="asked for")

    def to_pick(self) -> list[Shipment]:
        wanted = select(Shipment).where(Shipment.status == "picking").order_by(Shipment.number)
        return [one for one in self.session.scalars(wanted) if self.dock.at(one) == ["pick"]]

    @precondition(lambda self: self.to_pick())
    @rule(data=st.data())
    def leaves(self, data: Any) -> None:
        one = data.draw(st.sampled_from(self.to_pick()))
        goods = [each.kept for each in shipments.goods_of(one)]
        good = all(each.lot.status == "released" and usable_on(each.lot, each.arrives_on) for each in goods)
        with suppress(DomainError), self.session.begin_nested():  # picked to its end, checked, packed, fetched
            self.dock.leave(one)
            assert good
            self.left += 1

    def kept(self) -> list[Reservation]:
        wanted = select(Reservation).where(Reservation.status == "active", Reservation.level.in_(("firm", "hard")))
        found = self.session.scalars(wanted.join(Order, Order.id == Reservation.order_id).join(Reservation.lot))
        return sorted(found, key=lambda one: (one.order_id, one.lot.lot_no, one.level, one.quantity))

    @precondition(lambda self: self.outside())
    @rule(data=st.data(), back=st.booleans())
    def arrives_or_returns(self, data: Any, back: bool) -> None:
        place, lot_id, quantity = data.draw(st.sampled_from(self.outside()))
        goods = inventory.Goods(self.session.get_one(Lot, lot_id), data.draw(st.integers(1, quantity)))
        if place.kind == "transit":
            target, kind = inventory.outside("customer", "c-1"), "deliver"
        else:
            found = stock.find_bin(self.warehouse.id, "RET")
            target, kind = (found, "return") if back and found else (inventory.outside("used", "c-1"), "use")
        with suppress(*((DomainError,) if target.inside else ())):  # the returns zone may not suit the lot
            inventory.hand_over(SYSTEM, kind, goods, place, target, document="POD-1")

    def outside(self) -> list[tuple[Place, str, int]]:
        wanted = (
            select(Place, Holding.lot_id, Holding.quantity)
            .join(Holding, Holding.place_id == Place.id)
            .where(Place.kind.in_(("transit", "customer")), Place.holder_id != "", Holding.quantity > 0)
            .order_by(Place.id, Holding.lot_id)
        )
        return [tuple(row) for row in self.session.execute(wanted)]

    # --- orders ----------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1), quantity=st.integers(1, 70), whole=st.booleans(), urgent=st.booleans())
    def ordered(self, which: int, quantity: int, whole: bool, urgent: bool) -> None:
        days = {"surgery_at": (clock.now() + timedelta(days=1 if urgent else 9)).isoformat()}
        days["requested_date"] = (clock.today() + timedelta(days=1 if urgent else 7)).isoformat()
        more = {"delivery": "complete" if whole else "partial", "order_type": "emergency" if urgent else "normal"}
        product, customer = self.products[which], self.flow.world.hospital
        given = given_order("direct", product=product, customer=customer, quantity=quantity, **days, **more)
        intake.take_in(self.flow.actor("ann"), given)

    def open_orders(self) -> list[Order]:
        wanted = select(Order).where(Order.status.in_(("in_approval", "rework"))).order_by(Order.number)
        return list(self.session.scalars(wanted))

    @precondition(lambda self: self.open_orders())
    @rule(data=st.data(), quantity=st.integers(1, 70))
    def changed_or_cancelled(self, data: Any, quantity: int) -> None:
        order = data.draw(st.sampled_from(self.open_orders()))
        seller, seen = self.flow.actor("ann"), orders.version_of(order.id)
        if data.draw(st.booleans()):
            intake.cancel(seller, order.id, reason="not needed", seen_version=seen)
            return
        sku = next(one.sku for one in self.products if one.id == order.lines[0].product_id)
        line = {"product": sku, "quantity": quantity, "unit_price": "100.00"}
        intake.change(seller, order.id, {"lines": [line]}, seen_version=seen)

    @rule(data=st.data(), outcome=st.sampled_from(("yes", "yes", "yes", "rework", "reject")))
    def decided(self, data: Any, outcome: str) -> None:
        wanted = select(Order).where(Order.status.in_((*LIVE, "rework"))).order_by(Order.number)
        waiting = [order for order in self.session.scalars(wanted) if tasks.open_tasks_of(Subject("order", order.id))]
        if not waiting:
            return
        order = data.draw(st.sampled_from(waiting))
        for _stage in range(3):  # with a yes all that it is asked for, one after the other
            found = tasks.open_tasks_of(Subject("order", order.id))
            if found:
                self.answer(found[0], outcome)
            if outcome != "yes":
                return

    def answer(self, task: Task, outcome: str) -> None:
        yes = {"resolve_blocks": "recheck", "resolve_shortage": "recheck", "rework": "resubmit"}
        said = yes.get(task.element_id, "approve")
        if outcome != "yes" and task.element_id not in ("rework", "approve_afterwards"):
            said = outcome
        who = next(name for name in WHO[task.element_id] if self.flow.users[name].id not in task.excluded_user_ids)
        self.flow.sign(who, task, said, "as agreed")

    @rule()
    def planned(self) -> None:
        due = list(self.session.scalars(select(jobs.Job).where(jobs.Job.kind == planning.JOB)))
        for job in due:
            self.session.delete(job)
        self.session.flush()
        if due:
            planning.run(planning.SYSTEM, due[0].source_ref)

    @rule(days=st.integers(1, 15))
    def days_pass(self, days: int) -> None:
        now = clock.now() + timedelta(days=days)
        self.moved.__exit__(None, None, None)
        self.moved = clock.moved(now)
        self.moved.__enter__()

    # --- what always holds -------------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        assert stock.differences() == []
        assert list(stock.broken_links()) == []
        for row in self.session.execute(select(Balance.on_hand, Balance.reserved)):
            assert 0 <= row.reserved <= row.on_hand

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        inside = select(Balance.lot_id, Balance.on_hand.label("n"))
        sums = union_all(inside, select(Holding.lot_id, Holding.quantity.label("n"))).subquery()
        assert set(self.session.execute(select(func.sum(sums.c.n)).group_by(sums.c.lot_id)).scalars()) <= {0}

    @invariant()
    def every_movement_says_who_and_why(self) -> None:
        silent = (LedgerEntry.document == "") & (LedgerEntry.reason == "") & LedgerEntry.order_id.is_(None)
        nameless = LedgerEntry.actor_id == ""
        assert self.session.scalar(select(func.count()).select_from(LedgerEntry).where(silent | nameless)) == 0

    @invariant()
    def every_reservation_has_a_live_order_and_a_good_lot(self) -> None:
        wanted = (
            select(Order.status, Lot.status)
            .select_from(Reservation)
            .outerjoin(Order, Order.id == Reservation.order_id)
            .join(Lot, Lot.id == Reservation.lot_id)
            .where(Reservation.status == "active")
        )
        for order_status, lot_status in self.session.execute(wanted):
            assert order_status in LIVE
            assert lot_status == "released"

    @invariant()
    def nobody_has_more_than_they_ordered(self) -> None:
        """What was called back on its way is replaced by another shipment of the order."""
        back = select(Shipment.id).where(Shipment.status.in_(("returning", "returned")))
        kept = select(Reservation.order_line_id, func.sum(Reservation.quantity)).where(
            Reservation.status != "released",
            Reservation.shipment_id.is_(None) | Reservation.shipment_id.not_in(back),
        )
        quantities = {line.id: line.quantity for order in self.session.scalars(select(Order)) for line in order.lines}
        for line_id, quantity in self.session.execute(kept.group_by(Reservation.order_line_id)):
            assert quantity <= quantities.get(line_id, 0)

    @invariant()
    def a_recall_knows_where_every_unit_is(self) -> None:
        for case in self.session.scalars(select(RecallCase).order_by(RecallCase.number.desc()).limit(1)):
            for one in counting.standing_of(case, [], {}).balances:
                sums = one.in_stock + one.returned + one.destroyed + one.used + one.unaccounted
                assert sums == one.received == self.received(one.lot_id)

    @invariant()
    def what_was_blocked_for_good_has_not_left_since(self) -> None:
        assert {lot_id: self.shipped(lot_id) for lot_id in self.gone} == self.gone


def test_random_days(app, request):
    many = request.config.getoption("--full")
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=250 if many else 5,
            stateful_step_count=60 if many else 30,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
