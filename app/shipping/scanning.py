"""What a scanned code names of ours: a lot, a product, an order."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.catalog import queries as catalog
from app.catalog import udi
from app.catalog.models import Product
from app.catalog.udi import Udi
from app.inventory.models import Lot
from app.orders import queries as orders
from app.orders.queries import OrderNotFound
from app.shipping import queries

_ORDER = re.compile(r"/orders/([0-9A-Za-z]{26})\b")


@dataclass(frozen=True)
class Hit:
    """What of ours it names; at most one of order and product, a lot with its product."""

    said: Udi
    product: Product | None = None
    lot: Lot | None = None
    order_id: str = ""


def look_up(text: str) -> Hit:
    """What the code names among our orders, products and lots. At most six statements."""
    said = udi.read(text)
    if not said.text:
        return Hit(said)
    product = queries.product_of(said) or _by_text(said)
    if product is not None:
        return Hit(said, product, queries.likely_lot(said, product))
    address = _ORDER.search(said.text)
    try:
        return Hit(said, order_id=orders.id_of(address.group(1) if address else said.text))
    except OrderNotFound:
        return Hit(said)


def _by_text(said: Udi) -> Product | None:
    """A SKU or an identifier as it was typed."""
    return catalog.find_product(said.text.removeprefix("+") if said.issuer == "HIBCC" else said.text)
