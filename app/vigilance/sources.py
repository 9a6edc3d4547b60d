"""What a CAPA follows from: each slice says of its own kind what the CAPA takes over from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from app.catalog.models import Product
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.core.registry import Registry
from app.inventory.queries import find_lot
from app.quality.queries import get_nonconformance
from app.vigilance.queries import get_complaint


@dataclass(frozen=True)
class Source:
    """`id` as the database has it, `number` as people call it; what is known of the goods."""

    id: str | None
    number: str
    problem: str = ""
    product_id: str | None = None
    lot_id: str | None = None


capa_source: Registry[Callable[[str], Source]] = Registry("source of CAPA")
"""By kind: what has that id or number. Raises NotFound."""


def source_of(kind: str, name: str) -> Source:
    """What of that kind has the id or number; audits are known by what people call them. Raises Invalid."""
    if kind == "audit":
        if not name.strip():
            raise Invalid({"source": [_("Say which audit.")]})
        return Source(None, name.strip()[:200])
    try:
        return capa_source.get(kind)(name.strip())
    except NotFound:
        said = _("There is nothing of that kind with the number %(number)s.", number=name[:64])
        raise Invalid({"source": [said]}) from None


@capa_source.register("complaint")
def of_complaint(name: str) -> Source:
    """The complaint and its goods."""
    one = get_complaint(name)
    return Source(one.id, one.number, one.description, one.product_id, one.lot_id)


@capa_source.register("nonconformance")
def of_nonconformance(name: str) -> Source:
    """The nonconformance and its lot."""
    one = get_nonconformance(name)
    return Source(one.id, one.number, one.description, one.lot.product_id, one.lot_id)


@capa_source.register("signal")
def of_signal(name: str) -> Source:
    """The product (its SKU), or a lot (SKU and lot number), of which complaints and nonconformances add up."""
    product = _product(name)
    if product is not None:
        return Source(product.id, product.sku, "", product.id)
    sku, _space, lot_no = name.rpartition(" ")
    product = _product(sku.strip())
    lot = find_lot(product.id, lot_no) if product is not None else None
    if product is None or lot is None:
        raise NotFound(product=name[:64])
    return Source(lot.id, f"{product.sku} {lot.lot_no}", "", product.id, lot.id)


def _product(sku: str) -> Product | None:
    return session().scalars(select(Product).where(Product.sku == sku)).first()
