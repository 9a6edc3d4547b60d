"""What quality agrees about the inspection of a product by one supplier: each with who, when and why in the audit trail
of the inspection that led to it."""

from __future__ import annotations

from app.audit.service import record
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.quality.models import Inspection, SupplyTerms


class NoSupplier(Conflict):
    """Only what a known supplier sends is switched between severities."""

    message = _l("Inspection %(number)s names no supplier: nothing can be agreed about it.")


def terms_of(one: Inspection) -> SupplyTerms | None:
    """What was agreed about product and supplier of this inspection."""
    return session().get(SupplyTerms, (one.product_id, one.supplier_id))


def confirm_improvement(actor: Actor, one: Inspection) -> None:
    """Quality found the supplier's improvement effective: the next lot of the product resumes, tightened (9.4)."""
    terms = _kept(actor, one)
    terms.improved_at = terms.changed_at
    session().flush()
    record(actor, "inspection:improved", one.subject, number=one.number, supplier=one.supplier_id)


def agree_reduced(actor: Actor, one: Inspection, reason: str) -> None:
    """Production is steady and reduced inspection is desired (9.3.3.1): from the switching score on that the rules
    name, the next lots are inspected so. Raises Invalid without a reason, NoSupplier."""
    terms = _kept(actor, one, reason)
    terms.reduced_since, terms.reduced_reason = terms.reduced_since or terms.changed_at, reason.strip()[:500]
    session().flush()
    record(actor, "inspection:reduced_agreed", one.subject, number=one.number, reason=terms.reduced_reason)


def end_reduced(actor: Actor, one: Inspection, reason: str) -> None:
    """Production is not steady any more, or there is another cause (9.3.4): the next lot is on normal inspection.
    Raises Invalid without a reason, NoSupplier."""
    terms = _kept(actor, one, reason)
    terms.reduced_since, terms.reduced_reason = None, reason.strip()[:500]
    session().flush()
    record(actor, "inspection:reduced_ended", one.subject, number=one.number, reason=terms.reduced_reason)


def _kept(actor: Actor, one: Inspection, reason: str | None = None) -> SupplyTerms:
    if not one.supplier_id:
        raise NoSupplier(number=one.number)
    if reason is not None and not reason.strip():
        raise Invalid({"reason": [_("Say why.")]})
    terms = terms_of(one)
    if terms is None:
        terms = SupplyTerms(product_id=one.product_id, supplier_id=one.supplier_id)
        session().add(terms)
    terms.changed_at, terms.changed_by = clock.now(), actor.id
    return terms
