"""How long records of a lot must be kept, who may have it, and what its units are called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.documents import retention
from app.documents.retention import Kept
from app.inventory.models import Lot, LotCustomer, Serial


def keep_until(lot: Lot) -> date | None:
    """The last day on which the records of the lot must be kept by the profile in force; None: for ever."""
    goods = Kept(lot.expires_on, lot.product.implantable)
    return retention.retain_until(clock.local_date(lot.received_at), [goods])


def customers_allowed(lots: Iterable[Lot]) -> dict[str, frozenset[str]]:
    """Ids of the customers who alone may have a lot, for those released conditionally. At most one statement."""
    ids = {lot.id for lot in lots if lot.conditional}
    found: dict[str, set[str]] = {one: set() for one in ids}
    if ids:
        wanted = select(LotCustomer.lot_id, LotCustomer.customer_id).where(LotCustomer.lot_id.in_(ids))
        for lot_id, customer_id in session().execute(wanted):
            found[lot_id].add(customer_id)
    return {lot_id: frozenset(customers) for lot_id, customers in found.items()}


def serial_numbers(serial_ids: Iterable[str | None]) -> dict[str, str]:
    """Serial numbers by id, of at most some hundred units. One statement."""
    ids = {one for one in serial_ids if one}
    if not ids:
        return {}
    rows = session().execute(select(Serial.id, Serial.serial_no).where(Serial.id.in_(ids)))
    return {row.id: row.serial_no for row in rows}
