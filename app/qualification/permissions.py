"""Rights on qualifications."""

from __future__ import annotations

from app.catalog.permissions import BUSINESS
from app.core.i18n import _l
from app.core.permissions import permission

QUALIFICATION_READ = permission("qualification:read", _l("See qualifications and scans of papers"), *BUSINESS)
QUALIFICATION_START = permission(
    "qualification:start", _l("Start a qualification"), "purchasing", "sales", "order_desk", "qa_ra"
)
SCAN_FILE = permission("qualification:file", _l("File scans of papers"), "purchasing", "sales", "order_desk", "qa_ra")
SCAN_VERIFY = permission("qualification:verify", _l("Verify scans of papers"), "qa_ra", "quality_head")
