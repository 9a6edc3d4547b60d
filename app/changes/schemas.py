"""Wire shapes of change requests."""

from __future__ import annotations

from marshmallow import fields

from app.changes.models import HOLDS, KINDS, STATUSES
from app.core.fields import Choice, MomentField, Schema, Text, between
from app.core.paging import LARGEST, SIZE
from app.orders.service import LARGEST_VERSION


class ChangeGiven(Schema):
    """What is asked of the order: its fields to replace, or its cancellation."""

    version = fields.Integer(
        required=True,
        strict=True,
        validate=between(1, LARGEST_VERSION),
        metadata={"description": "The version of the order that the request is about"},
    )
    reason = Text(required=True, least=1, most=1000, lines=True, metadata={"example": "Surgery moved by the hospital"})
    cancel = fields.Boolean(load_default=False)
    wanted = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "As the body of PATCH /orders/{id}, without the version; not of a cancellation"},
    )


class ChangeShown(Schema):
    """A change request and what it would come to."""

    id = fields.String(required=True)
    number = fields.String(required=True, metadata={"example": "CR-2026-000001"})
    order_id = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": list(KINDS)})
    status = fields.String(required=True, metadata={"enum": list(STATUSES)})
    base_version = fields.Integer(required=True)
    wanted = fields.Dict(required=True)
    diff = fields.Dict(required=True)
    reason = fields.String(required=True)
    requested_at = MomentField(required=True)
    requested_by = fields.String(required=True)
    what_if = fields.Dict(required=True)
    hold = fields.String(required=True, metadata={"enum": list(HOLDS)})
    rma_number = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True)
    applied_version = fields.Integer(required=True, allow_none=True)
    closed_at = MomentField(required=True, allow_none=True)


class ChangesAsked(Schema):
    """Which requests are wanted."""

    q = Text(least=0, most=100, load_default="", metadata={"description": "Part of the number, or of the order's"})
    status = Choice(STATUSES, load_default=None)
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class ChangesShown(Schema):
    """A page of requests, the newest first."""

    items = fields.List(fields.Nested(ChangeShown), required=True)
    number = fields.Integer(required=True, data_key="page")
    size = fields.Integer(required=True)
    total = fields.Integer(required=True)
