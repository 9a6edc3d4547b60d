"""Who may see where goods came from and went to, takes events of others in, and declares events wrong."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

TRACE_READ = permission(
    "trace:read",
    _l("Trace goods: chain, scope of a recall, EPCIS events"),
    "order_desk",
    "qa_ra",
    "warehouse",
    "purchasing",
    "transport",
    "manager",
    "auditor",
    "integration",
)
TRACE_TAKE_IN = permission(
    "trace:take_in", _l("Take EPCIS events of others in"), "qa_ra", "warehouse", "purchasing", "integration"
)
TRACE_DECLARE = permission("trace:declare", _l("Declare EPCIS events wrong"), "qa_ra")
