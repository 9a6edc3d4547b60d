"""Verbs of a complaint: recorded, taken up, decided whether it is reported, concluded. CAPA: `capas`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.identity.queries import users_with_role
from app.inventory import queries as stock
from app.inventory import service as inventory
from app.inventory.models import Lot
from app.inventory.permissions import LOT_RELEASE
from app.quality import nonconforming
from app.quality.models import Nonconformance
from app.tasks.notices import tell_of_page
from app.tasks.records import NoticeKind
from app.vigilance import events, papers, queries
from app.vigilance.models import CLOSED, CONCLUSIONS, INVESTIGATING, OPEN, Complaint

QUALITY = ("qa_ra", "quality_head")
"""Who is told of a complaint."""


class ToldBefore(Conflict):
    """The customer's side has told of it already."""

    message = _l("Complaint %(reference)s of this customer is on record: %(number)s.")


class ComplaintClosed(Conflict):
    """Nothing more is done with a concluded complaint."""

    message = _l("Complaint %(number)s is concluded.")


class NoLot(Conflict):
    """The complaint names no lot of ours."""

    message = _l("Complaint %(number)s names no lot that we know.")


def complain(actor: Actor, given: Mapping[str, Any], source: str) -> Complaint:
    """Record a complaint and tell quality of it. `given` as `naming.complaint_of` answers it. Raises ToldBefore."""
    known = queries.find_by_reference(given["customer_id"], given["reference"])
    if known is not None:
        raise ToldBefore(reference=known.reference, number=known.number)
    made = Complaint(
        id=new_id(),
        number=next_number("CP"),
        status=OPEN,
        source=source,
        recorded_at=clock.now(),
        recorded_by=actor.id,
        reportable_reason="",
        finding="",
        **given,
    )
    session().add(made)
    session().flush()
    said = {"product": made.product_id, "lot_no": made.lot_no, "harm": made.harm, "reference": made.reference}
    record(actor, "complaint:record", made.subject, number=made.number, **said)
    events.tell_of_complaint(events.RECORDED, made)
    told = [user.id for role in QUALITY for user in users_with_role(role)]
    title = {"en": f"{made.number}, {made.product.sku}", "zh": f"{made.number}，{made.product.sku}"}
    tell_of_page(actor, f"/complaints/{made.id}", title, told, kind=NoticeKind.COMPLAINT)
    return made


def lock_open(one: Complaint) -> None:
    """Nobody else works on it meanwhile. Raises ComplaintClosed."""
    session().refresh(one, with_for_update=True)
    if not one.is_open:
        raise ComplaintClosed(number=one.number)


def take_up(actor: Actor, one: Complaint) -> None:
    """Somebody investigates it from now on. Raises ComplaintClosed."""
    lock_open(one)
    one.status, one.taken_by = INVESTIGATING, actor.id
    session().flush()
    record(actor, "complaint:take", one.subject, number=one.number)


def note_sample(actor: Actor, one: Complaint) -> None:
    """The sample has come back. Raises ComplaintClosed."""
    lock_open(one)
    if not one.sample_returned:
        one.sample_returned = True
        session().flush()
        record(actor, "complaint:sample", one.subject, number=one.number)


def decide_reporting(actor: Actor, one: Complaint, *, reportable: bool | None, reason: str) -> None:
    """Whether it is to be reported as an adverse event: a person decides that, and may decide anew. Raises
    ComplaintClosed, Invalid."""
    lock_open(one)
    wrong = {}
    if reportable is None:
        wrong["reportable"] = [_("Decide whether it is reported.")]
    if not reason.strip():
        wrong["reason"] = [_("Say why.")]
    if wrong:
        raise Invalid(wrong)
    one.reportable, one.reportable_reason = reportable, reason.strip()[:2000]
    one.reportable_by, one.reportable_at = actor.id, clock.now()
    session().flush()
    record(actor, "complaint:report", one.subject, number=one.number, reportable=reportable, reason=reason.strip())


def conclude(actor: Actor, one: Complaint, conclusion: str, finding: str) -> None:
    """What the investigation came to. Where somebody may have been harmed, it is decided before whether it is reported.
    Raises ComplaintClosed, Invalid."""
    lock_open(one)
    wrong = {}
    if conclusion not in CONCLUSIONS:
        wrong["conclusion"] = [_("Choose the conclusion.")]
    if not finding.strip():
        wrong["finding"] = [_("Say what the investigation found.")]
    if one.status != INVESTIGATING:
        wrong["conclusion"] = [_("Take it up first: nobody has investigated it.")]
    elif one.harm != "none" and one.reportable is None:
        wrong["conclusion"] = [_("Decide first whether it is reported: somebody may have been harmed.")]
    if wrong:
        raise Invalid(wrong)
    one.status, one.conclusion, one.finding = CLOSED, conclusion, finding.strip()[:4000]
    one.closed_at, one.closed_by = clock.now(), actor.id
    session().flush()
    record(actor, "complaint:close", one.subject, number=one.number, conclusion=conclusion, reason=one.finding[:500])
    papers.issue_complaint(actor, one)
    events.tell_of_complaint(events.CONCLUDED, one)


def correct_lot(actor: Actor, one: Complaint, lot_no: str, reason: str) -> Lot | None:
    """The lot is another than was told; answers it, if it is one of ours. A nonconformance of the lot told before keeps
    it as it is. Raises ComplaintClosed, Invalid."""
    lock_open(one)
    said, wrong = lot_no.strip()[:64], {}
    if not said:
        wrong["lot_no"] = [_("This is required.")]
    elif said == one.lot_no and one.lot_id:
        wrong["lot_no"] = [_("This is the lot of the complaint already.")]
    elif queries.nonconformances_of(one):
        wrong["lot_no"] = [_("A nonconformance of this lot was raised from the complaint, so the lot stays.")]
    if not reason.strip():
        wrong["correction"] = [_("Say why.")]
    if wrong:
        raise Invalid(wrong)
    found, before = stock.find_lot(one.product_id, said), one.lot_no
    one.lot_no, one.lot_id = said, found.id if found else None
    session().flush()
    told = {"before": before, "lot_no": said, "reason": reason.strip()[:500]}
    record(actor, "complaint:correct", one.subject, number=one.number, **told)
    return found


def hold_lot(actor: Actor, one: Complaint, reason: str) -> list[str]:
    """Stop the lot for now; answers the orders that lost stock. Raises NotPermitted, ComplaintClosed, NoLot,
    IllegalMove, Invalid."""
    actor.must(LOT_RELEASE)
    lock_open(one)
    lot = queries.lot_of(one)
    if lot is None:
        raise NoLot(number=one.number)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why.")]})
    return inventory.hold_lot(actor, lot, reason=f"{one.number}: {reason.strip()}"[:500])


def raise_nonconformance(actor: Actor, one: Complaint, severity: str, quantity: int, problem: str) -> Nonconformance:
    """Its lot does not conform; `problem` says in what. Raises ComplaintClosed, NoLot, Invalid."""
    lock_open(one)
    lot = queries.lot_of(one)
    if lot is None:
        raise NoLot(number=one.number)
    said: dict[str, Any] = {"severity": severity, "quantity": quantity, "description": problem}
    return nonconforming.raise_from_complaint(actor, one.id, lot, **said)
