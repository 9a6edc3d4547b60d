"""Who may see where goods came from and went to, and who takes events of others in."""

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
