"""What a scanned code means, and what of ours it names: a lot, a product, an order.

GS1 element strings (Data Matrix, GS1-128, as text with brackets), GTINs, HIBC primary codes, numbers and addresses of
orders. A scanner that types as a keyboard may lose the separator after a lot number; then what follows stands in the
lot number too, and the lot is found by how it begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import biip
from biip import BiipException, ParseConfig
from biip.gs1_messages import GS1Message

from app.catalog import queries as catalog
from app.catalog.models import Product
from app.inventory import queries as inventory
from app.inventory.models import Lot
from app.orders import queries as orders
from app.orders.queries import OrderNotFound

LONGEST = 500
SEPARATOR = "\x1d"
_ORDER = re.compile(r"/orders/([0-9A-Za-z]{26})\b")
_CONFIG = ParseConfig(separator_chars=(SEPARATOR,))


@dataclass(frozen=True)
class Scanned:
    """What the code says by itself."""

    text: str
    gtin: str = ""
    """14 digits."""
    hibc: str = ""
    lot_no: str = ""
    serial: str = ""
    expires_on: date | None = None


@dataclass(frozen=True)
class Hit:
    """What of ours it names; at most one of order and product, a lot with its product."""

    scanned: Scanned
    product: Product | None = None
    lot: Lot | None = None
    order_id: str = ""


def read(text: str) -> Scanned:
    """What the code says; one that follows no rule is only its text."""
    clean = text.strip()[:LONGEST]
    if clean.startswith("+"):
        return Scanned(clean, hibc=clean.removeprefix("+").partition("/")[0])
    message, gtin = _gs1(clean)
    if message is None:
        return Scanned(clean, gtin=gtin)
    values = {element.ai.ai: element for element in message.element_strings}
    dated = values.get("17")
    return Scanned(
        clean,
        gtin=values["01"].value if "01" in values else "",
        lot_no=values["10"].value if "10" in values else "",
        serial=values["21"].value if "21" in values else "",
        expires_on=dated.date if dated is not None else None,
    )


def _gs1(text: str) -> tuple[GS1Message | None, str]:
    """The element strings, or a bare GTIN."""
    try:
        if text.startswith("("):
            return GS1Message.parse_hri(text), ""
        found = biip.parse(text, config=_CONFIG)
    except (BiipException, ValueError):
        return None, ""
    return found.gs1_message, found.gtin.as_gtin_14() if found.gtin is not None and found.gs1_message is None else ""


def look_up(text: str) -> Hit:
    """What the code names among our orders, products and lots. At most four statements."""
    scanned = read(text)
    if not scanned.text:
        return Hit(scanned)
    product = _product(scanned)
    if product is not None:
        lot = inventory.lot_beginning(product.id, scanned.lot_no) if scanned.lot_no else None
        return Hit(scanned, product, lot)
    address = _ORDER.search(scanned.text)
    try:
        return Hit(scanned, order_id=orders.id_of(address.group(1) if address else scanned.text))
    except OrderNotFound:
        return Hit(scanned)


def _product(scanned: Scanned) -> Product | None:
    for wanted in (scanned.gtin, scanned.hibc, scanned.hibc[:-1] if scanned.hibc else "", scanned.text):
        found = catalog.find_product(wanted) if wanted else None
        if found is not None:
            return found
    return None
