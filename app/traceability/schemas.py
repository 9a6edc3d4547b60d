"""Wire shapes of tracing."""

from __future__ import annotations

from marshmallow import fields

from app.core.fields import Choice, MomentField, Schema, Text, between
from app.traceability.exporting import LARGEST
from app.traceability.models import REASONS

NUMBERS = {"type": "array", "items": {"type": "string"}}


EPCIS_BODY = {
    "required": True,
    "description": "An EPCISDocument of EPCIS 2.0 (JSON-LD), as the JSON schema of GS1 has it",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["@context", "type", "schemaVersion", "creationDate", "epcisBody"],
                "properties": {"type": {"const": "EPCISDocument"}, "epcisBody": {"type": "object"}},
            }
        }
    },
}


class LotOut(Schema):
    """A lot of the chain. `keep_until` null: for ever."""

    id = fields.String(required=True)
    lot_no = fields.String(required=True)
    sku = fields.String(required=True, attribute="product.sku")
    status = fields.String(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    keep_until = fields.Date(required=True, allow_none=True)


class StepOut(Schema):
    """One thing that happened; `event_ids` of the EPCIS events of a movement, or of the event of others. Of the units
    that moved at once the first ten."""

    at = fields.DateTime(required=True, attribute="step.at")
    code = fields.String(required=True, attribute="step.code")
    what = fields.String(required=True)
    lot_no = fields.String(required=True)
    serials = fields.Function(lambda one: [number for _key, number in one.units], metadata=NUMBERS)
    quantity = fields.Integer(required=True, attribute="step.quantity")
    out_of = fields.String(required=True)
    into = fields.String(required=True)
    document = fields.String(required=True, attribute="step.document")
    reason = fields.String(required=True, attribute="step.reason")
    order = fields.String(required=True)
    who = fields.String(required=True)
    said = fields.String(required=True)
    event_ids = fields.List(fields.String(), required=True)
    wrong = fields.Boolean(required=True)


class NodeOut(Schema):
    """A place."""

    id = fields.String(required=True, attribute="node.id")
    kind = fields.String(required=True, attribute="node.kind")
    label = fields.String(required=True)
    subject_kind = fields.String(required=True, attribute="node.subject_kind")
    subject_id = fields.String(required=True, attribute="node.subject_id")
    more = fields.Integer(required=True, attribute="node.more")


class EdgeOut(Schema):
    """Base units that went from place to place."""

    source = fields.String(required=True)
    target = fields.String(required=True)
    quantity = fields.Integer(required=True)
    movements = fields.Integer(required=True)


class ChainOut(Schema):
    """The chain of a lot, unit, order, customer or receipt, both ways."""

    kind = fields.String(required=True, attribute="start.start.kind")
    id = fields.String(required=True, attribute="start.start.id")
    label = fields.String(required=True, attribute="start.label")
    lots = fields.List(fields.Nested(LotOut), required=True)
    lot_count = fields.Integer(required=True)
    more_lots = fields.Integer(required=True)
    steps = fields.List(fields.Nested(StepOut), required=True)
    left_out = fields.Integer(required=True)
    nodes = fields.List(fields.Nested(NodeOut), required=True)
    edges = fields.List(fields.Nested(EdgeOut), required=True)


class StartOut(Schema):
    """Where a chain can begin."""

    kind = fields.String(required=True, attribute="start.kind")
    id = fields.String(required=True, attribute="start.id")
    label = fields.String(required=True)
    beside = fields.String(required=True)


class SearchIn(Schema):
    """A number, or a scanned code."""

    q = Text(most=500, load_default="")


class EventsIn(Schema):
    """Which events. Moments: recorded, or declared wrong, from `since` until before `until`."""

    lot = Text(most=26, load_default="", metadata={"description": "Id of a lot"})
    order = Text(most=64, load_default="", metadata={"description": "Id or number of an order"})
    since = MomentField(load_default=None, allow_none=True)
    until = MomentField(load_default=None, allow_none=True)
    nextPageToken = Text(most=26, load_default="")  # noqa: N815 - as EPCIS 2.0 calls it
    perPage = fields.Integer(strict=False, load_default=100, validate=between(1, LARGEST))  # noqa: N815


class DeclarationIn(Schema):
    """An event of our ledger that is wrong."""

    event_id = Text(most=400, required=True)
    reason = Choice(REASONS, required=True)
    comment = Text(most=500, required=True)
    corrective = fields.List(Text(most=400), load_default=list)


class DeclarationOut(Schema):
    """What was declared."""

    event_id = fields.String(required=True)
    declared_at = fields.DateTime(required=True)
    reason = fields.String(required=True)
    comment = fields.String(required=True)
    corrective = fields.List(fields.String(), required=True)


class TakenOut(Schema):
    """EventIDs of a document: new, known already, newly declared wrong."""

    taken = fields.List(fields.String(), required=True)
    known = fields.List(fields.String(), required=True)
    declared = fields.List(fields.String(), required=True)
