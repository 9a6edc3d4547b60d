"""Movements of the ledger as EPCIS 2.0 events: one event a row, always the same, whoever asks when.

picks and putting back for an order   TransactionEvent that adds goods to the order, or takes them from it
into, out of and making of kits       TransformationEvents with one transformationID for the kit lot
goods that left in one logistic unit  AggregationEvent that adds them to its SSCC, before the shipping
everything else                       ObjectEvent
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.audit.queries import labels_by_id
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.inventory.models import BIN, COUNT, KIT, SUPPLIER, TRANSIT, LedgerEntry, Lot, Serial
from app.shipping.models import LogisticUnit
from app.traceability.epcis import names
from app.traceability.epcis.names import Goods
from app.traceability.epcis.wording import (
    ADD,
    DELETE,
    MOVEMENTS,
    OTHER,
    OUTPUTS,
    TRANSACTION,
    TRANSFORMATION,
    ZONES,
    Said,
)
from app.traceability.flows import PARTNERS, Where, places_of, portions
from app.traceability.foreign import errors_of
from app.traceability.models import EventError

CONTEXT: list[Any] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"youxu": "urn:youxu:epcis:1:"},
]
Event = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """What the events of some rows need to know, looked up at once."""

    goods: Mapping[str, Goods]
    expiry: Mapping[str, Any]
    serials: Mapping[str, str]
    orders: Mapping[str, str]
    places: Mapping[str, Where]
    parties: Mapping[tuple[str, str], str]
    boxes: Mapping[str, LogisticUnit]
    """The logistic unit of each order or shipment that has one alone, by its id."""
    errors: Mapping[str, EventError]


def document(events: Sequence[Event], key: str) -> Event:
    """The events as an EPCIS document; `key` says what was asked for, so that equal questions make equal ids."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return {
        "@context": CONTEXT,
        "id": names.own_name("epcis-document", digest),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _moment(clock.now()),
        "epcisBody": {"eventList": list(events)},
    }


def events_of(rows: Sequence[LedgerEntry]) -> list[Event]:
    """The events of these rows in their order. About ten statements, however many rows."""
    known = _known(rows)
    return [event for row in rows for event in (*_packed(row, known), _event(row, known))]


def _known(rows: Sequence[LedgerEntry]) -> Known:
    goods, expiry = _goods({row.lot_id for row in rows})
    places = places_of(end for row in rows for end in (row.from_id, row.to_id))
    kits = {place.holder_id for place in places.values() if place.kind == KIT} - goods.keys()
    more, more_expiry = _goods(kits)
    order_ids = {row.order_id for row in rows if row.order_id}
    owners = {owner for row in rows for owner in (row.from_owner, row.to_owner)} - {"own"}
    return Known(
        goods={**goods, **more},
        expiry={**expiry, **more_expiry},
        serials=_serials({row.serial_id for row in rows if row.serial_id}),
        orders=labels_by_id("order", order_ids),
        places=places,
        parties=_parties(places.values(), owners),
        boxes=_boxes({one for row in rows if row.kind == "ship" for one in _reasons(row, places)}),
        errors=errors_of(names.event_id(row.id) for row in rows),
    )


def _goods(lot_ids: Iterable[str]) -> tuple[dict[str, Goods], dict[str, Any]]:
    goods, expiry = {}, {}
    columns = (Lot.id, Lot.lot_no, Lot.expires_on, Product.sku, Product.issuer, Product.udi_di)
    for part in portions(lot_ids):
        wanted = select(*columns).join(Product, Product.id == Lot.product_id).where(Lot.id.in_(part))
        for row in session().execute(wanted):
            goods[row.id] = Goods(names.gtin_of(row.issuer, row.udi_di), row.sku, row.lot_no)
            expiry[row.id] = row.expires_on
    return goods, expiry


def _serials(ids: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in portions(ids):
        rows = session().execute(select(Serial.id, Serial.serial_no).where(Serial.id.in_(part)))
        found |= {row.id: row.serial_no for row in rows}
    return found


def _parties(places: Iterable[Where], owners: Iterable[str]) -> dict[tuple[str, str], str]:
    wanted: dict[str, set[str]] = {"customer": set(), "supplier": set(owners)}
    for place in places:
        if place.kind in PARTNERS:
            wanted["customer"].add(place.holder_id)
        elif place.kind == SUPPLIER:
            wanted["supplier"].add(place.holder_id)
    return {
        (kind, key): label
        for kind, ids in wanted.items()
        if ids - {""}
        for key, label in labels_by_id(kind, ids - {""}).items()
    }


def _reasons(row: LedgerEntry, places: Mapping[str, Where]) -> list[str]:
    """Ids of the shipment and order that the goods left for."""
    target = places[row.to_id]
    return [one for one in (target.holder_id if target.kind == TRANSIT else "", row.order_id or "") if one]


def _boxes(subject_ids: Iterable[str]) -> dict[str, LogisticUnit]:
    found: list[LogisticUnit] = []
    kinds = ("order", "shipment")
    for part in portions(subject_ids):
        wanted = select(LogisticUnit).where(LogisticUnit.subject_kind.in_(kinds), LogisticUnit.subject_id.in_(part))
        found += session().scalars(wanted)
    count = Counter(one.subject_id for one in found)
    return {one.subject_id: one for one in found if count[one.subject_id] == 1}


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _head(kind: str, row: LedgerEntry, at: datetime) -> Event:
    offset = clock.local(at).strftime("%z")
    return {
        "type": kind,
        "eventTime": _moment(at),
        "eventTimeZoneOffset": f"{offset[:3]}:{offset[3:]}",
        "recordTime": _moment(row.at),
    }


def _event(row: LedgerEntry, known: Known) -> Event:
    said = MOVEMENTS.get(row.kind, OTHER)
    kind = said.kind if said.kind != TRANSACTION or row.order_id else "ObjectEvent"
    made = {**_head(kind, row, row.at), "eventID": names.event_id(row.id)}
    source, target = known.places[row.from_id], known.places[row.to_id]
    if kind == TRANSFORMATION:
        made |= _transformed(row, source, target, known)
    else:
        action = said.action if kind == said.kind else "OBSERVE"
        made |= {"action": _counted(source, target) if row.kind == "count" else action}
        made |= _goods_listed(row, known, "epcList", "quantityList")
    made |= {"bizStep": said.step, "disposition": ZONES.get(target.zone, said.disposition)}
    made |= _where(source, target)
    made |= _lists(row, said, known)
    made["youxu:ledgerSeq"], made["youxu:ledgerHash"] = row.seq, row.hash
    error = known.errors.get(made["eventID"])
    return made | {"errorDeclaration": declared(error)} if error is not None else made


def declared(error: EventError) -> Event:
    """The declaration as EPCIS says it."""
    told: Event = {"declarationTime": _moment(error.declared_at), "reason": error.reason}
    if error.corrective:
        told["correctiveEventIDs"] = error.corrective
    if error.comment:
        told["youxu:comment"] = error.comment
    return told


def _counted(source: Where, target: Where) -> str:
    """What a stock count found beyond the books comes into being; what it missed is gone."""
    if source.kind == COUNT:
        return ADD
    return DELETE if target.kind == COUNT else "OBSERVE"


def _goods_listed(row: LedgerEntry, known: Known, units: str, quantities: str) -> Event:
    goods = known.goods[row.lot_id]
    if row.serial_id:
        return {units: [names.unit(goods, known.serials[row.serial_id])]}
    return {quantities: [{"epcClass": names.lot_class(goods), "quantity": row.quantity}]}


def _transformed(row: LedgerEntry, source: Where, target: Where, known: Known) -> Event:
    """Kits and their parts are two ends of one transformation, told by several events with its id."""
    inside = target if target.kind == KIT else source if source.kind == KIT else None
    kit = known.goods[inside.holder_id if inside is not None else row.lot_id]
    way = "apart" if row.kind in ("out_of_kit", "take_apart") else "together"
    end = "output" if row.kind in OUTPUTS else "input"
    told: Event = {"transformationID": names.own_name("kitting", kit.sku, kit.lot_no, way)}
    told |= _goods_listed(row, known, f"{end}EPCList", f"{end}QuantityList")
    if row.kind == "assemble":
        expires_on = known.expiry[row.lot_id]
        told["ilmd"] = {"cbvmda:lotNumber": kit.lot_no}
        if expires_on is not None:
            told["ilmd"]["cbvmda:itemExpirationDate"] = expires_on.isoformat()
    return told


def _where(source: Where, target: Where) -> Event:
    """Where it was seen, and where the goods are until the next event: inside our warehouses only."""
    seen = source if source.kind == BIN else target
    told = {"readPoint": {"id": _place(seen)}}
    if target.kind == BIN:
        told["bizLocation"] = {"id": _place(target)}
    return told


def _place(place: Where) -> str:
    if place.kind == BIN:
        return names.own_name("place", place.warehouse, place.code)
    return names.own_name("place", place.kind, *filter(None, (place.holder_id, place.code)))


def _lists(row: LedgerEntry, said: Said, known: Known) -> Event:
    told: Event = {}
    papers = []
    if row.order_id:
        number = known.orders.get(row.order_id, row.order_id)
        papers.append({"type": "po", "bizTransaction": names.own_name("order", number)})
    if row.document:
        paper = {"bizTransaction": names.own_name("document", row.document)}
        papers.append({"type": said.paper, **paper} if said.paper else paper)
    if papers:
        told["bizTransactionList"] = papers
    ends = (row.from_id, row.from_owner), (row.to_id, row.to_owner)
    given, taken = (_ends(known.places[place], owner, known) for place, owner in ends)
    changed = [kind for kind in given if given[kind] != taken[kind]]
    if changed:
        told["sourceList"] = [{"type": kind, "source": given[kind]} for kind in changed]
        told["destinationList"] = [{"type": kind, "destination": taken[kind]} for kind in changed]
    return told


def _ends(place: Where, owner: str, known: Known) -> dict[str, str]:
    """Who has the goods there, whose they are, and where that is."""
    if place.kind in PARTNERS:
        holder = _party("customer", place.holder_id, known)
    elif place.kind == SUPPLIER:
        holder = _party("supplier", place.holder_id, known)
    else:
        holder = names.own_name("party", "own")
    sold = place.kind in ("customer", "used", SUPPLIER) and owner == "own"
    owned = holder if sold else names.own_name("party", "own")
    if owner != "own":
        owned = _party("supplier", owner, known)
    return {"owning_party": owned, "possessing_party": holder, "location": _place(place)}


def _party(kind: str, key: str, known: Known) -> str:
    return names.own_name("party", kind, known.parties.get((kind, key), key) or "unnamed")


def _packed(row: LedgerEntry, known: Known) -> list[Event]:
    reasons = _reasons(row, known.places) if row.kind == "ship" else []
    box = next((known.boxes[one] for one in reasons if one in known.boxes), None)
    if box is None:
        return []
    digest = hashlib.sha256(f"packing {row.hash} {box.sscc}".encode()).hexdigest()
    told = {**_head("AggregationEvent", row, box.made_at), "eventID": f"ni:///sha-256;{digest}"}
    told |= {"action": ADD, "parentID": names.sscc_unit(box.sscc)}
    told |= _goods_listed(row, known, "childEPCs", "childQuantityList")
    told |= {"bizStep": "packing", "disposition": "in_progress"}
    return [told | {"readPoint": {"id": _place(known.places[row.from_id])}}]
