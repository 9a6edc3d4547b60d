"""What codes of change requests are called."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

KINDS: dict[str, LazyString] = {"amend": _l("Change of the order"), "cancel": _l("Cancellation of the order")}
STATUSES: dict[str, LazyString] = {
    "open": _l("being decided"),
    "applied": _l("carried out"),
    "refused": _l("refused"),
    "withdrawn": _l("taken back"),
    "returned": _l("goods returned"),
}
TONES = {"open": "info", "applied": "success", "refused": "danger", "withdrawn": "neutral", "returned": "warning"}
STAGES: dict[str, LazyString] = {
    "not_allocated": _l("no stock kept yet"),
    "allocated": _l("stock kept"),
    "picking": _l("being picked"),
    "shipped": _l("on its way"),
}
HOLDS: dict[str, LazyString] = {
    "none": _l("not asked"),
    "asked": _l("asked, no answer yet"),
    "confirmed": _l("goods held"),
    "nobody": _l("nothing under way"),
    "shipped": _l("goods have left"),
}
ASPECTS: dict[str, LazyString] = {
    "cosmetic": _l("texts only"),
    "quantity_more": _l("more quantity"),
    "quantity_less": _l("less quantity"),
    "date_changed": _l("other date"),
    "product_changed": _l("other product"),
    "ship_to_changed": _l("other customer"),
    "price_changed": _l("other price or terms"),
    "cancels": _l("cancellation"),
}
SOURCES: dict[str, LazyString] = {"page": _l("on a page"), "api": _l("by API"), "message": _l("by message")}
