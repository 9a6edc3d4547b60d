"""What people type: lots by their numbers."""

from __future__ import annotations

from sqlalchemy import select

from app.catalog.models import Product
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.inventory.models import Lot
from app.recalls.schemas import MOST_LOTS


def lots_named(text: str) -> list[str]:
    """Ids of the lots of these numbers, one in a line; before a number that several products have stands the SKU.

    Raises Invalid. At most two statements for each line.
    """
    lines = [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_LOTS:
        raise Invalid({"lots": [_("Name 1 to 50 lots.")]})
    return [_lot_named(line[:130]) for line in lines]


def _lot_named(line: str) -> str:
    found = list(session().scalars(select(Lot.id).where(Lot.lot_no == line).limit(2)))
    if not found and " " in line:
        sku, _space, number = line.partition(" ")
        wanted = select(Lot.id).join(Product, Product.id == Lot.product_id)
        found = list(session().scalars(wanted.where(Product.sku == sku, Lot.lot_no == number.strip())))
    if not found:
        raise Invalid({"lots": [_("There is no lot %(lot)s.", lot=line[:64])]})
    if len(found) > 1:
        raise Invalid({"lots": [_("Several products have a lot %(lot)s: write the SKU before it.", lot=line[:64])]})
    return found[0]
