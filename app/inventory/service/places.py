"""Warehouses with their zones and bins, and the places outside that the ledger needs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.audit.service import record
from app.core.conflicts import insert_into
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import fit
from app.inventory.models import Lot
from app.inventory.places import (
    BIN,
    COLD,
    DISPATCH,
    FROZEN,
    OUTSIDE,
    QUALIFIED,
    QUARANTINE,
    RECALLED_GOODS,
    REJECTED_GOODS,
    RETURNS,
    ZONE_KINDS,
    Place,
    Warehouse,
    Zone,
)


class NoZone(Conflict):
    """The warehouse has no zone for such goods."""

    message = _l("Warehouse %(warehouse)s has no zone for lot %(lot)s: none of that kind keeps its temperature.")


class Layout(NamedTuple):
    """A zone that a new warehouse gets; °C."""

    code: str
    kind: str
    min_c: int | None
    max_c: int | None


ROOM = (15, 25)
CHILLED, DEEP = (2, 8), (-25, -15)
STANDARD = (
    Layout("QUA", QUARANTINE, *ROOM),
    Layout("STO", QUALIFIED, *ROOM),
    Layout("DIS", DISPATCH, *ROOM),
    Layout("RET", RETURNS, *ROOM),
    Layout("REJ", REJECTED_GOODS, None, None),
    Layout("REC", RECALLED_GOODS, None, None),
)
COLD_TOO = tuple(
    Layout(f"{code}-{name}", kind, *range_)
    for name, keeping, range_ in (("2-8", COLD, CHILLED), ("FRZ", FROZEN, DEEP))
    for code, kind in (("QUA", QUARANTINE), ("STO", keeping), ("DIS", DISPATCH), ("RET", RETURNS))
)
"""Starting layouts; a warehouse is given its true zones on its page."""


def create_warehouse(actor: Actor, *, code: str, name: dict[str, str], region_code: str, cold: bool) -> Warehouse:
    """A new warehouse with the usual zones, one bin in each. Raises Invalid when the code is taken."""
    if session().scalar(select(Warehouse.id).where(Warehouse.code == code)):
        raise Invalid({"code": [_("This is already in use.")]})
    made = Warehouse(id=new_id(), code=code, name=name, region_code=region_code, cold=cold)
    session().add(made)
    session().flush()
    record(actor, "warehouse:create", Subject("warehouse", made.id), code=code, region_code=region_code, cold=cold)
    lay_out(made)
    return made


def lay_out(warehouse: Warehouse) -> None:
    """Give the warehouse the usual zones, each with a bin of its code."""
    for layout in STANDARD + (COLD_TOO if warehouse.cold else ()):
        zone = Zone(id=new_id(), warehouse_id=warehouse.id, **_celsius(layout))
        session().add(zone)
        session().flush()
        session().add(Place(id=new_id(), kind=BIN, holder_id=warehouse.id, code=layout.code, zone_id=zone.id))
    session().flush()
    session().expire(warehouse, ["zones"])


def _celsius(layout: Layout) -> dict[str, Any]:
    degrees = {
        name: None if value is None else Decimal(value) for name, value in layout._asdict().items() if "_c" in name
    }
    return {"code": layout.code, "kind": layout.kind, **degrees}


def add_zone(
    actor: Actor, warehouse: Warehouse, *, code: str, kind: str, min_c: Decimal | None, max_c: Decimal | None
) -> Zone:
    """A new zone, with a bin of its code. Raises Invalid."""
    reasons: dict[str, list[str]] = {}
    if kind not in ZONE_KINDS:
        reasons["kind"] = [_("Choose one of the list.")]
    if min_c is not None and max_c is not None and min_c > max_c:
        reasons["max_c"] = [_("The highest temperature lies below the lowest.")]
    if session().scalar(select(Zone.id).where(Zone.warehouse_id == warehouse.id, Zone.code == code)):
        reasons["code"] = [_("This is already in use.")]
    if reasons:
        raise Invalid(reasons)
    zone = Zone(id=new_id(), warehouse_id=warehouse.id, code=code, kind=kind, min_c=min_c, max_c=max_c)
    session().add(zone)
    session().flush()
    record(actor, "warehouse:zone", Subject("warehouse", warehouse.id), code=code, kind=kind, min_c=min_c, max_c=max_c)
    add_bin(actor, zone, code=code)
    session().expire(warehouse, ["zones"])
    return zone


def add_bin(actor: Actor, zone: Zone, *, code: str) -> Place:
    """A new bin of the zone. Raises Invalid when the warehouse has one of that code."""
    taken = select(Place.id).where(Place.kind == BIN, Place.holder_id == zone.warehouse_id, Place.code == code)
    if session().scalar(taken):
        raise Invalid({"code": [_("This is already in use.")]})
    made = Place(id=new_id(), kind=BIN, holder_id=zone.warehouse_id, code=code, zone_id=zone.id)
    session().add(made)
    session().flush()
    record(actor, "warehouse:bin", Subject("warehouse", zone.warehouse_id), zone=zone.code, code=code)
    return made


def outside(kind: str, holder_id: str = "") -> Place:
    """The place outside of that kind and holder, made at its first use. Two statements at most."""
    if kind not in OUTSIDE:
        raise ValueError(kind)
    wanted = select(Place).where(Place.kind == kind, Place.holder_id == holder_id, Place.code == "")
    found = session().scalars(wanted).one_or_none()
    if found is not None:
        return found
    row = {"id": new_id(), "kind": kind, "holder_id": holder_id, "code": ""}
    session().execute(insert_into(Place).values(**row).on_conflict_do_nothing())
    return session().scalars(wanted).one()


def home_bin(warehouse: Warehouse, lot: Lot, status: str | None = None) -> Place:
    """The bin of the warehouse where the lot belongs by its status (or that one) and temperature. Raises NoZone."""
    wanted = select(Zone).where(Zone.warehouse_id == warehouse.id).order_by(Zone.code)
    zone = fit.home(session().scalars(wanted).all(), status or lot.status, lot.product)
    if zone is None:
        raise NoZone(warehouse=warehouse.code, lot=lot.lot_no)
    return first_bin(zone)


def first_bin(zone: Zone) -> Place:
    """The zone's own bin, else its first."""
    wanted = select(Place).where(Place.zone_id == zone.id).order_by(Place.code != zone.code, Place.code).limit(1)
    return session().scalars(wanted.options(selectinload(Place.zone))).one()


def require_fit(place: Place, lot: Lot) -> None:
    """Raises WrongZone when the lot may not be put into the bin."""
    assert place.zone is not None  # noqa: S101 - tells the type checker: callers ask about bins only
    why = fit.why_not(place.zone, lot, lot.product)
    if why is not None:
        raise fit.WrongZone(lot=lot.lot_no, zone=place.zone.code, why=why)
