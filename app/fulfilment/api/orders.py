"""/api/v1/orders: list, create, get, change, cancel."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields

from app.core import idempotency
from app.core.errors import Invalid
from app.core.fields import Choice, Schema, Text, between
from app.core.i18n import _
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import LARGEST, SIZE
from app.core.permissions import current_actor, requires
from app.fulfilment import intake
from app.fulfilment.answers import order_answer
from app.fulfilment.permissions import ORDER_CANCEL, ORDER_CHANGE, ORDER_CREATE, ORDER_READ
from app.orders import queries as orders
from app.orders.models import CHANNELS, DELIVERIES, ORDER_TYPES, STATUS_NAMES
from app.orders.service import LARGEST_VERSION, OrderChangeIn, OrderIn
from app.priority import queries as priority
from app.priority.queries import BANDS, RankFilter

bp = ApiBlueprint("orders", "app.fulfilment.api", description="Orders of the three channels, ranked by priority")

ANY_STATUS = "any"

EXAMPLE = {
    "channel": "direct",
    "order_type": "normal",
    "customer": "H-0001",
    "external_ref": "PO-2026-0815",
    "requested_date": "2026-12-01",
    "surgery_at": "2026-12-02T08:00:00+08:00",
    "surgery_number": "OR-2026-1202-07",
    "lines": [{"product": "YX-001", "quantity": 2, "uom": "EA", "unit_price": "8900.00"}],
}
EXAMPLE_TENDER = {
    "channel": "tender",
    "customer": "H-0002",
    "requested_date": "2026-12-08",
    "tender_award_number": "TB-2026-07",
    "lines": [{"product": "06999990000012", "quantity": 10, "unit_price": "590.00", "price_ceiling": "600.00"}],
}
EXAMPLE_DISTRIBUTOR = {
    "channel": "distributor",
    "customer": "D-0001",
    "requested_date": "2026-12-05",
    "authorisation_number": "AUTH-2026-03",
    "lines": [{"product": "YX-001", "quantity": 3, "unit_price": "8100.00"}],
}


class OrderLineOut(Schema):
    """A line as stored; quantities in base units, prices per base unit."""

    id = fields.String(required=True)
    line_no = fields.Integer(required=True)
    product_id = fields.String(required=True)
    quantity = fields.Integer(required=True)
    ordered_quantity = fields.Integer(required=True)
    ordered_uom = fields.String(required=True)
    ordered_as = fields.String(required=True)
    unit_price = fields.String(required=True)
    price_ceiling = fields.String(required=True, allow_none=True)
    amount = fields.String(required=True)
    reserved = fields.Integer(required=True)


class OrderStandingOut(Schema):
    """Where the order stands in the ranking; reasons at `/orders/{id}/priority`."""

    blocked = fields.Boolean(required=True)
    band = fields.String(required=True, metadata={"enum": list(BANDS)})
    score = fields.Integer(required=True)
    ranked_score = fields.Integer(
        required=True, metadata={"description": "What it is ranked by: small changes of the score do not move an order"}
    )
    promise_date = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "When an open order can arrive if it leaves today; null: not all of it is in stock"},
    )
    assessed_at = fields.String(required=True)
    decision_id = fields.String(required=True)
    gate_decision_id = fields.String(required=True)


class OrderOut(Schema):
    """An order as stored."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "SO-2026-000123"})
    version = fields.Integer(required=True)
    status = fields.String(required=True, metadata={"enum": [str(status) for status in STATUS_NAMES]})
    channel = fields.String(required=True, metadata={"enum": list(CHANNELS)})
    order_type = fields.String(required=True, metadata={"enum": list(ORDER_TYPES)})
    delivery = fields.String(required=True, metadata={"enum": list(DELIVERIES)})
    customer_id = fields.String(required=True)
    external_ref = fields.String(required=True, allow_none=True)
    requested_date = fields.String(required=True, metadata={"format": "date"})
    hospital_po = fields.String(required=True, allow_none=True)
    contract_number = fields.String(required=True, allow_none=True)
    authorisation_number = fields.String(required=True, allow_none=True)
    tender_award_number = fields.String(required=True, allow_none=True)
    surgery_at = fields.String(required=True, allow_none=True)
    surgery_number = fields.String(required=True, allow_none=True)
    note = fields.String(required=True)
    currency = fields.String(required=True)
    total = fields.String(required=True)
    submitted_at = fields.String(required=True)
    submitted_by = fields.String(required=True)
    lines = fields.List(fields.Nested(OrderLineOut), required=True)
    priority = fields.Nested(OrderStandingOut, required=True, allow_none=True)


class OrderPage(Schema):
    """Orders in rank order; with `blocked` those that are blocked, listed apart."""

    items = fields.List(fields.Nested(OrderOut), required=True)
    page = fields.Integer(required=True)
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)


class OrderListQuery(Schema):
    """Filters; each one narrows the list."""

    blocked = fields.Boolean(load_default=False)
    status = Choice(
        [*map(str, STATUS_NAMES), ANY_STATUS],
        load_default=None,
        metadata={"description": "By default orders in approval or rework"},
    )
    channel = Choice(CHANNELS, load_default="")
    customer_id = Text(most=26, load_default="")
    band = Choice(BANDS, load_default="")
    q = Text(most=100, load_default="", metadata={"description": "Part of number, reference or customer"})
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class OrderCancelIn(Schema):
    """Why, and the version the decision was made on."""

    version = fields.Integer(required=True, strict=True, validate=between(1, LARGEST_VERSION))
    reason = Text(required=True, most=1000, lines=True, metadata={"example": "Surgery called off"})


def request_body(schema: Any, **examples: Any) -> dict[str, Any]:
    """A documented body that the verb itself checks, so that all faults of all fields are told at once."""
    named = {name: {"value": value} for name, value in examples.items()}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": named}}}


@bp.get("/orders")
@requires(ORDER_READ)
@bp.arguments(OrderListQuery, location="query")
@bp.response(200, OrderPage)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def list_orders(given: dict[str, Any]) -> dict[str, Any]:
    """Orders, first the one to serve first."""
    statuses = {None: priority.OPEN, ANY_STATUS: ()}.get(given["status"], (given["status"],))
    wanted = RankFilter(
        statuses=statuses,
        channel=given["channel"],
        customer_id=given["customer_id"],
        band=given["band"],
        text=given["q"],
    )
    listed = priority.blocked if given["blocked"] else priority.ranked
    page = listed(wanted, given["page"], given["size"])
    items = [order_answer(standing.order, standing) for standing in page.items]
    return {"items": items, "page": page.number, "size": page.size, "total": page.total}


@bp.post("/orders")
@requires(ORDER_CREATE)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.response(201, OrderOut, headers={"Location": {"schema": {"type": "string"}, "description": "Address of the order"}})
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="The customer already has an order with this reference")
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
@bp.doc(requestBody=request_body(OrderIn, direct=EXAMPLE, distributor=EXAMPLE_DISTRIBUTOR, tender=EXAMPLE_TENDER))
def create_order(headers: dict[str, Any]) -> ResponseReturnValue:
    """Enter an order: it is ranked at once and its approval starts.

    A breach of licence, registration, authorisation or award price is no error: the order is stored and blocked.
    """
    taken = intake.take_in(current_actor(), body(), headers.get("idempotency_key"))
    answer_headers = {"Location": url_for("orders_api.get_order", order_id=taken.order.id)}
    if taken.replayed:
        answer_headers["Idempotency-Replayed"] = "true"
    return taken.answer, 201, answer_headers


@bp.get("/orders/<order_id>")
@requires(ORDER_READ)
@bp.response(200, OrderOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def get_order(order_id: str) -> dict[str, Any]:
    """One order, by id or number."""
    return shown(order_id)


@bp.patch("/orders/<order_id>")
@requires(ORDER_CHANGE)
@bp.response(200, OrderOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="Stale version, or the order is released or closed")
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
@bp.alt_response(422, schema=ErrorSchema)
@bp.doc(
    requestBody=request_body(OrderChangeIn(partial=True), later={"version": 1, "requested_date": "2026-12-08"}),
)
def change_order(order_id: str) -> dict[str, Any]:
    """Replace some fields before release: open tasks are superseded and the gates are asked anew."""
    given = body()
    seen = version_of(given)
    found = orders.get_order(orders.id_of(order_id))
    wanted = {name: value for name, value in given.items() if name != "version"}
    intake.change(current_actor(), found.id, wanted, seen_version=seen)
    return shown(found.id)


@bp.post("/orders/<order_id>/cancel")
@requires(ORDER_CANCEL)
@bp.arguments(OrderCancelIn)
@bp.response(200, OrderOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="Stale version, or the order is released or closed")
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
def cancel_order(given: dict[str, Any], order_id: str) -> dict[str, Any]:
    """Cancel an order that is not yet released: its stock is freed and its process ends."""
    found = orders.get_order(orders.id_of(order_id))
    intake.cancel(current_actor(), found.id, reason=given["reason"], seen_version=given["version"])
    return shown(found.id)


def body() -> Any:
    """The JSON body. Raises 415 for another type, 400 for what is no JSON."""
    return request.get_json()


def version_of(given: Any) -> int:
    """The version in the body of a change. Raises Invalid."""
    if not isinstance(given, dict):
        raise Invalid({"_schema": [_("Must be an object.")]})
    seen = given.get("version")
    if isinstance(seen, bool) or not isinstance(seen, int) or not 1 <= seen <= LARGEST_VERSION:
        raise Invalid({"version": [_("This is required.") if seen is None else _("Must be a whole number.")]})
    return seen


def shown(order_id: str) -> dict[str, Any]:
    """The order with where it stands."""
    found = orders.get_order(orders.id_of(order_id))
    return order_answer(found, priority.standing_or_none(found.id))
