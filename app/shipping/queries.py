"""What a scanned code names among ours, and what scans prevented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from app.catalog import queries as catalog
from app.catalog.models import Product
from app.catalog.udi import Udi, hibc
from app.core import clock
from app.core.db import session
from app.core.errors import NotFound
from app.inventory import queries as inventory
from app.inventory.models import Lot
from app.shipping.checking import Known, LotKnown
from app.shipping.models import LogisticUnit, PreventedMisship


def product_of(said: Udi) -> Product | None:
    """The product that the code names; registries write HIBC with or without its check character."""
    for wanted in _identifiers(said):
        found = catalog.find_product(wanted)
        if found is not None:
            return found
    return None


def _identifiers(said: Udi) -> Iterator[str]:
    if said.di:
        yield said.di
        if said.issuer == "HIBCC":
            yield hibc.with_check_character(said.di)
    elif said.content_di:
        yield said.content_di


def likely_lot(said: Udi, product: Product) -> Lot | None:
    """The lot that the code names, only to look it up. A scanner that drops separators leaves what follows in the lot
    number: then the longest lot number that it begins with."""
    return inventory.lot_beginning(product.id, said.lot_no) if said.lot_no else None


def known_of(said: Udi) -> Known:
    """What we know of the code. At most four statements."""
    product = product_of(said)
    if product is None:
        return Known()
    lot = inventory.find_lot(product.id, said.lot_no) if said.lot_no else None
    return Known(
        product_id=product.id,
        sku=product.sku,
        lot_controlled=product.lot_controlled,
        serial_controlled=product.serial_controlled,
        lot=LotKnown(lot.lot_no, lot.status, lot.expires_on) if lot is not None else None,
    )


def get_unit(unit_id: str) -> LogisticUnit:
    """The logistic unit. Raises NotFound."""
    found = session().get(LogisticUnit, unit_id)
    if found is None:
        raise NotFound(unit=unit_id)
    return found


def find_unit(sscc: str) -> LogisticUnit | None:
    """The logistic unit of that SSCC."""
    return session().scalars(select(LogisticUnit).where(LogisticUnit.sscc == sscc)).one_or_none()


def units() -> Select[Any]:
    """Logistic units, newest first, to be paged."""
    return select(LogisticUnit).order_by(LogisticUnit.made_at.desc(), LogisticUnit.id.desc())


def prevented(*, since: date | None = None, reason: str = "", purpose: str = "") -> Select[Any]:
    """Prevented mis-shipments since the beginning of that day, newest first, to be paged."""
    wanted = select(PreventedMisship)
    if since is not None:
        wanted = wanted.where(PreventedMisship.at >= _beginning(since))
    if reason:
        wanted = wanted.where(PreventedMisship.reason == reason)
    if purpose:
        wanted = wanted.where(PreventedMisship.purpose == purpose)
    return wanted.order_by(PreventedMisship.at.desc(), PreventedMisship.id.desc())


def prevented_by_reason(*, since: date | None = None, purpose: str = "") -> dict[str, int]:
    """How many, by first reason: the figure of “mis-shipments prevented”. One statement."""
    wanted = select(PreventedMisship.reason, func.count()).group_by(PreventedMisship.reason)
    if since is not None:
        wanted = wanted.where(PreventedMisship.at >= _beginning(since))
    if purpose:
        wanted = wanted.where(PreventedMisship.purpose == purpose)
    return {reason: int(count) for reason, count in session().execute(wanted)}


def _beginning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.BUSINESS_ZONE)


def days_ago(days: int) -> date:
    """The day so many days before today."""
    return clock.today() - timedelta(days=days)
