"""Rights around priority."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

PRIORITY_READ = permission("priority:read", _l("See priorities and their reasons"), EVERYONE)
PRIORITY_OVERRIDE = permission(
    "priority:override", _l("Move an order up or down by hand, for a while"), "order_desk", "manager"
)
PRIORITY_REVIEW = permission(
    "priority:review",
    _l("See every move by hand and what came of it"),
    *("order_desk", "planner", "qa_ra", "manager", "auditor"),
)
