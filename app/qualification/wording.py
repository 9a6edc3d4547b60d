"""What codes of the qualification are called."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.i18n import LazyString, _, _l

STANDINGS: dict[str, LazyString] = {
    "prospect": _l("prospect"),
    "qualifying": _l("under qualification"),
    "active": _l("qualified"),
    "suspended": _l("suspended"),
    "blocked": _l("blocked"),
    "closed": _l("closed"),
    "draft": _l("draft, not yet qualified"),
    "review": _l("in first-trade review"),
    "restricted": _l("restricted"),
    "discontinued": _l("discontinued"),
}
PAPERS: dict[str, LazyString] = {
    "business": _l("Business licence"),
    "practice": _l("Medical institution practice licence"),
    "trade": _l("Device trade licence"),
    "filing": _l("Class II trade filing"),
    "production": _l("Device production licence"),
    "transport": _l("Road transport permit"),
    "agent": _l("Sales person's authorisation"),
    "agreement": _l("Quality agreement"),
    "registration": _l("Registration certificate"),
    "authorisation": _l("Authorisation"),
}
KINDS: dict[str, LazyString] = {"supplier": _l("Supplier"), "customer": _l("Customer"), "product": _l("Product")}
OCCASIONS: dict[str, LazyString] = {"first": _l("first trade"), "renewal": _l("re-approval")}
STATUSES: dict[str, LazyString] = {
    "open": _l("under way"),
    "approved": _l("approved"),
    "rejected": _l("rejected"),
    "withdrawn": _l("withdrawn"),
}
TONES = {
    "open": "info",
    "approved": "success",
    "rejected": "danger",
    "withdrawn": "neutral",
    "met": "success",
    "missing": "danger",
    "lapsed": "danger",
    "future": "warning",
    "unfiled": "warning",
    "unverified": "warning",
}
STATES: dict[str, LazyString] = {
    "met": _l("in order"),
    "missing": _l("missing"),
    "lapsed": _l("lapsed"),
    "future": _l("not yet valid"),
    "unfiled": _l("no scan"),
    "unverified": _l("not verified"),
}


def paper_names(kinds: Iterable[str]) -> str:
    """Kinds of papers, any of which will do."""
    return _(" or ").join(str(PAPERS.get(kind, kind)) for kind in kinds)
