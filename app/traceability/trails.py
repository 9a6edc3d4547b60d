"""Which movements belong to a chain: first as sums from place to place, which are complete however long the ledger is,
then as rows, of which there are at most 20,000.

For a whole lot or receipt everything of its lots; for an order or customer what lies before and after the places that
its goods went to, on the ways that they can have taken. It goes on through kits: of a kit what went into it, of a part
where the kits went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select

from app.core.db import session
from app.core.subject import Subject
from app.inventory.models import KIT, Holding, KitContent, LedgerEntry, Lot, Place, Reservation, Serial
from app.traceability.flows import PARTNERS, Flow, places_of, portions, sums_of

MOST_LOTS = 50
MOST_ROWS = 20_000
"""Rows that are read of one chain; of longer ones the latest."""

_NAMES = ("id", "at", "lot_id", "seq", "kind", "from_id", "to_id", "quantity", "serial_id", "order_id", "document")
_COLUMNS = tuple(getattr(LedgerEntry, name) for name in (*_NAMES, "reason", "actor_id"))
Spot = tuple[str, str]
"""A lot at a place."""


class Asked(NamedTuple):
    """Rows of the ledger: those of the condition, and of these only the ways named, if any are."""

    condition: ColumnElement[bool]
    ways: frozenset[tuple[str, str, str]] | None = None


@dataclass(frozen=True)
class Trail:
    """`ways`: what went from place to place, summed; `asked`: where its rows are; `more_lots`: so many are left out."""

    lot_ids: tuple[str, ...]
    ways: list[Flow]
    asked: list[Asked]
    more_lots: int = 0

    def __add__(self, other: Trail) -> Trail:
        lots = tuple(dict.fromkeys((*self.lot_ids, *other.lot_ids)))
        return Trail(lots, [*self.ways, *other.ways], [*self.asked, *other.asked])


def trail_of(start: Subject) -> Trail:
    """The movements of that start; nothing for one that nobody knows."""
    return _TRAILS[start.kind](start.id)


def rows_of(trail: Trail) -> list[Any]:
    """The latest 20,000 rows, by time."""
    found: list[Any] = []
    for condition, ways in trail.asked:
        wanted = select(*_COLUMNS).where(condition).order_by(LedgerEntry.at.desc(), LedgerEntry.seq.desc())
        rows = session().execute(wanted.limit(MOST_ROWS))
        found += [row for row in rows if ways is None or (row.lot_id, row.from_id, row.to_id) in ways]
    found.sort(key=lambda row: (row.at, row.lot_id, row.seq))
    return found[-MOST_ROWS:]


def _whole(lot_ids: Collection[str]) -> Trail:
    conditions = [LedgerEntry.lot_id.in_(part) for part in portions(lot_ids)]
    ways = [flow for condition in conditions for flow in sums_of(condition)]
    return Trail(tuple(lot_ids), ways, [Asked(condition) for condition in conditions])


def _passing(lot_ids: Collection[str], mine: Collection[Spot], only: ColumnElement[bool] | None = None) -> Trail:
    """What of the lots lies before or after these spots; `only` leaves other rows out."""
    ways: list[Flow] = []
    for part in portions(lot_ids):
        condition = LedgerEntry.lot_id.in_(part)
        ways += sums_of(condition if only is None else condition & only)
    ways = _on_the_way(ways, mine)
    asked = []
    for part in portions({way.lot_id for way in ways}):
        these = [way for way in ways if way.lot_id in set(part)]
        near: ColumnElement[bool] = and_(
            LedgerEntry.lot_id.in_(part),
            LedgerEntry.from_id.in_({way.from_id for way in these}),
            LedgerEntry.to_id.in_({way.to_id for way in these}),
        )
        named = frozenset((way.lot_id, way.from_id, way.to_id) for way in these)
        asked.append(Asked(near if only is None else near & only, named))
    return Trail(tuple(lot_ids), ways, asked)


def _on_the_way(ways: Sequence[Flow], mine: Collection[Spot]) -> list[Flow]:
    into, out_of = defaultdict(list), defaultdict(list)
    for way in ways:
        into[way.lot_id, way.to_id].append((way.lot_id, way.from_id))
        out_of[way.lot_id, way.from_id].append((way.lot_id, way.to_id))
    before, after = _reach(mine, into), _reach([one for one in mine if one in into], out_of)
    return [
        way
        for way in ways
        if (way.lot_id, way.to_id) in before or ((way.lot_id, way.from_id) in after and not _goes_on(way, mine, before))
    ]


def _goes_on(way: Flow, mine: Collection[Spot], before: Collection[Spot]) -> bool:
    """True for what went elsewhere from a place that goods of the start only passed."""
    return (way.lot_id, way.from_id) in before and (way.lot_id, way.from_id) not in mine


def _reach(begin: Iterable[Spot], ways: Mapping[Spot, Iterable[Spot]]) -> set[Spot]:
    found, level = set(begin), list(begin)
    while level:
        level = list({far for one in level for far in ways.get(one, ()) if far not in found})
        found.update(level)
    return found


def _of_lot(lot_id: str) -> Trail:
    return _with_kits(_whole([lot_id]))


def _of_serial(serial_id: str) -> Trail:
    """Everything that happened to one unit, and to kits that it went into."""
    condition = LedgerEntry.serial_id == serial_id
    lot_ids = tuple(session().scalars(select(Serial.lot_id).where(Serial.id == serial_id)))
    mine = Trail(lot_ids, sums_of(condition), [Asked(condition)])
    places = places_of({way.to_id for way in mine.ways})
    kits = sorted({place.holder_id for place in places.values() if place.kind == KIT})
    return mine + _whole(kits) + _kits_onward(kits) if kits else mine


def _of_receipt(document: str) -> Trail:
    """The lots that came with that document of a supplier, and where all of them went."""
    wanted = select(LedgerEntry.lot_id).where(LedgerEntry.document == document, LedgerEntry.kind == "receipt")
    return _with_kits(_whole(sorted(session().scalars(wanted.distinct()))))


def _of_order(order_id: str) -> Trail:
    """The goods that were picked or shipped for the order, or are kept for it: before and after."""
    moved = sums_of(LedgerEntry.order_id == order_id)
    kept = select(Reservation.lot_id, Reservation.place_id).where(Reservation.order_id == order_id)
    mine = {(way.lot_id, end) for way in moved for end in (way.from_id, way.to_id)}
    mine |= {(row.lot_id, row.place_id) for row in session().execute(kept)}
    lot_ids = sorted({lot_id for lot_id, _place in mine})
    only = or_(LedgerEntry.order_id.is_(None), LedgerEntry.order_id == order_id)
    return _passing(lot_ids, mine, only) + _parts_before(lot_ids)


def _of_customer(customer_id: str) -> Trail:
    """The goods that the customer ever had, of its 50 latest lots: how they came there, and where they went on."""
    theirs = select(Place.id).where(Place.holder_id == customer_id, Place.kind.in_(PARTNERS))
    place_ids = list(session().scalars(theirs))
    had = select(Holding.lot_id).where(Holding.place_id.in_(place_ids))  # kept also when nothing is left there
    wanted = select(Lot.id).where(Lot.id.in_(had)).order_by(Lot.received_at.desc(), Lot.id.desc())
    known = list(session().scalars(wanted)) if place_ids else []
    lot_ids = known[:MOST_LOTS]
    mine = {(lot_id, place_id) for lot_id in lot_ids for place_id in place_ids}
    found = _passing(lot_ids, mine) + _parts_before(lot_ids)
    return replace(found, more_lots=len(known) - len(lot_ids))


_TRAILS: dict[str, Callable[[str], Trail]] = {
    "lot": _of_lot,
    "serial": _of_serial,
    "receipt": _of_receipt,
    "order": _of_order,
    "customer": _of_customer,
}


def _with_kits(trail: Trail) -> Trail:
    return trail + _parts_before(trail.lot_ids) + _kits_onward(trail.lot_ids)


def _parts_before(lot_ids: Sequence[str]) -> Trail:
    """What went into the kits among the lots, at any depth, up to them. Three or four statements a depth."""
    found, level, trail = set(lot_ids), list(lot_ids), Trail((), [], [])
    while level:
        pairs = _contents(KitContent.kit_lot_id, level)
        holders = {kit for _part, kit in pairs}
        wanted = select(Place.holder_id, Place.id).where(Place.kind == KIT, Place.holder_id.in_(holders))
        inside = {row.holder_id: row.id for row in session().execute(wanted)} if pairs else {}
        level = sorted({part for part, _kit in pairs} - found)
        trail += _passing(level, {(part, inside[kit]) for part, kit in pairs if kit in inside})
        found |= set(level)
    return trail


def _kits_onward(lot_ids: Sequence[str]) -> Trail:
    """The kits that the lots went into, at any depth, and all that happened to them. Two statements a depth."""
    found, level, trail = set(lot_ids), list(lot_ids), Trail((), [], [])
    while level:
        level = sorted({kit for _part, kit in _contents(KitContent.lot_id, level)} - found)
        trail += _whole(level)
        found |= set(level)
    return trail


def _contents(column: Any, lot_ids: Collection[str]) -> set[Spot]:
    """Pairs (part lot, kit lot) where the column is one of these."""
    wanted = select(KitContent.lot_id, KitContent.kit_lot_id)
    found = (row for part in portions(lot_ids) for row in session().execute(wanted.where(column.in_(part))))
    return {(row[0], row[1]) for row in found}
