"""/api/v1/change-requests: ask for a change of an order, see what it comes to, take it back."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.changes import queries, schemas, service
from app.changes.models import ChangeRequest
from app.changes.permissions import CHANGE_ASK, CHANGE_READ
from app.core import idempotency
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import Page, paginate
from app.core.permissions import current_actor, requires
from app.orders import queries as orders

bp = ApiBlueprint("change_requests", __name__, description="Changes and cancellations of orders that are on their way")


@bp.get("/change-requests")
@requires(CHANGE_READ)
@bp.arguments(schemas.ChangesAsked, location="query")
@bp.response(200, schemas.ChangesShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_change_requests(asked: dict[str, Any]) -> Page[ChangeRequest]:
    """Change requests, the newest first."""
    return paginate(queries.matching(asked["q"], asked["status"] or ""), asked["page"], asked["size"])


@bp.get("/change-requests/<change_id>")
@requires(CHANGE_READ)
@bp.response(200, schemas.ChangeShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such request")
def get_change_request(change_id: str) -> ChangeRequest:
    """One request, by id."""
    return queries.get_change(change_id)


@bp.post("/orders/<order_id>/change-requests")
@requires(CHANGE_ASK)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.ChangeGiven)
@bp.response(201, schemas.ChangeShown)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such order")
@bp.alt_response(409, schema=ErrorSchema, description="Stale version, closed, or a change is under way already")
def ask_for_change(headers: dict[str, Any], given: dict[str, Any], order_id: str) -> ResponseReturnValue:
    """Ask for a change or the cancellation of an order; what it would come to is in the answer."""
    actor, found = current_actor(), orders.id_of(order_id)
    if given["cancel"] == (given["wanted"] is not None):
        raise Invalid({"wanted": [_("Say what is wanted, or cancel: one of both.")]})
    key, said = headers.get("idempotency_key"), {"order": found, **given}
    kept = idempotency.take(actor, key, said) if key is not None else None
    more: dict[str, str] = {}
    if kept is not None:
        case, more = queries.get_change(kept.subject_id), {"Idempotency-Replayed": "true"}
    else:
        wanted = None if given["cancel"] else given["wanted"]
        case = service.ask(actor, found, wanted, seen_version=given["version"], reason=given["reason"], source="api")
        if key is not None:
            idempotency.keep(actor, key, case.id, {})
    more["Location"] = url_for("change_requests_api.get_change_request", change_id=case.id)
    return case, 201, more  # type: ignore[return-value]


@bp.post("/change-requests/<change_id>/withdraw")
@requires(CHANGE_ASK)
@bp.response(200, schemas.ChangeShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right, or it is not one's own request")
@bp.alt_response(404, schema=ErrorSchema, description="No such request")
@bp.alt_response(409, schema=ErrorSchema, description="It is closed, or goods are on their way back")
def withdraw_change_request(change_id: str) -> ChangeRequest:
    """Take one's own request back."""
    return service.withdraw(current_actor(), change_id)
