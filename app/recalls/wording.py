"""What codes of recalls are called."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.i18n import LazyString, _l
from app.inventory.models import Lot

STATUSES: dict[str, LazyString] = {"open": _l("under way"), "closed": _l("closed")}
LEVELS: dict[str, LazyString] = {
    "class_i": _l("class I recall"),
    "class_ii": _l("class II recall"),
    "class_iii": _l("class III recall"),
}
JURISDICTIONS: dict[str, LazyString] = {
    "cn": _l("China (NMPA)"),
    "eu": _l("European Union"),
    "us": _l("United States (FDA)"),
}
KINDS: dict[str, LazyString] = {
    "stock": _l("in stock"),
    "reserved": _l("reserved for an order"),
    "transit": _l("in transit"),
    "delivered": _l("delivered"),
    "consigned": _l("on consignment"),
    "used": _l("used"),
    "kit": _l("inside kits"),
}
COUNTS: dict[str, LazyString] = {
    "on_hand": _l("Still on hand"),
    "used": _l("Used or implanted"),
    "returned": _l("Sent back"),
    "destroyed": _l("Destroyed"),
    "passed_on": _l("Passed on to others"),
}
STAGES: dict[str, LazyString] = {"event": _l("Report of the recall"), "summary": _l("Summary of the recall")}
INSTRUCTIONS = _l(
    "Stop using and selling these goods, set them apart, tell us what you have, and send back what is left."
)


def reply_labels(lots: Iterable[Lot]) -> dict[str, str]:
    """What the fields of the form for an answer are called."""
    found = {f"{name}-{lot.id}": f"{lot.lot_no} · {text}" for lot in lots for name, text in COUNTS.items()}
    return {**found, "person": str(_l("Your name"))}
