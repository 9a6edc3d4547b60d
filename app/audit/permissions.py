"""Rights of this slice."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

AUDIT_READ = permission("audit:read", _l("Read the audit trail"), "auditor", "manager", "qa_ra")
AUDIT_VERIFY = permission("audit:verify", _l("Verify the audit trail"), "auditor", "manager", "qa_ra")
