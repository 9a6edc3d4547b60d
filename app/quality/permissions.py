"""Rights on inspections."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

INSPECTION_READ = permission(
    "inspection:read",
    _l("See inspections and their results"),
    "qa_ra",
    "quality_head",
    "warehouse",
    "purchasing",
    "planner",
    "order_desk",
    "manager",
    "auditor",
    "integration",
)
INSPECTION_AGREE = permission(
    "inspection:agree",
    _l("Agree to reduced inspection; confirm a supplier's improvement after inspection was discontinued"),
    "quality_head",
)
