"""What a CAPA follows from: each slice says of its own kind what the CAPA takes over from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.catalog.models import Product
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.core.registry import Registry
from app.inventory.models import Lot
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
    """The lot or product of which complaints and nonconformances add up."""
    lot = session().get(Lot, name)
    if lot is not None:
        return Source(lot.id, lot.lot_no, "", lot.product_id, lot.id)
    product = session().get(Product, name)
    if product is None:
        raise NotFound(product=name[:26])
    return Source(product.id, product.sku, "", product.id)
