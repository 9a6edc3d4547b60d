"""Stock for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.ids import new_id
from app.core.permissions import SYSTEM
from app.inventory.ledger import Movement, post
from app.inventory.models import RELEASED, SUPPLIER, Lot, Warehouse
from app.inventory.service.places import home_bin, lay_out, outside
from tests.catalog.factories import make_product, make_region


def make_warehouse(**over: Any) -> Warehouse:
    """The warehouse of that code (WH-SH unless told otherwise), made if it is not there."""
    code = over.pop("code", "WH-SH")
    found = session().query(Warehouse).filter_by(code=code).one_or_none()
    if found is not None:
        return found
    region_code = over.pop("region_code", "310000")
    make_region(region_code)
    given = {"name": {"en": f"Warehouse {code}", "zh": f"{code}仓库"}, "cold": True}
    made = Warehouse(id=new_id(), code=code, region_code=region_code, **{**given, **over})
    session().add(made)
    session().flush()
    lay_out(made)
    return made


def make_lot(
    product: Product | None = None, *, on_hand: int = 100, warehouse: Warehouse | None = None, **over: Any
) -> Lot:
    """A released lot made 2026-06-01, expiring 2028-06-01, with `on_hand` units received into the warehouse."""
    product = product or make_product()
    warehouse = warehouse or make_warehouse()
    given = {
        "lot_no": f"LOT{new_id()[-8:].upper()}",
        "made_on": date(2026, 6, 1),
        "expires_on": date(2028, 6, 1),
        "status": "released",
        "report_no": "QC-2026-0001",
        "received_at": clock.now(),
    }
    made = Lot(id=new_id(), product_id=product.id, **{**given, **over})
    session().add(made)
    session().flush()
    if on_hand:
        place = home_bin(warehouse, made, {"held": RELEASED}.get(made.status))
        post(SYSTEM, [Movement("receipt", made.id, outside(SUPPLIER), place, on_hand, document="TEST")])
    return made
