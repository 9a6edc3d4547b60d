"""Complaints: find, list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from app.audit.queries import subject_labels
from app.catalog import queries as catalog
from app.catalog.models import Customer, Product
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import Lot
from app.quality.models import Nonconformance
from app.vigilance.models import Complaint


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
