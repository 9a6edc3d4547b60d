"""What codes of change requests are called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from app.core.i18n import LazyString, _, _l, show_date

KINDS: dict[str, LazyString] = {"amend": _l("Change of the order"), "cancel": _l("Cancellation of the order")}
STATUSES: dict[str, LazyString] = {
    "open": _l("being decided"),
    "applied": _l("put through"),
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
    "none": _l("not asked yet"),
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


def aspects_of(kinds: Mapping[str, bool]) -> str:
    """What kind of change it is, in words; a dash for what has no word."""
    return _(", ").join(str(name) for key, name in ASPECTS.items() if kinds.get(key)) or "–"


def day_of(day: str | date | None) -> str:
    """A stored day as people read it; a dash for none."""
    if not day:
        return "–"
    return show_date(date.fromisoformat(day) if isinstance(day, str) else day)
