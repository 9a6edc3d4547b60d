"""Rights of running the server."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

METRICS_READ = permission("metrics:read", _l("Read the server's metrics"), "operator")
CALENDAR_READ = permission(
    "calendar:read",
    _l("See the working calendar"),
    *("operator", "manager", "designer", "planner", "order_desk", "auditor"),
)
