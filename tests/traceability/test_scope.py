from __future__ import annotations

from random import Random

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core import db
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.inventory import service
from app.inventory.ledger import Movement, post
from app.inventory.models import Balance, Lot, Place, Serial
from app.inventory.queries import reservations_of
from app.traceability import trails
from app.traceability.queries import Scope, chain_of, find, graph_of, scope
from config import Settings
from tests.catalog.factories import make_product
from tests.inventory.factories import make_lot, make_warehouse
from tests.traceability import oracle


class World:
    """Three lots in two bins, two kit lots of which the second can hold the first; goods then move at random."""

    def __init__(self) -> None:
        warehouse = make_warehouse()
        parts, kit, big = (make_product() for _number in range(3))
        self.parts = [make_lot(parts, on_hand=30, warehouse=warehouse) for _number in range(3)]
        self.kits = [make_lot(one, on_hand=0, warehouse=warehouse) for one in (kit, big)]
        self.lots = [*self.parts, *self.kits]
        self.home = service.home_bin(warehouse, self.lots[0])
        returns = service.home_bin(warehouse, self.lots[0], "quarantined")
        holders = [service.outside(kind, f"c{n}") for kind in ("customer",) for n in range(5)]
        others = [service.outside("consignment", "c0"), service.outside("used", "c1"), service.outside("used", "c2")]
        away = [service.outside("transit", "s1"), service.outside("scrap"), service.outside("supplier")]
        self.places = [self.home, returns, *holders, *others, *away, service.outside("count")]
        self.there: dict[tuple[str, str], int] = {}

    def go(self, lot: Lot, kind: str, source: Place, target: Place, wanted: int) -> None:
        """Move so many, or what is there."""
        free = 99 if source.kind in ("assembly", "count", "supplier") else self.there.get((lot.id, source.id), 0)
        quantity = min(wanted, free)
        if quantity and source.id != target.id:
            post(SYSTEM, [Movement(kind, lot.id, source, target, quantity)])
            for place, sign in ((source, -1), (target, 1)):
                self.there[lot.id, place.id] = self.there.get((lot.id, place.id), 0) + sign * quantity

    def live(self, dice: Random, days: int) -> None:
        self.there = {(lot.id, self.home.id): 30 for lot in self.parts}
        for _day in range(days):
            if dice.random() < 0.2:
                kit = dice.randrange(2)
                part = dice.choice(self.lots[: 3 + kit])
                self.go(part, "into_kit", self.home, service.outside("kit", self.kits[kit].id), dice.randint(1, 6))
                self.go(self.kits[kit], "assemble", service.outside("assembly"), self.home, dice.randint(1, 6))
            elif dice.random() < 0.1:
                kit = dice.randrange(2)
                inside = service.outside("kit", self.kits[kit].id)
                self.go(dice.choice(self.lots[: 3 + kit]), "out_of_kit", inside, self.home, dice.randint(1, 9))
            else:
                lot = dice.choice(self.lots)
                here = [one for one in self.places if self.there.get((lot.id, one.id), 0) > 0]
                source = dice.choice([*here, self.places[-2]])
                self.go(lot, "move", source, dice.choice(self.places), dice.randint(1, 20))


def check(found: Scope, wanted: list[str]) -> None:
    """As the oracle says, and every unit accounted for."""
    spots = {(spot.lot_id, spot.place.id) for spot in (*found.stock, *found.transit)}
    assert len(spots) == len(found.stock) + len(found.transit)
    told = {(s.lot_id, s.place.kind, s.place.holder_id, s.place.code, s.quantity) for s in found.stock + found.transit}
    kinds = ("bin", "transit")
    assert told == {row for row in oracle.stands(wanted) if row[1] in kinds}
    consignees = found.consignees
    held = {(c.lot_id, "customer", c.customer_id, "", c.outstanding) for c in consignees if c.outstanding}
    held |= {(c.lot_id, "consignment", c.customer_id, "", c.consigned) for c in consignees if c.consigned}
    held |= {(c.lot_id, "used", c.customer_id, "", c.used) for c in consignees if c.used}
    assert held == {row for row in oracle.stands(wanted) if row[1] in ("customer", "consignment", "used")}
    assert {(c.lot_id, c.customer_id, c.level) for c in consignees} == oracle.reached(wanted)
    for c in consignees:
        assert c.had - c.passed_on - c.returned - c.destroyed == c.outstanding + c.consigned + c.used
    assert {(one.lot_id, one.kit_lot_id, one.quantity) for one in found.inside} == oracle.boxed(wanted)
    assert {*found.lot_ids, *found.kit_lots} == {*wanted, *(row[1] for row in oracle.boxed(wanted))}
    moved = {(one.lot_id, one.received) for one in found.accounts}
    assert oracle.came_in(wanted) <= moved
    assert found.reconciles


def check_chains(world: World) -> None:
    """A chain of a customer has the lots that reached it, and what went into kits of these; a chain of a lot all of it."""
    ids = [lot.id for lot in world.lots]
    reached = oracle.reached(ids)
    for customer in ("c0", "c3"):
        chain = chain_of(Subject("customer", customer))
        theirs = {lot for lot, who, _level in reached if who == customer}
        assert theirs <= set(chain.lot_ids)
        came = {(row.lot_id, chain.places[row.to_id].holder_id) for row in chain.ways}
        assert {lot for lot, who in came if who == customer} == theirs
        assert {lot for lot, _level in came} <= set(chain.lot_ids)
    for lot_id in ids:
        chain = chain_of(Subject("lot", lot_id))
        placed: dict[str, int] = {}
        for row in chain.ways:
            if row.lot_id == lot_id:
                for end, sign in ((row.from_id, -1), (row.to_id, 1)):
                    placed[end] = placed.get(end, 0) + sign * row.quantity
        told = {
            (chain.places[end].kind, chain.places[end].holder_id, chain.places[end].code, n)
            for end, n in placed.items()
            if n
        }
        assert told == {row[1:] for row in oracle.stands([lot_id]) if row[0] == lot_id}
        drawn = graph_of(chain)
        assert {edge.source for edge in drawn.edges} | {edge.target for edge in drawn.edges} <= {
            node.id for node in drawn.nodes
        }


def test_a_chain_goes_on_through_kits(tx: Session) -> None:
    warehouse, kit, part = make_warehouse(), make_product(), make_lot(on_hand=9)
    service.set_parts(SYSTEM, kit, {part.product_id: 2})
    parts = [service.Part(part, service.home_bin(warehouse, part), 4)]
    made = service.assemble(SYSTEM, kit, warehouse, {"lot_no": "K-1", "quantity": 2, "document": "K"}, parts)
    service.release_lot(SYSTEM, made, reason="ok", report_no="R2")
    service.put_away(SYSTEM, made, warehouse, reason="ok")
    service.take_out(SYSTEM, made, warehouse, 1, to=service.outside("customer", "c9"), reason="sold")
    onward, back = chain_of(Subject("lot", part.id)), chain_of(Subject("customer", "c9"))
    assert set(onward.lot_ids) == set(back.lot_ids) == {part.id, made.id}
    for chain in (onward, back, chain_of(Subject("lot", made.id))):
        drawn = graph_of(chain)
        assert {"supplier", "kit", "customer"} <= {node.kind for node in drawn.nodes}
        assert not [node for node in drawn.nodes if node.kind == "assembly"]
        inside = next(node.id for node in drawn.nodes if node.kind == "kit")
        assert [edge.quantity for edge in drawn.edges if edge.target == inside] == [4]
        assert [edge.quantity for edge in drawn.edges if edge.source == inside] == [2]


def test_scope_is_what_raw_sql_says(tx: Session) -> None:
    world = World()

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(seed=st.integers(0, 2**32), days=st.integers(5, 60), wanted=st.sets(st.integers(0, 4), min_size=1))
    def holds(seed: int, days: int, wanted: set[int]) -> None:
        lots = [world.lots[number].id for number in sorted(wanted)]
        with tx.begin_nested() as nested:
            world.live(Random(seed), days)
            check(scope(lots), lots)
            check_chains(world)
            nested.rollback()

    holds()


def test_two_levels_of_distributors_reservations_and_single_units(tx: Session) -> None:
    product = make_product(serial_controlled=True)
    warehouse = make_warehouse()
    given = {"lot_no": "S1", "made_on": "2026-10-01", "expires_on": "2028-10-01", "quantity": 4, "report_no": "R1"}
    lot = service.receive(SYSTEM, product, warehouse, {**given, "serials": ["a", "b", "c", "d"], "document": "GR-1"})
    service.release_lot(SYSTEM, lot, reason="ok", report_no="R1")
    customers = {name: service.outside("customer", name) for name in ("dist", "sub", "hospital")}
    kept = service.reserve(SYSTEM, "order-1", "line-1", product, 2, arrives_on=lot.made_on.replace(year=2027))
    assert kept.short == 0
    picked = service.pick(SYSTEM, reservations_of("order-1")[0].id, 2, serials=("a", "b"))
    early = scope([lot.id])
    assert [(one.order_id, one.quantity, one.place.zone) for one in early.picked] == [("order-1", 2, "dispatch")]
    service.ship(SYSTEM, picked.id, customers["dist"], serials=("a", "b"))
    for giver, taker in (("dist", "sub"), ("sub", "hospital")):
        goods = service.Goods(lot, 1, ("a",))
        service.hand_over(SYSTEM, "pass_on", goods, customers[giver], customers[taker])
    service.hand_over(
        SYSTEM, "use", service.Goods(lot, 1, ("a",)), customers["hospital"], service.outside("used", "hospital")
    )
    found = scope([lot.id])
    assert [(one.customer_id, one.level, one.outstanding, one.used) for one in found.consignees] == [
        ("dist", 1, 1, 0),
        ("sub", 2, 0, 0),
        ("hospital", 3, 0, 1),
    ]
    assert found.customer_ids == ["dist", "hospital", "sub"]
    (account,) = found.accounts
    assert (account.received, account.in_stock, account.delivered, account.used) == (4, 2, 1, 1)
    assert found.reconciles
    ids = {one.serial_no: one.id for one in tx.query(Serial)}
    alone = scope([], [ids["a"], ids["c"]])
    assert [(one.customer_id, one.level, one.used) for one in alone.consignees][-1] == ("hospital", 3, 1)
    assert [spot.quantity for spot in alone.stock] == [1]
    assert alone.reconciles
    assert alone.accounts[0].received == 2


def test_the_chain_of_a_unit_a_lot_a_receipt_an_order_and_a_customer(tx: Session) -> None:
    product = make_product()
    warehouse = make_warehouse()
    given = {"lot_no": "C1", "made_on": "2026-10-01", "expires_on": "2028-10-01", "quantity": 9, "document": "GR-7"}
    lot = service.receive(SYSTEM, product, warehouse, given)
    service.release_lot(SYSTEM, lot, reason="ok", report_no="R1")
    arrives = lot.made_on.replace(year=2027)
    for number, wanted in enumerate((2, 3), 1):
        service.reserve(SYSTEM, f"order-{number}", f"line-{number}", product, wanted, arrives_on=arrives)
        picked = service.pick(SYSTEM, reservations_of(f"order-{number}")[0].id, wanted, document=f"PL-{number}")
        service.ship(SYSTEM, picked.id, service.outside("transit", f"s{number}"), document=f"DN-{number}")
        goods = service.Goods(lot, wanted)
        ends = service.outside("transit", f"s{number}"), service.outside("customer", f"c{number}")
        service.hand_over(SYSTEM, "deliver", goods, *ends, order_id=f"order-{number}", document=f"POD-{number}")
    whole = chain_of(Subject("lot", lot.id))
    codes = [step.code for step in whole.steps if step.code != "allocation"]
    assert codes == ["receipt", "status", "put_away", *["pick", "ship", "deliver"] * 2]
    assert {step.quantity for step in whole.steps if step.code == "allocation"} == {2, 3}
    assert [one.code for one in chain_of(Subject("receipt", "GR-7")).steps] == [one.code for one in whole.steps]
    for start in (Subject("order", "order-2"), Subject("customer", "c2")):
        chain = chain_of(start)
        documents = [step.document for step in chain.steps if step.document]
        # what was picked for another order lay in the same bin: the customer's units may be of that pick
        mixed = ["PL-1"] if start.kind == "customer" else []
        assert sorted(documents) == sorted(["GR-7", "R1", "PL-2", "DN-2", "POD-2", *mixed])
        assert not {"DN-1", "POD-1"} & set(documents)
        drawn = graph_of(chain)
        kinds = [node.kind for node in drawn.nodes]
        assert kinds == ["supplier", "quarantine", "qualified", "dispatch", "transit", "customer"]
        assert {edge.quantity for edge in drawn.edges if edge.target.endswith("quarantine")} == {9}
    assert [one.start for one in find("gr-7")] == [Subject("receipt", "GR-7")]
    assert [one.start for one in find("C1")] == [Subject("lot", lot.id)]
    assert find("nothing like it") == []


def test_the_books_are_verified_from_the_command_line(live: Settings, app: Flask) -> None:
    with db.transaction():
        lot = make_lot()
    assert "in order" in (right := app.test_cli_runner().invoke(args=["stock", "verify"])).output
    assert right.exit_code == 0
    with db.transaction():
        db.session().execute(update(Balance).values(on_hand=99))
    wrong = app.test_cli_runner().invoke(args=["stock", "verify"])
    assert wrong.exit_code == 1
    assert lot.id in wrong.output
    assert "on_hand is 99, the rows sum to 100" in wrong.output


def test_the_chain_of_who_had_many_lots_says_what_it_leaves_out(tx: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trails, "MOST_LOTS", 1)
    first, second = make_lot(on_hand=3), make_lot(on_hand=3)
    for lot in (first, second):
        service.take_out(SYSTEM, lot, make_warehouse(), 1, to=service.outside("customer", "c7"), reason="sold")
    chain = chain_of(Subject("customer", "c7"))
    assert (len(chain.lot_ids), chain.more_lots) == (1, 1)
    assert set(chain.lot_ids) < {first.id, second.id}
