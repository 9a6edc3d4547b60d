"""/api/v1/events: what happened, in the order of one gapless feed; /api/v1/events/catalogue: what can be told."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.permissions import requires
from app.integration import asyncapi, queries
from app.integration.permissions import EVENTS_READ
from app.integration.schemas import Catalogue, FeedPage, FeedQuery

bp = ApiBlueprint(
    "events", "app.integration.api", description="What happened, for other systems: CloudEvents 1.0 in one feed"
)


@bp.get("/events")
@requires(EVENTS_READ)
@bp.arguments(FeedQuery, location="query")
@bp.response(200, FeedPage)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(410, schema=ErrorSchema, description="Events after that position are no longer all kept")
@bp.alt_response(422, schema=ErrorSchema, description="Also a position that has not been given yet, an unknown type")
def list_events(given: dict[str, Any]) -> dict[str, Any]:
    """Events after a position, each exactly once and in an order that never changes.

    Read a page, do what it asks for, keep `next`, ask again with `after=next`: nothing is missed and nothing comes
    twice, whatever fails in between. Events are kept for some weeks (`EVENT_DAYS`).
    """
    return queries.events_after(given["after"], given["limit"], given["type"])


@bp.get("/events/catalogue")
@requires(EVENTS_READ)
@bp.response(200, Catalogue)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def list_event_types() -> dict[str, Any]:
    """Every kind of event, what it means in both languages, and the JSON Schema of its data."""
    return {"items": queries.catalogue()}


@bp.get("/events/schemas/<event_type>")
@requires(EVENTS_READ)
@bp.response(200, description="JSON Schema of the event's data")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def event_schema(event_type: str) -> Any:
    """The JSON Schema of one kind of event."""
    return jsonify(queries.event_schema(event_type))


@bp.get("/asyncapi.json")
@requires(EVENTS_READ)
@bp.response(200, description="AsyncAPI 3.0")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def asyncapi_document() -> Any:
    """What subscribers are sent, as an AsyncAPI 3.0 document."""
    return jsonify(asyncapi.document())
