"""The chain of some goods, both ways: every step from the supplier to where they are, with papers and signatures.

A chain has a start: a lot (all of it), a unit, a receipt, an order or a customer. For an order or customer it is what
lies before and after the places that its goods went to, on the ways that they can have taken. It goes on
through kits: of a kit what went into it, of a part where the kits went.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from app.audit.models import AuditEntry, Signature
from app.core.db import session
from app.core.subject import Subject
from app.documents.models import Document
from app.inventory.models import BIN, KIT, KitContent, LedgerEntry, Lot, Place, Reservation, Serial
from app.traceability.flows import Where, places_of, portions
from app.traceability.foreign import events_about

MOST_ROWS = 20_000
"""Movements of a lot that are looked at; of longer ledgers the latest."""
MOST_STEPS = 500
"""Steps that one chain shows; of longer ones the first and the latest half."""
START_KINDS = ("lot", "serial", "order", "customer", "receipt")

_NAMES = ("id", "at", "lot_id", "seq", "kind", "from_id", "to_id", "quantity", "serial_id", "order_id", "document")
_COLUMNS = tuple(getattr(LedgerEntry, name) for name in (*_NAMES, "reason", "actor_id"))
_AT_ONCE = {"receipt": 0, "status": 1, "put_away": 2, "allocation": 3}
"""Which comes first of what one transaction did."""
_PURPOSE = {"quarantine": "quarantine", "qualified": "put_away", "cold": "put_away", "frozen": "put_away"}


@dataclass(frozen=True)
class Step:
    """One thing that happened. `code`: a kind of movement, `put_away`, `status`, `allocation`, `paper`, `signature`,
    `epcis` (an event of others).

    Of movements `source`, `target`, `quantity`; `said` is what else is known: the new status of a lot, the meaning of a
    signature, the kind of a paper. `about` is what its page shows.
    """

    at: datetime
    code: str
    lot_id: str = ""
    quantity: int = 0
    source: Where | None = None
    target: Where | None = None
    document: str = ""
    reason: str = ""
    order_id: str = ""
    actor_id: str = ""
    actor_name: str = ""
    said: str = ""
    about: Subject | None = None
    serial_ids: tuple[str, ...] = ()
    entry_ids: tuple[str, ...] = ()
    """Of the ledger, for movements: one, or one for each unit that moved at once."""


@dataclass(frozen=True)
class Chain:
    """`rows` are all movements that count (for the graph), `steps` those shown; `left_out` counts the others. `kits`:
    pairs (lot, kit lot that holds or held some of it)."""

    start: Subject
    lot_ids: tuple[str, ...]
    steps: list[Step]
    left_out: int
    rows: Sequence[Any]
    places: Mapping[str, Where]
    kits: tuple[tuple[str, str], ...]


def chain_of(start: Subject) -> Chain:
    """The chain from that start: `start.id` is an id, for a receipt its document number. Empty for unknown ones."""
    return _CHAINS[start.kind](start.id)


def chain_of_lot(lot_id: str) -> Chain:
    """Everything that happened to the lot."""
    return _whole(Subject("lot", lot_id), _rows(LedgerEntry.lot_id == lot_id), [lot_id])


def chain_of_serial(serial_id: str) -> Chain:
    """Everything that happened to one unit, and what was decided on its lot."""
    rows = _rows(LedgerEntry.serial_id == serial_id)
    lot_ids = list(session().scalars(select(Serial.lot_id).where(Serial.id == serial_id)))
    places = places_of({row.to_id for row in rows})
    kits = [place.holder_id for place in places.values() if place.kind == KIT]
    more, kit_lots = _kits_onward(kits)
    return _chain(Subject("serial", serial_id), [*rows, *_of_lots(kits), *more], [*lot_ids, *kits, *kit_lots])


def chain_of_receipt(document: str) -> Chain:
    """The lots that came with that document of a supplier, and where all of them went."""
    wanted = select(LedgerEntry.lot_id).where(LedgerEntry.document == document, LedgerEntry.kind == "receipt")
    lot_ids = list(session().scalars(wanted.distinct()))
    return _whole(Subject("receipt", document), _of_lots(lot_ids), lot_ids)


def chain_of_order(order_id: str) -> Chain:
    """The goods that were picked or shipped for the order, or are kept for it: before and after."""
    moved = select(LedgerEntry.lot_id).where(LedgerEntry.order_id == order_id)
    kept = select(Reservation.lot_id).where(Reservation.order_id == order_id)
    lot_ids = sorted({*session().scalars(moved.distinct()), *session().scalars(kept.distinct())})
    rows = [row for row in _of_lots(lot_ids) if row.order_id in (None, order_id)]
    mine = {(row.lot_id, end) for row in rows if row.order_id == order_id for end in (row.from_id, row.to_id)}
    mine |= {(row.lot_id, row.place_id) for row in _reservations(Reservation.order_id == order_id)}
    more, parts = _parts_before(lot_ids)
    return _chain(Subject("order", order_id), [*more, *_on_the_way(rows, mine)], [*lot_ids, *parts], order_id=order_id)


def chain_of_customer(customer_id: str) -> Chain:
    """The goods that the customer ever had: how they came there, and where they went from there."""
    theirs = select(Place.id).where(Place.holder_id == customer_id, Place.kind.in_(("customer", "consignment", "used")))
    place_ids = list(session().scalars(theirs))
    wanted = select(LedgerEntry.lot_id).where(LedgerEntry.to_id.in_(place_ids)).distinct()
    lot_ids = sorted(session().scalars(wanted)) if place_ids else []
    mine = {(lot_id, place_id) for lot_id in lot_ids for place_id in place_ids}
    more, parts = _parts_before(lot_ids)
    rows = [*more, *_on_the_way(_of_lots(lot_ids), mine)]
    return _chain(Subject("customer", customer_id), rows, [*lot_ids, *parts])


def _whole(start: Subject, rows: Sequence[Any], lot_ids: Sequence[str]) -> Chain:
    before, parts = _parts_before(lot_ids)
    after, kits = _kits_onward(lot_ids)
    return _chain(start, [*before, *rows, *after], [*lot_ids, *parts, *kits])


def _parts_before(lot_ids: Sequence[str]) -> tuple[list[Any], list[str]]:
    """What went into the kits among the lots, at any depth: its rows up to them, its lots. Three statements a depth."""
    rows, found, level = list[Any](), list(lot_ids), list(lot_ids)
    while level:
        pairs = _contents(KitContent.kit_lot_id, level)
        holders = {kit for _part, kit in pairs}
        wanted = select(Place.holder_id, Place.id).where(Place.kind == KIT, Place.holder_id.in_(holders))
        inside = {row.holder_id: row.id for row in session().execute(wanted)} if pairs else {}
        level = sorted({part for part, _kit in pairs} - set(found))
        mine = {(part, inside[kit]) for part, kit in pairs if kit in inside}
        rows += _on_the_way(_of_lots(level), mine)
        found += level
    return rows, found[len(lot_ids) :]


def _kits_onward(lot_ids: Sequence[str]) -> tuple[list[Any], list[str]]:
    """The kits that the lots went into, at any depth: all their rows, their lots. Two statements a depth."""
    rows, found, level = list[Any](), list(lot_ids), list(lot_ids)
    while level:
        level = sorted({kit for _part, kit in _contents(KitContent.lot_id, level)} - set(found))
        rows += _of_lots(level)
        found += level
    return rows, found[len(lot_ids) :]


def _contents(column: Any, lot_ids: Collection[str]) -> set[tuple[str, str]]:
    """Pairs (part lot, kit lot) where the column is one of these."""
    wanted = select(KitContent.lot_id, KitContent.kit_lot_id)
    found = (row for part in portions(lot_ids) for row in session().execute(wanted.where(column.in_(part))))
    return {(row[0], row[1]) for row in found}


_CHAINS: dict[str, Callable[[str], Chain]] = {
    "lot": chain_of_lot,
    "serial": chain_of_serial,
    "receipt": chain_of_receipt,
    "order": chain_of_order,
    "customer": chain_of_customer,
}


def _of_lots(lot_ids: Collection[str]) -> list[Any]:
    return [row for part in portions(lot_ids) for row in _rows(LedgerEntry.lot_id.in_(part))]


def _rows(condition: ColumnElement[bool]) -> list[Any]:
    wanted = select(*_COLUMNS).where(condition).order_by(LedgerEntry.at.desc(), LedgerEntry.seq.desc()).limit(MOST_ROWS)
    return list(reversed(session().execute(wanted).all()))


def _on_the_way(rows: Sequence[Any], mine: Collection[tuple[str, str]]) -> list[Any]:
    """The rows that lie before or after these (lot, place)s."""
    into, out_of = defaultdict(list), defaultdict(list)
    for row in rows:
        into[row.lot_id, row.to_id].append((row.lot_id, row.from_id))
        out_of[row.lot_id, row.from_id].append((row.lot_id, row.to_id))
    before, after = _reach(mine, into), _reach([one for one in mine if one in into], out_of)
    return [
        row
        for row in rows
        if (row.lot_id, row.to_id) in before or ((row.lot_id, row.from_id) in after and not _goes_on(row, mine, before))
    ]


def _goes_on(row: Any, mine: Collection[tuple[str, str]], before: Collection[tuple[str, str]]) -> bool:
    """True for what went elsewhere from a place that goods of the start only passed."""
    return (row.lot_id, row.from_id) in before and (row.lot_id, row.from_id) not in mine


def _reach(begin: Iterable[tuple[str, str]], ways: Mapping[tuple[str, str], Iterable[tuple[str, str]]]) -> set[Any]:
    found, level = set(begin), list(begin)
    while level:
        level = list({far for one in level for far in ways.get(one, ()) if far not in found})
        found.update(level)
    return found


def _reservations(condition: ColumnElement[bool]) -> list[Any]:
    columns = (Reservation.id, Reservation.order_id, Reservation.lot_id, Reservation.place_id, Reservation.quantity)
    wanted = select(*columns, Reservation.made_at, Reservation.level, Reservation.status).where(condition)
    return list(session().execute(wanted.order_by(Reservation.made_at.desc()).limit(MOST_STEPS)))


def _chain(start: Subject, rows: Sequence[Any], lot_ids: Sequence[str], *, order_id: str = "") -> Chain:
    kept = _allocations(start, lot_ids, rows, order_id)
    ids = {end for row in rows for end in (row.from_id, row.to_id)} | {row.place_id for row in kept}
    places = places_of(ids)
    steps = [_movement(same, places) for same in _at_once(rows)]
    steps += [_allocation(row, places) for row in kept]
    steps += _statuses(lot_ids)
    steps += _foreign(start, lot_ids)
    steps += _papers(start, lot_ids, {row.order_id for row in rows if row.order_id}, {row.document for row in rows})
    steps.sort(key=lambda step: (step.at, _AT_ONCE.get(step.code, len(_AT_ONCE))))
    left_out = max(0, len(steps) - MOST_STEPS)
    if left_out:
        steps = [*steps[: MOST_STEPS // 2], *steps[-MOST_STEPS // 2 :]]
    return Chain(start, tuple(lot_ids), steps, left_out, rows, places, _kits(lot_ids))


def _allocations(start: Subject, lot_ids: Sequence[str], rows: Sequence[Any], order_id: str) -> list[Any]:
    if start.kind == "serial" or not lot_ids:
        return []
    if order_id:
        return _reservations(Reservation.order_id == order_id)
    condition: ColumnElement[bool] = Reservation.lot_id.in_(lot_ids[:1000])
    if start.kind == "customer":
        orders = sorted({row.order_id for row in rows if row.order_id})
        condition &= Reservation.order_id.in_(orders[:1000])
    return _reservations(condition)


def _at_once(rows: Sequence[Any]) -> Iterable[list[Any]]:
    """The rows by movement: units with serial numbers have one each."""
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        movement = (row.lot_id, row.kind, row.from_id, row.to_id, row.order_id, row.document)
        found[(row.at, *movement) if row.serial_id else (row.id,)].append(row)
    return found.values()


def _movement(same: Sequence[Any], places: Mapping[str, Where]) -> Step:
    row = same[0]
    source, target = places[row.from_id], places[row.to_id]
    code = row.kind
    if code == "move" and source.kind == BIN:
        code = _PURPOSE.get(target.zone, "move")
    return Step(
        at=row.at,
        code=code,
        lot_id=row.lot_id,
        quantity=sum(one.quantity for one in same),
        source=source,
        target=target,
        document=row.document,
        reason=row.reason,
        order_id=row.order_id or "",
        serial_ids=tuple(one.serial_id for one in same if one.serial_id),
        actor_id=row.actor_id,
        about=Subject("lot", row.lot_id),
        entry_ids=tuple(one.id for one in same),
    )


def _allocation(row: Any, places: Mapping[str, Where]) -> Step:
    target, about = places[row.place_id], Subject("order", row.order_id)
    given = {"lot_id": row.lot_id, "quantity": row.quantity, "order_id": row.order_id, "said": row.level}
    return Step(at=row.made_at, code="allocation", target=target, about=about, **given)


def _statuses(lot_ids: Sequence[str]) -> list[Step]:
    """What quality control decided on the lots."""
    wanted = select(AuditEntry).where(
        AuditEntry.subject_kind == "lot", AuditEntry.subject_id.in_(lot_ids[:1000]), AuditEntry.action == "lot:status"
    )
    return [
        Step(
            at=entry.at,
            code="status",
            lot_id=entry.subject_id,
            document=entry.details.get("report_no") or "",
            reason=entry.details.get("reason") or "",
            actor_id=entry.actor_id,
            actor_name=entry.actor_name,
            said=str(entry.details.get("after", "")),
            about=Subject("lot", entry.subject_id),
        )
        for entry in session().scalars(wanted.order_by(AuditEntry.at).limit(MOST_STEPS))
    ]


def _papers(start: Subject, lot_ids: Sequence[str], order_ids: set[str], numbers: set[str]) -> list[Step]:
    """Papers about the lots and orders or named by a movement, and the signatures on all of these."""
    orders = sorted(order_ids | ({start.id} if start.kind == "order" else set()))[:1000]
    named = sorted(numbers - {""})[:1000]
    about = or_(
        (Document.subject_kind == "lot") & Document.subject_id.in_(lot_ids[:1000]),
        (Document.subject_kind == "order") & Document.subject_id.in_(orders),
        Document.number.in_(named),
    )
    columns = (Document.id, Document.kind, Document.number, Document.version, Document.made_at)
    wanted = select(*columns, Document.made_by, Document.made_by_name, Document.subject_kind, Document.subject_id)
    papers = session().execute(wanted.where(about).order_by(Document.made_at).limit(MOST_STEPS)).all()
    signed = or_(
        (Signature.subject_kind == "document") & Signature.subject_id.in_([paper.id for paper in papers]),
        (Signature.subject_kind == "lot") & Signature.subject_id.in_(lot_ids[:1000]),
        (Signature.subject_kind == "order") & Signature.subject_id.in_(orders),
    )
    found = session().scalars(select(Signature).where(signed).order_by(Signature.at).limit(MOST_STEPS))
    return [*map(_paper, papers), *map(_signature, found)]


def _paper(row: Any) -> Step:
    about = {"lot": "lot_id", "order": "order_id"}.get(row.subject_kind)
    more: dict[str, Any] = {about: row.subject_id} if about else {}
    return Step(
        at=row.made_at,
        code="paper",
        document=row.number,
        actor_id=row.made_by,
        actor_name=row.made_by_name,
        said=row.kind,
        about=Subject("document", row.id),
        **more,
    )


def _signature(one: Signature) -> Step:
    given: dict[str, Any] = {
        "actor_id": one.signer_id,
        "actor_name": one.signer_name,
        "said": one.meaning,
        "about": one.subject,
    }
    return Step(at=one.at, code="signature", document=str(one.manifest.get("number", "")), **given)


def _foreign(start: Subject, lot_ids: Sequence[str]) -> list[Step]:
    """What others say happened to the goods."""
    asked = {f"{start.kind}_id": start.id} if start.kind in ("serial", "order") else {}
    return [
        Step(
            at=one.event_at,
            code="epcis",
            document=one.event_id,
            actor_id=one.taken_by,
            actor_name=one.taken_by_name,
            said=str(one.content.get("bizStep") or one.kind),
            about=Subject("epcis-event", one.id),
        )
        for one in events_about(lot_ids, **asked)
    ]


def _kits(lot_ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(lot, kit lot) for the lots as parts and as kits."""
    part = lot_ids[:1000]
    wanted = select(KitContent.lot_id, KitContent.kit_lot_id).where(
        or_(KitContent.lot_id.in_(part), KitContent.kit_lot_id.in_(part))
    )
    return tuple(sorted({(row[0], row[1]) for row in session().execute(wanted)}))


def names_of_lots(lot_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """(lot number, product id) by lot id."""
    found: dict[str, tuple[str, str]] = {}
    for part in portions(lot_ids):
        rows = session().execute(select(Lot.id, Lot.lot_no, Lot.product_id).where(Lot.id.in_(part)))
        found |= {row.id: (row.lot_no, row.product_id) for row in rows}
    return found
