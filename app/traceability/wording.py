"""What steps, starts and places of a chain are called."""

from __future__ import annotations

from app.audit.signatures import MEANINGS
from app.core.i18n import LazyString, _l
from app.documents.kinds import KINDS as PAPERS
from app.inventory.naming import MOVEMENTS, OUTSIDE, ZONES
from app.inventory.schemas import STATUS_NAMES
from app.traceability.chain import Step

STARTS: dict[str, LazyString] = {
    "lot": _l("Lot"),
    "serial": _l("Unit (serial number)"),
    "order": _l("Order"),
    "customer": _l("Customer"),
    "receipt": _l("Receipt of goods"),
}
STEPS: dict[str, LazyString] = {
    **MOVEMENTS,
    "put_away": _l("Put-away"),
    "quarantine": _l("Into quarantine"),
    "status": _l("Decision on the lot"),
    "allocation": _l("Kept for an order"),
    "paper": _l("Document"),
    "signature": _l("Signature"),
    "epcis": _l("Event of others"),
    "complaint": _l("Complaint"),
    "nonconformance": _l("Nonconformance"),
    "capa": _l("CAPA"),
}
LEVELS: dict[str, LazyString] = {"soft": _l("planned"), "firm": _l("firmly kept"), "hard": _l("picked")}
REASONS: dict[str, LazyString] = {
    "did_not_occur": _l("It did not happen"),
    "incorrect_data": _l("It happened, but not as told"),
}
PLACES: dict[str, LazyString] = {**ZONES, **OUTSIDE}


def said(step: Step) -> str:
    """What else is known of the step, in the reader's words."""
    if step.code == "status":
        return str(STATUS_NAMES.get(step.said, step.said))
    if step.code == "allocation":
        return str(LEVELS.get(step.said, step.said))
    if step.code == "signature":
        return str(MEANINGS.get(step.said, step.said))
    if step.code == "paper":
        return str(PAPERS[step.said].name) if step.said in PAPERS else step.said
    return step.said
