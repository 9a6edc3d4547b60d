"""Warehouses, zones, bins, and what stands at places outside."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import BIN, Balance, Holding, Place, Warehouse, Zone


def warehouses() -> list[Warehouse]:
    """All warehouses by code."""
    return list(session().scalars(select(Warehouse).order_by(Warehouse.code)))


def find_warehouse(code: str) -> Warehouse | None:
    """The warehouse of that code."""
    return session().scalars(select(Warehouse).where(Warehouse.code == code)).first()


def get_warehouse(warehouse_id: str) -> Warehouse:
    """The warehouse. Raises NotFound."""
    found = session().get(Warehouse, warehouse_id)
    if found is None:
        raise NotFound(warehouse=warehouse_id)
    return found


def get_zone(zone_id: str) -> Zone:
    """The zone. Raises NotFound."""
    found = session().get(Zone, zone_id)
    if found is None:
        raise NotFound(zone=zone_id)
    return found


def get_place(place_id: str) -> Place:
    """The place. Raises NotFound."""
    found = session().get(Place, place_id)
    if found is None:
        raise NotFound(place=place_id)
    return found


def find_bin(warehouse_id: str, code: str) -> Place | None:
    """The warehouse's bin of that code."""
    wanted = select(Place).where(Place.kind == BIN, Place.holder_id == warehouse_id, Place.code == code)
    return session().scalars(wanted).one_or_none()


def bins_in(warehouse_id: str) -> list[tuple[Place, int]]:
    """The bins of the warehouse by code, each with how many base units lie in it."""
    statement = (
        select(Place, func.coalesce(func.sum(Balance.on_hand), 0))
        .outerjoin(Balance, Balance.place_id == Place.id)
        .where(Place.kind == BIN, Place.holder_id == warehouse_id)
        .group_by(Place.id)
        .order_by(Place.code)
        .options(selectinload(Place.zone))
    )
    return [(place, int(number)) for place, number in session().execute(statement)]


def holdings_of(lot_id: str) -> list[tuple[Place, str, int]]:
    """(place outside, owner, base units) of the lot where it is not nought."""
    statement: Any = (
        select(Place, Holding.owner, Holding.quantity)
        .join(Holding, Holding.place_id == Place.id)
        .where(Holding.lot_id == lot_id, Holding.quantity != 0)
        .order_by(Place.kind, Place.holder_id, Holding.owner)
    )
    return [tuple(row) for row in session().execute(statement)]
