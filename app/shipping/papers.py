"""The papers of a shipment: what to take from where, and the delivery note that travels with the goods (随货同行单)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.catalog import papers as told
from app.catalog import queries as catalog
from app.core.i18n import _l, show_time
from app.core.permissions import Actor
from app.core.subject import Subject
from app.documents import queries as documents
from app.documents import service as issuing
from app.documents.content.delivery import DeliveryNote
from app.documents.content.orders import PickList
from app.documents.content.parts import NOTHING, Both, Goods, Party
from app.documents.models import Document
from app.orders import queries as orders
from app.shipping import shipments
from app.shipping.carriers import find_carrier, house
from app.shipping.models import Shipment

PICK_LIST, DELIVERY_NOTE = "pick_list", "delivery_note"


def papers_of(shipment: Shipment) -> list[Document]:
    """Its own, not those of other shipments of the order, the newest first; each names its shipment in the note."""
    every = documents.documents_of(Subject("order", shipment.order_id))
    return [one for one in every if one.kind in (PICK_LIST, DELIVERY_NOTE) and one.content["note"] == shipment.number]


def issue_pick_list(actor: Actor, shipment: Shipment, as_of: datetime) -> None:
    """The list, or its next version."""
    del as_of
    order = orders.get_order(shipment.order_id)
    goods = shipments.goods_of(shipment)
    warehouses = {one.kept.warehouse.id: one.kept.warehouse for one in goods}
    names = [Both.of(one.name) for one in warehouses.values()]
    content = PickList(
        order_nos=(order.number,),
        customer=told.party_of(catalog.get_customer(order.customer_id)),
        warehouse=Both(zh="、".join(one.zh for one in names), en=", ".join(one.en for one in names)),
        goods=tuple(_line(one, place=f"{one.kept.warehouse.code} {one.kept.place.code}") for one in goods),
        pick_by=shipment.leaves_on,
        note=shipment.number,
    )
    _issue(actor, PICK_LIST, shipment, content)


def issue_delivery_note(actor: Actor, shipment: Shipment, as_of: datetime) -> None:
    """The note, or its next version."""
    order = orders.get_order(shipment.order_id)
    customer = catalog.get_customer(order.customer_id)
    carrier = find_carrier(shipment.carrier)
    known = house()
    box = "" if shipment.box_celsius is None else f"{show_time(as_of)} · {shipment.box_celsius} °C"
    content = DeliveryNote(
        supplier=Party(
            name=Both.of(dict(known.name)),
            address=known.address,
            contact=known.contact,
            phone=known.phone,
            licences=tuple(one.number for one in catalog.our_licences()),
        ),
        customer=told.party_of(customer, catalog.licences_of(customer.id)),
        ship_to=customer.address,
        order_nos=(order.number,),
        shipped_on=shipment.leaves_on,
        goods=tuple(_line(one) for one in shipments.goods_of(shipment)),
        carrier="" if carrier is None else carrier.name["zh"],
        ssccs=(shipment.sscc,) if shipment.sscc else (),
        transport=Both.of(_l("Cold chain, with temperature logger")) if shipment.cold else NOTHING,
        loggers=tuple(shipment.logger.split()),
        departed=box,
        note=shipment.number,
    )
    _issue(actor, DELIVERY_NOTE, shipment, content)


def _line(one: shipments.ToPick, place: str = "") -> Goods:
    serials = one.picked.serials if one.picked and one.is_picked else ()
    return told.goods_of(one.product, one.kept.quantity, lot=one.kept.lot, serials=serials, place=place)


def _issue(actor: Actor, kind: str, shipment: Shipment, content: Any) -> None:
    subject = Subject("order", shipment.order_id)
    before = next((one for one in papers_of(shipment) if one.kind == kind), None)
    if before is None:
        issuing.issue_document(actor, kind, subject, content)
    else:
        issuing.supersede(actor, before, content, reason=shipment.number)
