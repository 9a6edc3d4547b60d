"""Inspections: find, list, the queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from app.audit.queries import subject_labels
from app.catalog import queries as catalog
from app.catalog.models import Product
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import OWN, Balance, Lot, Place, Serial
from app.inventory.places import RETURNS, Zone
from app.quality.demand import Waits, rank_of, waiting_for
from app.quality.models import IS_OPEN, OPEN, Inspection, Nonconformance
from app.tasks.models import Task, TaskStatus

SHOWN = 300
"""Lots in the queue at most; the rest is told by number."""


@dataclass(frozen=True)
class Queued:
    """An open inspection with what waits for it, its open task (None: a step is under way) and its place."""

    inspection: Inspection
    lot: Lot
    waits: Waits | None
    task: Task | None
    key: str


def get_inspection(inspection_id: str) -> Inspection:
    """The inspection of that id or number. Raises NotFound."""
    found: Inspection | None = _by_id_or_number(Inspection, inspection_id, "QC-")
    if found is None:
        raise NotFound(inspection=inspection_id[:26])
    return found


def get_nonconformance(nonconformance_id: str) -> Nonconformance:
    """The nonconformance of that id or number. Raises NotFound."""
    found: Nonconformance | None = _by_id_or_number(Nonconformance, nonconformance_id, "NC-")
    if found is None:
        raise NotFound(nonconformance=nonconformance_id[:26])
    return found


def _by_id_or_number(model: Any, name: str, prefix: str) -> Any:
    if name.startswith(prefix):
        return session().scalar(select(model).where(model.number == name))
    return session().get(model, name)


def inspections(asked: Mapping[str, Any]) -> Select[Any]:
    """Inspections, the newest first: of a state (`status`), product, lot, begun since a moment."""
    wanted = _of_lots(select(Inspection), Inspection, asked, Inspection.started_at)
    return wanted.where(Inspection.state == asked["status"]) if asked.get("status") else wanted


def nonconformances_asked(asked: Mapping[str, Any]) -> Select[Any]:
    """Nonconformances, the newest first: of an outcome, product, lot, raised since a moment."""
    wanted = _of_lots(select(Nonconformance), Nonconformance, asked, Nonconformance.raised_at)
    return wanted.where(Nonconformance.outcome == asked["outcome"]) if asked.get("outcome") else wanted


def _of_lots(wanted: Select[Any], model: Any, asked: Mapping[str, Any], moment: Any) -> Select[Any]:
    wanted = wanted.options(joinedload(model.lot).joinedload(Lot.product)).order_by(model.id.desc())
    if asked.get("since") is not None:
        wanted = wanted.where(moment >= asked["since"])
    lot, product = asked.get("lot"), asked.get("product")
    if lot or product:
        wanted = wanted.join(Lot, Lot.id == model.lot_id)
    if lot:
        wanted = wanted.where(or_(Lot.id == lot, Lot.lot_no == lot))
    if product:
        wanted = wanted.join(Product, Product.id == Lot.product_id)
        wanted = wanted.where(or_(Product.id == product, Product.sku == product))
    return wanted


def open_of_lot(lot_id: str) -> Inspection | None:
    """The inspection of the lot that is not decided yet; there is one at most."""
    wanted = select(Inspection).where(Inspection.lot_id == lot_id, Inspection.state.in_(OPEN)).order_by(Inspection.id)
    return session().scalars(wanted.limit(1)).first()


def of_lot(lot_id: str) -> list[Inspection]:
    """Every inspection of the lot, the newest first."""
    return list(session().scalars(select(Inspection).where(Inspection.lot_id == lot_id).order_by(Inspection.id.desc())))


def returned_of(lot_id: str) -> list[tuple[str, int]]:
    """What came back of the lot and lies in return zones: (warehouse id, base units), the most first."""
    total = func.sum(Balance.on_hand)
    wanted = (
        select(Balance.warehouse_id, total)
        .join(Place, Place.id == Balance.place_id)
        .join(Zone, Zone.id == Place.zone_id)
        .where(Balance.lot_id == lot_id, Balance.owner == OWN, Zone.kind == RETURNS, Balance.on_hand > 0)
        .group_by(Balance.warehouse_id)
        .order_by(total.desc(), Balance.warehouse_id)
    )
    return [(row[0], int(row[1])) for row in session().execute(wanted)]


def returned_serials(one: Inspection) -> list[str]:
    """Serial numbers of the units of the inspection that came back; none of a lot without them."""
    wanted = (
        select(Serial.serial_no)
        .join(Place, Place.id == Serial.place_id)
        .join(Zone, Zone.id == Place.zone_id)
        .where(Serial.lot_id == one.lot_id, Zone.kind == RETURNS, Place.holder_id == one.warehouse_id)
    )
    return list(session().scalars(wanted.order_by(Serial.serial_no).limit(one.quantity)))


def nonconformance_of(inspection_id: str) -> Nonconformance | None:
    """The newest nonconformance that it raised."""
    wanted = select(Nonconformance).where(Nonconformance.inspection_id == inspection_id)
    return session().scalars(wanted.order_by(Nonconformance.id.desc()).limit(1)).first()


def nonconformances(q: str) -> Select[Any]:
    """Nonconformances, the newest first, whose number, lot or product has the text."""
    wanted: Select[Any] = (
        select(Nonconformance)
        .options(joinedload(Nonconformance.lot).joinedload(Lot.product))
        .order_by(Nonconformance.id.desc())
    )
    if not q.strip():
        return wanted
    pattern = catalog.like(q)
    lots = select(Lot.id).join(Product, Product.id == Lot.product_id)
    named_so = or_(func.lower(Lot.lot_no).like(pattern, escape="\\"), Product.search_text.like(pattern, escape="\\"))
    return wanted.where(
        or_(
            func.lower(Nonconformance.number).like(pattern, escape="\\"),
            Nonconformance.lot_id.in_(lots.where(named_so)),
        )
    )


def open_inspections() -> list[Inspection]:
    """All that are not decided, the oldest first. Sorted here: asked to, SQLite walks all there ever were in order."""
    return sorted(session().scalars(select(Inspection).where(IS_OPEN)), key=attrgetter("id"))


def queue() -> list[Queued]:
    """Open inspections in the order of the demand that waits for them, as the inbox ranks them. Five statements."""
    found = open_inspections()
    lots = {lot.id: lot for lot in session().scalars(_lots(found)).unique()}
    waits = waiting_for({one.product_id for one in found})
    tasks = {task.subject_id: task for task in session().scalars(_tasks(found))}
    made = [
        Queued(
            inspection=one,
            lot=lots[one.lot_id],
            waits=waits.get(one.product_id),
            task=tasks.get(one.id),
            key=rank_of(one, waits).key(),
        )
        for one in found
    ]
    return sorted(made, key=lambda one: one.key)


def _lots(found: Iterable[Inspection]) -> Any:
    wanted = select(Lot).where(Lot.id.in_({one.lot_id for one in found}))
    return wanted.options(joinedload(Lot.product))


def _tasks(found: Iterable[Inspection]) -> Any:
    return (
        select(Task)
        .where(
            Task.subject_kind == "inspection",
            Task.subject_id.in_({one.id for one in found}),
            Task.status == TaskStatus.OPEN.value,
        )
        .order_by(Task.id)
    )


@subject_labels.register("inspection")
def numbers_of(ids: Iterable[str]) -> dict[str, str]:
    """The numbers of the inspections that exist, by id."""
    rows = session().execute(select(Inspection.id, Inspection.number).where(Inspection.id.in_(set(ids))))
    return {row.id: row.number for row in rows}
