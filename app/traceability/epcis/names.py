"""How goods, places, parties and papers are named in EPCIS, and what an identifier of others names.

Goods with a GTIN are named by GS1 Digital Link, as CBV 2.0 has it; what GS1 did not number by names of our own
(`urn:youxu:…`): for a GTIN alone nobody can tell how long the company prefix is, which URNs of GS1 need.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from app.catalog.udi import gs1
from app.traceability.models import LOT, SERIAL, SSCC

RESOLVER = "https://id.gs1.org"
LONGEST = 64
_GS1_VALUE = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
_SGTIN = re.compile(r"urn:epc:id:sgtin:(\d+)\.(\d)(\d*)\.(.+)")
_LGTIN = re.compile(r"urn:epc:class:lgtin:(\d+)\.(\d)(\d*)\.(.+)")
_SSCC = re.compile(r"urn:epc:id:sscc:(\d+)\.(\d)(\d*)")
_LINK = re.compile(r"https?://[^/?#]+(?:/[^?#]*)?/(01/\d{8,14}(?:/[^?#]*)?|00/\d{18})/?(?:[?#].*)?")
_OURS = re.compile(r"urn:youxu:(lot|serial):([^:]+):([^:]+)")


class Goods(NamedTuple):
    """What is known of a lot's product to name it. `di`: its GTIN as 14 digits, else empty."""

    di: str
    sku: str
    lot_no: str


class Named(NamedTuple):
    """Goods that an identifier names: `kind` lot, serial or sscc; `di` a GTIN of 14 digits or our SKU; the number."""

    kind: str
    di: str
    number: str


def gtin_of(issuer: str | None, udi_di: str | None) -> str:
    """The GTIN as 14 digits; empty when the product has none."""
    return udi_di.zfill(14) if issuer == "GS1" and udi_di and udi_di.isdigit() and len(udi_di) <= 14 else ""


def lot_class(goods: Goods) -> str:
    """The class of all units of a lot."""
    if goods.di and _GS1_VALUE.fullmatch(goods.lot_no):
        return f"{RESOLVER}/01/{goods.di}/10/{quote(goods.lot_no, safe='')}"
    return f"urn:youxu:lot:{quote(goods.sku, safe='')}:{quote(goods.lot_no, safe='')}"


def unit(goods: Goods, serial_no: str) -> str:
    """One unit."""
    if goods.di and _GS1_VALUE.fullmatch(serial_no):
        return f"{RESOLVER}/01/{goods.di}/21/{quote(serial_no, safe='')}"
    return f"urn:youxu:serial:{quote(goods.sku, safe='')}:{quote(serial_no, safe='')}"


def sscc_unit(sscc: str) -> str:
    """A logistic unit."""
    return f"{RESOLVER}/00/{sscc}"


def own_name(kind: str, *parts: str) -> str:
    """A name of ours for a place, party, order or paper."""
    return ":".join(["urn:youxu", kind, *(quote(part, safe="") for part in parts)])


def event_id(entry_id: str) -> str:
    """The eventID of a row of the ledger: its id as UUID, so that either leads to the other."""
    number = int(entry_id, 32) >> 2
    text = f"{number:032x}"
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def entry_id(event: str) -> str | None:
    """The id of the row of the ledger that an eventID of ours stands for, if it can be one."""
    text = event.removeprefix("urn:uuid:").replace("-", "")
    if not event.startswith("urn:uuid:") or not re.fullmatch(r"[0-9a-f]{32}", text):
        return None
    number = int(text, 16) << 2
    digits = "0123456789abcdefghijklmnopqrstuv"
    return "".join(digits[number >> shift & 31] for shift in range(125, -1, -5))


def read(identifier: str) -> Named | None:
    """What the identifier names: a lot or unit of goods, a logistic unit; None for classes and all else."""
    for pattern, kind in ((_SGTIN, SERIAL), (_LGTIN, LOT)):
        if (hit := pattern.fullmatch(identifier)) and len(hit[1]) + 1 + len(hit[3]) == 13:
            return _kept(kind, gs1.with_check_digit(f"{hit[2]}{hit[1]}{hit[3]}"), unquote(hit[4]))
    if (hit := _SSCC.fullmatch(identifier)) and len(hit[1]) + 1 + len(hit[3]) == 17:
        return Named(SSCC, "", gs1.with_check_digit(f"{hit[2]}{hit[1]}{hit[3]}"))
    if hit := _LINK.fullmatch(identifier):
        return _of_link(hit[1])
    if hit := _OURS.fullmatch(identifier):
        return _kept(hit[1], unquote(hit[2]), unquote(hit[3]))
    return None


def _of_link(path: str) -> Named | None:
    words = path.rstrip("/").split("/")
    values = dict(zip(words[::2], map(unquote, words[1::2]), strict=False))
    if "00" in values:
        return Named(SSCC, "", values["00"])
    if values.get("21"):
        return _kept(SERIAL, values["01"].zfill(14), values["21"])
    return _kept(LOT, values["01"].zfill(14), values["10"]) if values.get("10") else None


def _kept(kind: str, di: str, number: str) -> Named | None:
    return Named(kind, di, number) if 0 < len(number) <= LONGEST and 0 < len(di) <= LONGEST else None
