"""/api/v1/inspections and /api/v1/nonconformances: what laboratories and quality systems read."""

from __future__ import annotations

from typing import Any

from app.audit import signatures
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import paginate
from app.core.permissions import requires
from app.quality import panels, queries, schemas
from app.quality.models import Inspection, Nonconformance
from app.quality.permissions import INSPECTION_READ
from app.tasks.queries import open_tasks_of

bp = ApiBlueprint("inspections", __name__, description="Inspections of lots with plan, results and decision")


@bp.get("/inspections")
@requires(INSPECTION_READ)
@bp.arguments(schemas.InspectionsAsked, location="query")
@bp.response(200, schemas.InspectionsShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_inspections(asked: dict[str, Any]) -> dict[str, Any]:
    """Inspections, the newest first."""
    page = paginate(queries.inspections(asked), asked["page"], asked["size"])
    return {"items": [listed(one) for one in page.items], "page": page.number, "size": page.size, "total": page.total}


@bp.get("/inspections/<inspection_id>")
@requires(INSPECTION_READ)
@bp.response(200, schemas.InspectionShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such inspection")
def get_inspection(inspection_id: str) -> dict[str, Any]:
    """One inspection, by id or number: plan, samples, verdict, who and when, signatures, what waits for whom."""
    return shown(queries.get_inspection(inspection_id))


@bp.get("/nonconformances")
@requires(INSPECTION_READ)
@bp.arguments(schemas.NonconformancesAsked, location="query")
@bp.response(200, schemas.NonconformancesShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_nonconformances(asked: dict[str, Any]) -> dict[str, Any]:
    """Nonconformances, the newest first."""
    page = paginate(queries.nonconformances_asked(asked), asked["page"], asked["size"])
    items = [nonconformance(one) for one in page.items]
    return {"items": items, "page": page.number, "size": page.size, "total": page.total}


@bp.get("/nonconformances/<nonconformance_id>")
@requires(INSPECTION_READ)
@bp.response(200, schemas.NonconformanceShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such nonconformance")
def get_nonconformance(nonconformance_id: str) -> dict[str, Any]:
    """One nonconformance, by id or number."""
    return nonconformance(queries.get_nonconformance(nonconformance_id))


def listed(one: Inspection) -> dict[str, Any]:
    """As in the list."""
    names = ("id", "number", "lot_id", "quantity", "origin", "route", "started_at", "decided_at", "report_no")
    return {
        **{name: getattr(one, name) for name in names},
        "status": one.state,
        "product": one.lot.product.sku,
        "lot_no": one.lot.lot_no,
    }


def nonconformance(one: Nonconformance) -> dict[str, Any]:
    """One nonconformance."""
    same = ("id", "number", "inspection_id", "lot_id", "severity", "failed", "quantity", "proposed", "outcome")
    return {
        **{name: getattr(one, name) for name in (*same, "raised_at", "raised_by")},
        "product": one.lot.product.sku,
        "lot_no": one.lot.lot_no,
    }


def shown(one: Inspection) -> dict[str, Any]:
    """All of it."""
    sheet = panels.sheet_of(one)
    signed = signatures.signatures_of(one.subject)
    faults = signatures.faults_of(signed)
    return {
        **listed(one),
        "lot_status": one.lot.status,
        "document": one.document,
        "severity": one.severity,
        "receiving_check": one.checks,
        "plan": one.plan,
        "characteristics": [
            {
                **{name: getattr(known, name) for name in ("code", "name", "unit", "key")},
                "lower": None if known.lower is None else str(known.lower),
                "upper": None if known.upper is None else str(known.upper),
            }
            for known in sheet.asked
        ],
        "samples": [_sample(sample) for sample in one.results],
        "found": one.found,
        "tester": one.tester_id,
        "reviewer": one.reviewer_id,
        "decided_by": one.decided_by,
        "reason": one.reason,
        "nonconformance": nonconformance(sheet.nonconformance) if sheet.nonconformance else None,
        "signatures": [
            {"signer": each.signer_name, "meaning": each.meaning, "at": each.at, "valid": not faults.get(each.id)}
            for each in signed
        ],
        "tasks": [
            {"id": task.id, "element": task.element_id, "name": task.name, "due_at": task.due_at}
            for task in open_tasks_of(one.subject)
        ],
    }


def _sample(sample: dict[str, Any]) -> dict[str, Any]:
    same = {name: sample[name] for name in ("sampled", "defective", "instrument", "note", "by")}
    at = schemas.SampleShown().fields["at"].deserialize(sample["at"])
    return {**same, "measured": sample["values"], "at": at, "struck_by": sample.get("struck")}
