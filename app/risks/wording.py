"""What causes are called, whose turn it is, and what would help."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

CAUSES: dict[str, LazyString] = {
    "blocked": _l("Blocked"),
    "in_inspection": _l("Its goods are under inspection"),
    "short": _l("Stock is short"),
    "undecided": _l("Not decided yet"),
    "not_left": _l("Has not left"),
    "too_late": _l("Would arrive too late"),
    "on_its_way": _l("Late on its way"),
    "coming_back": _l("Is coming back"),
}
TONES = {"blocked": "danger", "short": "danger", "coming_back": "danger", "too_late": "danger"}
REMEDIES: dict[str, LazyString] = {
    "blocked": _l("Clear the block: the task says what is missing."),
    "in_inspection": _l("Inspect what waits in quarantine: it would cover the order."),
    "short": _l("Buy, or take it from an order that can wait."),
    "undecided": _l("Decide the open task."),
    "not_left": _l("Pick, pack and hand it to the carrier today."),
    "too_late": _l("Send it a faster way, or agree on a later day with the customer."),
    "on_its_way": _l("Ask the carrier where it is, and tell the customer."),
    "coming_back": _l("Send other goods: these come back."),
}
