"""Stock for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import insert

from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.ids import new_id
from app.inventory.models import Balance, LedgerEntry, Lot, Warehouse
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
        place = {"lot_id": made.id, "warehouse_id": warehouse.id}
        session().execute(insert(Balance).values(**place, on_hand=on_hand, reserved=0))
        session().add(
            LedgerEntry(
                id=new_id(),
                at=clock.now(),
                source="supplier",
                target="stock",
                quantity=on_hand,
                actor_id="system",
                document="TEST",
                **place,
            )
        )
        session().flush()
    return made
