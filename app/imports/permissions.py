"""Rights on imports."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

IMPORT_READ = permission("import:read", _l("See imports"), "qa_ra", "purchasing", "manager", "auditor", "operator")
