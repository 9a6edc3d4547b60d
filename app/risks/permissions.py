"""Rights on risks."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

RISK_READ = permission(
    "risk:read",
    _l("See orders that may come late, stock that runs out or expires, signals of quality"),
    *("order_desk", "sales", "planner", "purchasing", "warehouse", "transport", "qa_ra", "quality_head", "manager"),
    "auditor",
)
