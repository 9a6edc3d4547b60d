"""Any code on goods: whose it is, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.catalog.identifiers import BadIdentifier, check_gtin
from app.catalog.udi import gs1, hibc, isbt
from app.catalog.udi.refusing import BadUdi as BadUdi

LONGEST = 500
"""Characters of a code; more is cut off."""
GS1, HIBCC, ICCBBA, ZIIOT, ALI_HEALTH = "GS1", "HIBCC", "ICCBBA", "ZIIOT", "ALI_HEALTH"
_OUTER = " \t\r\n\v\f"
_MA = re.compile(r"MA\.\d{3}\.[A-Za-z0-9.]+")


@dataclass(frozen=True)
class Udi:
    """What a code says by itself. `problem` says why it could not be read as its issuer wants."""

    text: str
    issuer: str = ""
    di: str = ""
    """GTIN with 14 digits; labeler, product and unit of HIBC; 16 characters of ISBT 128; else what stands there."""
    lot_no: str = ""
    serial: str = ""
    made_on: date | None = None
    expires_on: date | None = None
    quantity: int | None = None
    sscc: str = ""
    content_di: str = ""
    """What a logistic unit contains (02), `quantity` of it."""
    elements: tuple[gs1.Element, ...] = ()
    problem: str = ""


def issuer_of(text: str) -> str:
    """Who issued the code, by its look; empty when nobody is known. Of 码上放心 and MA no more is known here."""
    if text.startswith("+"):
        return HIBCC
    if text.startswith(("=", "&")):
        return ICCBBA
    if _MA.match(text):
        return ZIIOT
    if text.startswith("(") or text[:3] in gs1.PREFIXES or gs1.SEPARATOR in text:
        return GS1
    if text[:2].isdecimal() and text.isascii() and text.isprintable():
        return ALI_HEALTH if len(text) == 20 and text.isdecimal() and text[0] == "8" else GS1
    return GS1 if text.startswith(("http://", "https://")) else ""


def read(text: str, *, whole: bool = False) -> Udi:
    """What the code says; one that follows no rule is only its text and the problem. With `whole` the elements of GS1
    must go together, otherwise the code may be one of several on the label."""
    clean = text[:LONGEST].strip(_OUTER)
    issuer = issuer_of(clean)
    try:
        if issuer == GS1:
            return _gs1(clean, whole)
        if issuer == HIBCC:
            found = hibc.parse(clean)
            return Udi(clean, HIBCC, **_of(found), quantity=found.quantity)
        if issuer == ICCBBA:
            tissue = isbt.parse(clean)
            return Udi(clean, ICCBBA, **_of(tissue) | {"serial": tissue.serial or tissue.donation})
    except BadUdi as error:
        return Udi(clean, issuer, problem=error.sentence())
    return Udi(clean, issuer, di=clean if issuer else "")


def _of(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("di", "lot_no", "serial", "made_on", "expires_on")}


def _gs1(text: str, whole: bool) -> Udi:  # noqa: FBT001
    if text.isdecimal() and len(text) in (8, 12, 13, 14):
        try:
            return Udi(text, GS1, di=check_gtin(text))
        except BadIdentifier as error:
            return Udi(text, GS1, problem=str(error.details["reason"]))
    elements = gs1.parse(text, whole=whole)
    values = dict(elements)
    until = "17" if "17" in values else "7003"
    count = values.get("30") or values.get("37")
    return Udi(
        text,
        GS1,
        di=values.get("01") or values.get("03") or values.get("8006", "")[:14],
        lot_no=values.get("10", ""),
        serial=values.get("21", ""),
        made_on=gs1.day("11", values["11"]) if "11" in values else None,
        expires_on=gs1.day(until, values[until]) if until in values else None,
        quantity=int(count) if count else None,
        sscc=values.get("00", ""),
        content_di=values.get("02", ""),
        elements=elements,
    )
