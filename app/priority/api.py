"""/api/v1/orders/{id}/override: move an order up or down by hand, withdraw it, and what there was."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from marshmallow import fields

from app.core.errors import Invalid, NotFound
from app.core.fields import Choice, Schema, Text, between
from app.core.i18n import _
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.permissions import current_actor, requires
from app.core.refusals import refuse
from app.identity import service as identity
from app.orders import queries as orders
from app.orders.permissions import ORDER_READ
from app.priority import hindsight, overriding, profile, queries, review
from app.priority.models import CAUSES, VERDICTS, OrderOverride
from app.priority.overriding import LONGEST_REASON, Wish
from app.priority.permissions import PRIORITY_OVERRIDE
from app.priority.queries import BANDS

bp = ApiBlueprint("priority", __name__, description="Moving orders by hand")

POINTS = profile.current().override_points
HOURS = profile.current().override_hours


class OverrideIn(Schema):
    """Points, a band or both, with cause and reason, for some hours from now."""

    points = fields.Integer(strict=True, load_default=0, validate=between(-POINTS, POINTS))
    band = Choice(BANDS, load_default=None, allow_none=True)
    cause = Choice(CAUSES, required=True)
    reason = Text(required=True, most=LONGEST_REASON, lines=True, metadata={"example": "The clinic called"})
    hours = fields.Integer(strict=True, load_default=24, validate=between(1, HOURS))
    password = fields.String(
        load_default="",
        load_only=True,
        metadata={"description": "The person's own, to sign that orders of P0 or P1 give way", "maxLength": 128},
    )


class OverrideOut(Schema):
    """A move by hand, what it did, and what came of it."""

    id = fields.String(required=True)
    order_id = fields.String(required=True)
    points = fields.Integer(required=True)
    band = fields.String(required=True, allow_none=True)
    cause = fields.String(required=True)
    reason = fields.String(required=True)
    set_by = fields.String(required=True)
    set_by_name = fields.String(required=True)
    signed = fields.Boolean(required=True)
    starts_at = fields.DateTime(required=True)
    until = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    withdrawn_at = fields.DateTime(required=True, allow_none=True)
    withdrawn_by = fields.String(required=True, allow_none=True)
    place_before = fields.Integer(required=True, allow_none=True)
    place_after = fields.Integer(required=True, allow_none=True)
    band_before = fields.String(required=True)
    band_after = fields.String(required=True)
    score_before = fields.Integer(required=True)
    score_after = fields.Integer(required=True)
    passed_count = fields.Integer(required=True)
    passed_urgent = fields.Integer(required=True)
    verdict = fields.String(required=True, allow_none=True, metadata={"enum": [*VERDICTS, None]})
    verdict_reasons = fields.Function(review.reasons, metadata={"type": "array", "items": {"type": "string"}})
    findings = fields.Function(hindsight.told, metadata={"type": "object"})


@bp.get("/orders/<order_id>/overrides")
@requires(ORDER_READ)
@bp.response(200, OverrideOut(many=True))
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def list_overrides(order_id: str) -> list[OrderOverride]:
    """Every move by hand of an order (by id or number), the newest first."""
    return queries.overrides_of(orders.id_of(order_id))


@bp.post("/orders/<order_id>/override")
@requires(PRIORITY_OVERRIDE)
@bp.arguments(OverrideIn)
@bp.response(201, OverrideOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="The order is closed, or moved by hand already")
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
@bp.alt_response(422, schema=ErrorSchema, description="A field is wrong, or the move must be signed")
@bp.alt_response(429, schema=ErrorSchema, description="Too many wrong passwords")
def set_override(given: dict[str, Any], order_id: str) -> ResponseReturnValue:
    """Move an order up or down; it is ranked anew at once, and again when the time is over."""
    actor, password = current_actor(), given.pop("password")
    signed = bool(password) and identity.confirm(actor, password, request.remote_addr or "")
    if password and not signed:  # answered, not raised: the wrong password is counted
        return refuse(Invalid({"password": [_("This is not your present password.")]}))  # type: ignore[no-any-return]
    return overriding.set_override(actor, orders.id_of(order_id), Wish(**given), signed=signed)  # type: ignore[return-value]


@bp.post("/orders/<order_id>/override/withdraw")
@requires(PRIORITY_OVERRIDE)
@bp.response(200, OverrideOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema, description="No such order, or it is not moved by hand")
@bp.alt_response(409, schema=ErrorSchema, description="It has just ended")
def withdraw_override(order_id: str) -> OrderOverride:
    """End the move that is in force: the order stands where the rules put it again."""
    found = queries.override_of(orders.id_of(order_id))
    if found is None:
        raise NotFound(order=order_id)
    return overriding.withdraw_override(current_actor(), found.id)
