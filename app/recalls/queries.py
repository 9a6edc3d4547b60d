"""Reads of recalls."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.audit.queries import subject_labels
from app.catalog.models import Customer
from app.core import clock, jsontext
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import Lot
from app.recalls.models import RecallCase, RecallLot, RecallNotice, RecallReply, RecallScope


@subject_labels.register("recall")
def numbers_of(ids: Collection[str]) -> dict[str, str]:
    """The numbers of the cases that exist, by id."""
    rows = session().execute(select(RecallCase.id, RecallCase.number).where(RecallCase.id.in_(ids)))
    return {row.id: row.number for row in rows}


def get_case(case_id: str) -> RecallCase:
    """The case of that id or number. Raises NotFound."""
    column = RecallCase.number if case_id.startswith("RC-") else RecallCase.id
    found = session().scalar(select(RecallCase).where(column == case_id))
    if found is None:
        raise NotFound(recall=case_id[:26])
    return found


def matching(status: str | None = None) -> Select[Any]:
    """Cases, the newest first."""
    wanted = select(RecallCase).order_by(RecallCase.id.desc())
    return wanted.where(RecallCase.status == status) if status else wanted


def lot_ids_of(case: RecallCase) -> list[str]:
    """The lots of a case, as they came in."""
    wanted = select(RecallLot.lot_id).where(RecallLot.case_id == case.id).order_by(RecallLot.round, RecallLot.id)
    return list(session().scalars(wanted))


def lots_of(case: RecallCase) -> dict[str, Lot]:
    """The lots themselves, by id, with their products."""
    wanted = select(Lot).join(RecallLot, RecallLot.lot_id == Lot.id).where(RecallLot.case_id == case.id)
    found = session().scalars(wanted.options(joinedload(Lot.product)).order_by(RecallLot.round, RecallLot.id))
    return {lot.id: lot for lot in found}


def scope_of(case: RecallCase) -> list[RecallScope]:
    """The frozen lines, as they were frozen."""
    wanted = select(RecallScope).where(RecallScope.case_id == case.id).order_by(RecallScope.round, RecallScope.id)
    return list(session().scalars(wanted))


def notices_of(case: RecallCase) -> list[RecallNotice]:
    """Who is told, as they were."""
    wanted = select(RecallNotice).where(RecallNotice.case_id == case.id)
    return list(session().scalars(wanted.order_by(RecallNotice.round, RecallNotice.id)))


def counts_of(case_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """Consignees, and how many of them have answered, by case."""
    answered = func.count(RecallNotice.replied_at)
    wanted = select(RecallNotice.case_id, func.count(), answered).where(RecallNotice.case_id.in_(case_ids))
    return {row[0]: (row[1], row[2]) for row in session().execute(wanted.group_by(RecallNotice.case_id))}


def get_notice(case: RecallCase, notice_id: str) -> RecallNotice:
    """The notice of the case. Raises NotFound."""
    found = session().get(RecallNotice, notice_id)
    if found is None or found.case_id != case.id:
        raise NotFound(notice=notice_id[:26])
    return found


def replies_of(case: RecallCase) -> dict[str, list[RecallReply]]:
    """What was answered, by notice, the first answer first."""
    wanted = select(RecallReply).join(RecallNotice, RecallNotice.id == RecallReply.notice_id)
    found: dict[str, list[RecallReply]] = {}
    for reply in session().scalars(wanted.where(RecallNotice.case_id == case.id).order_by(RecallReply.number)):
        found.setdefault(reply.notice_id, []).append(reply)
    return found


def people_for_recalls(customer: Customer) -> list[dict[str, str]]:
    """Contact persons, {"name", "purpose", "phone", "email"}: those for recalls, else whoever is named."""
    named: list[dict[str, str]] = customer.contacts
    return [one for one in named if one["purpose"] == "recall"] or named


def known_email(customer_id: str) -> str:
    """Where the customer was told of an earlier recall; empty when nobody knows."""
    wanted = select(RecallNotice.email).where(RecallNotice.customer_id == customer_id, RecallNotice.email != "")
    return session().scalar(wanted.order_by(RecallNotice.id.desc()).limit(1)) or ""


def unanswered_in_time(case: RecallCase) -> int:
    """How many consignees have not answered and still have time to."""
    wanted = select(func.count()).select_from(RecallNotice)
    late = RecallNotice.due_at > clock.now()
    return session().scalar(wanted.where(RecallNotice.case_id == case.id, RecallNotice.replied_at.is_(None), late)) or 0


def fingerprint(one: RecallReply) -> str:
    """SHA-256 over everything that was said and the answer before."""
    said = [one.notice_id, one.number, one.submission, one.at.isoformat(), one.person, one.recorded_by]
    whole = jsontext.dumps([*said, sorted((lot, sorted(of.items())) for lot, of in one.counts.items()), one.note])
    return hashlib.sha256(f"{one.prev_hash}{whole}".encode()).hexdigest()
