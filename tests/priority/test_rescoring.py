"""After every change, and whenever time has come, each order stands where a full re-rank would put it."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from app.catalog import service as catalog
from app.catalog.models import Contract, Licence, Region
from app.core import clock, db, jobs
from app.core.columns import micros
from app.core.jobs.models import Job
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions.asked import asked_in_force
from app.decisions.facts import FactsInvalid, fact
from app.decisions.queries import decisions_of
from app.inventory import service as inventory
from app.inventory.models import Balance, Lot, Warehouse
from app.orders import service as orders
from app.orders.models import Order
from app.priority import bulk, checking, columns_moments, moments, overriding, queries, rescoring, service, touched
from app.priority.album import STANDING, Album
from app.priority.models import OrderOverride, OrderStanding
from app.priority.overriding import Wish
from app.priority.picture import picture_of
from app.priority.queries import OPEN
from tests.catalog.factories import make_contract, make_customer
from tests.orders.factories import make_line
from tests.priority.worlds import World, assessed, orders_of_every_kind, plain_product, plain_world


@pytest.fixture
def world(tx):
    return plain_world()


def follow(tx) -> None:
    """What the transaction has left to do: before its commit, then the jobs, as a worker would."""
    db.do_due()
    rescoring.look_for_due()
    jobs.run_due()
    tx.expire_all()


def state(tx) -> dict[str, Any]:
    columns = (OrderStanding.order_id, *(getattr(OrderStanding, name) for name in STANDING))
    open_ones = select(*columns).join(Order, Order.id == OrderStanding.order_id).where(Order.status.in_(OPEN))
    return {row[0]: tuple(row) for row in tx.execute(open_ones)}


class Life:
    """What happens to orders and to all they depend on, drawn at random, by the verbs that people use."""

    def __init__(self, tx, world: World, seed: int) -> None:
        self.tx, self.world, self.random = tx, world, Random(seed)
        self.products = [plain_product(stock=stock) for stock in (2, 9, 500)]
        self.customers = [make_customer(tier=tier) for tier in "SBC"]
        self.contract = make_contract(self.customers[0], sla_hours=24)
        for _each in range(12):
            self.order_comes()

    def one(self, statement) -> Any:
        found = list(self.tx.scalars(statement))
        return self.random.choice(found) if found else None

    def an_order(self) -> Order | None:
        return self.one(select(Order).where(Order.status.in_(OPEN)).order_by(Order.number))

    def order_comes(self) -> None:
        pick, now = self.random.choice, clock.now()
        lines = [make_line(pick(self.products), pick((1, 3, 8))) for _n in range(pick((1, 2)))]
        customer = pick(self.customers)
        order = self.world.order(
            lines=lines,
            customer=customer,
            order_type=pick(("normal", "normal", "sample", "replacement")),
            requested_date=clock.today() + timedelta(days=pick((2, 9, 12, 30))),
            contract_number=self.contract.number if customer is self.customers[0] else None,
            surgery_at=now + timedelta(minutes=pick((600, 4000, 9000, 40_000))),
            surgery_number="OR-1",
        )
        order.submitted_at = now
        assessed(order)

    def order_changes(self) -> None:
        if order := self.an_order():
            days = self.random.choice((1, 5, 20))
            given = {"requested_date": (clock.today() + timedelta(days=days)).isoformat(), "note": str(days)}
            orders.change_order(SYSTEM, order, given, seen_version=order.version)

    def order_ends(self) -> None:
        if order := self.an_order():
            if self.random.random() < 0.5 and order.status == "in_approval":
                orders.release_order(SYSTEM, order)
            else:
                orders.cancel_order(SYSTEM, order, reason="No more", seen_version=order.version)

    def stock_comes(self) -> None:
        product, warehouse = self.random.choice(self.products), self.one(select(Warehouse))
        given = {
            "lot_no": f"N{self.random.randrange(10**9)}",
            "made_on": (clock.today() - timedelta(days=9)).isoformat(),
            "expires_on": (clock.today() + timedelta(days=self.random.choice((3, 170, 400)))).isoformat(),
            "quantity": self.random.choice((1, 5, 50)),
            "document": "D",
        }
        lot = inventory.receive(SYSTEM, product, warehouse, given)
        inventory.release_lot(SYSTEM, lot, reason="Good", report_no="R")

    def stock_goes(self) -> None:
        row = self.one(select(Balance).where(Balance.on_hand > Balance.reserved).order_by(Balance.lot_id))
        if row is not None:
            lot, warehouse = self.tx.get(Lot, row.lot_id), self.tx.get(Warehouse, row.warehouse_id)
            inventory.take_out(SYSTEM, lot, warehouse, 1, reason="Broken")

    def lot_is_held_or_freed(self) -> None:
        lot = self.one(select(Lot).where(Lot.status.in_(("released", "held"))).order_by(Lot.id))
        if lot.status == "held":
            inventory.release_lot(SYSTEM, lot, reason="Good", report_no="R")
        else:
            inventory.hold_lot(SYSTEM, lot, reason="Look")

    def order_reserves(self) -> None:
        if order := self.an_order():
            line = self.random.choice(order.lines)
            product = next(one for one in self.products if one.id == line.product_id)
            kept = inventory.reserve(SYSTEM, order.id, line.id, product, 1, arrives_on=clock.today())
            orders.note_reserved(order, {line.id: 1 - kept.short})

    def order_gives_back(self) -> None:
        if order := self.an_order():
            inventory.release_reservations(SYSTEM, order.id, "Over")
            orders.note_reserved(order, {})

    def licence_is_renewed_or_ends(self) -> None:
        licence = self.one(select(Licence).where(Licence.customer_id.is_not(None)).order_by(Licence.number))
        end = clock.today() + timedelta(days=self.random.choice((-1, 1, 20, 300)))
        self.records(catalog.change_licence, licence, valid_to=end.isoformat())

    def contract_changes(self) -> None:
        end = clock.today() + timedelta(days=self.random.choice((0, 3, 100)))
        least = self.random.choice((None, 200))
        found = self.one(select(Contract).where(Contract.id == self.contract.id))
        self.records(catalog.change_contract, found, valid_to=end.isoformat(), min_remaining_days=least)

    def customer_changes(self) -> None:
        self.records(catalog.change_customer, self.random.choice(self.customers), tier=self.random.choice("SABC"))

    def product_changes(self) -> None:
        product = self.random.choice(self.products)
        self.records(catalog.change_product, product, status=self.random.choice(("active", "restricted")))

    def lane_changes(self) -> None:
        days = self.random.choice((1, 2))
        self.records(catalog.change_region, self.tx.get(Region, "310000"), lane_days_p50=days, lane_days_p95=days + 1)

    def records(self, verb, found, **over) -> None:
        """Change a record of the catalogue: the whole of it is given."""
        name = type(found).__name__
        schema = getattr(catalog.schemas, f"{name}Given")()
        given = {
            one: getattr(found, one)
            for one in schema.fields
            if getattr(found, one, None) is not None and one != "packages"
        }
        plain = {one: str(value) if hasattr(value, "isoformat") else value for one, value in given.items()}
        verb(SYSTEM, found, {**plain, **over}, seen_version=found.version)

    def somebody_overrides(self) -> None:
        order = self.an_order()
        if order is not None and queries.override_of(order.id) is None:
            wish = Wish(self.random.choice((-60, 40, 100)), None, "other", "Because", self.random.choice((1, 30)))
            overriding.set_override(SYSTEM, order.id, wish, signed=True)

    def time_passes(self) -> None:
        pause = timedelta(minutes=self.random.choice((1, 50, 400, 1500)))
        self.clock += pause

    clock = timedelta(0)
    VERBS = (
        order_comes, order_changes, order_ends, stock_comes, stock_goes, lot_is_held_or_freed, order_reserves,
        order_gives_back, licence_is_renewed_or_ends, contract_changes, customer_changes, product_changes, lane_changes,
        somebody_overrides, time_passes, time_passes, time_passes,
    )  # fmt: skip


def lives(tx, world, seed: int, steps: int) -> None:
    """Event after event; after each, nothing may differ from a full re-rank at the same moment."""
    life, start = Life(tx, world, seed), clock.now()
    follow(tx)
    told: list[str] = []
    changes = 0
    for _step in range(steps):
        verb = life.random.choice(life.VERBS)
        told.append(verb.__name__)
        before = state(tx)
        with clock.moved(start + life.clock):
            verb(life)
        with clock.moved(start + life.clock):
            tx.flush()
            follow(tx)
            found = bulk.compare(clock.now())
            next_at = found.standings["next_change_at"].ne_missing(found.standings["next_change_at_was"])
            assert not found.standings.filter(found.moves | found.anew).height, told[-5:]
            assert not next_at.any(), told[-5:]
        changes += before != state(tx)
    assert changes > steps // 3


def test_after_each_event_a_full_rerank_finds_no_difference(world, tx):
    lives(tx, world, seed=1, steps=30)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 6))
def test_after_many_events_a_full_rerank_finds_no_difference(world, tx, seed):
    lives(tx, world, seed, steps=200)


def scored(order_id: str, as_of) -> Any:
    """All that the rules say of an order at a moment."""
    picture = picture_of(order_id)
    rules = rescoring.Rules(as_of, asked_in_force(service.SETS))
    facts = rescoring.facts_of(picture, rules)
    return [oracle(facts) for oracle in rules.oracles]


def test_time_changes_nothing_before_the_next_change(world, tx):
    """The clock goes on in small steps; the moment foretold is never later than the first change that is seen."""
    orders_of_every_kind(world, 24)
    start, asked = clock.now(), asked_in_force(service.SETS)
    ids = tx.scalars(select(Order.id).where(Order.status.in_(OPEN)).order_by(Order.id)).all()
    step, steps = timedelta(minutes=37), 24 * 5
    exact = told = 0
    for order_id in ids:
        before, next_at = scored(order_id, start), moments.next_change(picture_of(order_id), start, asked)
        for number in range(1, steps + 1):
            as_of = start + number * step
            if next_at is None or as_of < next_at:
                assert scored(order_id, as_of) == before, (order_id, as_of, next_at)
                continue
            told += 1
            exact += scored(order_id, next_at) != before
            assert scored(order_id, next_at - timedelta(microseconds=1)) == before
            before, next_at = scored(order_id, as_of), moments.next_change(picture_of(order_id), as_of, asked)
    assert told > len(ids)
    assert exact > told // 2, (exact, told)


def test_many_at_once_know_the_same_moments(world, tx):
    orders_of_every_kind(world, 40)
    tx.add_all([OrderOverride(**overridden(order)) for order in tx.scalars(select(Order).limit(5))])
    tx.flush()
    asked = asked_in_force(service.SETS)
    for as_of in (clock.now(), clock.now() + timedelta(days=3, hours=7, minutes=11)):
        album = Album(Order.id.is_not(None), as_of)
        found = columns_moments.next_changes(album, asked)
        for order_id, at in zip(album.orders["id"], found, strict=True):
            alone = moments.next_change(picture_of(order_id), as_of, asked)
            assert at == (None if alone is None else micros(alone)), order_id


def overridden(order: Order) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": order.id, "order_id": order.id, "points": 10, "band": None, "cause": "other", "reason": "Because",
        "set_by": "somebody", "set_by_name": "Somebody", "signed": False, "starts_at": now - timedelta(hours=1),
        "until": now + timedelta(minutes=20), "band_before": "P3", "band_after": "P3", "score_before": 1,
        "score_after": 1, "raised": True, "passed": [], "passed_count": 0, "passed_urgent": 0, "findings": {},
    }  # fmt: skip


def test_few_and_many_come_to_the_same(world, tx, monkeypatch):
    found = []
    for few in (100, 0):
        saved = tx.begin_nested()
        life = Life(tx, world, seed=3)
        follow(tx)
        monkeypatch.setattr(rescoring, "FEW", few)
        with clock.moved(clock.now() + timedelta(days=2)):
            life.customer_changes()
            life.lane_changes()
            tx.flush()
            follow(tx)
            numbered = tx.execute(select(Order.number, Order.id)).all()
            names = {order_id: number for number, order_id in numbered}
            found.append(sorted((names[one], *rest) for one, *rest in state(tx).values()))
        saved.rollback()
    assert found[0] == found[1]


def test_what_changes_band_is_decided_on_record_and_a_score_alone_is_not(world, tx):
    quiet, urgent = world.order(), world.order(surgery_at=clock.now() + timedelta(hours=40), surgery_number="OR-1")
    for order in (quiet, urgent):
        assessed(order)
    follow(tx)
    with clock.moved(clock.now() + timedelta(hours=16)):
        assert rescoring.look_for_due()
        follow(tx)
        moved = queries.standing_of(urgent.id)
        assert (moved.band, moved.trigger, len(decisions_of(Subject("order", urgent.id)))) == ("P0", "periodic", 4)
        world.customer.prepaid = True
        tx.flush()
        follow(tx)
        stands = queries.standing_of(quiet.id)
    assert (stands.trigger, len(decisions_of(Subject("order", quiet.id)))) == ("touched", 2)


def test_one_whose_facts_do_not_fit_does_not_keep_the_others_waiting(world, tx, monkeypatch):
    sick, well = (world.order(requested_date=clock.today() + timedelta(days=12)) for _each in range(2))
    score = [assessed(order).score for order in (sick, well)][1]
    follow(tx)
    provider = fact.get("customer")

    def damaged(subject, as_of):
        if subject.id == sick.id:
            raise FactsInvalid("customer.tier", "does not fit")
        return provider(subject, as_of)

    def unfit(*_given, **_more):
        raise FactsInvalid("customer.tier", "does not fit")

    monkeypatch.setitem(fact._functions, "customer", damaged)
    monkeypatch.setattr(bulk, "gather_in_bulk", unfit)
    for few in (50, 0):  # one by one, and as columns first
        monkeypatch.setattr(rescoring, "FEW", few)
        with clock.moved(clock.now() + timedelta(days=1 + (few == 0))):
            follow(tx)
            assert queries.standing_of(well.id).score > score
            assert queries.standing_of(sick.id).next_change_at == clock.now() + rescoring.UNFIT_REST
            score = queries.standing_of(well.id).score


def test_a_closed_order_is_never_due(world, tx):
    order = world.order(requested_date=clock.today() + timedelta(days=12))
    assert assessed(order).next_change_at is not None
    orders.cancel_order(SYSTEM, order, reason="No more", seen_version=order.version)
    with clock.moved(clock.now() + timedelta(days=1)):
        follow(tx)
    assert queries.standing_of(order.id).next_change_at is None


def test_the_nightly_check_names_what_nobody_followed_and_puts_it_right(world, tx, caplog):
    orders_of_some = [assessed(world.order()) for _each in range(3)]
    follow(tx)
    assert checking.check() == checking.Checked(3, 0, 0)
    world.customer.tier = "S"
    tx.flush()
    db.do_due()
    assert checking.check() == checking.Checked(3, 0, 3), "a job has them before it"
    follow(tx)
    tx.connection().exec_driver_sql("UPDATE customers SET prepaid = true")
    tx.expire_all()
    assert checking.check() == checking.Checked(3, 3, 0)
    assert checking.check() == checking.Checked(3, 0, 0)
    del orders_of_some


def test_what_a_transaction_touched_goes_into_one_job(world, tx):
    assessed(world.order())
    follow(tx)
    world.customer.tier = "S"
    tx.flush()
    world.product.sterile = True
    tx.flush()
    db.do_due()
    jobs_now = tx.scalars(select(Job.payload).where(Job.kind == rescoring.JOB)).all()
    assert jobs_now == [{"marks": [["customer", world.customer.id], ["product", world.product.id]]}]
    assert touched.take_marks() == []
