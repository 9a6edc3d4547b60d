"""/api/v1/trace and /api/v1/epcis: chains; our ledger as EPCIS 2.0 events, events of others, declarations of errors."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from app.core import jsontext
from app.core.errors import NotFound
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.orders.queries import id_of
from app.traceability import exporting, finding, schemas, service
from app.traceability.exporting import Wanted
from app.traceability.finding import Found
from app.traceability.models import EventError
from app.traceability.permissions import TRACE_DECLARE, TRACE_READ, TRACE_TAKE_IN
from app.traceability.service import Taken
from app.traceability.showing import ChainShown, show

bp = ApiBlueprint("trace", __name__, description="Where goods came from and went to; EPCIS 2.0 events")


@bp.get("/trace")
@requires(TRACE_READ)
@bp.arguments(schemas.SearchIn, location="query")
@bp.response(200, schemas.StartOut(many=True))
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def find_starts(asked: dict[str, Any]) -> list[Found]:
    """What a number or scanned code names: orders, lots, units, receipts, customers."""
    return finding.find(asked["q"])


@bp.get("/trace/<start_kind>/<path:start_id>")
@requires(TRACE_READ)
@bp.response(200, schemas.ChainOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema, description="No such lot, unit, order, customer or receipt")
def get_chain(start_kind: str, start_id: str) -> ChainShown:
    """The chain both ways, with documents and signatures (an order also by its number)."""
    start = finding.named(Subject(start_kind, id_of(start_id) if start_kind == "order" else start_id))
    if start is None:
        raise NotFound(kind=start_kind[:20], id=start_id[:100])
    return show(start)


@bp.get("/epcis/events")
@requires(TRACE_READ)
@bp.arguments(schemas.EventsIn, location="query")
@bp.alt_response(200, description="An EPCISDocument (JSON-LD); Link rel=next leads to the next page")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema, description="No such order")
def export_events(asked: dict[str, Any]) -> Response:
    """Our ledger as EPCIS 2.0 events, in the order in which they were recorded."""
    wanted = Wanted(
        lot_id=asked["lot"],
        order_id=id_of(asked["order"]) if asked["order"] else "",
        since=asked["since"],
        until=asked["until"],
    )
    document, following = exporting.page(wanted, asked["nextPageToken"], asked["perPage"])
    response = Response(jsontext.dumps(document), mimetype="application/ld+json")
    response.headers["GS1-EPCIS-Version"] = "2.0.0"
    if following:
        given: dict[str, Any] = {**request.args.to_dict(), "nextPageToken": following}
        following_url = url_for("trace_api.export_events", **given)
        response.headers["Link"] = f'<{following_url}>; rel="next"'
    return response


@bp.post("/epcis/capture")
@requires(TRACE_TAKE_IN)
@bp.doc(requestBody=schemas.EPCIS_BODY)
@bp.response(201, schemas.TakenOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json or application/ld+json")
@bp.alt_response(422, schema=ErrorSchema, description="No EPCIS 2.0: each fault with its path")
def capture_events() -> Taken:
    """Take an EPCISDocument of others in. The same document twice changes nothing."""
    return service.take_in(current_actor(), request.get_json())


@bp.post("/epcis/errors")
@requires(TRACE_DECLARE)
@bp.arguments(schemas.DeclarationIn)
@bp.response(201, schemas.DeclarationOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema, description="No event of our ledger has that id")
@bp.alt_response(409, schema=ErrorSchema, description="It was declared wrong already")
@bp.alt_response(413, schema=ErrorSchema, description="More than 1 MiB")
@bp.alt_response(415, schema=ErrorSchema, description="The body is no application/json")
@bp.alt_response(422, schema=ErrorSchema, description="A field is wrong, or a corrective event is unknown")
def declare_error(given: dict[str, Any]) -> EventError:
    """Declare an event of our ledger wrong; it stays, and is exported with the declaration."""
    return service.declare_wrong(current_actor(), given.pop("event_id"), **given)
