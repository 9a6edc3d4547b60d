"""A ledger of many rows, written straight into the tables with valid hashes, and what it sums to.

Each lot has its stories: received, put away, picked, shipped, delivered to a distributor, passed on to a second one and
to a hospital, used there, with something left behind, returned or scrapped on the way. The last lots are kits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, text

from app.core import clock
from app.core.db import session
from app.core.ids import new_id
from app.inventory import service
from app.inventory.ledger import hash_of
from app.inventory.models import LedgerEntry, Lot, Place, Serial
from tests.catalog.factories import make_product
from tests.inventory.factories import make_lot, make_warehouse

FIRST, SECOND, HOSPITALS = 20, 80, 400
CHUNK = 10_000
_SUMS = """
  INSERT INTO {table} SELECT lot_id, place_id, 'own', {more} FROM (
    SELECT lot_id, place_id, sum(n) AS n FROM (
      SELECT lot_id, from_id AS place_id, -quantity AS n FROM stock_ledger
      UNION ALL SELECT lot_id, to_id, quantity FROM stock_ledger) AS moves GROUP BY lot_id, place_id) AS sums
  JOIN places ON places.id = sums.place_id {join} WHERE places.kind {which} 'bin'"""


class Ground:
    """The places, customers by distance, and who buys from whom."""

    def __init__(self) -> None:
        warehouse = make_warehouse()
        probe = make_lot(on_hand=0, warehouse=warehouse)
        self.bins = [service.home_bin(warehouse, probe, status) for status in ("quarantined", "released")]
        self.dispatch = next(one for one in session().query(Place) if one.zone and one.zone.kind == "dispatch")
        self.supplier, self.scrap = service.outside("supplier", "sup"), service.outside("scrap")
        self.shipments = [service.outside("transit", f"sh{number}") for number in range(50)]
        self.customers = [service.outside("customer", f"c{n}") for n in range(FIRST + SECOND + HOSPITALS)]
        self.used = [service.outside("used", f"c{n}") for n in range(FIRST + SECOND + HOSPITALS)]
        self.assembly = service.outside("assembly")


def fill(rows: int, lots: int) -> tuple[list[str], list[str]]:
    """Write about so many rows over so many lots; answers the ids of the lots, and of serials of the first lot."""
    dice = random.Random(7)
    ground, product, unit = Ground(), make_product(), make_product(serial_controlled=True)
    made = [make_lot(unit if not number else product, on_hand=0, serialised=not number) for number in range(lots)]
    serials: list[str] = []
    waiting: list[dict[str, Any]] = []
    for number, lot in enumerate(made):
        chain = list(_chain(lot, _moves(dice, ground, number, made, rows // lots)))
        if not number:
            serials = _name_units(lot, chain)
        _hash(chain)
        waiting += chain
        if len(waiting) >= CHUNK or lot is made[-1]:
            session().execute(insert(LedgerEntry), waiting)
            waiting = []
    bins = {"more": "places.holder_id, zones.kind = 'qualified', n, 0", "which": "=", "table": "stock_balances"}
    session().execute(text(_SUMS.format(**bins, join="JOIN zones ON zones.id = places.zone_id")))
    held = {"more": "places.kind IN ('supplier', 'count', 'assembly'), n", "which": "<>", "table": "stock_holdings"}
    session().execute(text(_SUMS.format(**held, join="")))
    session().commit()
    return [lot.id for lot in made], serials


def _moves(
    dice: random.Random, ground: Ground, number: int, lots: list[Lot], rows: int
) -> Iterator[tuple[str, Place, Place, int]]:
    """One story after the other: (kind, source, target, base units)."""
    single = number == 0
    written = 0
    is_kit = number >= len(lots) - 10
    while written < rows:
        much = 1 if single else dice.randint(20, 60)
        source = ground.assembly if is_kit else ground.supplier
        way: list[Place] = [source, *ground.bins, ground.dispatch, dice.choice(ground.shipments)]
        first, second = dice.randrange(FIRST), dice.randrange(SECOND)
        hospital = dice.randrange(HOSPITALS)
        way += [ground.customers[first], ground.customers[FIRST + second]]
        way += [ground.customers[FIRST + SECOND + hospital], ground.used[FIRST + SECOND + hospital]]
        kinds = ("receipt", "move", "pick", "ship", "deliver", "pass_on", "pass_on", "use")
        for step, kind in enumerate(kinds):
            yield kind, way[step], way[step + 1], much
            written += 1
            chance = dice.random()
            if chance < 0.02:
                end = ground.scrap if step < 4 else ground.bins[0]
                yield ("scrap" if step < 4 else "return"), way[step + 1], end, 1
                written += 1
                much -= 1
            elif chance < 0.1:
                much -= dice.randint(0, much // 2)
            elif chance < 0.11 and step == 1 and not single:
                into = lots[-10 + dice.randrange(5) + (5 if is_kit else 0)]
                if into is not lots[number] and not (is_kit and number >= len(lots) - 5):
                    yield "into_kit", way[2], service.outside("kit", into.id), 1
                    written += 1
                    much -= 1
            if much < 1 or (chance > 0.97 and step > 3):
                break


def _chain(lot: Lot, moves: Iterator[tuple[str, Place, Place, int]]) -> Iterator[dict[str, Any]]:
    begun = clock.now() - timedelta(days=300)
    for seq, (kind, source, target, quantity) in enumerate(moves, 1):
        at = begun + timedelta(minutes=seq)
        row = {"id": new_id(), "at": at, "day": at.date(), "lot_id": lot.id, "seq": seq, "kind": kind}
        row |= {"from_id": source.id, "to_id": target.id, "from_owner": "own", "to_owner": "own"}
        row |= {"quantity": quantity, "serial_id": None, "order_id": None, "document": f"{kind}-{seq // 9}"}
        yield row | {"reason": "", "actor_id": "bench", "prev_hash": ""}


def _name_units(lot: Lot, rows: list[dict[str, Any]]) -> list[str]:
    """Give each story of the serialised lot its unit."""
    found, unit, place = [], "", {}
    for row in rows:
        if row["kind"] == "receipt":
            unit = new_id()
            found.append(unit)
        row["serial_id"] = unit
        place[unit] = row["to_id"]
    given = {"product_id": lot.product_id, "lot_id": lot.id, "owner": "own"}
    units = [{"id": one, "serial_no": f"U{n}", "place_id": place[one], **given} for n, one in enumerate(found)]
    session().execute(insert(Serial), units)
    return found


def _hash(rows: list[dict[str, Any]]) -> None:
    before = ""
    for row in rows:
        row["prev_hash"] = before
        before = row["hash"] = hash_of(row)
