"""/api/v1/capas: open one (with an idempotency key), see them. Answers and signatures go through /api/v1/tasks."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core import idempotency
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.tasks.queries import open_tasks_of
from app.vigilance import capas, queries, schemas
from app.vigilance.models import Capa
from app.vigilance.permissions import CAPA_READ, CAPA_RUN

bp = ApiBlueprint("capas", "app.vigilance.api", description="Corrective and preventive actions (CAPA)")


@bp.get("/capas")
@requires(CAPA_READ)
@bp.arguments(schemas.CapasAsked, location="query")
@bp.response(200, schemas.CapasShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_capas(asked: dict[str, Any]) -> dict[str, Any]:
    """CAPA, the newest first."""
    page = paginate(queries.capas(asked), asked["page"], asked["size"])
    return {"items": [_listed(one) for one in page.items], "page": page.number, "size": page.size, "total": page.total}


@bp.post("/capas")
@requires(CAPA_RUN)
@bp.arguments(idempotency.KeyHeader, location="headers")
@bp.arguments(schemas.CapaGiven)
@bp.response(201, schemas.CapaShown)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(409, schema=ErrorSchema, description="No process in force begins with a CAPA")
def open_capa(headers: dict[str, Any], given: dict[str, Any]) -> ResponseReturnValue:
    """Open a CAPA; its process begins."""
    actor, key, more = current_actor(), headers.get("idempotency_key"), {}
    kept = idempotency.take(actor, key, {"capa": given}) if key is not None else None
    if kept is not None:
        one, more = queries.get_capa(str(kept.subject_id)), {"Idempotency-Replayed": "true"}
    else:
        one = capas.begin_capa(actor, given)
        if key is not None:
            idempotency.keep(actor, key, one.id, {})
    more["Location"] = url_for("capas_api.get_capa", capa_id=one.id)
    return _shown(one), 201, more


@bp.get("/capas/<capa_id>")
@requires(CAPA_READ)
@bp.response(200, schemas.CapaShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such CAPA")
def get_capa(capa_id: str) -> dict[str, Any]:
    """One CAPA, by id or number, with its actions and what waits for whom."""
    return _shown(queries.get_capa(capa_id))


def _listed(one: Capa) -> dict[str, Any]:
    own = ("id", "number", "stage", "source_kind", "source_note", "lot_id", "problem", "opened_at", "closed_at")
    return {
        **{name: getattr(one, name) for name in (*own, "effective")},
        "product": one.product.sku if one.product else None,
    }


def _shown(one: Capa) -> dict[str, Any]:
    own = ("root_cause", "criterion", "check_on", "result", "conclusion", "opened_by", "closed_by", "actions")
    return {**_listed(one), **{name: getattr(one, name) for name in own}, "tasks": open_tasks_of(one.subject)}
