"""AsyncAPI 3.0: what a subscriber is sent, made from the catalogue of events."""

from __future__ import annotations

from typing import Any

from app.core import outbox
from app.core.i18n import reading
from app.integration.cloudevents import CONTENT_TYPE, SOURCE, SPEC_VERSION

VERSION = "3.0.0"


def document() -> dict[str, Any]:
    """The whole document, in English."""
    with reading("en"):
        kinds = outbox.event_types()
        messages = {kind.name: _message(kind) for kind in kinds}
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Youxu 有序: webhooks",
            "version": "1",
            "description": "Events are CloudEvents 1.0 in structured mode, sent by POST, signed as Standard Webhooks "
            "says (webhook-id, webhook-timestamp, webhook-signature). Any 2xx takes the event; else it is sent again "
            "for three days. Events of one business key (partitionkey) come in order; the same id may come twice.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "subscription": {
                "address": None,
                "description": "The address of the subscription.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "send": {
                "action": "send",
                "channel": {"$ref": "#/channels/subscription"},
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
                "messages": [{"$ref": f"#/channels/subscription/messages/{name}"} for name in messages],
            }
        },
        "components": {"messages": messages},
    }


def _message(kind: outbox.EventType) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "name": kind.name,
        "summary": str(kind.description),
        "contentType": "application/cloudevents+json",
        "headers": {
            "type": "object",
            "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
            "properties": {
                "webhook-id": {"type": "string"},
                "webhook-timestamp": {"type": "string"},
                "webhook-signature": {"type": "string"},
            },
        },
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
            "properties": {
                "specversion": {"const": SPEC_VERSION},
                "id": text,
                "source": {"const": SOURCE},
                "type": {"const": kind.name},
                "subject": text,
                "time": {"type": "string", "format": "date-time"},
                "datacontenttype": {"const": CONTENT_TYPE},
                "sequence": {"type": "string"},
                "partitionkey": {"type": "string"},
                "data": kind.schema(),
            },
        },
    }
