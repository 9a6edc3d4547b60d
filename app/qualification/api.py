"""/api/v1/qualifications: whether a party or product is qualified on a day, and the start of its qualification."""

from __future__ import annotations

from typing import Any

from app.core import clock
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import Page, paginate
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.qualification import queries, schemas, service
from app.qualification.models import Qualification
from app.qualification.permissions import QUALIFICATION_READ, QUALIFICATION_START

bp = ApiBlueprint("qualifications", __name__, description="First-trade qualification of suppliers, customers, products")


@bp.get("/qualifications")
@requires(QUALIFICATION_READ)
@bp.arguments(schemas.QualificationsAsked, location="query")
@bp.response(200, schemas.QualificationsShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_qualifications(asked: dict[str, Any]) -> Page[Qualification]:
    """Qualifications, the newest first."""
    statement = queries.matching(asked["q"])
    for name in ("about_kind", "status"):
        if asked[name]:
            statement = statement.where(getattr(Qualification, name) == asked[name])
    return paginate(statement, asked["page"], asked["size"])


@bp.post("/qualifications")
@requires(QUALIFICATION_START)
@bp.arguments(schemas.QualificationGiven)
@bp.response(201, schemas.QualificationShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such party or product")
@bp.alt_response(409, schema=ErrorSchema, description="Under way already, or no longer traded")
def start_qualification(given: dict[str, Any]) -> Qualification:
    """Begin a qualification; who asks is the applicant."""
    actor = current_actor()
    return service.start(actor, Subject(given["about_kind"], given["about_id"]), applicant=actor.id)


@bp.get("/qualifications/<about_kind>/<about_id>")
@requires(QUALIFICATION_READ)
@bp.arguments(schemas.StandingAsked, location="query")
@bp.response(200, schemas.StandingShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such party or product")
def get_standing(asked: dict[str, Any], about_kind: str, about_id: str) -> dict[str, Any]:
    """Whether the supplier, customer or product is qualified on the day (today, if none is given), and why not."""
    on = asked["on"] or clock.today()
    reasons = queries.why_not(Subject(about_kind, about_id), on, made_on=asked["made_on"])
    return {"kind": about_kind, "id": about_id, "on": on, "qualified": not reasons, "reasons": reasons}
