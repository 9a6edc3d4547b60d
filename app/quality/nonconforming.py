"""Nonconformances that no inspection raised: of goods that customers complain of."""

from __future__ import annotations

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id, next_number
from app.core.permissions import Actor
from app.inventory.models import Lot
from app.quality.models import SETTLED, Nonconformance

SEVERITIES = ("critical", "major", "minor")
DISPOSITIONS = ("use_as_is", "concession", "rework", "return_to_supplier", "scrap")
MOST_UNITS = 1_000_000


class DecidedElsewhere(Conflict):
    """It is settled already, or its inspection decides it."""

    message = _l("Nonconformance %(number)s is decided by its inspection, or settled already.")


def raise_from_complaint(
    actor: Actor, complaint_id: str, lot: Lot, *, severity: str, quantity: int, description: str
) -> Nonconformance:
    """The lot does not conform, as a complaint tells. Raises Invalid."""
    wrong = {}
    if severity not in SEVERITIES:
        wrong["severity"] = [_("Must be one of: %(choices)s.", choices=", ".join(SEVERITIES))]
    if not 1 <= quantity <= MOST_UNITS:
        wrong["quantity"] = [_("Must be a whole number from 1 to 1,000,000.")]
    if not description.strip():
        wrong["description"] = [_("Say what is wrong.")]
    if wrong:
        raise Invalid(wrong)
    made = Nonconformance(
        id=new_id(),
        number=next_number("NC"),
        complaint_id=complaint_id,
        lot_id=lot.id,
        severity=severity,
        description=description.strip()[:2000],
        quantity=quantity,
        raised_at=clock.now(),
        raised_by=actor.id,
    )
    session().add(made)
    session().flush()
    record(actor, "nonconformance:raise", made.subject, number=made.number, lot_no=lot.lot_no, severity=severity)
    return made


def settle(actor: Actor, one: Nonconformance, disposition: str, reason: str) -> None:
    """What becomes of the goods, decided by a person. Raises DecidedElsewhere, Invalid."""
    session().refresh(one, with_for_update=True)
    if one.inspection_id is not None or one.outcome == SETTLED:
        raise DecidedElsewhere(number=one.number)
    wrong = {}
    if disposition not in DISPOSITIONS:
        wrong["disposition"] = [_("Must be one of: %(choices)s.", choices=", ".join(DISPOSITIONS))]
    if not reason.strip():
        wrong["reason"] = [_("Say why.")]
    if wrong:
        raise Invalid(wrong)
    one.outcome, one.proposed, one.reason = SETTLED, disposition, reason.strip()[:2000]
    one.settled_at, one.settled_by = clock.now(), actor.id
    session().flush()
    record(actor, "nonconformance:settle", one.subject, number=one.number, way=disposition, reason=one.reason)
