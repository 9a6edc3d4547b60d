"""What people call places and movements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select

from app.audit.queries import labels_by_id
from app.core.db import session
from app.core.i18n import LazyString, _l, pick
from app.inventory.places import BIN, CONSIGNMENT, CUSTOMER, KIT, SUPPLIER, TRANSIT, USED, Place, Warehouse

ZONES: dict[str, LazyString] = {
    "quarantine": _l("Quarantine zone"),
    "qualified": _l("Qualified zone"),
    "dispatch": _l("Dispatch zone"),
    "rejected": _l("Rejected zone"),
    "returns": _l("Returns zone"),
    "cold": _l("Refrigerated zone"),
    "frozen": _l("Frozen zone"),
    "recall": _l("Recall zone"),
}
ZONE_TONES = {
    "quarantine": "warning",
    "qualified": "success",
    "dispatch": "success",
    "rejected": "danger",
    "returns": "warning",
    "cold": "info",
    "frozen": "info",
    "recall": "danger",
}
"""Colours of the zones: 待验 yellow, 合格 and 发货 green, 不合格 red, 退货 yellow (GSP)."""
OUTSIDE: dict[str, LazyString] = {
    "supplier": _l("supplier"),
    "customer": _l("customer"),
    "consignment": _l("on consignment"),
    "transit": _l("in transit"),
    "used": _l("used"),
    "scrap": _l("scrap"),
    "count": _l("stock count"),
    "kit": _l("inside kits"),
    "assembly": _l("kitting"),
}
MOVEMENTS: dict[str, LazyString] = {
    "receipt": _l("Receipt"),
    "move": _l("Move"),
    "count": _l("Stock count"),
    "scrap": _l("Scrapping"),
    "ship": _l("Shipment"),
    "return": _l("Return"),
    "pick": _l("Pick"),
    "put_back": _l("Putting back"),
    "deliver": _l("Delivery"),
    "pass_on": _l("Passing on"),
    "use": _l("Use"),
    "destroy": _l("Destruction"),
    "owner": _l("Change of owner"),
    "into_kit": _l("Into a kit"),
    "out_of_kit": _l("Out of a kit"),
    "assemble": _l("Kitting"),
    "take_apart": _l("Taking kits apart"),
}
_HOLDERS = {SUPPLIER: "supplier", CUSTOMER: "customer", CONSIGNMENT: "customer", USED: "customer", TRANSIT: "shipment"}
"""Kind of place → kind of subject that its holder is."""


def names_of(places: Iterable[Place]) -> dict[str, str]:
    """Each place in the reader's words, by id: “WH-SH STO” for a bin, “customer 华山医院” outside."""
    wanted = {place.id: place for place in places}
    holders: dict[str, set[str]] = defaultdict(set)
    for place in wanted.values():
        if place.holder_id:
            holders[_HOLDERS.get(place.kind, place.kind)].add(place.holder_id)
    labels: dict[str, dict[str, str]] = {}
    for kind, ids in holders.items():
        if kind == BIN:
            rows = session().execute(select(Warehouse.id, Warehouse.name).where(Warehouse.id.in_(ids)))
            labels[kind] = {row.id: pick(row.name) for row in rows}
        elif kind == KIT:
            labels[kind] = dict(labels_by_id("lot", ids))
        else:
            labels[kind] = dict(labels_by_id(kind, ids))
    return {key: _name_of(place, labels) for key, place in wanted.items()}


def _name_of(place: Place, labels: dict[str, dict[str, str]]) -> str:
    holder = labels.get(_HOLDERS.get(place.kind, place.kind), {}).get(place.holder_id, "")
    if place.kind == BIN:
        return f"{holder} {place.code}"
    return f"{OUTSIDE[place.kind]} {holder}".strip()
