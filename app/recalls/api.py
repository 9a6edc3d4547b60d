"""/api/v1/recalls: open a recall (with an idempotency key), and how it stands."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, url_for
from marshmallow import fields

from app.core import idempotency
from app.core.fields import Schema
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import Page, paginate
from app.core.permissions import current_actor, requires
from app.recalls import queries, reading, schemas, service
from app.recalls.models import RecallCase
from app.recalls.permissions import RECALL_READ, RECALL_RUN

bp = ApiBlueprint("recalls", __name__, description="Recalls of lots, and drills")


class RecallKeyHeader(Schema):
    """The header that makes a repeated request harmless."""

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        metadata={
            "description": "1 to 255 visible ASCII characters, new for each recall. "
            "The same request again is answered as before.",
            "example": "6f1c0a52-recall-1",
        },
    )


@bp.get("/recalls")
@requires(RECALL_READ)
@bp.arguments(schemas.RecallsAsked, location="query")
@bp.response(200, schemas.RecallsShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_recalls(asked: dict[str, Any]) -> Page[RecallCase]:
    """Recalls and drills, the newest first."""
    return paginate(queries.matching(asked["status"]), asked["page"], asked["size"])


@bp.post("/recalls")
@requires(RECALL_RUN)
@bp.arguments(RecallKeyHeader, location="headers")
@bp.arguments(schemas.RecallGiven)
@bp.response(201, schemas.RecallDetail)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such lot")
def open_recall(headers: dict[str, Any], given: dict[str, Any]) -> Response:
    """Open a recall: its lots, and kits that hold them, are blocked for good in the same transaction, unless it is a
    drill."""
    actor, key = current_actor(), headers.get("idempotency_key")
    kept = idempotency.take(actor, key, {"recall": given}) if key else None
    if kept is not None:
        headers_out = {"Location": _address(kept.subject_id), "Idempotency-Replayed": "true"}
        return make_response(jsonify(kept.answer), 201, headers_out)
    made = service.open_case(actor, given)
    answer: dict[str, Any] = schemas.RecallDetail().dump(_detail(made))
    if key:
        idempotency.keep(actor, key, made.id, answer)
    return make_response(jsonify(answer), 201, {"Location": _address(made.id)})


def _address(recall_id: str) -> str:
    return url_for("recalls_api.get_recall", recall_id=recall_id)


@bp.get("/recalls/<recall_id>")
@requires(RECALL_READ)
@bp.response(200, schemas.RecallDetail)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such recall")
def get_recall(recall_id: str) -> dict[str, Any]:
    """A recall, by id or number, as it stands now."""
    return _detail(queries.get_case(recall_id))


def _detail(case: RecallCase) -> dict[str, Any]:
    sheet = reading.sheet_of(case)
    balances = [{"lot_no": sheet.lot_no(one.lot_id), **vars(one)} for one in sheet.standing.balances]
    counted = {"consignees": len(sheet.told), "answered": sheet.answered, "balances": balances}
    names = schemas.RecallShown().fields
    return {**{name: getattr(case, name) for name in names}, **counted}
