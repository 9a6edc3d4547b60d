"""The scope of a recall: every unit of some lots, wherever it is now and whoever ever had it.

Nothing is stored: positions are what the ledger sums to, ways are the ledger itself, so that the two check each other:
what came in of a lot must be where the sums say it is, to the unit (`Account.unaccounted`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from app.core.db import session
from app.inventory.models import (
    ACTIVE,
    ASSEMBLY,
    BIN,
    CONSIGNMENT,
    COUNT,
    CUSTOMER,
    HARD,
    KIT,
    SCRAP,
    SUPPLIER,
    TRANSIT,
    USED,
    Holding,
    Place,
    Reservation,
)
from app.traceability.flows import Flow, Standing, Unit, Where, flows_of, places_of, portions, standing_of, units_of


@dataclass(frozen=True)
class Spot:
    """Base units of a lot at a place now, and how many of them are kept for orders."""

    lot_id: str
    place: Where
    owner: str
    quantity: int
    reserved: int


@dataclass(frozen=True)
class Kept:
    """Base units of a lot that an order has; `hard`: picked, in the dispatch zone."""

    lot_id: str
    order_id: str
    line_id: str
    place: Where
    quantity: int
    level: str

    @property
    def picked(self) -> bool:
        """True when it was picked or packed."""
        return self.level == HARD


@dataclass(frozen=True)
class Inside:
    """Base units of a lot that are inside the units of a kit lot."""

    lot_id: str
    kit_lot_id: str
    quantity: int


@dataclass
class Consignee:
    """A customer who ever had units of the lot, in base units.

    delivered + passed_in - passed_on - returned - destroyed = outstanding + consigned + used. `level` 1: from us,
    2: through a distributor, 3: through two; `through`: the customers who passed on to this one. `customer_id` is empty
    for customers that nobody named.
    """

    lot_id: str
    customer_id: str
    level: int = 0
    delivered: int = 0
    passed_in: int = 0
    passed_on: int = 0
    returned: int = 0
    destroyed: int = 0
    outstanding: int = 0
    consigned: int = 0
    used: int = 0
    through: set[str] = field(default_factory=set)

    @property
    def had(self) -> int:
        """What it ever got."""
        return self.delivered + self.passed_in


@dataclass
class Account:
    """The books of a lot in base units: what came in, and where all of it is.

    `received` from suppliers, `made` as kits (less those taken apart), `counted`: found less lost in stock counts.
    """

    lot_id: str
    received: int = 0
    to_supplier: int = 0
    made: int = 0
    counted: int = 0
    in_stock: int = 0
    in_transit: int = 0
    delivered: int = 0
    consigned: int = 0
    used: int = 0
    scrapped: int = 0
    in_kits: int = 0

    @property
    def came_in(self) -> int:
        """What must be somewhere."""
        return self.received + self.made + self.counted - self.to_supplier

    @property
    def placed(self) -> int:
        """What is somewhere."""
        away = self.in_transit + self.delivered + self.consigned + self.used
        return self.in_stock + away + self.scrapped + self.in_kits

    @property
    def unaccounted(self) -> int:
        """Nought when the books are right."""
        return self.came_in - self.placed


@dataclass(frozen=True)
class Scope:
    """All that a recall of the lots touches. `kit_lots` contain them, at any depth, and are in every list as well."""

    lot_ids: tuple[str, ...]
    kit_lots: tuple[str, ...]
    units: tuple[Unit, ...]
    """Single units asked for, of lots that are not in scope as a whole."""
    stock: list[Spot]
    transit: list[Spot]
    reserved: list[Kept]
    consignees: list[Consignee]
    inside: list[Inside]
    accounts: list[Account]

    @property
    def picked(self) -> list[Kept]:
        """What was picked or packed and has not left."""
        return [kept for kept in self.reserved if kept.picked]

    @property
    def downstream(self) -> list[Consignee]:
        """Those who have it from a distributor."""
        return [one for one in self.consignees if one.level > 1]

    @property
    def reconciles(self) -> bool:
        """True when every unit that came in is somewhere."""
        return not any(account.unaccounted for account in self.accounts)

    @property
    def customer_ids(self) -> list[str]:
        """Who must be told: everybody who ever had a unit and has not given all of them back."""
        concerned = {one.customer_id for one in self.consignees if one.outstanding or one.consigned or one.used}
        return sorted(concerned | {one.customer_id for one in self.consignees if one.passed_on})


def scope(lot_ids: Collection[str], serial_ids: Collection[str] = ()) -> Scope:
    """What a recall of whole lots and of single units touches. A dozen statements, however long the ledger is."""
    named = tuple(dict.fromkeys(lot_ids))
    units = tuple(unit for unit in units_of(serial_ids) if unit.lot_id not in set(named))
    inside = _inside_kits(named, units)
    kits = tuple(dict.fromkeys(one.kit_lot_id for one in inside if one.kit_lot_id not in named))
    whole = (*named, *kits)
    units = tuple(unit for unit in units if unit.lot_id not in set(whole))
    standing = [*standing_of(whole), *_of_units(units)]
    flows = flows_of(whole, [unit.id for unit in units])
    kept = _kept([*whole, *{unit.lot_id for unit in units}])
    ids = {row.place_id for row in standing} | {end for flow in flows for end in (flow.from_id, flow.to_id)}
    places = places_of(ids | {row.place_id for row in kept})
    bins = {(row.lot_id, row.place_id) for row in standing}
    spots = [Spot(row.lot_id, places[row.place_id], *row[2:]) for row in standing]
    spots.sort(key=lambda spot: (spot.lot_id, *spot.place[5:], spot.place.code, spot.place.holder_id, spot.owner))
    return Scope(
        lot_ids=named,
        kit_lots=kits,
        units=units,
        stock=[spot for spot in spots if spot.place.kind == BIN],
        transit=[spot for spot in spots if spot.place.kind == TRANSIT],
        reserved=[_as_kept(row, places) for row in kept if (row.lot_id, row.place_id) in bins],
        consignees=_consignees(flows, spots, places),
        inside=inside,
        accounts=_accounts([*whole, *{unit.lot_id: None for unit in units}], flows, spots, places),
    )


def _of_units(units: Iterable[Unit]) -> list[Standing]:
    there: dict[tuple[str, str, str], int] = defaultdict(int)
    for unit in units:
        there[unit.lot_id, unit.place_id, unit.owner] += 1
    return [Standing(*key, number, 0) for key, number in there.items()]


def _inside_kits(lot_ids: Collection[str], units: Collection[Unit]) -> list[Inside]:
    """What of the lots, and of the kit lots that hold them, is inside kits: a statement for each depth."""
    found: list[Inside] = []
    seen, level = set(lot_ids), list(lot_ids)
    first = _units_in_kits(units)
    while level or first:
        held = [*first, *(one for part in portions(level) for one in _held_in_kits(part))]
        found += held
        level = sorted({one.kit_lot_id for one in held} - seen)
        seen |= set(level)
        first = []
    return found


def _held_in_kits(lot_ids: list[str]) -> list[Inside]:
    wanted = (
        select(Holding.lot_id, Place.holder_id, func.sum(Holding.quantity))
        .join(Place, Place.id == Holding.place_id)
        .where(Holding.lot_id.in_(lot_ids), Place.kind == KIT, Holding.quantity > 0)
        .group_by(Holding.lot_id, Place.holder_id)
        .order_by(Holding.lot_id, Place.holder_id)
    )
    return [Inside(row[0], row[1], int(row[2])) for row in session().execute(wanted)]


def _units_in_kits(units: Collection[Unit]) -> list[Inside]:
    places = places_of(unit.place_id for unit in units)
    there: dict[tuple[str, str], int] = defaultdict(int)
    for unit in units:
        if places[unit.place_id].kind == KIT:
            there[unit.lot_id, places[unit.place_id].holder_id] += 1
    return [Inside(*key, number) for key, number in sorted(there.items())]


def _kept(lot_ids: Collection[str]) -> list[Any]:
    names = ("lot_id", "order_id", "order_line_id", "place_id", "quantity", "level")
    columns = [getattr(Reservation, name) for name in names]
    found: list[Any] = []
    for part in portions(lot_ids):
        wanted = select(*columns).where(Reservation.lot_id.in_(part), Reservation.status == ACTIVE)
        found += session().execute(wanted.order_by(Reservation.order_id, Reservation.id)).all()
    return found


def _as_kept(row: Any, places: Mapping[str, Where]) -> Kept:
    return Kept(row.lot_id, row.order_id, row.order_line_id, places[row.place_id], row.quantity, row.level)


def _consignees(flows: Iterable[Flow], spots: Iterable[Spot], places: Mapping[str, Where]) -> list[Consignee]:
    found: dict[tuple[str, str], Consignee] = {}

    def of(lot_id: str, customer_id: str) -> Consignee:
        return _consignee(found, (lot_id, customer_id))

    for flow in flows:
        source, target = places[flow.from_id], places[flow.to_id]
        giver, taker = source.consignee, target.consignee
        if giver == taker:
            continue
        if giver is not None and taker is not None:
            of(flow.lot_id, giver).passed_on += flow.quantity
            of(flow.lot_id, taker).passed_in += flow.quantity
            of(flow.lot_id, taker).through.add(giver)
        elif taker is not None:
            of(flow.lot_id, taker).delivered += flow.quantity
        elif giver is not None and target.kind == SCRAP:
            of(flow.lot_id, giver).destroyed += flow.quantity
        elif giver is not None:
            of(flow.lot_id, giver).returned += flow.quantity
    sums = {CUSTOMER: "outstanding", CONSIGNMENT: "consigned", USED: "used"}
    for spot in spots:
        if spot.place.kind in sums:
            one, name = of(spot.lot_id, spot.place.holder_id), sums[spot.place.kind]
            setattr(one, name, getattr(one, name) + spot.quantity)
    _set_levels(found)
    return [found[key] for key in sorted(found, key=lambda key: (found[key].level, *key))]


def _consignee(found: dict[tuple[str, str], Consignee], key: tuple[str, str]) -> Consignee:
    one = found.get(key)
    if one is None:
        one = found[key] = Consignee(*key)
    return one


def _set_levels(found: Mapping[tuple[str, str], Consignee]) -> None:
    """How far each stands from us: by the shortest way goods took to it."""
    beyond: dict[tuple[str, str], list[Consignee]] = defaultdict(list)
    for one in found.values():
        for giver in one.through:
            beyond[one.lot_id, giver].append(one)
    here = [one for one in found.values() if one.delivered]
    for one in here:
        one.level = 1
    while here:
        following = []
        for one in here:
            for far in beyond[one.lot_id, one.customer_id]:
                if not far.level:
                    far.level = one.level + 1
                    following.append(far)
        here = following


_POSITIONS = {
    BIN: "in_stock",
    TRANSIT: "in_transit",
    CUSTOMER: "delivered",
    CONSIGNMENT: "consigned",
    USED: "used",
    SCRAP: "scrapped",
    KIT: "in_kits",
}
_SOURCES = {SUPPLIER: "received", ASSEMBLY: "made", COUNT: "counted"}
_SINKS = {SUPPLIER: ("to_supplier", 1), ASSEMBLY: ("made", -1), COUNT: ("counted", -1)}


def _accounts(
    lot_ids: Iterable[str], flows: Iterable[Flow], spots: Iterable[Spot], places: Mapping[str, Where]
) -> list[Account]:
    found = {lot_id: Account(lot_id) for lot_id in lot_ids}
    for spot in spots:
        name = _POSITIONS.get(spot.place.kind)
        if name is not None:
            _add(found[spot.lot_id], name, spot.quantity)
    for flow in flows:
        source, target = places[flow.from_id].kind, places[flow.to_id].kind
        if source in _SOURCES:
            _add(found[flow.lot_id], _SOURCES[source], flow.quantity)
        if target in _SINKS:
            name, sign = _SINKS[target]
            _add(found[flow.lot_id], name, sign * flow.quantity)
    return list(found.values())


def _add(account: Account, name: str, quantity: int) -> None:
    setattr(account, name, getattr(account, name) + quantity)
