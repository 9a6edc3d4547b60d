"""/api/v1/complaints: record one (with an idempotency key), see them."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core import idempotency
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.vigilance import clocks, naming, queries, schemas, service
from app.vigilance.models import Complaint
from app.vigilance.permissions import COMPLAINT_READ, COMPLAINT_RECORD

bp = ApiBlueprint("complaints", "app.vigilance.api", description="Complaints of customers")


@bp.get("/complaints")
@requires(COMPLAINT_READ)
@bp.arguments(schemas.ComplaintsAsked, location="query")
@bp.response(200, schemas.ComplaintsShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_complaints(asked: dict[str, Any]) -> dict[str, Any]:
    """Complaints, the newest first."""
    page = paginate(queries.matching(asked), asked["page"], asked["size"])
    return {"items": [_listed(one) for one in page.items], "page": page.number, "size": page.size, "total": page.total}


@bp.post("/complaints")
@requires(COMPLAINT_RECORD)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.ComplaintGiven)
@bp.response(201, schemas.ComplaintShown)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(409, schema=ErrorSchema, description="This customer has told of that reference before")
def record_complaint(headers: dict[str, Any], given: dict[str, Any]) -> ResponseReturnValue:
    """Record a complaint; quality is told."""
    actor, key, more = current_actor(), headers.get("idempotency_key"), {}
    kept = idempotency.take(actor, key, {"complaint": given}) if key is not None else None
    if kept is not None:
        one, more = queries.get_complaint(str(kept.subject_id)), {"Idempotency-Replayed": "true"}
    else:
        one = service.complain(actor, naming.complaint_of(given), "api")
        if key is not None:
            idempotency.keep(actor, key, one.id, {})
    more["Location"] = url_for("complaints_api.get_complaint", complaint_id=one.id)
    return _shown(one), 201, more


@bp.get("/complaints/<complaint_id>")
@requires(COMPLAINT_READ)
@bp.response(200, schemas.ComplaintShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such complaint")
def get_complaint(complaint_id: str) -> dict[str, Any]:
    """One complaint, by id or number."""
    return _shown(queries.get_complaint(complaint_id))


def _listed(one: Complaint) -> dict[str, Any]:
    own = [name for name in schemas.ComplaintListed().fields if name not in ("customer", "product")]
    return {**{name: getattr(one, name) for name in own}, "customer": one.customer.code, "product": one.product.sku}


def _shown(one: Complaint) -> dict[str, Any]:
    deadline, counted = clocks.report_by(one), {"customer", "product", "decide_by", "report_by", "nonconformances"}
    return {
        **_listed(one),
        **{name: getattr(one, name) for name in schemas.ComplaintShown().fields if name not in counted},
        "decide_by": clocks.decide_by(one),
        "report_by": deadline.at if deadline else None,
        "nonconformances": [found.number for found in queries.nonconformances_of(one)],
    }
