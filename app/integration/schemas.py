"""Shapes of the events API."""

from __future__ import annotations

from marshmallow import fields

from app.core.fields import Schema, Text, between
from app.integration.cloudevents import CONTENT_TYPE, SOURCE, SPEC_VERSION

HIGHEST = 2**53 - 1
"""Position: exact in JSON everywhere."""
MOST = 1000


class FeedQuery(Schema):
    """Where to go on, and what is wanted."""

    after = fields.Integer(
        validate=between(0, HIGHEST),
        load_default=None,
        metadata={"description": "`next` of the page before; without it from the oldest event that is kept"},
    )
    limit = fields.Integer(validate=between(1, MOST), load_default=100)
    type = fields.List(
        Text(most=64),
        load_default=list,
        metadata={"description": "Only events of this type; may be given several times (`/events/catalogue`)"},
    )


class CloudEventOut(Schema):
    """An event as CloudEvents 1.0 has it. `data` are described by the catalogue."""

    specversion = fields.String(required=True, metadata={"enum": [SPEC_VERSION]})
    id = fields.String(required=True, metadata={"description": "The same event has the same id, always"})
    source = fields.String(required=True, metadata={"enum": [SOURCE]})
    type = fields.String(required=True, metadata={"example": "youxu.order.released"})
    subject = fields.String(required=True, metadata={"example": "order/01j0c2b9m4q8s6v7e5t3r1n0ka"})
    time = fields.String(required=True, metadata={"format": "date-time"})
    datacontenttype = fields.String(required=True, metadata={"enum": [CONTENT_TYPE]})
    sequence = fields.String(required=True, metadata={"description": "Position in the feed, with leading zeros"})
    partitionkey = fields.String(metadata={"description": "Business key: what has the same key stays in order"})
    data = fields.Dict(required=True)


class FeedPage(Schema):
    """Events in order. When `next` is `last`, there are no more for now; `items` may be empty before that."""

    items = fields.List(fields.Nested(CloudEventOut), required=True)
    next = fields.Integer(required=True, metadata={"description": "Ask for `after` this next time"})
    last = fields.Integer(required=True, metadata={"description": "Position of the newest event"})
    oldest = fields.Integer(required=True, metadata={"description": "Position of the oldest event that is kept"})


class EventTypeOut(Schema):
    """A kind of event."""

    type = fields.String(required=True)
    description = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    dataschema = fields.Dict(required=True, metadata={"description": "JSON Schema of `data`"})


class Catalogue(Schema):
    """Every kind of event there is."""

    items = fields.List(fields.Nested(EventTypeOut), required=True)
