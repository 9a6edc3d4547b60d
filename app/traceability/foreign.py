"""Events of others: which of them name goods of ours, and which events were declared wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, select

from app.catalog.models import Product, ProductPackage
from app.core.db import session
from app.core.errors import NotFound
from app.inventory.models import Lot, Serial
from app.shipping.models import LogisticUnit
from app.traceability.epcis.names import gtin_of
from app.traceability.flows import portions
from app.traceability.models import LOT, SERIAL, SSCC, EventError, EventName, ForeignEvent

MOST = 200
"""Events in one chain."""


def events_about(lot_ids: Collection[str], *, serial_id: str = "", order_id: str = "") -> list[ForeignEvent]:
    """The events that name the lots or their units (only the unit, if one is given), or a logistic unit of the order;
    the earliest first, at most 200. At most six statements."""
    ids = {
        *_naming_units(lot_ids, serial_id),
        *([] if serial_id else _naming_lots(lot_ids)),
        *(_naming_boxes(order_id) if order_id else []),
    }
    if not ids:
        return []
    wanted = select(ForeignEvent).where(ForeignEvent.id.in_(sorted(ids)[: MOST * 5]))
    return list(session().scalars(wanted.order_by(ForeignEvent.event_at, ForeignEvent.id).limit(MOST)))


def _naming_lots(lot_ids: Collection[str]) -> list[str]:
    wanted: Any = (
        select(EventName.event_id, EventName.di, Lot.product_id)
        .join(Lot, Lot.lot_no == EventName.number)
        .where(Lot.id.in_(list(lot_ids)[:1000]), EventName.kind == LOT)
    )
    return _of_their_products(wanted)


def _naming_units(lot_ids: Collection[str], serial_id: str) -> list[str]:
    columns = (EventName.event_id, EventName.di, Serial.product_id)
    wanted: Any = select(*columns).join(Serial, Serial.serial_no == EventName.number)
    which = Serial.id == serial_id if serial_id else Serial.lot_id.in_(list(lot_ids)[:1000])
    return _of_their_products(wanted.where(which, EventName.kind == SERIAL))


def _naming_boxes(order_id: str) -> list[str]:
    mine = select(LogisticUnit.sscc).where(LogisticUnit.subject_kind == "order", LogisticUnit.subject_id == order_id)
    wanted = select(EventName.event_id).where(EventName.kind == SSCC, EventName.number.in_(mine))
    return list(session().scalars(wanted.limit(MOST)))


def _of_their_products(wanted: Select[Any]) -> list[str]:
    """Ids of those events whose identifier is one of that product."""
    rows = session().execute(wanted.order_by(EventName.id).limit(MOST * 5)).all()
    known = identifiers_of({row.product_id for row in rows})
    return [row.event_id for row in rows if row.di in known[row.product_id]]


def identifiers_of(product_ids: Collection[str]) -> dict[str, set[str]]:
    """What each product is called in events: its GTINs as 14 digits, its SKU."""
    found: dict[str, set[str]] = defaultdict(set)
    if not product_ids:
        return found
    columns = (Product.id, Product.sku, Product.issuer, Product.udi_di)
    for row in session().execute(select(*columns).where(Product.id.in_(product_ids))):
        found[row.id] |= {row.sku, gtin_of(row.issuer, row.udi_di)} - {""}
    packages = select(ProductPackage.product_id, ProductPackage.issuer, ProductPackage.di)
    for product_id, issuer, di in session().execute(packages.where(ProductPackage.product_id.in_(product_ids))):
        found[product_id] |= {gtin_of(issuer, di)} - {""}
    return found


def errors_of(event_ids: Iterable[str]) -> dict[str, EventError]:
    """The declarations on these events, by eventID."""
    found: dict[str, EventError] = {}
    for part in portions(event_ids):
        rows = session().scalars(select(EventError).where(EventError.event_id.in_(part)))
        found |= {one.event_id: one for one in rows}
    return found


def foreign_events(q: str = "") -> Select[Any]:
    """Events of others, the latest taken first, to be paged; `q`: an eventID, or a lot, serial number or SSCC."""
    wanted = select(ForeignEvent)
    if q:
        naming = select(EventName.event_id).where(EventName.number == q)
        wanted = wanted.where((ForeignEvent.event_id == q) | ForeignEvent.id.in_(naming))
    return wanted.order_by(ForeignEvent.taken_at.desc(), ForeignEvent.id.desc())


def get_event(key: str) -> ForeignEvent:
    """The event of that id of ours. Raises NotFound."""
    found = session().get(ForeignEvent, key)
    if found is None:
        raise NotFound(event=key)
    return found


def names_in(event: ForeignEvent) -> list[EventName]:
    """What it names."""
    return list(session().scalars(select(EventName).where(EventName.event_id == event.id).order_by(EventName.id)))
