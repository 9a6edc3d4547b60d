"""From departure to the end: temperatures on the way, the handover, what comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from app.catalog import queries as catalog
from app.core import clock, jsontext
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.kept import keep
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import service as inventory
from app.inventory.fit import keeps
from app.inventory.models import Lot, Place
from app.inventory.places import RETURNS, Zone
from app.orders import queries as orders
from app.processes.service import start_about
from app.shipping import shipments
from app.shipping.carriers import house
from app.shipping.dispatch import note
from app.shipping.models import UNDER_WAY, DeliveryProof, Shipment, ShipmentReading
from app.shipping.temperature import Reading, Verdict, is_outside, judge_record

RETURNED = "goods.returned"
"""Message that starts the inspection of goods that came back."""
MOST_READINGS = 1000
LOWEST, HIGHEST = Decimal(-100), Decimal(100)


class NotUnderWay(Conflict):
    """The goods are not on their way."""

    message = _l("Shipment %(shipment)s is not on its way.")


class NoRoomForReturns(Conflict):
    """No warehouse can take the goods back."""

    message = _l("No returns zone takes lot %(lot)s.")


def limits_of(shipment: Shipment) -> tuple[Decimal | None, Decimal | None]:
    """The range that suits all cold goods of the shipment: the highest lower limit, the lowest upper one."""
    if shipment.departed_at is None:
        lots = [one.kept.lot for one in shipments.goods_of(shipment)]
    else:
        lots = [one.lot for one in shipments.left_with(shipment)]
    products = [one for one in catalog.products_of(lot.product_id for lot in lots).values() if one.cold_chain]
    lows = [one.storage_min_c for one in products if one.storage_min_c is not None]
    highs = [one.storage_max_c for one in products if one.storage_max_c is not None]
    return max(lows, default=None), min(highs, default=None)


def take_readings(actor: Actor, shipment: Shipment, logger: str, readings: Sequence[Reading]) -> tuple[int, bool]:
    """Keep what a logger says; a reading that is known is not kept twice. Answers how many were new, and whether one of
    them lies outside the range of the goods. Raises NotUnderWay, Invalid."""
    if shipment.status not in UNDER_WAY:
        raise NotUnderWay(shipment=shipment.number)
    _check(shipment, readings)
    wanted = select(ShipmentReading.at).where(
        ShipmentReading.shipment_id == shipment.id, ShipmentReading.logger == logger
    )
    known = set(session().scalars(wanted))
    fresh = {one.at: one for one in readings if one.at not in known}
    if not fresh:
        return 0, False
    same = {"shipment_id": shipment.id, "logger": logger, "by": actor.id}
    rows = [{"id": new_id(), "at": one.at, "celsius": one.celsius, **same} for one in fresh.values()]
    session().execute(insert(ShipmentReading), rows)
    low, high = limits_of(shipment)
    outside = [one for one in fresh.values() if is_outside(one.celsius, low, high)]
    if outside:
        worst = [str(min(one.celsius for one in outside)), str(max(one.celsius for one in outside))]
        note(actor, shipment, "excursion", readings=len(outside), worst=worst)
    return len(fresh), bool(outside)


def _check(shipment: Shipment, readings: Sequence[Reading]) -> None:
    if not 1 <= len(readings) <= MOST_READINGS:
        raise Invalid({"readings": [_("Give 1 to %(most)s readings.", most=MOST_READINGS)]})
    for one in readings:
        why = why_not(shipment, one)
        if why:
            raise Invalid({"readings": [why]})


def why_not(shipment: Shipment, one: Reading) -> str:
    """Why this is no reading of the transport; empty when it is one."""
    departed, now = shipment.departed_at or shipment.made_at, clock.now()
    if not LOWEST <= one.celsius <= HIGHEST:
        return _("%(value)s °C is no temperature of goods.", value=one.celsius)
    if not departed - timedelta(hours=1) <= one.at <= now + timedelta(minutes=5):
        return _("A reading lies outside the time of the transport.")
    return ""


def verdict_of(shipment: Shipment, as_of: datetime) -> Verdict:
    """What the temperature record says until now."""
    low, high = limits_of(shipment)
    return judge_record(
        shipments.readings_of(shipment),
        low,
        high,
        departed=shipment.departed_at or shipment.made_at,
        until=shipment.delivered_at or as_of,
        largest_gap=house().largest_gap,
    )


def deliver(actor: Actor, shipment: Shipment, given: dict[str, Any]) -> DeliveryProof:
    """The receiver has taken the goods and signed. What is refused stays on its way until it is settled.

    `given`: receiver, celsius, refused [{lot_no, lot_id or none, quantity, reason}], note, photo (bytes or None).
    Raises NotUnderWay, Invalid.
    """
    if shipment.status != "in_transit":
        raise NotUnderWay(shipment=shipment.number)
    receiver = str(given.get("receiver") or "").strip()
    if not 2 <= len(receiver) <= 100:
        raise Invalid({"receiver": [_("Enter the name of the person who takes the goods.")]})
    if shipment.cold and given.get("celsius") is None:
        raise Invalid({"celsius": [_("Enter the temperature at the handover.")]})
    carried = shipments.carried_by(shipment)
    refused = _refused(carried, given.get("refused") or [])
    shipment.delivered_at = clock.now()
    delivered = _hand_over(actor, shipment, carried, refused)
    told = [
        {"lot_no": one.lot.lot_no, "quantity": refused[one.lot.id][0], "reason": refused[one.lot.id][1]}
        for one in carried
        if one.lot.id in refused
    ]
    proof = _proof(actor, shipment, {**given, "receiver": receiver, "refused": told}, delivered)
    shipment.status = "delivered"
    note(actor, shipment, "delivered", receiver=receiver, goods=delivered, refused=proof.refused, sha256=proof.sha256)
    return proof


def _refused(carried: Sequence[shipments.Carried], given: Sequence[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    """(quantity, reason) by id of the lot. A row names its lot by `lot_id`, or by `lot_no` where no two products of the
    shipment share that."""
    found: dict[str, tuple[int, str]] = {}
    for row in given:
        quantity, reason = row["quantity"], row["reason"]
        named = [
            one for one in carried if row.get("lot_id", one.lot.id) == one.lot.id and one.lot.lot_no == row["lot_no"]
        ]
        if len(named) != 1 or named[0].lot.id in found or not 1 <= quantity <= named[0].quantity:
            raise Invalid({"refused": [_("Lot %(lot)s has not so many units in this shipment.", lot=row["lot_no"])]})
        lot = named[0].lot
        if lot.serialised and quantity != named[0].quantity:
            raise Invalid({"refused": [_("Units with serial numbers are refused whole lots at a time.")]})
        found[lot.id] = quantity, reason
    return found


def _hand_over(
    actor: Actor,
    shipment: Shipment,
    carried: Sequence[shipments.Carried],
    refused: dict[str, tuple[int, str]],
) -> list[list[Any]]:
    way = inventory.outside(shipments.TRANSIT, shipment.id)
    order = orders.get_order(shipment.order_id)
    home = inventory.outside("customer", order.customer_id)
    delivered = []
    for one in carried:
        quantity = one.quantity - refused.get(one.lot.id, (0, ""))[0]
        if quantity:
            goods = inventory.Goods(one.lot, quantity, one.serials)
            inventory.hand_over(actor, "deliver", goods, way, home, order_id=order.id, document=shipment.number)
            delivered.append([one.lot.lot_no, quantity, list(one.serials)])
    return delivered


def _proof(
    actor: Actor,
    shipment: Shipment,
    given: dict[str, Any],
    delivered: list[list[Any]],
) -> DeliveryProof:
    told: dict[str, Any] = {
        "receiver": given["receiver"],
        "celsius": given.get("celsius"),
        "photo_id": keep(actor, given["photo"]) if given.get("photo") else None,
        "refused": given["refused"],
        "note": str(given.get("note") or "")[:500],
        "at": shipment.delivered_at,
        "by": actor.id,
        "by_name": actor.name[:200],
    }
    photo = hashlib.sha256(given["photo"]).hexdigest() if given.get("photo") else None
    signed = jsontext.canonical(
        jsontext.plain({**told, "photo_sha256": photo, "shipment": shipment.number, "delivered": delivered})
    )
    proof = DeliveryProof(shipment_id=shipment.id, sha256=hashlib.sha256(signed).hexdigest(), **told)
    session().add(proof)
    session().flush()
    return proof


def call_back(actor: Actor, shipment: Shipment, reason: str) -> None:
    """The goods are to come back. Raises NotUnderWay."""
    if shipment.status not in UNDER_WAY:
        raise NotUnderWay(shipment=shipment.number)
    shipment.status = "returning"
    note(actor, shipment, "called-back", reason=reason)


def take_back(actor: Actor, shipment: Shipment, reason: str) -> int:
    """What is still on its way comes into a returns zone that keeps its temperature, and is inspected there; answers
    the quantity. Raises NoRoomForReturns."""
    way = inventory.outside(shipments.TRANSIT, shipment.id)
    origin = "excursion" if shipment.status == "returning" else "return"
    quantity = 0
    for one in shipments.carried_by(shipment):
        goods = inventory.Goods(one.lot, one.quantity, one.serials)
        said = {"order_id": shipment.order_id, "document": shipment.number, "reason": reason or shipment.number}
        inventory.hand_over(actor, "return", goods, way, _returns_bin(one.lot), **said)
        told = {"quantity": one.quantity, "document": shipment.number, "origin": origin, "default": "inspect"}
        key = f"{shipment.number}-{one.lot.lot_no}"
        start_about(actor, RETURNED, Subject("lot", one.lot.id), business_key=key, variables=told)
        quantity += one.quantity
    if shipment.status == "returning":
        shipment.status = "returned"
    note(actor, shipment, "returned" if shipment.status == "returned" else "settled", quantity=quantity, reason=reason)
    return quantity


def _returns_bin(lot: Lot) -> Place:
    zones = session().scalars(select(Zone).where(Zone.kind == RETURNS).order_by(Zone.code, Zone.id))
    for zone in zones:
        if keeps(zone, lot.product):
            wanted = select(Place).where(Place.zone_id == zone.id).order_by(Place.code != zone.code, Place.code)
            return session().scalars(wanted.limit(1)).one()
    raise NoRoomForReturns(lot=lot.lot_no)
