"""GET /audit/verify."""

from __future__ import annotations

from app.audit.permissions import AUDIT_VERIFY
from app.audit.schemas import VerificationSchema, VerifyQuerySchema
from app.audit.verify import Verification, verify
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.permissions import requires

bp = ApiBlueprint("audit", __name__, description="The audit trail")


@bp.get("/audit/verify")
@requires(AUDIT_VERIFY)
@bp.arguments(VerifyQuerySchema, location="query")
@bp.response(200, VerificationSchema)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(422, schema=ErrorSchema)
def verify_trail(given: dict[str, bool]) -> Verification:
    """Check the audit trail: the entries of the last seal and after, or with `full=true` all of them."""
    return verify(full=given["full"])
