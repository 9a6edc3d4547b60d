"""What codes of shipments are called, and what a state means to those who wait for it."""

from __future__ import annotations

from app.core.i18n import LazyString, _l, pick
from app.inventory.schemas import STATUS_NAMES as LOT_STATUSES  # noqa: F401 - the templates ask for it here
from app.shipping.carriers import find_carrier

STATUSES: dict[str, LazyString] = {
    "planned": _l("in planning"),
    "picking": _l("being picked"),
    "picked": _l("all picked"),
    "packed": _l("packed"),
    "in_transit": _l("in transit"),
    "returning": _l("coming back"),
    "delivered": _l("delivered and signed"),
    "returned": _l("come back"),
    "void": _l("not shipped"),
}
TONES = {
    "picking": "info",
    "picked": "info",
    "packed": "info",
    "in_transit": "info",
    "returning": "warning",
    "delivered": "success",
    "returned": "warning",
    "void": "danger",
}
NEXT: dict[str, LazyString] = {
    "planned": _l("The rules of the release gate are asked; then the goods are picked."),
    "picking": _l("The warehouse picks the goods."),
    "picked": _l("The goods are checked where the rules want it, and packed."),
    "packed": _l("It waits for the carrier; the pickup is reported when the vehicle leaves."),
    "in_transit": _l("It is on its way; the receiver signs for it."),
    "returning": _l("It is coming back; the warehouse takes it into the returns zone, where it is inspected."),
    "delivered": _l("Delivered and signed for: nothing is left to do."),
    "returned": _l("It came back and is inspected lot by lot."),
    "void": _l("It was stopped before it left; what was picked lies in its bins again."),
}
ASSESSED = _l(
    "It was outside its temperature range: quality assesses it; it is not handed over before that is decided."
)
SETTLED = _l("Delivered and signed for, but not all of it was accepted: what was refused is still to be settled.")
SHORT: dict[str, LazyString] = {
    "packed": _l("waits for its carrier"),
    "in_transit": _l("the receiver signs"),
    "returning": _l("comes back"),
}
"""The same in a list, where nobody has a task."""


def carrier_name(code: str) -> str:
    """The carrier as people call it; its code when it is configured no more, a dash for none."""
    found = find_carrier(code) if code else None
    return pick(found.name) if found else code or "–"
