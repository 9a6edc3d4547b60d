"""Complaints and CAPA: find, list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from app.audit.queries import latest_of, subject_labels
from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import Lot
from app.quality.models import Nonconformance
from app.tasks.models import Task, TaskAttachment
from app.vigilance.models import ACTING, OVER, Capa, CapaAction, Complaint


def get_complaint(complaint_id: str) -> Complaint:
    """The complaint of that id or number. Raises NotFound."""
    column = Complaint.number if complaint_id.startswith("CP-") else Complaint.id
    found = session().scalar(select(Complaint).where(column == complaint_id))
    if found is None:
        raise NotFound(complaint=complaint_id[:26])
    return found


def find_by_reference(customer_id: str, reference: str) -> Complaint | None:
    """The complaint that the customer's side calls so."""
    wanted = select(Complaint).where(Complaint.customer_id == customer_id, Complaint.reference == reference)
    return session().scalars(wanted).first() if reference else None


def matching(asked: Mapping[str, Any]) -> Select[Any]:
    """Complaints, the newest first: of a status, harm, customer, product, lot, known since a moment, with a text `q` in
    number, reference, lot, product or customer."""
    wanted = select(Complaint).order_by(Complaint.id.desc())
    wanted = wanted.options(joinedload(Complaint.customer), joinedload(Complaint.product))
    for name in ("status", "harm"):
        if asked.get(name):
            wanted = wanted.where(getattr(Complaint, name) == asked[name])
    if asked.get("since") is not None:
        wanted = wanted.where(Complaint.aware_at >= asked["since"])
    if asked.get("lot"):
        wanted = wanted.where(or_(Complaint.lot_id == asked["lot"], Complaint.lot_no == asked["lot"]))
    for name, model, code in (("product", Product, Product.sku), ("customer", Customer, Customer.code)):
        if asked.get(name):
            of = select(model.id).where(or_(model.id == asked[name], code == asked[name]))
            wanted = wanted.where(getattr(Complaint, f"{name}_id").in_(of))
    return wanted.where(_has(asked["q"])) if str(asked.get("q") or "").strip() else wanted


def _has(q: str) -> Any:
    pattern = catalog.like(q)
    own = [
        func.lower(column).like(pattern, escape="\\")
        for column in (Complaint.number, Complaint.reference, Complaint.lot_no, Complaint.serial_no)
    ]
    of_goods = select(Product.id).where(Product.search_text.like(pattern, escape="\\"))
    of_people = select(Customer.id).where(Customer.search_text.like(pattern, escape="\\"))
    return or_(*own, Complaint.product_id.in_(of_goods), Complaint.customer_id.in_(of_people))


def nonconformances_of(one: Complaint) -> list[Nonconformance]:
    """Those that it has raised."""
    wanted = select(Nonconformance).where(Nonconformance.complaint_id == one.id).order_by(Nonconformance.id)
    return list(session().scalars(wanted))


def lot_of(one: Complaint) -> Lot | None:
    """Its lot, as it is stored now."""
    return session().get(Lot, one.lot_id) if one.lot_id else None


def lot_numbers(product_id: str, *, limit: int = 200) -> list[str]:
    """Of the lots of a product, the newest first."""
    wanted = select(Lot.lot_no).where(Lot.product_id == product_id).order_by(Lot.id.desc()).limit(limit)
    return list(session().scalars(wanted))


def get_capa(capa_id: str) -> Capa:
    """The CAPA of that id or number. Raises NotFound."""
    column = Capa.number if capa_id.startswith("CA-") else Capa.id
    found = session().scalar(select(Capa).where(column == capa_id))
    if found is None:
        raise NotFound(capa=capa_id[:26])
    return found


def get_action(capa: Capa, action_id: str) -> CapaAction:
    """The action of the CAPA. Raises NotFound."""
    found = session().get(CapaAction, action_id)
    if found is None or found.capa_id != capa.id:
        raise NotFound(action=action_id[:26])
    return found


def capas(asked: Mapping[str, Any]) -> Select[Any]:
    """CAPA, the newest first: `state` is a stage, `open` or `overdue` (an action is late)."""
    wanted, state = select(Capa).options(joinedload(Capa.product)).order_by(Capa.id.desc()), asked.get("state")
    if state == "open":
        return wanted.where(Capa.stage.not_in(OVER))
    if state == "overdue":
        return wanted.where(Capa.id.in_(select(CapaAction.capa_id).where(*_late())), Capa.stage == ACTING)
    return wanted.where(Capa.stage == state) if state else wanted


def capas_about(kind: str, source_id: str) -> list[Capa]:
    """Those that follow from it, the newest first."""
    wanted = select(Capa).where(Capa.source_kind == kind, Capa.source_id == source_id).order_by(Capa.id.desc())
    return list(session().scalars(wanted))


def capas_on(kind: str, subject_id: str) -> list[Capa]:
    """Those on a `product` or `lot` that are not closed yet, the newest first."""
    column = Capa.lot_id if kind == "lot" else Capa.product_id
    wanted = select(Capa).where(column == subject_id, Capa.stage.not_in(OVER)).order_by(Capa.id.desc())
    return list(session().scalars(wanted.limit(20)))


def _late() -> tuple[Any, ...]:
    return CapaAction.done_at.is_(None), CapaAction.due_on < clock.today()


def late_actions(limit: int = 200) -> list[tuple[CapaAction, Capa]]:
    """Actions under way whose day is over, the latest last."""
    wanted = select(CapaAction, Capa).join(Capa, Capa.id == CapaAction.capa_id).where(*_late(), Capa.stage == ACTING)
    rows = session().execute(wanted.order_by(CapaAction.due_on, CapaAction.id).limit(limit))
    return [(row[0], row[1]) for row in rows]


def counts_of(capa_ids: Collection[str]) -> dict[str, tuple[int, int, int]]:
    """Actions, how many are done, how many late, by CAPA."""
    done, today = func.count(CapaAction.done_at), clock.today()
    late = func.count().filter(CapaAction.done_at.is_(None), CapaAction.due_on < today)
    wanted = select(CapaAction.capa_id, func.count(), done, late).where(CapaAction.capa_id.in_(capa_ids))
    return {row[0]: (row[1], row[2], row[3]) for row in session().execute(wanted.group_by(CapaAction.capa_id))}


def files_of(capa: Capa) -> list[TaskAttachment]:
    """Files that were put to its tasks, the oldest first."""
    wanted = select(TaskAttachment).join(Task, Task.id == TaskAttachment.task_id)
    wanted = wanted.where(Task.subject_kind == "capa", Task.subject_id == capa.id)
    return list(session().scalars(wanted.order_by(TaskAttachment.id)))


def early_of(capa: Capa) -> str:
    """Why it was verified before its day, the last time that it was verified; empty where it was not before."""
    if capa.effective is None:
        return ""
    checks = (entry for entry in latest_of(capa.subject) if entry.action == "capa:verify")
    last = next(checks, None)
    return str(last.details.get("early") or "") if last else ""


@subject_labels.register("capa")
def numbers_of_capas(ids: Iterable[str]) -> dict[str, str]:
    """The numbers of the CAPA that exist, by id."""
    rows = session().execute(select(Capa.id, Capa.number).where(Capa.id.in_(set(ids))))
    return {row.id: row.number for row in rows}


@subject_labels.register("complaint")
def numbers_of(ids: Iterable[str]) -> dict[str, str]:
    """The numbers of the complaints that exist, by id."""
    rows = session().execute(select(Complaint.id, Complaint.number).where(Complaint.id.in_(set(ids))))
    return {row.id: row.number for row in rows}


@subject_labels.register("nonconformance")
def numbers_of_nonconformances(ids: Iterable[str]) -> dict[str, str]:
    """The numbers of the nonconformances that exist, by id."""
    rows = session().execute(select(Nonconformance.id, Nonconformance.number).where(Nonconformance.id.in_(set(ids))))
    return {row.id: row.number for row in rows}
