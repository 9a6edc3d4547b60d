"""The chain of some goods, both ways: every step from the supplier to where they are, with papers and signatures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from app.audit.models import AuditEntry, Signature
from app.core.db import session
from app.core.registry import Registry
from app.core.subject import Subject
from app.documents.models import Document
from app.inventory.models import BIN, KitContent, Lot, Reservation
from app.traceability.flows import Flow, Where, places_of, portions
from app.traceability.foreign import events_about
from app.traceability.trails import Trail, rows_of, trail_of

MOST_STEPS = 500
"""Steps that one chain shows; of longer ones the first and the latest half."""
START_KINDS = ("lot", "serial", "order", "customer", "receipt")

_AT_ONCE = {"receipt": 0, "status": 1, "put_away": 2, "allocation": 3}
"""Which comes first of what one transaction did."""
_PURPOSE = {"quarantine": "quarantine", "qualified": "put_away", "cold": "put_away", "frozen": "put_away"}


@dataclass(frozen=True)
class Step:
    """One thing that happened. `code`: a kind of movement, `put_away`, `status`, `allocation`, `paper`, `signature`,
    `epcis` (an event of others), or one of `more_steps`.

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


more_steps: Registry[Callable[[Subject, Sequence[str]], list[Step]]] = Registry("steps of a chain")
"""What later packages know of a start and the lots of its chain (at most a thousand): at most `MOST_STEPS` steps of
each kind, `said` in the reader's words."""


@dataclass(frozen=True)
class Chain:
    """`ways` are all movements, summed (for the graph), `steps` those shown; `left_out` counts the others. `kits`:
    pairs (lot, kit lot that holds or held some of it)."""

    start: Subject
    lot_ids: tuple[str, ...]
    steps: list[Step]
    left_out: int
    ways: Sequence[Flow]
    places: Mapping[str, Where]
    kits: tuple[tuple[str, str], ...]
    more_lots: int = 0
    """Lots that are not looked at: of a customer who had goods of more than 50 the earliest."""


def chain_of(start: Subject) -> Chain:
    """The chain from that start: `start.id` is an id, for a receipt its document number. Empty for unknown ones."""
    trail = trail_of(start)
    rows = rows_of(trail)
    kept = _allocations(start, trail, rows)
    ids = {end for way in trail.ways for end in (way.from_id, way.to_id)} | {row.place_id for row in kept}
    places = places_of(ids | {end for row in rows for end in (row.from_id, row.to_id)})
    steps = [_movement(same, places) for same in _at_once(rows)]
    steps += [_allocation(row, places) for row in kept]
    steps += _statuses(trail.lot_ids)
    steps += _foreign(start, trail.lot_ids)
    steps += _papers(start, trail.lot_ids, rows)
    steps += [step for name in more_steps for step in more_steps.get(name)(start, trail.lot_ids[:1000])]
    steps.sort(key=lambda step: (step.at, _AT_ONCE.get(step.code, len(_AT_ONCE))))
    left_out = max(0, sum(way.movements for way in trail.ways) - len(rows))
    if len(steps) > MOST_STEPS:
        left_out += sum(len(step.entry_ids) or 1 for step in steps[MOST_STEPS // 2 : -MOST_STEPS // 2])
        steps = [*steps[: MOST_STEPS // 2], *steps[-MOST_STEPS // 2 :]]
    kits = _kits(trail.lot_ids)
    return Chain(start, trail.lot_ids, steps, left_out, trail.ways, places, kits, trail.more_lots)


def _reservations(condition: ColumnElement[bool]) -> list[Any]:
    columns = (Reservation.id, Reservation.order_id, Reservation.lot_id, Reservation.place_id, Reservation.quantity)
    wanted = select(*columns, Reservation.made_at, Reservation.level, Reservation.status).where(condition)
    return list(session().execute(wanted.order_by(Reservation.made_at.desc()).limit(MOST_STEPS)))


def _allocations(start: Subject, trail: Trail, rows: Sequence[Any]) -> list[Any]:
    lot_ids = trail.lot_ids[:1000]
    if start.kind == "serial" or not lot_ids:
        return []
    if start.kind == "order":
        return _reservations(Reservation.order_id == start.id)
    condition: ColumnElement[bool] = Reservation.lot_id.in_(lot_ids)
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


def _papers(start: Subject, lot_ids: Sequence[str], rows: Sequence[Any]) -> list[Step]:
    """Papers about the lots and orders or named by a movement, and the signatures on all of these."""
    orders = sorted({row.order_id for row in rows if row.order_id} | ({start.id} if start.kind == "order" else set()))
    orders = orders[:1000]
    named = sorted({row.document for row in rows} - {""})[:1000]
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
