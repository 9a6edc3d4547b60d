"""/api/v1/shipments: see them, and say what was done with the goods: picked, missed, fetched, measured, handed over."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue

from app.core import idempotency
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import paginate
from app.core.permissions import Actor, current_actor, requires
from app.orders import queries as orders
from app.orders.models import Order
from app.shipping import handling, reading, reported, schemas, shipments
from app.shipping.models import Shipment
from app.shipping.permissions import SHIPMENT_CARRY, SHIPMENT_PICK, SHIPMENT_READ
from app.shipping.temperature import Reading

bp = ApiBlueprint("shipments", __name__, description="Shipments: what is to be picked, where goods are, who took them")

ADDRESS = "/shipments/<shipment_id>"


@bp.get("/shipments")
@requires(SHIPMENT_READ)
@bp.arguments(schemas.ShipmentsAsked, location="query")
@bp.response(200, schemas.ShipmentsShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_shipments(asked: dict[str, Any]) -> dict[str, Any]:
    """Shipments, the newest first."""
    wanted, order = shipments.listed(status=asked["status"] or ""), asked["order"]
    if order:
        wanted = wanted.where((Order.id == order) | (Order.number == order.upper()))
    page = paginate(wanted, asked["page"], asked["size"])
    items = [_listed(shipment, of.number) for shipment, of in page.items]
    return {"items": items, "page": page.number, "size": page.size, "total": page.total}


@bp.get(ADDRESS)
@requires(SHIPMENT_READ)
@bp.response(200, schemas.ShipmentShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such shipment")
def get_shipment(shipment_id: str) -> dict[str, Any]:
    """One shipment with its goods, by id or number."""
    return _shown(shipments.get_shipment(shipment_id))


@bp.post(f"{ADDRESS}/picks")
@requires(SHIPMENT_PICK)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.PickGiven)
@bp.response(200, schemas.ShipmentShown)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such shipment")
@bp.alt_response(409, schema=ErrorSchema, description="It has left, is held, or the lot may not leave")
def pick_goods(headers: dict[str, Any], given: dict[str, Any], shipment_id: str) -> ResponseReturnValue:
    """Goods were taken out of their bins; a wrong label is refused with the reason and counted."""

    def act(actor: Actor, shipment: Shipment) -> dict[str, Any]:
        reported.pick(actor, shipment, given)
        return {}

    return _once(headers, shipment_id, {"picks": given}, act)


@bp.post(f"{ADDRESS}/missing")
@requires(SHIPMENT_PICK)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.MissingGiven)
@bp.response(200, schemas.MissingTaken)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such shipment")
@bp.alt_response(409, schema=ErrorSchema, description="It has left or is held")
def report_missing(headers: dict[str, Any], given: dict[str, Any], shipment_id: str) -> ResponseReturnValue:
    """Less lies in the bin than should: the stock is corrected, other lots are kept where there are any."""
    return _once(
        headers,
        shipment_id,
        {"missing": given},
        lambda actor, shipment: {"short": reported.report_missing(actor, shipment, given)},
    )


@bp.post(f"{ADDRESS}/pickup")
@requires(SHIPMENT_CARRY)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.PickupGiven)
@bp.response(200, schemas.ShipmentShown)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such shipment")
@bp.alt_response(409, schema=ErrorSchema, description="It is not packed, is held, has left, or may not leave")
def pick_up(headers: dict[str, Any], given: dict[str, Any], shipment_id: str) -> ResponseReturnValue:
    """The carrier has taken it; another consignee's carton is refused with the reason and counted."""

    def act(actor: Actor, shipment: Shipment) -> dict[str, Any]:
        handling.pick_up(actor, shipment, given["vehicle"], given["carton"])
        return {}

    return _once(headers, shipment_id, {"pickup": given}, act)


@bp.post(f"{ADDRESS}/readings")
@requires(SHIPMENT_CARRY)
@bp.arguments(schemas.ReadingsGiven)
@bp.response(200, schemas.ReadingsTaken)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such shipment")
@bp.alt_response(409, schema=ErrorSchema, description="It is not on its way")
def take_readings(given: dict[str, Any], shipment_id: str) -> dict[str, Any]:
    """Temperatures on the way. The same reading again is not kept twice; one outside the range is assessed."""
    shipment = shipments.get_shipment(shipment_id, lock=True)
    told = [Reading(one["at"], one["celsius"]) for one in given["readings"]]
    fresh, outside = handling.take_readings(current_actor(), shipment, given["logger"], told)
    return {"fresh": fresh, "outside": outside}


@bp.post(f"{ADDRESS}/delivery")
@requires(SHIPMENT_CARRY)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.DeliveryGiven)
@bp.response(200, schemas.ShipmentShown)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such shipment")
@bp.alt_response(409, schema=ErrorSchema, description="It is not on its way, or an excursion is being assessed")
def deliver(headers: dict[str, Any], given: dict[str, Any], shipment_id: str) -> ResponseReturnValue:
    """The receiver has taken it and signed; what is refused comes back, another's carton is not handed over."""

    def act(actor: Actor, shipment: Shipment) -> dict[str, Any]:
        photo = base64.b64decode(given["photo"]) if given["photo"] else None
        handling.deliver(actor, shipment, {**given, "photo": photo})
        return {}

    return _once(headers, shipment_id, {"delivery": given}, act)


def _once(
    headers: dict[str, Any],
    shipment_id: str,
    what: dict[str, Any],
    act: Callable[[Actor, Shipment], dict[str, Any]],
) -> ResponseReturnValue:
    """Do it, unless the same was done under this key. What `act` does not answer is the shipment as it is now."""
    actor, key = current_actor(), headers.get("idempotency_key")
    shipment = shipments.get_shipment(shipment_id, lock=True)
    before = idempotency.take(actor, key, {"shipment": shipment.id, **what}) if key is not None else None
    if before is not None:
        return before.answer or _shown(shipment), 200, {"Idempotency-Replayed": "true"}
    answer = act(actor, shipment)
    if key is not None:
        idempotency.keep(actor, key, shipment.id, answer)
    return answer or _shown(shipment), 200, {}


def _listed(shipment: Shipment, order: str) -> dict[str, Any]:
    names = [name for name in schemas.ShipmentListed().fields if name != "order"]
    return {**{name: getattr(shipment, name) for name in names}, "order": order}


def _shown(shipment: Shipment) -> dict[str, Any]:
    goods = [
        {
            "reservation": line.reservation_id,
            "product": line.product.sku,
            "lot_no": line.lot.lot_no,
            "expires_on": line.lot.expires_on,
            "quantity": line.quantity,
            "place": line.place,
            "picked": line.picked is not None,
            "serialised": line.lot.serialised,
            "serials": list(line.serials),
        }
        for line in reading.lines_of(shipment)
    ]
    said = ("sscc", "logger", "box_celsius", "packed_at", "vehicle", "departed_at", "delivered_at")
    return {
        **_listed(shipment, orders.get_order(shipment.order_id).number),
        **{name: getattr(shipment, name) for name in said},
        "units": shipments.units_of([shipment.id])[shipment.id],
        "short": reading.short_of(shipment),
        "goods": goods,
        "proof": shipments.proof_of(shipment),
    }
