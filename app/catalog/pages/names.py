"""What codes of master data are called, and with which tone they are shown."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.core import clock
from app.core.i18n import LazyString, _, _l, _n

Names = dict[str, LazyString]

PRODUCT_STATUS: Names = {
    "draft": _l("draft, not yet qualified"),
    "review": _l("in first-trade review"),
    "active": _l("on sale"),
    "restricted": _l("restricted"),
    "discontinued": _l("discontinued"),
}
CUSTOMER_STATUS: Names = {
    "prospect": _l("prospect"),
    "qualifying": _l("under qualification"),
    "active": _l("qualified"),
    "suspended": _l("suspended"),
    "blocked": _l("blocked"),
    "closed": _l("closed"),
}
SUPPLIER_STATUS = CUSTOMER_STATUS
SUPPLIER_KIND: Names = {
    "manufacturer": _l("Manufacturer"),
    "distributor": _l("Distributor"),
    "carrier": _l("Carrier"),
    "service": _l("Service provider"),
}
CONTACT_PURPOSE: Names = {
    "order": _l("Orders"),
    "recall": _l("Recall, 24 hours"),
    "quality": _l("Quality"),
    "finance": _l("Finance"),
}
CUSTOMER_KIND: Names = {
    "hospital": _l("Hospital"),
    "distributor": _l("Distributor"),
    "clinic": _l("Clinic"),
}
TIER: Names = {
    "S": _l("S – strategic"),
    "A": _l("A – key"),
    "B": _l("B – regular"),
    "C": _l("C – occasional"),
}
LICENCE_KIND: Names = {
    "business": _l("Business licence"),
    "practice": _l("Medical institution practice licence"),
    "trade": _l("Device trade licence"),
    "filing": _l("Class II trade filing"),
    "production": _l("Device production licence"),
    "transport": _l("Road transport permit"),
    "agent": _l("Sales person's authorisation"),
    "agreement": _l("Quality agreement"),
}
CONTRACT_STATUS: Names = {"active": _l("in force"), "suspended": _l("paused")}
RISK_CLASS: Names = {"1": _l("Class I"), "2": _l("Class II"), "3": _l("Class III")}
STANDING: Names = {
    "valid": _l("valid"),
    "lapsing": _l("valid for 30 days or less"),
    "expired": _l("expired"),
    "future": _l("not yet valid"),
}
PACKAGE_KIND: Names = {
    "package": _l("Package"),
    "unit_of_use": _l("Unit of use"),
    "secondary": _l("Identifier of another agency"),
    "direct_marking": _l("Direct marking"),
    "previous": _l("Previous identifier"),
}
ACTIONS: Names = {
    "create": _l("Created"),
    "change": _l("Changed"),
    "draw": _l("Volume drawn by an order"),
    "standing": _l("Standing in trade changed"),
    "qualify": _l("Qualification started"),
    "qualified": _l("Qualified"),
    "unqualified": _l("Not qualified"),
    "withdrawn": _l("Qualification withdrawn"),
    "scan": _l("Scan filed"),
    "scan-verify": _l("Scan verified"),
    "scan-remove": _l("Scan removed"),
    "warn": _l("Warned of the end of validity"),
}
TONES = {
    "active": "success",
    "draft": "neutral",
    "review": "info",
    "prospect": "neutral",
    "qualifying": "info",
    "closed": "neutral",
    "restricted": "warning",
    "discontinued": "neutral",
    "suspended": "warning",
    "blocked": "danger",
    "valid": "success",
    "lapsing": "warning",
    "expired": "danger",
    "future": "info",
}


class Cell(NamedTuple):
    """What stands in a table: text, with a tone when it is a badge; `export` is the value in a spreadsheet."""

    text: str
    tone: str = ""
    export: Any = None


def name_of(names: Names, code: Any) -> str:
    """The name of the code, or the code."""
    return str(names.get(str(code), "" if code is None else code))


def badge(names: Names, code: str) -> Cell:
    """The code's name as a badge."""
    return Cell(name_of(names, code), TONES.get(code, "neutral"), code)


def validity(found: Any) -> Cell:
    """How a validity period stands today, as a badge."""
    today = clock.today()
    standing = found.standing(today)
    left = found.days_left(today)
    if standing == "lapsing":
        return Cell(_n("%(num)s day left", "%(num)s days left", left), "warning", standing)
    return badge(STANDING, standing)


def options(names: Names, none: str | None = None) -> list[tuple[str, str]]:
    """Choices of a select field; `none` is the text of the empty choice."""
    return ([] if none is None else [("", none)]) + [(code, str(name)) for code, name in names.items()]


def celsius_range(low: Any, high: Any) -> str:
    """A storage range in words."""
    if low is None and high is None:
        return ""
    if low is None:
        return _("at most %(high)s °C", high=high)
    if high is None:
        return _("at least %(low)s °C", low=low)
    return _("%(low)s to %(high)s °C", low=low, high=high)
