"""The ledger of some lots, summed by from where to where: what every question of tracing begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from app.core.db import session
from app.inventory.models import (
    BIN,
    CONSIGNMENT,
    CUSTOMER,
    USED,
    Balance,
    Holding,
    LedgerEntry,
    Place,
    Serial,
    Warehouse,
    Zone,
)

PARTNERS = (CUSTOMER, CONSIGNMENT, USED)
"""Places at a consignee: sold to it, ours still, used there."""
MOST_IDS = 5000
"""Ids in one statement."""


class Where(NamedTuple):
    """A place with what one must know of it to say where goods are. `holder_id`: see `Place`."""

    id: str
    kind: str
    holder_id: str
    code: str
    zone: str
    """Kind of the zone; empty outside."""
    zone_code: str
    warehouse: str
    """Code of the warehouse; empty outside."""

    @property
    def consignee(self) -> str | None:
        """Whose place it is, when it is a customer's; an empty string for one that nobody named."""
        return self.holder_id if self.kind in PARTNERS else None


class Flow(NamedTuple):
    """So many base units of a lot went from one place to another, in so many movements."""

    lot_id: str
    from_id: str
    to_id: str
    quantity: int
    movements: int


class Standing(NamedTuple):
    """So many base units of a lot and owner are at a place now; `reserved` of them are kept for orders."""

    lot_id: str
    place_id: str
    owner: str
    quantity: int
    reserved: int


class Unit(NamedTuple):
    """One unit known by its serial number, and where it is."""

    id: str
    serial_no: str
    lot_id: str
    place_id: str
    owner: str


def portions(ids: Iterable[str], most: int = MOST_IDS) -> Iterator[list[str]]:
    """The ids in lists that one statement can carry, each id once."""
    rest = iter(dict.fromkeys(ids))
    while part := list(islice(rest, most)):
        yield part


def flows_of(lot_ids: Collection[str], serial_ids: Collection[str] = ()) -> list[Flow]:
    """What moved of the whole lots, and of the single units, by lot, source and target. Changes of owner where goods
    lie are no flow."""
    found: list[Flow] = []
    for ids, column in ((lot_ids, LedgerEntry.lot_id), (serial_ids, LedgerEntry.serial_id)):
        for part in portions(ids):
            found += sums_of(column.in_(part))
    return found


def sums_of(condition: ColumnElement[bool]) -> list[Flow]:
    """What moved by these rows of the ledger, by lot, source and target."""
    keys = (LedgerEntry.lot_id, LedgerEntry.from_id, LedgerEntry.to_id)
    wanted = (
        select(*keys, func.sum(LedgerEntry.quantity), func.count())
        .where(condition, LedgerEntry.from_id != LedgerEntry.to_id)
        .group_by(*keys)
    )
    return [Flow(*row[:3], int(row[3]), int(row[4])) for row in session().execute(wanted)]


def standing_of(lot_ids: Collection[str]) -> list[Standing]:
    """Where the lots are now, inside and outside, from what the ledger sums to; nothing where there is nought."""
    found: list[Standing] = []
    for part in portions(lot_ids):
        inside = select(Balance.lot_id, Balance.place_id, Balance.owner, Balance.on_hand, Balance.reserved).where(
            Balance.lot_id.in_(part), Balance.on_hand != 0
        )
        outside = select(Holding.lot_id, Holding.place_id, Holding.owner, Holding.quantity).where(
            Holding.lot_id.in_(part), Holding.quantity != 0
        )
        found += [Standing(*row) for row in session().execute(inside)]
        found += [Standing(*row, 0) for row in session().execute(outside)]
    return found


def units_of(serial_ids: Collection[str]) -> list[Unit]:
    """The units of these ids, by lot and number."""
    found: list[Unit] = []
    for part in portions(serial_ids):
        wanted = select(Serial.id, Serial.serial_no, Serial.lot_id, Serial.place_id, Serial.owner)
        found += [Unit(*row) for row in session().execute(wanted.where(Serial.id.in_(part)))]
    return sorted(found, key=lambda unit: (unit.lot_id, unit.serial_no))


def places_of(place_ids: Iterable[str]) -> dict[str, Where]:
    """The places by id."""
    found: dict[str, Where] = {}
    for part in portions(place_ids):
        wanted: Any = (
            select(Place.id, Place.kind, Place.holder_id, Place.code, Zone.kind, Zone.code, Warehouse.code)
            .outerjoin(Zone, Zone.id == Place.zone_id)
            .outerjoin(Warehouse, Warehouse.id == Zone.warehouse_id)
            .where(Place.id.in_(part))
        )
        for row in session().execute(wanted):
            found[row[0]] = Where(*row[:4], *(value or "" for value in row[4:]))
    return found


def is_inside(place: Where) -> bool:
    """True for a bin of ours."""
    return place.kind == BIN
